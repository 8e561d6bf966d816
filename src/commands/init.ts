/** `eoslab init DIR`: a folder to start from. */
import * as Args from '@oclif/core/args'
import { LabCommand } from '../base.ts'

export default class Init extends LabCommand {
  static override summary = 'write an experiment, with a Makefile, to start from'
  static override description = 'Writes into a folder that is new or empty, and nowhere else.'
  static override examples = ['<%= config.bin %> init my-lab']
  static override args = { folder: Args.string({ description: 'folder to make', required: true }) }

  async run(): Promise<unknown> {
    const { args } = await this.parse(Init)
    const { initialise } = await import('../lab/init.ts')
    const made = await initialise(args.folder)
    this.print(
      [`${made.folder}: ${made.files.join(', ')}`, '', 'Next:', ...made.next.map((line) => `  ${line}`)].join(
        '\n',
      ),
    )
    return made
  }
}
