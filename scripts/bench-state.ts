/**
 * Measures the state store by itself, without a broker: what applies, snapshots, restores and reopening after
 * a kill cost at a number of keys. Prints one JSON line per figure (medians of RUNS).
 *
 *   node scripts/bench-state.ts [keys] [runs]
 */
import { spawn } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  fsyncSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { StateDirectory } from '../src/adapters/sqlite/state-directory.ts'
import { hashFile } from '../src/adapters/sqlite/files.ts'
import { copyAndDescribe } from '../src/adapters/sqlite/copy.ts'
import { takeSnapshot } from '../src/adapters/sqlite/snapshots.ts'
import type { SnapshotOrder } from '../src/adapters/sqlite/snapshots.ts'
import { entriesOf, chainOf } from '../src/core/recovery/manifest.ts'
import type { Manifest, SnapshotEntry } from '../src/core/contracts/records.ts'
import type { StateStore, StoreLineage } from '../src/core/ports/store.ts'
import { ChangedRows } from '../src/core/recovery/changed-rows.ts'

const lineage: StoreLineage = {
  prefix: 'bench.',
  clusterId: 'c',
  inputTopicId: 'i',
  changelogTopicId: 'l',
  changelogMode: 'after-image',
  schemaVersion: 1,
  partition: 0,
  window: 60,
}
const BATCH = 1000
const keyOf = (i: number): string => `S${i % 97}#P${i}#1694499960`
const ms = (from: number): number => performance.now() - from
const median = (all: number[]): number => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)]!
const print = (figure: string, value: object): void => console.log(JSON.stringify({ figure, ...value }))
const round = (n: number): number => Math.round(n * 10) / 10

/** The i-th update touches a key that looks random and differs from its neighbours. */
const scattered = (i: number, keys: number): number => Number((BigInt(i) * 2654435761n) % BigInt(keys))

interface Load {
  readonly keys: number
  readonly range: readonly [number, number]
  readonly seq: number
}

function apply(store: StateStore, changed: ChangedRows, { keys, range, seq }: Load): number {
  const started = performance.now()
  for (let i = range[0]; i < range[1]; i += BATCH) {
    const { nextInput, nextChangelog } = store.position()
    const rows = Array.from({ length: Math.min(BATCH, range[1] - i) }, (_, k) => ({
      key: keyOf(scattered(i + k, keys)),
      // No two alike, so that compression gets nothing for free.
      sum: ((i + k) * 48_271 + seq * 1_000_003) % 2_147_483_647,
      count: seq,
      seq,
      changelogOffset: nextChangelog + k,
      isNew: seq === 1,
    }))
    const next = { nextInput: nextInput + rows.length, nextChangelog: nextChangelog + rows.length + 1 }
    store.apply({ owner: 'b', expectedNextInput: nextInput, rows, next })
    changed.add(rows, next.nextInput)
  }
  return ms(started)
}

