/** `eoslab completion SHELL`: the script that makes a shell complete commands, flags and crash points. */
import * as Args from '@oclif/core/args'
import { LabCommand } from '../base.ts'

export default class Completion extends LabCommand {
  static override summary = 'print the script by which bash, zsh or fish completes eoslab'
  static override description =
    'For this session: source <(eoslab completion bash). The script says how to keep it.'
  static override examples = [
    'source <(<%= config.bin %> completion bash)',
    'source <(<%= config.bin %> completion zsh)',
    '<%= config.bin %> completion fish | source',
  ]
  static override args = {
    shell: Args.string({ description: 'your shell', options: ['bash', 'zsh', 'fish'], required: true }),
  }

  async run(): Promise<unknown> {
    const { args } = await this.parse(Completion)
    const { completion } = await import('../lab/completion/completion.ts')
    const script = completion(args.shell)
    this.print(script)
    return { shell: args.shell, script }
  }
}
