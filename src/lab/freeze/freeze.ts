/**
 * `eoslab freeze`: brings a cell to its crash point, halts it there, shows everything that lies on the broker
 * and on disk side by side, and then does what it is told: kill, continue or quit.
 *
 * Promises: it is a cell of the matrix, on the same code and with the same judge; halted, the victim stands
 * still (SIGSTOP, and its frame parked on the wire), the other operator runs on; whatever way it ends, no
 * process is left; what a judged run keeps (results, OpB's cell for `recover`) is kept, and after quit nothing.
 * Does not: retry, or halt twice.
 */
import { describeTransactions } from '../../adapters/raw-log/transactions.ts'
import { hostClock } from '../../adapters/host/clock.ts'
import { changesOf, type Change } from '../../core/freeze/changes.ts'
import { subjectOf, type Subject } from '../../core/freeze/subject.ts'
import { freezeView, tasksOf, type FreezeView } from '../../core/freeze/view.ts'
import { LabError } from '../../core/errors.ts'
import type { RunResult } from '../../core/matrix/result.ts'
import type { OracleInput } from '../../core/oracle/input.ts'
import { parseDurationMs } from '../../core/scenario/units.ts'
import type { Halted } from '../cell/judged-cell.ts'
import { runExperiment } from '../matrix/experiment.ts'
import { matrixScenario, type MatrixFlags } from '../matrix/matrix.ts'
import { freezable } from './points.ts'

export type Choice = 'kill' | 'continue' | 'quit'

/** What is seen of it while it runs. */
export interface Audience {
  readonly say: (text: string) => void
  /** Shows the halted pipeline. */
  readonly halted: (view: FreezeView, subject: Subject) => void
  /** What is to become of it. `show` asks to look again first. */
  readonly decide: () => Promise<Choice | 'show'>
}

export type FreezeFlags = Pick<
  MatrixFlags,
  'seed' | 'orders' | 'partitions' | 'window' | 'cold' | 'brokers' | 'stateDir' | 'argv'
> & { readonly at: string; readonly transactionTimeout: string }

export interface Frozen {
  readonly subject: Subject | undefined
  readonly before: FreezeView | undefined
  readonly after: FreezeView | undefined
  readonly changes: readonly Change[]
  readonly chosen: Choice | undefined
  /** Undefined after `quit`. */
  readonly result: RunResult | undefined
}

const TIMEOUT_BOUNDS = { min: 1_000, max: 900_000 }

export async function freeze(flags: FreezeFlags, audience: Audience): Promise<Frozen> {
  const at = freezable(flags.at)
  const timeoutMs = timeoutOf(flags.transactionTimeout)
  const scenario = await matrixScenario({ ...flags, at: [at], repeat: '1', keep: false, quiet: true })
  const desk = new Desk(audience)
  audience.say(`bringing a pipeline of its own to ${at}`)
  try {
    const result = await runExperiment({
      scenario: { ...scenario, name: 'freeze', transactionTimeoutMs: timeoutMs },
      brokers: flags.brokers,
      stateDir: flags.stateDir,
      quiet: true,
      argv: ['freeze', ...flags.argv],
      halt: desk,
    })
    return { ...desk.seen(), result }
  } catch (error) {
    if (desk.chosen === 'quit') return { ...desk.seen(), result: undefined }
    throw error
  }
}

function timeoutOf(text: string): number {
  const ms = parseDurationMs(text, '--transaction-timeout')
  if (ms >= TIMEOUT_BOUNDS.min && ms <= TIMEOUT_BOUNDS.max) return ms
  throw new LabError('USAGE', `--transaction-timeout ${text} is not between 1s and 15m`, {
    hint: 'a broker lets a transaction stay open for 15 minutes at most (transaction.max.timeout.ms)',
  })
}

class Desk {
  readonly #audience: Audience
  #at: Halted | undefined
  #subject: Subject | undefined
  #before: FreezeView | undefined
  #after: FreezeView | undefined
  chosen: Choice | undefined

  constructor(audience: Audience) {
    this.#audience = audience
  }

  readonly halted = async (at: Halted): Promise<'kill' | 'continue'> => {
    this.#at = at
    for (;;) {
      await this.#show(at)
      const answer = await this.#audience.decide()
      if (answer === 'show') continue
      this.chosen = answer
      if (answer === 'quit') throw new LabError('INTERRUPTED', 'left while it was halted; nothing was judged')
      this.#audience.say(answer === 'kill' ? 'killed; recovering' : 'going on')
      return answer
    }
  }

  readonly ended = async (input: OracleInput): Promise<void> => {
    if (this.#at) this.#after = await viewOf(this.#at, input)
  }

  seen(): Omit<Frozen, 'result'> {
    const [subject, before, after] = [this.#subject, this.#before, this.#after]
    const changes = subject && before && after ? changesOf(before, after, subject) : []
    return { subject, before, after, changes, chosen: this.chosen }
  }

  async #show(at: Halted): Promise<void> {
    const input = await at.look()
    const { member, kill, plan } = at
    this.#subject = subjectOf(
      {
        point: kill.point,
        hit: kill.hit,
        operator: plan.operator,
        task: plan.task,
        incarnation: member.handle.incarnation ?? member.name,
        pid: member.handle.pid,
        frames: at.frames(),
      },
      input.journals ?? [],
    )
    const view = await viewOf(at, input)
    this.#before ??= view
    this.#audience.halted(view, this.#subject)
  }
}

async function viewOf({ plan, member }: Halted, input: OracleInput): Promise<FreezeView> {
  const tasks = tasksOf(input.prefix, plan.partitions)
  const found = await describeTransactions(
    member.spec.brokers,
    tasks.map((task) => task.transactionalId),
  )
  const transactions = tasks.map((task, i) => ({ ...task, found: found[i] }))
  return freezeView(input, { transactions, atMs: hostClock.wallMs() })
}
