/** `eoslab opa`: the stateless operator, until Ctrl-C. */
import { LabCommand } from '../base.ts'
import { operatorFlags } from '../lab/operator/operator-flags.ts'
import * as Flags from '@oclif/core/flags'

export default class Opa extends LabCommand {
  static override summary = 'run OpA: orders in, enriched orders and rejects out, in one transaction'
  static override description =
    'Runs until Ctrl-C; which finishes the transaction in hand. With --crash-at it is killed by SIGKILL there; run it again to see it recover.'
  static override examples = [
    '<%= config.bin %> opa --prefix p1.',
    '<%= config.bin %> opa --prefix p1. --until-caught-up --json',
    '<%= config.bin %> opa --prefix p1. --crash-at opa.commit.mid:3',
  ]
  static override flags = {
    ...operatorFlags,
    input: Flags.string({ summary: 'topic to read instead of <prefix>orders', helpValue: 'TOPIC' }),
    output: Flags.string({
      summary: 'topic to write instead of <prefix>orders.enriched',
      helpValue: 'TOPIC',
    }),
    guarantee: Flags.string({
      summary: 'how offsets are committed; only the first is safe',
      options: ['exactly-once', 'at-least-once', 'at-most-once'],
      default: 'exactly-once',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Opa)
    const lab = await import('../lab/operator/operator.ts')
    const result = await lab.runOperator({
      ...lab.commonOf(flags),
      operator: 'opa',
      quiet: this.isQuiet,
      guarantee: flags.guarantee,
      topics: lab.namedTopics({ orders: flags.input, enriched: flags.output }),
      window: '60s',
      changelog: 'on',
      stateless: true,
    })
    this.print(lab.operatorText(result))
    return result
  }
}
