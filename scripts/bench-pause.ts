/**
 * How long an apply waits while snapshots are taken, at a fixed rate of arrivals: each is timed from the moment it
 * was due, so that one long wait is felt by all that queue up behind it (a closed loop would count it once).
 * Prints one JSON line per state of affairs.
 *
 *   node scripts/bench-pause.ts [keys] [applies/s] [seconds] [wal_autocheckpoint in pages]
 *
 * Promises: of the waits beyond 10 ms it says which held a checkpoint (the main file was written meanwhile).
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setImmediate as turn, setTimeout as after } from 'node:timers/promises'
import { build } from 'hdr-histogram-js'
import { StateDirectory } from '../src/adapters/sqlite/state-directory.ts'
import { takeSnapshot } from '../src/adapters/sqlite/snapshots.ts'
import { PRAGMAS } from '../src/adapters/sqlite/store.ts'
import type { StateStore } from '../src/core/ports/store.ts'

const keys = Number(process.argv[2] ?? 1e6)
const rate = Number(process.argv[3] ?? 500)
const seconds = Number(process.argv[4] ?? 20)
const pages = Number(process.argv[5] ?? PRAGMAS.wal_autocheckpoint)
const ROWS = 20
const LONG_MS = 10

const root = mkdtempSync(path.join(process.env['BENCH_DIR'] ?? tmpdir(), 'eoslab-pause-'))
const home = new StateDirectory(path.join(root, 'opb-0'), path.join(root, 'snapshots'))
// What every connection is opened with, for this process alone.
Object.assign(PRAGMAS, { wal_autocheckpoint: pages })
const store = home.create({
  prefix: 'bench.',
  clusterId: 'c',
  inputTopicId: 'i',
  changelogTopicId: 'l',
  changelogMode: 'after-image',
  schemaVersion: 1,
  partition: 0,
  window: 60,
})
store.takeOwnership('b')

let n = 0
function apply(to: StateStore, rows: number): void {
  const { nextInput, nextChangelog } = to.position()
  const changed = Array.from({ length: rows }, (_, k) => {
    // Neighbours in time are strangers by key.
    const i = (n * 7919) % keys
    n += 1
    const row = { sum: n, count: 1 + Math.floor(n / keys), seq: 1 + Math.floor(n / keys) }
    return { key: `S${i % 97}#P${i}#1694499960`, ...row, changelogOffset: nextChangelog + k }
  })
  const next = { nextInput: nextInput + rows, nextChangelog: nextChangelog + rows + 1 }
  to.apply({ owner: 'b', expectedNextInput: nextInput, rows: changed, next })
}

/** Applies on schedule until `done`; microseconds into the histogram. */
async function openLoop(done: () => boolean) {
  const waits = build({ highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 })
  const own = build({ highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 })
  const long = { all: 0, with_checkpoint: 0, ms_of_checkpoint: 0, longest_without_ms: 0 }
  const main = home.currentFile()!
  const began = performance.now()
  for (let i = 0; !done(); i++) {
    const due = began + (i * 1000) / rate
    for (let left = due - performance.now(); left > 0; left = due - performance.now())
      await (left > 2 ? after(left - 1) : turn())
    // Also when behind: the snapshot's messages have to be heard.
    if (i % 8 === 0) await turn()
    const wall = Date.now()
    const started = performance.now()
    apply(store, ROWS)
    const took = performance.now() - started
    waits.recordValue(Math.max(1, Math.round((performance.now() - due) * 1000)))
    own.recordValue(Math.max(1, Math.round(took * 1000)))
    if (took < LONG_MS) continue
    long.all += 1
    if (statSync(main).mtimeMs >= wall - 1) {
      long.with_checkpoint += 1
      long.ms_of_checkpoint = Math.max(long.ms_of_checkpoint, Math.round(took))
    } else long.longest_without_ms = Math.max(long.longest_without_ms, Math.round(took))
  }
  const at = (h: typeof waits, p: number): number => Math.round(h.getValueAtPercentile(p) / 100) / 10
  return {
    applies: waits.totalCount,
    wait_ms: { p50: at(waits, 50), p99: at(waits, 99), p999: at(waits, 99.9), max: at(waits, 100) },
    apply_ms: { p50: at(own, 50), p99: at(own, 99), max: at(own, 100) },
    applies_beyond_10ms: long,
  }
}

async function during(what: string, work: ((i: number) => Promise<unknown>) | undefined): Promise<void> {
  const end = performance.now() + seconds * 1000
  let taken = 0
  const over = { yet: false }
  const working = (async () => {
    if (work) for (; performance.now() < end; taken++) await work(taken)
    over.yet = true
  })()
  const figures = await openLoop(() => performance.now() >= end && over.yet)
  await working
  console.log(JSON.stringify({ during: what, keys, rate, rows: ROWS, wal_pages: pages, taken, ...figures }))
}

while (n < keys) apply(store, 5000)
await during('nothing', undefined)
await during('full snapshots, one after the other', (i) =>
  takeSnapshot({
    stateFile: home.currentFile()!,
    dir: path.join(root, 'snapshots'),
    snapshotId: `s${i}`,
    createdAt: i,
    known: [],
    retain: 1,
    kind: 'full',
  }).then(({ path: file }) => rmSync(path.join(root, 'snapshots', file))),
)
store.close()
rmSync(root, { recursive: true, force: true })