/** Fills and then applies without an end; the parent kills it. */
if (process.argv[2] === 'child') {
  const [, , , dir, count, batches] = process.argv as [string, string, string, string, string, string]
  const home = new StateDirectory(dir, `${dir}-snapshots`)
  const opened = home.open()
  if (opened.kind !== 'open') throw new Error(opened.kind)
  opened.store.takeOwnership('b')
  const n = Number(count)
  for (let i = 0; i < Number(batches); i++)
    apply(opened.store, new ChangedRows(), { keys: n, range: [i * BATCH, (i + 1) * BATCH], seq: 3 })
  console.log('ready')
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

const keys = Number(process.argv[2] ?? 1e6)
const runs = Number(process.argv[3] ?? 5)
const root = mkdtempSync(path.join(process.env['BENCH_DIR'] ?? tmpdir(), 'eoslab-bench-'))
const shelf = path.join(root, 'snapshots')
const home = new StateDirectory(path.join(root, 'opb-0'), shelf)
const store = home.create(lineage)
store.takeOwnership('b')
const changed = new ChangedRows()
let known: readonly SnapshotEntry[] = []
let n = 0

/** Milliseconds that each of many small applies took, waiting for its turn included, while `during` is not done. */
async function delays(during: Promise<unknown>): Promise<number[]> {
  const all: number[] = []
  const ended = { yet: false }
  void during.finally(() => (ended.yet = true))
  while (!ended.yet) {
    const started = performance.now()
    await new Promise((resolve) => setImmediate(resolve))
    const { nextInput, nextChangelog } = store.position()
    const key = keyOf(scattered(m++, keys))
    const row = { key, sum: m, count: 99, seq: 99, changelogOffset: nextChangelog, isNew: false }
    const next = { nextInput: nextInput + 1, nextChangelog: nextChangelog + 2 }
    store.apply({ owner: 'b', expectedNextInput: nextInput, rows: [row], next })
    changed.add([row], next.nextInput)
    all.push(ms(started))
  }
  return all
}
let m = 0
const at = (all: number[], share: number): number =>
  round(all.toSorted((a, b) => a - b)[Math.min(all.length - 1, Math.floor(all.length * share))] ?? 0)

/** With `busy`, processing goes on meanwhile, one row a transaction. */
async function snapshot(
  over: Partial<SnapshotOrder>,
  busy = false,
): Promise<{ manifest: Manifest; took: number; pauses: number[] }> {
  const started = performance.now()
  const taking = takeSnapshot({
    stateFile: home.currentFile()!,
    dir: shelf,
    snapshotId: `s${++n}`,
    createdAt: n,
    known,
    retain: 1,
    kind: 'auto',
    live: { store, changed },
    ...over,
  })
  const pauses = busy ? await delays(taking) : []
  const manifest = await taking
  known = entriesOf(manifest)
  return { manifest, took: ms(started), pauses }
}

const fill = apply(store, changed, { keys, range: [0, keys], seq: 1 })
print('insert', { keys, rate: Math.round((keys / fill) * 1000) })
const updates = Math.min(keys, 200_000)
print('update', {
  keys,
  rate: Math.round((updates / apply(store, changed, { keys, range: [0, updates], seq: 2 })) * 1000),
})

const copies: number[] = []
const inner: number[] = []
const hashes: number[] = []
const fulls = []
for (let i = 0; i < runs; i++) {
  fulls.push(await snapshot({ kind: 'full' }))
  const file = path.join(shelf, known[0]!.path)
  let started = performance.now()
  copyFileSync(file, `${root}/copy`)
  const fd = openSync(`${root}/copy`, 'r')
  fsyncSync(fd)
  closeSync(fd)
  hashFile(`${root}/copy`)
  copies.push(ms(started))
  // The same without its thread: what is copy and digest, and what the state hash.
  started = performance.now()
  let copied = 0
  await copyAndDescribe({ source: home.currentFile()!, target: `${root}/copy` }, () => (copied = ms(started)))
  inner.push(copied)
  hashes.push(ms(started) - copied)
  if (i < runs - 1) rmSync(file)
}
const empty = new StateDirectory(path.join(root, 'empty'), `${shelf}-empty`)
empty.create(lineage).close()
const starts: number[] = []
for (let i = 0; i < runs; i++) {
  const started = performance.now()
  const none = { createdAt: 1, known: [], retain: 1, kind: 'full' } as const
  const to = { stateFile: empty.currentFile()!, dir: `${shelf}-empty`, snapshotId: `e${i}` }
  await takeSnapshot({ ...none, ...to })
  starts.push(ms(started))
}
// From source its thread loads TypeScript; from dist/ it starts in a fraction of that.
print('snapshot of an empty state', { ms: round(median(starts)) })
const full = { ms: median(fulls.map((f) => f.took)), bytes: fulls[0]!.manifest.bytes }
const yardstick = median(copies)
print('full snapshot', {
  keys,
  bytes: full.bytes,
  ms: round(full.ms),
  copy_and_sha256_ms: round(median(inner)),
  fsync_and_state_hash_ms: round(median(hashes)),
  yardstick_copy_fsync_sha256_ms: round(yardstick),
  copy_of_yardstick: round(median(inner) / yardstick),
  whole_of_yardstick: round(full.ms / yardstick),
  // Each beside the yardstick taken right after it, so that a change of load meets both.
  every_copy: inner.map((one, i) => round(one / copies[i]!)),
  every_whole: fulls.map(({ took }, i) => round(took / copies[i]!)),
})
const idle = await delays(new Promise((resolve) => setTimeout(resolve, 1000)))
print('apply, no snapshot', {
  applies: idle.length,
  p50_ms: at(idle, 0.5),
  p99_ms: at(idle, 0.99),
  max_ms: at(idle, 1),
})
function printPauses(what: string, all: number[][]): void {
  const flat = all.flat()
  const worst = all.map((one) => Math.max(0, ...one))
  print(`apply during a ${what}`, {
    applies: flat.length,
    p50_ms: at(flat, 0.5),
    p99_ms: at(flat, 0.99),
    longest_of_a_snapshot_median_ms: round(median(worst)),
    max_ms: at(flat, 1),
  })
}
const busyFulls = []
for (let i = 0; i < runs; i++) busyFulls.push((await snapshot({ kind: 'full' }, true)).pauses)
printPauses('full snapshot', busyFulls)
// A base that is tracked from, as in a running OpB.
await snapshot({ kind: 'auto', known: [] })
for (const zstd of [true, false]) {
  for (const share of [0.001, 0.01, 0.1]) {
    const took = []
    for (let i = 0; i < runs; i++) {
      apply(store, changed, { keys, range: [i * 7919, i * 7919 + keys * share], seq: 4 + i })
      took.push(await snapshot({ kind: 'partial', zstd }))
    }
    const one = { ms: median(took.map((t) => t.took)), bytes: median(took.map((t) => t.manifest.bytes)) }
    print('partial snapshot', {
      keys,
      changed: share,
      zstd,
      ms: round(one.ms),
      bytes: one.bytes,
      time_of_full: round((one.ms / full.ms) * 100) + ' %',
      bytes_of_full: round((one.bytes / full.bytes) * 100) + ' %',
      every_time_percent: took.map((t) => round((t.took / full.ms) * 100)),
      every_bytes_percent: took.map((t) => round((t.manifest.bytes / full.bytes) * 100)),
    })
    const pauses = []
    for (let i = 0; i < runs; i++) {
      apply(store, changed, { keys, range: [i * 7919, i * 7919 + keys * share], seq: 30 + i })
      pauses.push((await snapshot({ kind: 'partial', zstd }, true)).pauses)
    }
    printPauses(`partial of ${share * 100} %${zstd ? '' : ', not compressed'}`, pauses)
  }
}
const base = known.find((k) => k.kind === 'full')!
apply(store, changed, { keys, range: [0, keys * 0.01], seq: 20 })
changed.forget()
const boot = await snapshot({ kind: 'partial', known: [base] })
print('first partial after a boot', {
  keys,
  ms: round(boot.took),
  bytes: boot.manifest.bytes,
})

const other = new StateDirectory(path.join(root, 'other'), shelf)
for (const chain of [[base], chainOf(boot.manifest, [boot.manifest, base])!]) {
  const times: number[] = []
  for (let i = 0; i < runs; i++) {
    const started = performance.now()
    const restored = await other.restore(chain)
    times.push(ms(started))
    restored.close()
    other.retire()
  }
  print('restore', { keys, links: chain.length, ms: round(median(times)) })
}
const hashed = performance.now()
store.stateHash()
print('state hash', { keys, ms: round(ms(hashed)) })
store.close()

// Reopening after a kill, by what the killed process had applied since.
for (const batches of [0, 10, 100, 1000]) {
  const times: number[] = []
  let wal = 0
  for (let i = 0; i < Math.min(runs, 3); i++) {
    const child = spawn(process.execPath, [
      import.meta.filename,
      'child',
      home.where,
      String(keys),
      String(batches),
    ])
    child.stderr.pipe(process.stderr)
    for await (const line of createInterface({ input: child.stdout })) if (line === 'ready') break
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('exit', resolve))
    wal = statSync(`${home.currentFile()!}-wal`).size
    const started = performance.now()
    const opened = home.open()
    times.push(ms(started))
    if (opened.kind === 'open') opened.store.close()
  }
  print('reopen after a kill', { keys, updates: batches * BATCH, wal_bytes: wal, ms: round(median(times)) })
}
mkdirSync(root, { recursive: true })
rmSync(root, { recursive: true, force: true })
