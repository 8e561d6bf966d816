/** `eoslab compare-changelog`: forms of the changelog, before and after compaction, side by side. */
import * as Flags from '@oclif/core/flags'
import { LabCommand } from '../base.ts'
import { CHANGELOG_FORMS } from '../core/compare/variants.ts'
import { exitOf } from '../core/oracle/verdict.ts'

export default class CompareChangelog extends LabCommand {
  static override summary =
    'compare changelog on, delta-only and off: recovery cost, and what compaction leaves'
  static override description =
    'In each row a real OpB on the same orders is killed, loses its local state, and comes back; in between the ' +
    'cleaner really runs where the row says so. Deltas alone must lose money to it, and everything else nothing. ' +
    'Exit code 0 when every row came out so, 1 when one did not, 3 when one could not be judged.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --changelog on --changelog off --snapshot-every none --json',
  ]
  static override flags = {
    prefix: Flags.string({ summary: 'before every topic name (default: a new one)', helpValue: 'cc.' }),
    orders: Flags.string({ summary: 'orders', default: '10000', helpValue: 'N' }),
    seed: Flags.string({ summary: 'seed of the workload', default: '7', helpValue: 'N' }),
    window: Flags.string({ summary: 'window of the aggregates', default: '60s', helpValue: '60s' }),
    'snapshot-every': Flags.string({
      summary: 'cadence: none, 5000updates or 500ms (repeatable)',
      multiple: true,
      default: ['none', '4000updates', '1000updates'],
      helpValue: 'CADENCE',
    }),
    repeat: Flags.string({
      summary: 'runs of each row; the table shows medians and their intervals (95 % from 6 on)',
      default: '3',
      helpValue: 'N',
    }),
    changelog: Flags.string({
      summary: 'forms to compare (repeatable; default: all)',
      multiple: true,
      options: [...CHANGELOG_FORMS],
      default: [...CHANGELOG_FORMS],
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(CompareChangelog)
    const { compareChangelog, comparedText } = await import('../lab/compare/compare.ts')
    const result = await compareChangelog({ ...flags, quiet: this.isQuiet })
    this.print(comparedText(result))
    this.exitWith(exitOf(result.verdict))
    return result
  }
}
