/** `eoslab report`: a page on the newest run of each experiment, on stdout. */
import * as Flags from '@oclif/core/flags'
import { LabCommand } from '../base.ts'

export default class Report extends LabCommand {
  static override summary = 'the newest run of each experiment as one Markdown page'
  static override description =
    'Exit code 0 whatever the verdicts; with --check 0, 1 or 3 by the worst; 3 if there is no run.'
  static override examples = [
    '<%= config.bin %> report > results/table.md',
    '<%= config.bin %> report --experiment crash-matrix --format table',
    '<%= config.bin %> report --check',
  ]

  static override flags = {
    experiment: Flags.string({ char: 'e', summary: 'this experiment only', helpValue: 'NAME' }),
    format: Flags.string({
      summary: 'Markdown, JSON, or tables for this terminal',
      options: ['md', 'json', 'table'],
      default: 'md',
    }),
    check: Flags.boolean({ summary: "exit with the worst verdict's code", default: false }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Report)
    const lab = await import('../lab/report.ts')
    const { runs, verdict, exit, notes } = await lab.report({
      experiment: flags.experiment,
      check: flags.check,
    })
    for (const note of notes) this.say(note)
    if (flags.format === 'json') this.print(JSON.stringify({ verdict, runs }, null, 2))
    else this.print(flags.format === 'md' ? lab.reportMarkdown(runs) : lab.reportForTerminal(runs))
    this.exitWith(exit)
    return { verdict, runs }
  }
}
