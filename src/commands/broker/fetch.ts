/** `eoslab broker fetch`: brings all that a broker needs into the cache, so that no later start needs a network. */
import { LabCommand } from '../../base.ts'

export default class BrokerFetch extends LabCommand {
  static override summary = 'bring the broker into the cache; quiet if it is there'
  static override description =
    'The cache is EOSLAB_CACHE, else $XDG_CACHE_HOME/eoslab, else ~/.cache/eoslab.'
  static override examples = ['<%= config.bin %> broker fetch']

  async run(): Promise<unknown> {
    await this.parse(BrokerFetch)
    const { fetchFiles } = await import('../../lab/broker/broker.ts')
    return fetchFiles(this.say)
  }
}
