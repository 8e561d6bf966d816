/** `eoslab advise`: a snapshot cadence for a time to recover, from rates measured here. */
import * as Flags from '@oclif/core/flags'
import { LabCommand } from '../base.ts'
import { EXIT } from '../core/errors.ts'

export default class Advise extends LabCommand {
  static override summary = 'say how often to take snapshots to be back in time, from rates measured here'
  static override description =
    'Measures snapshot, restore and replay at the size of one task (at most --measure-keys), takes the rest from ' +
    'the newest results, and solves the model of docs/recovery-model.md for the cadence. ' +
    'Exit code 1 when no cadence keeps the time; the reasons say what would.'
  static override examples = [
    '<%= config.bin %> advise --ttr 2s --keys 1e7 --rate 10000/s',
    '<%= config.bin %> advise --ttr 10s --keys 1e9 --rate 1e6/s --partitions 1000 --json',
  ]
  static override flags = {
    ttr: Flags.string({ summary: 'time to recover to keep', required: true, helpValue: '2s' }),
    keys: Flags.string({ summary: 'keys in all', required: true, helpValue: '1e7' }),
    rate: Flags.string({ summary: 'records in all', required: true, helpValue: '10000/s' }),
    partitions: Flags.string({ summary: 'tasks that share both', default: '1', helpValue: 'N' }),
    'measure-keys': Flags.string({
      summary: 'keys to measure with at most',
      default: '100000',
      helpValue: 'N',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Advise)
    const lab = await import('../lab/report/advise.ts')
    const result = await lab.runAdvise({
      ...flags,
      measureKeys: flags['measure-keys'],
      stateDir: flags['state-dir'],
      quiet: this.isQuiet,
    })
    this.print(lab.adviseText(result))
    this.exitWith(result.advice.snapshotEveryMs === null ? EXIT.invalid : EXIT.valid)
    return lab.adviceJson(result)
  }
}
