/** CSV by RFC 4180 through csv-stringify: quoted where needed, empty for null, one header line. */
import { stringify } from 'csv-stringify/sync'

export const csv = (columns: readonly string[], rows: readonly (readonly unknown[])[]): string =>
  stringify(
    rows.map((row) => [...row]),
    { header: true, columns: [...columns] },
  )
