/** `eoslab gen`: orders into the pipeline, generated from a seed or read from a file. */
import * as Flags from '@oclif/core/flags'
import { LabCommand } from '../base.ts'
import type { GenResult } from '../lab/gen.ts'

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
      summary: 'raw into orders, or normalised into orders.enriched, without identity headers',
      options: ['orders', 'enriched'],
      default: 'orders',
    }),
  }

  async run(): Promise<GenResult> {
    const { flags } = await this.parse(Gen)
    const { planGen } = await import('../lab/gen-plan.ts')
    const plan = planGen(flags)
    const { gen } = await import('../lab/gen.ts')
    const result = await gen({
      plan,
      brokers: flags.brokers,
      stateDir: flags['state-dir'],
      quiet: this.isQuiet,
    })
    this.print(describe(result))
    return result
  }
}

const count = (n: number): string => n.toLocaleString('en')

/** The totals for people, one line each. */
function describe(result: GenResult): string {
  const seconds = (result.wall_ms / 1000).toFixed(2)
  const lines = [
    ['topic', `${result.topic}, ${result.partitions} partition${result.partitions === 1 ? '' : 's'}`],
    ['orders', `${count(result.orders)} in ${seconds} s (${count(result.orders_per_second)}/s)`],
    ['bytes', count(result.bytes)],
    result.seed === null ? ['from', result.from ?? ''] : ['seed', String(result.seed)],
    ...(result.dirty ? [['dirty', `${count(result.dirty)}, and ${count(result.untidy ?? 0)} untidy`]] : []),
    ...(result.duplicate_ids ? [['duplicate ids', count(result.duplicate_ids)]] : []),
    ...(result.left_out > 0 ? [['left out', `${count(result.left_out)} that the rules reject`]] : []),
    ['truth', result.truth ?? 'none'],
  ]
  return lines.map(([name, text]) => `${name!.padEnd(14)}${text}`).join('\n')
}
