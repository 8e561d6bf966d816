/** `eoslab explain [CELL]`: one timeline of a cell, or the cells of a run. */
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { LabCommand } from '../base.ts'

export default class Explain extends LabCommand {
  static override summary = 'what happened in one cell of a run, on one timeline'
  static override description =
    'Lives, epochs, every transaction around what was done to them, the markers in the log, the kill, the fence, ' +
    'restore, replay and resume, and each anomaly at its place, from what a stored run kept; a stopped one too. ' +
    'Without a cell: the cells that there are. Needs no broker. Exit code 0; 3 if there is no such run or cell.'
  static override examples = [
    '<%= config.bin %> explain',
    '<%= config.bin %> explain opb.commit.mid',
    '<%= config.bin %> explain opa.commit.before --run crash-matrix',
  ]
  static override args = { cell: Args.string({ description: 'cell, or crash point' }) }
  static override flags = {
    run: Flags.string({
      summary: 'folder of the run, or an experiment, whose newest it is (default: the newest run)',
      helpValue: 'RUN',
    }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Explain)
    const { explain, explainText, listCells, listText } = await import('../lab/judge/explain.ts')
    if (args.cell === undefined) {
      const listed = await listCells(flags.run)
      this.print(listText(listed, flags.run))
      return listed
    }
    const explained = await explain(args.cell, flags.run)
    this.print(explainText(explained))
    const { partitions: _partitions, ...told } = explained
    return told
  }
}
