/** `eoslab explain CELL`: one timeline of a cell. */
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { LabCommand } from '../base.ts'

export default class Explain extends LabCommand {
  static override summary = 'what happened in one cell of a run, on one timeline'
  static override description =
    'Lives, epochs, transactions and markers, the kill, the fence, restore, replay and resume, from the journals of a stored run. ' +
    'Needs no broker. Exit code 0; 3 if there is no such run or cell.'
  static override examples = [
    '<%= config.bin %> explain opb.commit.mid',
    '<%= config.bin %> explain opa.commit.before --run results/crash-matrix/latest',
  ]
  static override args = { cell: Args.string({ description: 'cell, or crash point', required: true }) }
  static override flags = {
    run: Flags.string({ summary: 'folder of the run (default: the newest)', helpValue: 'DIR' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Explain)
    const { explain, explainText } = await import('../lab/judge/explain.ts')
    const explained = await explain(args.cell, flags.run)
    this.print(explainText(explained))
    return explained
  }
}
