/** `eoslab opb`: the stateful operator on SQLite, until Ctrl-C. */
import { LabCommand } from '../base.ts'
import { operatorFlags } from '../lab/operator/operator-flags.ts'
import { verifyState } from '../lab/recovery/task-flags.ts'
import * as Flags from '@oclif/core/flags'

export default class Opb extends LabCommand {
  static override summary = 'run OpB: enriched orders in, running aggregates out, state in SQLite'
  static override description =
    'Recovers first (fence, manifest, restore, replay) and says so in three JSON lines on stderr, then runs until Ctrl-C. ' +
    'SQLite is always a prefix of the committed changelog.'
  static override examples = [
    '<%= config.bin %> opb --prefix p1. --snapshot-every 5000updates',
    '<%= config.bin %> opb --prefix p1. --crash-at opb.commit.mid:3',
    '<%= config.bin %> opb --prefix p1. --stateless --until-caught-up',
  ]
  static override flags = {
    ...operatorFlags,
    input: Flags.string({ summary: 'topic to read instead of <prefix>orders.enriched', helpValue: 'TOPIC' }),
    output: Flags.string({ summary: 'topic to write instead of <prefix>orders.output', helpValue: 'TOPIC' }),
    'changelog-topic': Flags.string({ summary: 'instead of <prefix>opb-changelog', helpValue: 'TOPIC' }),
    'snapshots-topic': Flags.string({ summary: 'instead of <prefix>opb-snapshots', helpValue: 'TOPIC' }),
    'snapshot-dir': Flags.string({ summary: 'instead of <state>/<prefix>/snapshots', helpValue: 'DIR' }),
    'snapshot-every': Flags.string({
      summary: 'cadence of snapshots: 10s, or 5000updates',
      helpValue: '10s|5000updates',
    }),
    'snapshot-kind': Flags.string({
      summary: 'full, only what changed (partial), or partial while that is cheaper (auto)',
      options: ['auto', 'full', 'partial'],
      default: 'auto',
    }),
    'snapshot-zstd': Flags.boolean({
      summary: 'compress partial snapshots',
      default: true,
      allowNo: true,
    }),
    changelog: Flags.string({
      summary: 'where state is recovered from',
      options: ['on', 'off'],
      default: 'on',
    }),
    window: Flags.string({ summary: 'window of the aggregates', default: '60s', helpValue: '60s' }),
    'verify-state': verifyState,
    stateless: Flags.boolean({
      summary: 'pass enriched orders through unchanged instead (to study OpA alone)',
    }),
  }

  async run(): Promise<unknown> {
    const { flags, raw } = await this.parse(Opb)
    if (flags.stateless) (await import('../lab/operator/stateless.ts')).refuseStateFlags(raw)
    const lab = await import('../lab/operator/operator.ts')
    const result = await lab.runOperator({
      ...lab.commonOf(flags),
      operator: 'opb',
      quiet: this.isQuiet,
      guarantee: 'exactly-once',
      topics: lab.namedTopics({
        enriched: flags.input,
        output: flags.output,
        changelog: flags['changelog-topic'],
        snapshots: flags['snapshots-topic'],
      }),
      snapshotDir: flags['snapshot-dir'],
      snapshotEvery: flags['snapshot-every'],
      snapshotKind: flags['snapshot-kind'],
      snapshotZstd: flags['snapshot-zstd'],
      changelog: flags.changelog,
      window: flags.window,
      verifyState: flags['verify-state'],
      stateless: flags.stateless,
    })
    this.print(lab.operatorText(result))
    return result
  }
}
