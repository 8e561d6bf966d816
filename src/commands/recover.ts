/** `eoslab recover`: restores a manifest, replays the tail, says what each phase took. */
import * as Flags from '@oclif/core/flags'
import { LabCommand } from '../base.ts'
import type { RecoverResult } from '../lab/recovery/recover.ts'
import { taskFlags, verifyState } from '../lab/recovery/task-flags.ts'

export default class Recover extends LabCommand {
  static override summary =
    "recover OpB's tasks without running them: fence, manifest, restore, replay, resume"
  static override description =
    'The snapshot of the manifest is restored into a new state directory, even where newer local state exists ' +
    '(none: an empty one), and the changelog is replayed on top. The core log lines go to stderr, the table of ' +
    'the phases to stdout. A task with a live owner is not touched.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --manifest latest',
    '<%= config.bin %> <%= command.id %> --prefix p1. --manifest none --into /tmp/rehearsal',
    '<%= config.bin %> <%= command.id %> --prefix p1. --replay-from manifest --json',
  ]
  static override flags = {
    manifest: Flags.string({
      summary: 'what to restore: latest, a snapshotId, or none for an empty state and a full replay',
      default: 'latest',
      helpValue: 'latest|ID|none',
    }),
    into: Flags.string({
      summary: 'rehearse on a copy in this new directory: nobody is fenced, nothing is published',
      helpValue: 'DIR',
    }),
    'replay-from': Flags.option({
      summary: "manifest: keep the state and replay from the manifest's offset, so that skipping can be seen",
      options: ['state', 'manifest'] as const,
      default: 'state',
    })(),
    'verify-state': verifyState,
    ...taskFlags,
  }

  async run(): Promise<RecoverResult> {
    const { flags } = await this.parse(Recover)
    const { recover, recoverTable } = await import('../lab/recovery/recover.ts')
    const result = await recover({
      flags,
      manifest: flags.manifest,
      into: flags.into,
      replayFrom: flags['replay-from'],
      verify: flags['verify-state'],
      say: this.say,
    })
    if (!this.jsonEnabled()) this.print(await recoverTable(result))
    return result
  }
}
