/** `eoslab snapshot list`: every snapshot that is known, from the manifests in the log and beside the files. */
import { LabCommand } from '../../base.ts'
import type { ListResult } from '../../lab/recovery/snapshot.ts'
import { taskFlags } from '../../lab/recovery/task-flags.ts'

export default class SnapshotList extends LabCommand {
  static override summary = "list the snapshots of OpB's tasks, and whether their files are there"
  static override examples = ['<%= config.bin %> <%= command.id %> --prefix p1. --json']
  static override flags = taskFlags

  async run(): Promise<ListResult> {
    const { flags } = await this.parse(SnapshotList)
    const { listSnapshots, listTable } = await import('../../lab/recovery/snapshot.ts')
    const result = await listSnapshots(flags, this.say)
    if (!this.jsonEnabled()) this.print(await listTable(result))
    return result
  }
}
