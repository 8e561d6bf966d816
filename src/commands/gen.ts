/** `eoslab gen`: orders into the pipeline, generated from a seed or read from a file. */
import * as Flags from '@oclif/core/flags'
import { LabCommand } from '../base.ts'

const number = (summary: string, helpValue = 'N') => Flags.string({ summary, helpValue })

export default class Gen extends LabCommand {
  static override summary = 'put orders into the pipeline: generated from a seed, or from a file'
  static override description =
    'Makes the missing topics of the prefix. The same seed gives the same orders, byte for byte. A file is CSV ' +
    'with a header line (a malformed row is an error with its line) or JSON Lines (sent byte for byte: dirt is ' +
    "OpA's business). Beside the state a truth is kept of what was sent, which `eoslab check` compares."
  static override examples = [
    '<%= config.bin %> <%= command.id %> --prefix p1. --orders 10000 --dirty 2% --duplicate-ids 1%',
    '<%= config.bin %> <%= command.id %> --prefix p1. --from orders.csv --rate 500',
    '<%= config.bin %> <%= command.id %> --prefix p1. --to enriched --skew 1.2 --json',
  ]
  static override flags = {
    prefix: Flags.string({ summary: 'before every topic name', env: 'EOSLAB_PREFIX', helpValue: 'p1.' }),
    orders: number('how many orders; with --from at most so many (default 10,000; a file: all)'),
    rate: number('orders per second (default: as fast as the broker takes them)'),
    stores: number('stores (default 5)'),
    products: number('products per store (default 10)'),
    skew: number('Zipf exponent of popularity: 0 is uniform (default 0.5)', 'X'),
    from: Flags.string({ summary: 'read orders from a CSV or JSON Lines file', helpValue: 'FILE' }),
    dirty: number('share of orders that must be rejected; as many again are untidy, but valid', '2%'),
    'duplicate-ids': number('share of orders that carry the id of an earlier one', '1%'),
    seed: number('same seed, same orders (default 1)'),
    partitions: number('partitions of topics that have to be made (default 1)'),
    to: Flags.string({
      summary:
        'raw into orders; normalised into orders.enriched, without identity headers; or snapshots, manifests and a changelog, to study recovery alone',
      options: ['orders', 'enriched', 'artefacts'],
      default: 'orders',
    }),
    keys: number('artefacts: keys of the state (default 10,000)'),
    tail: number('artefacts: changes behind the newest snapshot (default 1,000)'),
    skipped: number('artefacts: share of the tail that repeats a seq (default 5%)', '5%'),
    partials: number('artefacts: partial snapshots on top of the full one (default 2)'),
    compacted: Flags.boolean({ summary: 'artefacts: run the cleaner over the changelog' }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Gen)
    const place = { brokers: flags.brokers, stateDir: flags['state-dir'], quiet: this.isQuiet }
    const { genText, artefactsText } = await import('../lab/workload/gen-text.ts')
    const artefacts = await import('../lab/workload/artefacts-plan.ts')
    if (flags.to === 'artefacts') {
      const plan = artefacts.planArtefacts(flags)
      const { makeArtefacts } = await import('../lab/workload/artefacts.ts')
      const made = await makeArtefacts({ ...place, plan })
      this.print(artefactsText(made))
      return made
    }
    artefacts.refuseArtefactFlags(flags)
    const { planGen } = await import('../lab/workload/gen-plan.ts')
    const plan = planGen(flags)
    const { gen } = await import('../lab/workload/gen.ts')
    const result = await gen({ ...place, plan })
    this.print(genText(result))
    return result
  }
}
