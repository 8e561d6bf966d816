/** `eoslab doctor`: what this machine has and lacks, and what to do. */
import { LabCommand } from '../base.ts'
import { EXIT } from '../core/errors.ts'

const MARK = { fine: 'ok  ', note: 'note', missing: 'MISS' } as const

export default class Doctor extends LabCommand {
  static override summary = 'what this machine has and lacks, and what to do'
  static override description = 'Exit code 0 if the lab can work, 4 if something it needs is missing.'
  static override examples = ['<%= config.bin %> doctor', '<%= config.bin %> doctor --json']

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Doctor)
    const { diagnose } = await import('../lab/doctor/doctor.ts')
    const diagnosis = await diagnose({ brokers: flags.brokers, stateDir: flags['state-dir'] })
    const width = Math.max(...diagnosis.findings.map(({ what }) => what.length))
    for (const { what, state, found, todo } of diagnosis.findings) {
      const indent = ' '.repeat(width + 8)
      const lines = [found, ...(todo === null ? [] : [`-> ${todo}`])]
        .join('\n')
        .replaceAll('\n', `\n${indent}`)
      this.print(`${MARK[state]}  ${what.padEnd(width)}  ${lines}`)
    }
    if (!diagnosis.fine) this.exitWith(EXIT.environment)
    return diagnosis
  }
}
