/** `eoslab snapshot prune`: keep the newest, remove the others. */
import * as Flags from '@oclif/core/flags'
import { LabCommand } from '../../base.ts'
import type { PruneResult } from '../../lab/recovery/snapshot-prune.ts'
import { taskFlags } from '../../lab/recovery/task-flags.ts'

export default class SnapshotPrune extends LabCommand {
  static override summary =
    'keep the newest snapshots of each task, with what they build on, and remove the others'
  static override description =
    'The task is fenced and recovered first, and a manifest that names only what stays is committed before any file ' +
    'goes. A task with a live owner is not touched.'
  static override examples = ['<%= config.bin %> <%= command.id %> --prefix p1. --keep 1']
  static override flags = {
    keep: Flags.integer({ summary: 'snapshots to keep', default: 1, min: 1 }),
    ...taskFlags,
  }

  async run(): Promise<PruneResult> {
    const { flags } = await this.parse(SnapshotPrune)
    const { pruneSnapshots, pruneTable } = await import('../../lab/recovery/snapshot-prune.ts')
    const result = await pruneSnapshots(flags, flags.keep, this.say)
    if (!this.jsonEnabled()) this.print(await pruneTable(result))
    return result
  }
}
