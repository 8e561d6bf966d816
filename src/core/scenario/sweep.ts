/**
 * A sweep: the experiment that lists values per field (`matrix:`), taken apart into experiments of one value
 * each, in the order of the lists, the last field fastest.
 *
 * Promises: pure; names are unique and fit for folders, and say field and value where there is room. What a
 * file without `matrix` gives back is the file itself. Does not: check values; schema.ts does, list by list.
 *
 *   name: tx, matrix: { batch: [10, 100], rate: [500] }  ->  tx.batch-10.rate-500, tx.batch-100.rate-500
 */
import type { Sweep } from './resolve.ts'

const LONGEST_NAME = 80
const MOST_RUNS = 200

export interface SweptFile {
  readonly value: unknown
  readonly sweep: Sweep | null
}

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function combinations(matrix: Fields): Fields[] {
  return Object.entries(matrix).reduce<Fields[]>(
    (all, [field, values]) =>
      all.flatMap((one) => (values as unknown[]).map((value) => ({ ...one, [field]: value }))),
    [{}],
  )
}

const labelOf = (values: Fields): string =>
  Object.entries(values)
    .map(([field, value]) => `${field}-${String(value)}`.toLowerCase().replaceAll(/[^a-z0-9._-]/g, '-'))
    .join('.')

/** From a parsed file that the schema has accepted; `problem` where the sweep would be without end. */
export function expandSweep(
  value: unknown,
): { readonly files: readonly SweptFile[] } | { readonly problem: string } {
  if (!isFields(value) || !isFields(value['matrix'])) return { files: [{ value, sweep: null }] }
  const { matrix, ...rest } = value
  const all = combinations(matrix as Fields)
  if (all.length > MOST_RUNS)
    return { problem: `matrix: ${all.length} combinations; the most is ${MOST_RUNS}` }
  const base = String(rest['name'])
  const files = all.map((values, index) => {
    const long = `${base}.${labelOf(values)}`
    const name = long.length <= LONGEST_NAME ? long : `${base}.${index + 1}`
    const prefix = typeof rest['prefix'] === 'string' ? { prefix: `${rest['prefix']}s${index + 1}.` } : {}
    const sweep: Sweep = { of: base, values: values as Sweep['values'] }
    return { value: { ...rest, ...prefix, ...values, name }, sweep }
  })
  return { files }
}
