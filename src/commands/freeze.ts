/** `eoslab freeze`: halt a pipeline at a crash point, look at everything, then kill it or let it go on. */
import * as Flags from '@oclif/core/flags'
import { LabCommand } from '../base.ts'
import { exitOf } from '../core/oracle/verdict.ts'

export default class Freeze extends LabCommand {
  static override summary = 'halt a pipeline at a crash point and look at everything, then kill or continue'
  static override description =
    'A cell of the matrix, stopped at its point instead of killed: topics with their stable offsets, transactions, ' +
    'offsets, SQLite and manifest side by side. On a terminal it then asks: kill, continue, show (look again) or quit; ' +
    'elsewhere it kills, unless --then says otherwise. After that: what changed, the verdict and the phases. ' +
    'Exit code by the verdict, as for crash-matrix; 0 after quit.'
  static override examples = [
    '<%= config.bin %> freeze --at opb.commit.mid',
    '<%= config.bin %> freeze --at opa.commit.before --then continue',
    '<%= config.bin %> freeze --at opb.commit.mid+opb.replay.mid --then kill --json',
    '<%= config.bin %> freeze --list',
  ]
  static override flags = {
    at: Flags.string({
      summary: 'crash point, with an optional :hit',
      default: 'opb.commit.mid',
      helpValue: 'POINT',
    }),
    // oxlint-disable-next-line unicorn/no-thenable -- a flag, and nobody awaits the flags
    then: Flags.string({ summary: 'what to do without asking', options: ['kill', 'continue', 'quit'] }),
    list: Flags.boolean({ summary: 'print where it can halt, and end' }),
    seed: Flags.string({ summary: 'seed of workload and hit', default: '7', helpValue: 'N' }),
    orders: Flags.string({ summary: 'orders (default 2000)', helpValue: 'N' }),
    partitions: Flags.string({ summary: 'partitions of every topic', default: '1', helpValue: 'N' }),
    window: Flags.string({ summary: 'window of the aggregates', default: '60s', helpValue: '60s' }),
    cold: Flags.boolean({ summary: "delete OpB's local state between kill and restart" }),
    'transaction-timeout': Flags.string({
      summary: 'how long the broker lets the halted transaction be (cells of the matrix: 10s)',
      default: '10m',
      helpValue: '10m',
    }),
  }

  async run(): Promise<unknown> {
    const { flags, raw } = await this.parse(Freeze)
    const show = await import('../lab/freeze/show.ts')
    if (flags.list) {
      const { refuseUnfit } = await import('../lab/fitting.ts')
      refuseUnfit(raw, { by: '--list', takes: [] })
      this.print(show.freezableText())
      return show.freezableJson()
    }
    const { freeze } = await import('../lab/freeze/freeze.ts')
    const given = flags.then as 'kill' | 'continue' | 'quit' | undefined
    const asks = given === undefined && !this.jsonEnabled() ? show.asker() : null
    const frozen = await freeze(
      {
        ...flags,
        stateDir: flags['state-dir'],
        transactionTimeout: flags['transaction-timeout'],
        argv: this.argv,
      },
      {
        say: this.say,
        halted: (view, subject) => this.print(show.haltedText(view, subject)),
        decide: asks ?? (async () => given ?? 'kill'),
      },
    )
    this.print(show.endText(frozen))
    if (frozen.result) this.exitWith(exitOf(frozen.result.verdict))
    return show.frozenJson(frozen)
  }
}
