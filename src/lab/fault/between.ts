/**
 * Faults between a death and the next life: what is done to the files, and how it is mended.
 */
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { foldWal } from '../../adapters/sqlite/fold.ts'
import type { FaultSeen, Flip } from '../../core/crash/fault-proofs.ts'
import { findFault, type BetweenName } from '../../core/crash/faults.ts'
import { stream, type Draw } from '../../core/crash/plan.ts'
import type { LimitSeen } from '../../core/crash/fault-case.ts'
import type { WorkerSpec } from '../../core/ports/workers.ts'
import type { CrewMember } from '../cell/crew.ts'
import type { Stage } from '../cell/stage.ts'
import {
  copyState,
  cut,
  deleteState,
  flipAnywhere,
  listFiles,
  newestSnapshot,
  stateFile,
  taskFiles,
} from './files.ts'
import type { TaskFiles } from './files.ts'
import { failSnapshot } from './short-of-room.ts'
import { flipInRow, type RowPart } from './flip-row.ts'

interface Scene {
  readonly files: TaskFiles
  readonly draw: Draw
  /** A copy of the state directory, made while the pipeline stood still. */
  readonly older: string
}

interface Damage {
  /** While the pipeline stands still, before the kill is ordered. */
  readonly prepare?: (stage: Stage) => Promise<LimitSeen>
  /** What is done before the bytes are looked at for the first time. */
  readonly first?: (scene: Scene) => void
  readonly strike: (scene: Scene) => readonly Flip[] | Promise<readonly Flip[]>
  /** What a person would do who has read the error. */
  readonly mend?: (scene: Scene) => void
  /** What the next life is told beside what the killed one was. */
  readonly nextLife?: Pick<WorkerSpec, 'clockOffsetMs'>
}

const none =
  (act: (scene: Scene) => void) =>
  (scene: Scene): readonly Flip[] => {
    act(scene)
    return []
  }

/** So that damage in the database is not covered by newer pages in its log. */
const fold = ({ files }: Scene): void => foldWal(stateFile(files.state))

const flipRow =
  (part: RowPart) =>
  async ({ files, draw }: Scene): Promise<readonly Flip[]> => [
    await flipInRow({ root: files.root, file: stateFile(files.state), draw }, part),
  ]

const flipLink =
  (kind: RegExp) =>
  ({ files, draw }: Scene): readonly Flip[] => {
    deleteState(files.state)
    return [flipAnywhere(files.root, newestSnapshot(files.snapshots, kind), draw)]
  }

const current = ({ files }: Scene): string => path.join(files.state, 'CURRENT')
const walOf = ({ files }: Scene): string => `${stateFile(files.state)}-wal`

/** What CURRENT names, put back: the one thing to be known is that there is one generation. */
const pointAgain = (scene: Scene): void => {
  rmSync(current(scene), { force: true })
  cpSync(path.join(scene.older, 'CURRENT'), current(scene))
}

const HOUR_MS = 3_600_000
const untouched = (): readonly Flip[] => []

const DAMAGE: Readonly<Record<BetweenName, Damage>> = {
  'fault.state-deleted': { strike: none(({ files }) => deleteState(files.state)) },
  'fault.state-older': {
    strike: none(({ files, older }) => {
      deleteState(files.state)
      copyState(older, files.state)
    }),
  },
  'fault.state-torn': {
    first: fold,
    strike: none(({ files, draw }) => cut(stateFile(files.state), draw)),
  },
  'fault.state-sum-flipped': { first: fold, strike: flipRow('sum') },
  'fault.state-key-flipped': { first: fold, strike: flipRow('key') },
  'fault.wal-torn': { strike: none((scene) => cut(walOf(scene), scene.draw)) },
  'fault.wal-flipped': {
    strike: (scene) => [flipAnywhere(scene.files.root, walOf(scene), scene.draw)],
  },
  'fault.current-garbled': {
    strike: none((scene) => writeFileSync(current(scene), Buffer.alloc(9))),
    mend: pointAgain,
  },
  'fault.current-unreadable': {
    strike: none((scene) => {
      rmSync(current(scene))
      symlinkSync(UNREADABLE, current(scene))
    }),
    mend: pointAgain,
  },
  'fault.snapshot-flipped': {
    strike: ({ files, draw }) => {
      deleteState(files.state)
      return [flipAnywhere(files.root, newestSnapshot(files.snapshots), draw)]
    },
  },
  'fault.snapshot-torn': {
    strike: none(({ files, draw }) => {
      deleteState(files.state)
      cut(newestSnapshot(files.snapshots), draw)
    }),
  },
  'fault.partial-flipped': { strike: flipLink(/\.part$/) },
  'fault.base-flipped': { strike: flipLink(/\.full\.db$/) },
  'fault.manifest-garbled': {
    strike: none(({ files, draw }) => {
      deleteState(files.state)
      cut(`${newestSnapshot(files.snapshots)}.json`, draw)
    }),
  },
  'fault.snapshot-disk-full': {
    prepare: failSnapshot,
    strike: none(({ files }) => deleteState(files.state)),
  },
  'fault.clock-back': { strike: untouched, nextLife: { clockOffsetMs: -HOUR_MS } },
  'fault.clock-ahead': { strike: untouched, nextLife: { clockOffsetMs: HOUR_MS } },
}

/** Linux answers a read at its beginning with EIO, whoever asks. */
const UNREADABLE = '/proc/self/mem'

export class BetweenFault {
  readonly #stage: Stage
  readonly #scene: Scene
  readonly #damage: Damage
  #seen: FaultSeen | undefined
  #limit: LimitSeen | undefined

  constructor(stage: Stage) {
    const { plan, stateDir } = stage
    this.#stage = stage
    this.#damage = DAMAGE[plan.point as BetweenName]
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
  async prepare(): Promise<void> {
    copyState(this.#scene.files.state, this.#scene.older)
    this.#limit = await this.#damage.prepare?.(this.#stage)
  }

  /** What the life that comes through is told. */
  get nextLife(): Pick<WorkerSpec, 'clockOffsetMs'> {
    return this.#damage.nextLife ?? {}
  }

  /** The error that has to name it; undefined where the next life copes by itself. */
  get refusedWith(): string | undefined {
    const expected = findFault(this.#stage.plan.point)?.fault?.expected
    return expected === 'survived' ? undefined : expected
  }

  /** A further life has recovered. */
  followed(life: CrewMember): void {
    this.#seen = { ...this.#seen!, afterwards: life.handle.incarnation }
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
    const flips = await this.#damage.strike(this.#scene)
    const nextChangelogAfter = await standsAt()
    this.#seen = {
      fault: plan.point,
      before,
      after: listFiles(files),
      flips,
      nextChangelogBefore,
      nextChangelogAfter,
      limit: this.#limit,
      ...this.nextLife,
    }
    deps.journal.append({
      f: 'fault',
      type: 'info',
      fault: plan.point,
      flips,
      nextChangelogAfter,
      ...this.nextLife,
    })
  }
}
