/** `eoslab broker start`: the lab's own broker, running until `broker stop`; its data survive both. */
import * as Flags from '@oclif/core/flags'
import { LabCommand } from '../../base.ts'

export default class BrokerStart extends LabCommand {
  static override summary = 'start the lab broker, or find it running'
  static override description = `Starts a real Apache Kafka for this folder (see --state-dir) and leaves it running. Its data survive
stop and start, and it takes the same port again if that is free. Needs Java 17; Maven once.`
  static override examples = [
    '<%= config.bin %> broker start',
    'export EOSLAB_BROKERS=$(eoslab broker start --json | jq -r .brokers)',
  ]
  static override flags = {
    port: Flags.integer({
      summary: 'client port on 127.0.0.1 (default: a free one)',
      min: 1,
      max: 65_535,
      helpValue: 'PORT',
    }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(BrokerStart)
    const { startPersistent } = await import('../../lab/broker/broker.ts')
    const broker = await startPersistent({ stateDir: flags['state-dir'], port: flags.port, say: this.say })
    if (flags.brokers !== undefined) {
      this.say(`note: commands will use ${flags.brokers} (--brokers or EOSLAB_BROKERS), not this one`)
    }
    this.say(broker.already ? 'it was running already' : `started; its log and data: ${broker.dataDir}`)
    this.print(broker.brokers)
    return broker
  }
}
