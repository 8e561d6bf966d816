/** `eoslab check`: judges what is committed under a prefix. */
import * as Flags from '@oclif/core/flags'
import { LabCommand } from '../base.ts'
import { exitOf } from '../core/oracle/verdict.ts'

export default class Check extends LabCommand {
  static override summary = 'judge everything that is committed under a prefix'
  static override description =
    'Reads the raw logs, the SQLite files, the snapshots and the journals, and recomputes the totals from the orders alone. ' +
    'Changes nothing. Exit code 0 valid, 1 invalid (an anomaly), 3 unknown.'
  static override examples = [
    '<%= config.bin %> check --prefix p1.',
    '<%= config.bin %> check --prefix p1. --pipeline reference-stateless --json',
  ]
  static override flags = {
    prefix: Flags.string({ summary: 'prefix to judge, its trailing dot included', required: true }),
    window: Flags.string({ summary: "window of the aggregates, such as 60s (default: the state's own)" }),
    pipeline: Flags.string({
      summary: 'pipeline under this prefix',
      options: ['reference', 'reference-stateless'],
      default: 'reference',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Check)
    const { check, checkText } = await import('../lab/check.ts')
    const report = await check({
      brokers: flags.brokers,
      stateDir: flags['state-dir'],
      prefix: flags.prefix,
      window: flags.window,
      pipeline: flags.pipeline,
      say: this.say,
    })
    this.print(checkText(report))
    this.exitWith(exitOf(report.verdict))
    return report
  }
}
