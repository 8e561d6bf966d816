/**
 * The state hash of a database: SHA-256 over `key,sum,count,seq\n`, sorted by key as bytes.
 *
 * Promises: the same as hashing the rows one by one (core/ports/memory-store.ts), of one consistent read.
 * SQLite writes the lines itself, a thousand rows a call: fetched row by row a million keys take twice as long.
 * Does not: hold more than one such piece in memory.
 */
import { createHash } from 'node:crypto'
import type Database from 'better-sqlite3'

const ROWS = 1000

// The limit fixes which rows these are, so their order is no matter of choice for SQLite; store.contract.ts and
// the oracle, which hashes with code of its own, would notice one. The last key comes and goes as bytes: one
// that is no valid UTF-8 (a damaged file) must not send the walk in a circle. No key is empty: it has two `#`.
const PIECE = `
  SELECT count(*) AS rows, CAST(max(key) AS BLOB) AS last, CAST(group_concat(line, '') AS BLOB) AS lines
  FROM (
    SELECT key, key || ',' || sum || ',' || count || ',' || seq || char(10) AS line
    FROM state WHERE key > CAST(? AS TEXT) ORDER BY key LIMIT ${ROWS}
  )
`

interface Piece {
  readonly rows: number
  readonly last: Buffer
  readonly lines: Buffer
}

export function hashState(db: Database.Database): { readonly stateHash: string; readonly keys: number } {
  const next = db.prepare<[Buffer], Piece>(PIECE)
  const hash = createHash('sha256')
  // One transaction: between two pieces nothing that somebody else commits comes in.
  return db.transaction(() => {
    let keys = 0
    for (let after: Buffer = Buffer.alloc(0); ;) {
      const piece = next.get(after)
      if (!piece || piece.rows === 0) return { stateHash: hash.digest('hex'), keys }
      hash.update(piece.lines)
      keys += piece.rows
      after = piece.last
    }
  })()
}
