/**
 * The ways back, each taken for real on what one killed OpB left behind.
 *
 * Promises: each way begins from the same files and the same log; what a way damages or removes is put back;
 * a way that did not go as it should says so in its objection.
 */
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { hostClock } from '../../adapters/host/clock.ts'
import { shellHash } from '../../adapters/process/sqlite3.ts'
import { SnapshotDirectory, snapshotFile } from '../../adapters/sqlite/snapshot-files.ts'
import { HASH_QUERY, type WayBack, type WayName } from '../../core/compare/ways.ts'
import type { SnapshotEntry } from '../../core/contracts/records.ts'
import { LabError } from '../../core/errors.ts'
import { loadManifests } from '../../core/recovery/load.ts'
import { entriesOf } from '../../core/recovery/manifest.ts'
import type { WorkerSpec } from '../../core/ports/workers.ts'
import { forceCompaction } from '../recovery/compaction.ts'
import { withOwnTask, type Asked } from '../recovery/own-task.ts'
import { findTarget } from '../recovery/task-target.ts'
import { spawn, type CompareStage } from './compare-stage.ts'

export interface Ruin {
  readonly stage: CompareStage
  readonly spec: WorkerSpec
  readonly draw: (low: number, high: number) => number
}

/** Points inside a recovery that every recovery from a snapshot gets to. */
const CRASHES = [
  'opb.fence.after',
  'opb.manifest-load.after',
  'opb.restore.mid',
  'opb.restore.after',
  'opb.replay.after',
] as const

type Way = (ruin: Ruined) => Promise<WayBack>

class Ruined {
  readonly ruin: Ruin
  readonly home: string
  readonly #asLeft: string
  readonly shelf: SnapshotDirectory
  /** The newest manifest's snapshot first, then what it retains. A file that no manifest names is none of them. */
  snapshots: readonly SnapshotEntry[] = []
  #said: string[] = []

