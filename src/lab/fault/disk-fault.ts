/**
 * A disk that fills up under a living OpB: a write of its state fails in the middle of an apply, it has to end
 * by itself, and its next life, with room again, has to catch up.
 *
 * Promises: only files of that process are limited; every wait is bounded. A process that isn't stopped by it
 * leaves a cell without an end of a life, which the evidence then says.
 */
import { statSync } from 'node:fs'
import path from 'node:path'
import { limitFileSize } from '../../adapters/process/file-limit.ts'
import type { FaultSeen, LimitSeen } from '../../core/crash/fault-case.ts'
import type { CrewMember } from '../cell/crew.ts'
import type { Death } from '../cell/cell-plan.ts'
import type { Chain, Stage } from '../cell/stage.ts'
import { until } from '../wait.ts'
import { endOf } from './end-of-life.ts'
import { stateFile, taskFiles } from './files.ts'

export const DISK_FULL = 'fault.disk-full'

const FLOW_MS = 60_000
/** A frame of the write-ahead log is a page and its header; the second one is cut in its middle. */
const ROOM_BYTES = Math.floor(1.5 * (4096 + 24))
/** Of what is left: some before the limit, some under it, some for the life after it. */
const SHARE = 0.6

/** No file of the process may pass so many bytes; what the kernel says of it, beside a file that is below. */
export async function limitWrites(pid: number, bytes: number, below: string): Promise<LimitSeen> {
  const kernelSays = await limitFileSize(pid, bytes)
  return { bytes, kernelSays, file: path.basename(below), fileBytes: statSync(below).size }
}

export class DiskFault {
  readonly halting = false
  readonly #stage: Stage
  #deaths: Death[] = []
  #next: CrewMember | undefined
  #seen: FaultSeen | undefined

  constructor(stage: Stage) {
    this.#stage = stage
  }

  soFar(): Chain {
    return {
      deaths: this.#deaths,
      nextIncarnation: this.#next?.handle.incarnation,
      respawnedAt: this.#next?.livesSince,
      fault: this.#seen,
    }
  }

  async run(): Promise<Chain> {
    const { plan, deps, feed, fed, settled, members, spawn, stateDir, failure } = this.#stage
    const left = (): number => plan.orders - fed()
    const [kill] = plan.kills
    await feed(Math.min(kill!.hit * plan.batch, Math.floor(left() * SHARE)))
    await settled('what flows before the disk is full')
    const victim = members('opb').find((m) => m.tasks.has(plan.task))!
    const wal = `${stateFile(taskFiles(stateDir, plan.task).state)}-wal`
    victim.expectEnd()
    const standsAt = async (): Promise<number | undefined> =>
      (await deps.readState(stateDir, plan.task))?.nextChangelog
    const nextChangelogBefore = await standsAt()
    const limit = await limitWrites(victim.handle.pid, statSync(wal).size + ROOM_BYTES, wal)
    deps.journal.append({ f: 'fault', type: 'info', fault: plan.point, ...limit })
    deps.say(plan.point)
    await feed(Math.ceil(left() * SHARE))
    const drained = (): Promise<boolean> => this.#stage.drained()
    await until(async () => victim.exit !== undefined || drained(), {
      what: `${victim.name} to end on its full disk`,
      ms: FLOW_MS,
    })
    const seen = { fault: plan.point, before: [], after: [], flips: [], limit, nextChangelogBefore }
    this.#seen = seen
    if (victim.exit === undefined) {
      await limitFileSize(victim.handle.pid, 'unlimited')
      await feed(left())
      return this.soFar()
    }
    this.#deaths = [await endOf(this.#stage, victim)]
    const refused = { incarnation: victim.handle.incarnation, exit: victim.exit.code }
    this.#seen = { ...seen, nextChangelogAfter: await standsAt(), refused }
    // The limit went with its process.
    const life = (this.#next = spawn({ ...victim.spec, crashAt: null }))
    await feed(left())
    await until(() => [...life.tasks.values()].every((t) => t.recovered), {
      what: `${life.name} to recover`,
      ms: FLOW_MS,
      failed: failure,
    })
    return this.soFar()
  }
}
