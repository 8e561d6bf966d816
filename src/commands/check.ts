/** `eoslab check`: judges what is committed under a prefix, or a stored run again. */
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { LabCommand } from '../base.ts'
import { LabError } from '../core/errors.ts'
import { exitOf } from '../core/oracle/verdict.ts'
import { ciFlags } from '../lab/report/ci-flags.ts'

export default class Check extends LabCommand {
  static override summary = 'judge everything that is committed under a prefix, or a stored run again'
  static override description =
    'Reads the raw logs, the SQLite files, the snapshots and the journals, and recomputes the totals from the orders alone. ' +
    'With RESULTS, the folder of a run: the same from what was kept of it, by the oracle of today, without a broker. ' +
    'Changes nothing. Exit code 0 valid (RESULTS: expectations met), 1 invalid (an anomaly), 3 unknown.'
  static override examples = [
    '<%= config.bin %> check --prefix p1.',
    '<%= config.bin %> check --prefix p1. --pipeline reference-stateless --json',
    '<%= config.bin %> check results/latest',
  ]
  static override args = { results: Args.string({ description: 'folder of a run, to be judged again' }) }
  static override flags = {
    prefix: Flags.string({ summary: 'prefix to judge, its trailing dot included' }),
    window: Flags.string({ summary: "window of the aggregates, such as 60s (default: the state's own)" }),
    pipeline: Flags.string({
      summary: 'pipeline under this prefix',
      options: ['reference', 'reference-stateless'],
      default: 'reference',
    }),
    ...ciFlags,
  }

  async run(): Promise<unknown> {
    const { args, flags, raw } = await this.parse(Check)
    const { prefix } = flags
    if ((args.results === undefined) === (prefix === undefined)) {
      throw new LabError('USAGE', 'check needs either --prefix or the folder of a run', {
        hint: 'eoslab check --prefix p1.  or  eoslab check results/latest',
      })
    }
    if (args.results !== undefined) {
      const { refuseUnfit } = await import('../lab/fitting.ts')
      refuseUnfit(raw, { by: 'the folder of a run', takes: ['junit', 'summary'] })
    }
    const ci = await import('../lab/report/ci.ts')
    const files = await ci.ciFiles(flags)
    if (args.results !== undefined) {
      const { judgeAgain, againForTerminal } = await import('../lab/judge/judge-again.ts')
      const again = await judgeAgain(args.results)
      this.print(againForTerminal(again))
      await files.write(ci.ofJudgedAgain(again))
      this.exitWith(exitOf(again.verdict))
      return again
    }
    const { check, checkText } = await import('../lab/judge/check.ts')
    const report = await check({
      brokers: flags.brokers,
      stateDir: flags['state-dir'],
      prefix: prefix!,
      window: flags.window,
      pipeline: flags.pipeline,
      say: this.say,
    })
    this.print(checkText(report))
    await files.write(ci.ofCheck(report))
    this.exitWith(exitOf(report.verdict))
    return report
  }
}
