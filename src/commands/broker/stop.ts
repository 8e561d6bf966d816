/** `eoslab broker stop`: ends the broker of `broker start`; its data stay. */
import { LabCommand } from '../../base.ts'

export default class BrokerStop extends LabCommand {
  static override summary = 'stop the lab broker; its data stay'
  static override examples = ['<%= config.bin %> broker stop']

  async run(): Promise<unknown> {
    const { flags } = await this.parse(BrokerStop)
    const { stopPersistent } = await import('../../lab/broker/broker.ts')
    const stopped = await stopPersistent({ stateDir: flags['state-dir'], say: this.say })
    this.say(stopped === undefined ? 'no broker of ours was running' : `stopped ${stopped.brokers}`)
    return { stopped: stopped !== undefined, brokers: stopped?.brokers ?? null }
  }
}
