/**
 * A fault of the broker while OpB is inside a commit: EndTxn has reached it, its answer is on the way, and
 * it is killed and started again, or stands still for longer than every timeout.
 *
 * Promises: workers that end because of it come back, each end by itself and named; every wait is bounded.
 * Orders are fed before and after, not meanwhile: what the generator says it wrote has to be certain.
 */
import type { FaultSeen } from '../../core/crash/fault-proofs.ts'
import type { CrewMember } from '../cell/crew.ts'
import type { Chain, Stage } from '../cell/stage.ts'
import type { Death } from '../cell/cell-plan.ts'
import { TRANSACTION_TIMEOUT_MS } from '../matrix/spec.ts'
import { until } from '../wait.ts'
import { endOf } from './end-of-life.ts'
import type { FaultBroker } from './fault-broker.ts'

const FLOW_MS = 60_000
/** Lives that one worker may need until the broker answers again. */
const LIVES = 8
/** Longer than a request (10 s) and a transaction may take. */
const STILL_MS = TRANSACTION_TIMEOUT_MS + 1_500

const KILLED = 'fault.broker-killed'

export class BrokerFault {
  readonly halting = false
  readonly #stage: Stage
  readonly #broker: FaultBroker
  #struckAt: number | undefined
  #deaths: Death[] = []
  #next: CrewMember | undefined
  #seen: FaultSeen | undefined

  constructor(stage: Stage, broker: FaultBroker) {
    this.#stage = stage
    this.#broker = broker
  }

  soFar(): Chain {
    return {
      deaths: this.#deaths,
      nextIncarnation: this.#next?.handle.incarnation,
      respawnedAt: this.#next?.livesSince,
      fault: this.#seen,
    }
  }

  /** The proxy has the answer to EndTxn in hand, and keeps it. */
  struck(): void {
    this.#struckAt = this.#stage.deps.clock.monotonicMs()
  }

  async run(): Promise<Chain> {
    const { plan, deps, feed, fed, failure, members } = this.#stage
    const [kill] = plan.kills
    const victim = members('opb').find((m) => m.tasks.has(plan.task))!
    victim.crash({ point: 'opb.commit.mid', hit: kill!.hit, task: plan.task })
    await until(() => victim.crashAccepted, {
      what: 'the order to be accepted',
      ms: FLOW_MS,
      failed: failure,
    })
    // The first half has to be enough to get there.
    await feed(Math.ceil((plan.orders - fed()) * 0.8))
    await until(() => this.#struckAt !== undefined, {
      what: `EndTxn of transaction ${kill!.hit}`,
      ms: FLOW_MS,
      failed: failure,
    })
    deps.say(plan.point)
    await this.#strike()
    await this.#comeBack(victim)
    await feed(plan.orders - fed())
    return this.soFar()
  }

  async #strike(): Promise<void> {
    const { plan, deps } = this.#stage
    const before = this.#broker.pid()
    const at = deps.clock.monotonicMs()
    const note = (what: string): void =>
      void deps.journal.append({ f: 'fault', type: 'info', fault: plan.point, what, pid: this.#broker.pid() })
    let ended: string | null = null
    if (plan.point === KILLED) {
      note('SIGKILL')
      ended = await this.#broker.kill()
      await this.#broker.restart()
      note('started again')
    } else {
      await this.#broker.pause()
      note('SIGSTOP')
      await until(() => deps.clock.monotonicMs() - at > STILL_MS, {
        what: 'every timeout to pass',
        ms: STILL_MS + 1_000,
        everyMs: 20,
      })
      this.#broker.resume()
      note('SIGCONT')
    }
    const downMs = Math.round(deps.clock.monotonicMs() - at)
    const broker = { before, after: this.#broker.pid(), ended, downMs, at }
    this.#seen = { fault: plan.point, before: [], after: [], flips: [], broker }
  }

  /** Ended workers come back until everything that was fed is processed. */
  async #comeBack(victim: CrewMember): Promise<void> {
    const { plan, members, spawn, drained, describe } = this.#stage
    const lives = new Map<string, number>()
    const again = (member: CrewMember): CrewMember => {
      const n = (lives.get(member.name) ?? 0) + 1
      lives.set(member.name, n)
      return spawn({ ...member.spec, crashAt: null, takeOver: true })
    }
    await until(
      async () => {
        for (const member of [...members('opa'), ...members('opb')]) {
          if (member.exit === undefined || (lives.get(member.name) ?? 0) >= LIVES) continue
          if (member === victim) this.#deaths = [await endOf(this.#stage, victim)]
          const next = again(member)
          if (member.spec.operator === 'opb' && member.tasks.has(plan.task)) this.#next = next
        }
        // The supervisor's own client may still be without a connection.
        return victim.exit !== undefined && drained().catch(() => false)
      },
      { what: 'the workers to come back from it', ms: FLOW_MS, everyMs: 20, state: describe },
    )
  }
}
