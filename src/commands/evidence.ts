/** `eoslab evidence STEP`: what a step of the plan has to show beyond its cells. */
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { LabCommand } from '../base.ts'
import { exitOf } from '../core/oracle/verdict.ts'

/** Beside the global ones; all, where a step isn't named. */
const TAKES: Readonly<Record<string, readonly string[]>> = { p2: ['prefix', 'seed'], p3: ['prefix', 'seed'] }

export default class Evidence extends LabCommand {
  static override summary =
    'print the evidence of a step of the plan (p2, p3), or of every way back to one state (ways)'
  static override description =
    'p2: the newest manifest and the path of its snapshot, on the OpB cell that the last run kept, and an overlap ' +
    'replayed to show what seq does. p3: recovery on artefacts made for it, three random kills, three times to ' +
    'recover, and the lag going to zero. ways: on your orders (--from) or generated ones, OpB is killed at random ' +
    'places and its state brought back in every way there is, each to one hash. Exit code 0 when it holds, 1 when it does not.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> p2',
    '<%= config.bin %> <%= command.id %> p3 --seed 7 --json',
    '<%= config.bin %> <%= command.id %> ways --from orders.csv --window 86400s --repeat 20',
  ]
  static override args = {
    step: Args.string({ description: 'step of the plan', options: ['p2', 'p3', 'ways'], required: true }),
  }
  static override flags = {
    prefix: Flags.string({
      summary: 'p2: a prefix instead of the kept cell; p3: default p3.; ways: default a new one',
      helpValue: 'p2.',
    }),
    seed: Flags.string({ summary: 'seed of artefacts and kills', default: '7', helpValue: 'N' }),
    from: Flags.string({
      summary: 'ways: orders from a file, CSV with header or JSON Lines',
      helpValue: 'FILE',
    }),
    orders: Flags.string({
      summary: 'ways: generated orders, without --from',
      default: '10000',
      helpValue: 'N',
    }),
    repeat: Flags.string({ summary: 'ways: kills, each with every way back', default: '3', helpValue: 'N' }),
    window: Flags.string({ summary: 'ways: window of the aggregates', default: '60s', helpValue: '60s' }),
  }

  async run(): Promise<unknown> {
    const { args, flags, raw } = await this.parse(Evidence)
    const { refuseUnfit } = await import('../lab/fitting.ts')
    const { evidence, STEPS } = await import('../lab/compare/evidence.ts')
    refuseUnfit(raw, { by: args.step, takes: TAKES[args.step] ?? Object.keys(Evidence.flags) })
    const step = STEPS.find((name) => name === args.step) ?? 'p2'
    const done = await evidence(step, { ...flags, quiet: this.isQuiet, say: this.say })
    this.print(done.text)
    this.exitWith(exitOf(done.verdict))
    return done.result
  }
}
