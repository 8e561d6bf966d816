/** `eoslab snapshot verify`: every snapshot against its manifest and against a replay of the log. */
import { LabCommand } from '../../base.ts'
import type { VerifyResult } from '../../lab/recovery/snapshot-verify.ts'
import { taskFlags } from '../../lab/recovery/task-flags.ts'

export default class SnapshotVerify extends LabCommand {
  static override summary =
    'restore every snapshot on a copy, replay the log onto it, compare the state hashes'
  static override description =
    'Each chain is checked file by file against its manifests, restored, and replayed to one common end; an empty ' +
    'state with the whole log replayed onto it is the measure. Changes nothing. Exit code 1 if one is damaged or differs.'
  static override examples = ['<%= config.bin %> <%= command.id %> --prefix p1.']
  static override flags = taskFlags

  async run(): Promise<VerifyResult> {
    const { flags } = await this.parse(SnapshotVerify)
    const { verifySnapshots, verifyTable } = await import('../../lab/recovery/snapshot-verify.ts')
    const result = await verifySnapshots(flags, this.say)
    if (!this.jsonEnabled()) this.print(await verifyTable(result))
    this.exitWith(result.ok ? 0 : 1)
    return result
  }
}