  constructor(ruin: Ruin) {
    this.ruin = ruin
    this.home = path.join(ruin.spec.stateDir, 'opb-0')
    this.#asLeft = path.join(ruin.spec.stateDir, 'as-the-kill-left-it')
    cpSync(this.home, this.#asLeft, { recursive: true, filter: (file) => path.basename(file) !== 'control' })
    this.shelf = new SnapshotDirectory(path.join(ruin.spec.snapshotDir, 'opb-0'))
  }

  /** Not before somebody has fenced: until then the newest manifest may still be open. */
  async learn(): Promise<void> {
    const { stage, spec } = this.ruin
    const deps = { log: stage.log, clock: hostClock, say: () => undefined, shelf: this.shelf }
    const { manifest } = await loadManifests(deps, { partition: 0, topics: spec.names })
    if (!manifest)
      throw new LabError('NO_MANIFEST', `${spec.prefix}opb-0 was killed before it had a manifest`)
    this.snapshots = entriesOf(manifest)
  }

  lose(): void {
    rmSync(this.home, { recursive: true, force: true })
  }

  putBack(): void {
    this.lose()
    cpSync(this.#asLeft, this.home, { recursive: true })
  }

  saidAloud(): boolean {
    return this.#said.some((line) => /"snapshot (damaged|missing)"/.test(line))
  }

  forget(): void {
    rmSync(this.#asLeft, { recursive: true, force: true })
  }

  /** One recovery; what it should be is judged by `objection`. */
  async back(
    way: WayName,
    asked: Asked,
    objection: (found: WayBack) => string | false = () => false,
    note = '',
  ): Promise<WayBack> {
    const { stage, spec } = this.ruin
    const off = asked.changelogMode === 'off'
    const target = findTarget({
      brokers: stage.brokers,
      prefix: off ? `${spec.prefix}off.` : spec.prefix,
      'state-dir': stage.stateRoot,
      window: `${stage.window}s`,
      group: spec.group,
      input: spec.names.enriched,
      'changelog-topic': spec.names.changelog,
      'snapshots-topic': spec.names.snapshots,
    })
    this.#said = []
    const say = (line: object): void => void this.#said.push(JSON.stringify(line))
    const started = performance.now()
    const context = { target, log: stage.log, task: 0, say }
    const { file, ...found } = await withOwnTask(context, asked, async ({ recovered, home }) => ({
      restore_source: recovered.restored.source,
      snapshot_id: recovered.restored.snapshotId,
      applied: recovered.replayed.applied,
      skipped: recovered.replayed.skipped,
      ms: Math.round(performance.now() - started),
      state_hash: recovered.store.stateHash(),
      file: home.currentFile()!,
    }))
    const sqlite3Hash = (await shellHash(file, HASH_QUERY)) ?? null
    const told: WayBack = { way, ...found, sqlite3_hash: sqlite3Hash, objection: null, note }
    if (off) rmSync(target.stateDir, { recursive: true, force: true })
    return { ...told, objection: objection(told) || null }
  }
}

const LATEST: Asked = { manifest: 'latest', local: 'keep' }

const cameFrom =
  (source: WayBack['restore_source'], id?: string | null) =>
  (found: WayBack): string | false => {
    if (found.restore_source !== source) return `it came from ${found.restore_source}, not from ${source}`
    return id !== undefined && found.snapshot_id !== id
      ? `it took ${String(found.snapshot_id)}, not ${id}`
      : false
  }

/** The newest one is of no use: another one was taken, or none, and somebody was told. */
const fellBack =
  (ruined: Ruined) =>
  (found: WayBack): string | false => {
    if (found.snapshot_id === ruined.snapshots[0]!.snapshotId) return 'the snapshot was used all the same'
    return ruined.saidAloud() ? false : 'nobody was told that a snapshot was of no use'
  }

const without = async (files: readonly string[], use: () => Promise<WayBack>): Promise<WayBack> => {
  for (const file of files) renameSync(file, `${file}.aside`)
  try {
    return await use()
  } finally {
    for (const file of files) renameSync(`${file}.aside`, file)
  }
}

async function damaged(ruined: Ruined): Promise<WayBack> {
  const file = snapshotFile(ruined.shelf.where, ruined.snapshots[0]!)
  const whole = readFileSync(file)
  const flipped = Buffer.from(whole)
  const at = ruined.ruin.draw(0, whole.length - 1)
  flipped[at]! ^= 1 << ruined.ruin.draw(0, 7)
  ruined.lose()
  writeFileSync(file, flipped)
  try {
    return await ruined.back('damaged snapshot', LATEST, fellBack(ruined), `byte ${at} of ${whole.length}`)
  } finally {
    writeFileSync(file, whole)
  }
}

function missing(ruined: Ruined): Promise<WayBack> {
  const file = snapshotFile(ruined.shelf.where, ruined.snapshots[0]!)
  ruined.lose()
  return without([file, `${file}.json`], () => ruined.back('missing snapshot', LATEST, fellBack(ruined)))
}

/** A real worker is killed inside its recovery; then the state comes back all the same. */
async function crashed(ruined: Ruined): Promise<WayBack> {
  const { stage, spec, draw } = ruined.ruin
  const point = CRASHES[draw(0, CRASHES.length - 1)]!
  ruined.lose()
  const life = spawn(stage, { ...spec, crashAt: { point, hit: 1, task: 0 } })
  life.expectEnd()
  const exit = await life.handle.exited
  const killed = exit.signal === 'SIGKILL' ? false : `the recovery was not killed at ${point}`
  return ruined.back('crash, again', LATEST, () => killed, point)
}

async function compacted(ruined: Ruined): Promise<WayBack> {
  const { stage, spec } = ruined.ruin
  const { recordsBefore, recordsAfter } = await forceCompaction(stage, spec.names.changelog)
  const note = `${recordsAfter} of ${recordsBefore} records left`
  return ruined.back('compacted', { manifest: 'none', local: 'replace' }, cameFrom('none'), note)
}

const TAKEN: readonly Way[] = [
  async (r) => {
    r.putBack()
    const found = await r.back('warm', LATEST, cameFrom('local'))
    await r.learn()
    return found
  },
  (r) =>
    r.back('overlap', { ...LATEST, local: 'replace', replayFrom: 'manifest' }, (found) =>
      found.applied === 0 ? cameFrom('local')(found) : `${found.applied} records were applied again`,
    ),
  (r) => {
    r.lose()
    return r.back('cold', LATEST, cameFrom('snapshot', r.snapshots[0]!.snapshotId))
  },
  (r) => {
    const { snapshotId } = r.snapshots.at(-1)!
    return r.back(
      'older manifest',
      { manifest: snapshotId, local: 'replace' },
      cameFrom('snapshot', snapshotId),
    )
  },
  damaged,
  missing,
  (r) => r.back('full replay', { manifest: 'none', local: 'replace' }, cameFrom('none')),
  (r) =>
    r.back('changelog off', { manifest: 'none', local: 'replace', changelogMode: 'off' }, cameFrom('none')),
  crashed,
  compacted,
]

/** Takes every way, one after the other; the local state is then the last one's. */
export async function allWays(ruin: Ruin): Promise<{ ways: WayBack[]; snapshots: number; keys: number }> {
  const ruined = new Ruined(ruin)
  const ways: WayBack[] = []
  try {
    for (const way of TAKEN) {
      const found = await way(ruined)
      ways.push(found)
      ruin.stage.say(`${found.way}: ${found.objection ?? found.state_hash.slice(0, 12)}`)
    }
  } finally {
    ruined.forget()
  }
  return { ways, snapshots: ruined.snapshots.length, keys: ruined.snapshots[0]!.keys }
}
