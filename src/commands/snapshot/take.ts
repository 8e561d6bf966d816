/** `eoslab snapshot take`: a snapshot of each task, by its live owner if it has one. */
import * as Flags from '@oclif/core/flags'
import { LabCommand } from '../../base.ts'
import { SNAPSHOT_KINDS } from '../../core/recovery/snapshot-kind.ts'
import type { TakeResult } from '../../lab/recovery/snapshot.ts'
import { taskFlags } from '../../lab/recovery/task-flags.ts'

export default class SnapshotTake extends LabCommand {
  static override summary = "snapshot OpB's tasks and publish the manifests"
  static override description =
    'A running OpB is asked through its local socket and answers when its manifest is committed. A task without ' +
    'a live owner is fenced and recovered first.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --prefix p1.',
    '<%= config.bin %> <%= command.id %> --prefix p1. --kind full',
  ]
  static override flags = {
    kind: Flags.option({
      summary: 'full, only what changed (partial), or partial while that is cheaper (auto)',
      description:
        'Passed on to a live owner; without it an owner goes by its own --snapshot-kind. A partial one needs an ' +
        'earlier one to build on, and is full without; the table says what it became.',
      options: SNAPSHOT_KINDS,
      defaultHelp: 'auto',
    })(),
    ...taskFlags,
  }

  async run(): Promise<TakeResult> {
    const { flags } = await this.parse(SnapshotTake)
    const { takeSnapshots, takeTable } = await import('../../lab/recovery/snapshot.ts')
    const result = await takeSnapshots(flags, this.say, flags.kind)
    if (!this.jsonEnabled()) this.print(await takeTable(result))
    return result
  }
}
