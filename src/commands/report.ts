/** `eoslab report`: the newest run of each experiment, or two runs side by side, on stdout. */
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { LabCommand } from '../base.ts'
import { LabError } from '../core/errors.ts'

export default class Report extends LabCommand {
  static override summary =
    'the newest run of each experiment as one page: Markdown, HTML, CSV, JSON or a badge'
  static override description =
    'Exit code 0 whatever the verdicts; with --check 0, 1 or 3 by the worst; 3 if there is no run. ' +
    'html is one file that needs no network; csv has one row a cell; badge is an SVG.'
  static override examples = [
    '<%= config.bin %> report > results/table.md',
    '<%= config.bin %> report --format html > results/report.html',
    '<%= config.bin %> report results/latest --format table',
    '<%= config.bin %> report --experiment crash-matrix --format table',
    '<%= config.bin %> report --compare crash-matrix results/crash-matrix/20261121T052732.814Z-7',
    '<%= config.bin %> report --check',
  ]

  static override args = {
    run: Args.string({ description: 'one run: its folder, or an experiment (default: the newest of each)' }),
  }

  static override flags = {
    experiment: Flags.string({ char: 'e', summary: 'this experiment only', helpValue: 'NAME' }),
    format: Flags.option({
      summary: 'what to write; table is for this terminal',
      options: ['md', 'csv', 'json', 'html', 'badge', 'table'] as const,
      default: 'md',
    })(),
    compare: Flags.string({
      summary: 'two runs side by side: folders, or experiments (their newest runs)',
      helpValue: 'A B',
      multiple: true,
      exclusive: ['experiment', 'check'],
    }),
    check: Flags.boolean({ summary: "exit with the worst verdict's code", default: false }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Report)
    const [lab, formats] = await Promise.all([
      import('../lab/report/report.ts'),
      import('../lab/report/report-formats.ts'),
    ])
    const format = this.jsonEnabled() ? 'json' : flags.format
    if (format === 'html' && process.stdout.isTTY) {
      throw new LabError('USAGE', 'an HTML page is of no use on a terminal', {
        hint: 'Write it to a file: eoslab report --format html > results/report.html',
      })
    }
    if (flags.compare) {
      const [a, b] = await lab.reportPair(flags.compare)
      this.write(formats.comparisonText(a, b, format))
      return formats.comparison(a, b)
    }
    const { runs, verdict, exit, notes } = await lab.report({
      experiment: flags.experiment,
      run: args.run,
      check: flags.check,
    })
    for (const note of notes) this.say(note)
    this.write(await formats.reportText({ verdict, runs }, format))
    this.exitWith(exit)
    return { verdict, runs }
  }
}
