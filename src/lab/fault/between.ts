/**
 * Faults between a death and the next life: what is done to the files, and how it is mended.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import path from 'node:path'
import type { FaultSeen, Flip } from '../../core/crash/fault-proofs.ts'
import { findFault, type FaultName } from '../../core/crash/faults.ts'
import { stream, type Draw } from '../../core/crash/plan.ts'
import type { CellDeps } from '../cell/cell-deps.ts'
import type { CellPlan } from '../cell/cell-plan.ts'
import type { CrewMember } from '../cell/crew.ts'
import { copyState, deleteState, flipAnywhere, listFiles, newestSnapshot, taskFiles } from './files.ts'
import type { TaskFiles } from './files.ts'

interface Scene {
  readonly files: TaskFiles
  readonly draw: Draw
  /** A copy of the state directory, made while the pipeline stood still. */
  readonly older: string
}

interface Damage {
  /** What is done before the bytes are looked at for the first time. */
  readonly first?: (scene: Scene) => void
  readonly strike: (scene: Scene) => readonly Flip[]
  /** What a person would do who has read the error. */
  readonly mend?: (scene: Scene) => void
}

const none =
  (act: (scene: Scene) => void) =>
  (scene: Scene): readonly Flip[] => {
    act(scene)
    return []
  }

const DAMAGE: Readonly<Record<FaultName, Damage>> = {
  'fault.state-deleted': { strike: none(({ files }) => deleteState(files.state)) },
  'fault.state-older': {
    strike: none(({ files, older }) => {
      deleteState(files.state)
      copyState(older, files.state)
    }),
  },
  'fault.snapshot-flipped': {
    strike: ({ files, draw }) => {
      deleteState(files.state)
      return [flipAnywhere(files.root, newestSnapshot(files.snapshots), draw)]
    },
  },
}

export interface BetweenStage {
  readonly plan: CellPlan
  readonly deps: CellDeps
  readonly stateDir: string
}

export class BetweenFault {
  readonly #stage: BetweenStage
  readonly #scene: Scene
  readonly #damage: Damage
  #seen: FaultSeen | undefined

  constructor(stage: BetweenStage) {
    const { plan, stateDir } = stage
    this.#stage = stage
    this.#damage = DAMAGE[plan.point as FaultName]
    const files = taskFiles(stateDir, plan.task)
    this.#scene = {
      files,
      draw: stream(`${plan.seed}/${plan.point}/damage`),
      older: mkdtempSync(path.join(stateDir, 'older-')),
    }
  }

  get seen(): FaultSeen | undefined {
    return this.#seen
  }

  /** Called while the pipeline stands still, before the kill is ordered. */
  prepare(): void {
    copyState(this.#scene.files.state, this.#scene.older)
  }

  /** The error that has to name it; undefined where the next life copes by itself. */
  get refusedWith(): string | undefined {
    const expected = findFault(this.#stage.plan.point)?.fault?.expected
    return expected === 'survived' ? undefined : expected
  }

  /** The life that met it has ended, however. */
  refused(life: CrewMember): void {
    const { incarnation } = life.handle
    this.#seen = { ...this.#seen!, refused: { incarnation, exit: life.exit?.code ?? null } }
    this.#damage.mend?.(this.#scene)
    this.#stage.deps.journal.append({ f: 'fault', type: 'info', fault: this.#stage.plan.point, mended: true })
  }

  /** Called while nobody works. */
  async strike(): Promise<void> {
    const { plan, deps, stateDir } = this.#stage
    const { files } = this.#scene
    const standsAt = async (): Promise<number | undefined> =>
      (await deps.readState(stateDir, plan.task))?.nextChangelog
    this.#damage.first?.(this.#scene)
    const before = listFiles(files)
    const nextChangelogBefore = await standsAt()
    const flips = this.#damage.strike(this.#scene)
    const nextChangelogAfter = await standsAt()
    this.#seen = {
      fault: plan.point,
      before,
      after: listFiles(files),
      flips,
      nextChangelogBefore,
      nextChangelogAfter,
    }
    rmSync(this.#scene.older, { recursive: true, force: true })
    deps.journal.append({ f: 'fault', type: 'info', fault: plan.point, flips, nextChangelogAfter })
  }
}
