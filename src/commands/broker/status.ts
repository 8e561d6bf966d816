/** `eoslab broker status`: which broker commands would use, and whether it answers. */
import { LabCommand } from '../../base.ts'
import { EXIT } from '../../core/errors.ts'

export default class BrokerStatus extends LabCommand {
  static override summary = 'which broker is used, and whether it answers'
  static override description = 'Exit code 0 if it answers, 4 if not or if there is none.'
  static override examples = ['<%= config.bin %> broker status --json']

  async run(): Promise<unknown> {
    const { flags } = await this.parse(BrokerStatus)
    const { brokerStatus } = await import('../../lab/broker/broker.ts')
    const status = await brokerStatus({ brokers: flags.brokers, stateDir: flags['state-dir'] })
    if (status.running) {
      this.print(status.brokers ?? '')
      this.say(
        status.kind === 'given'
          ? 'given by --brokers or EOSLAB_BROKERS'
          : `ours, process ${status.pid}, log and data: ${status.dataDir}`,
      )
    } else {
      this.say(
        status.brokers === null
          ? 'no broker is running; start one: eoslab broker start'
          : (status.problem ?? ''),
      )
      this.exitWith(EXIT.environment)
    }
    return status
  }
}
