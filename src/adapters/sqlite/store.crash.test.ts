import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import { sampleLineage } from '../../core/ports/store.contract.ts'
import { checkSnapshot, SnapshotDirectory, snapshotFile } from './snapshot-files.ts'
import { StateDirectory } from './state-directory.ts'

const here = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href)

/** Applies batches of 50 new keys, and copies the state over and over, until it is killed. */
const CHILD = `
  import { StateDirectory } from ${here('state-directory.ts')}
  import { takeSnapshot } from ${here('snapshots.ts')}
  const [dir, shelf, life] = process.argv.slice(1)
  const home = new StateDirectory(dir, shelf)
  const { store } = home.open()
  store.takeOwnership(life)
  const apply = () => {
    const from = store.position().nextInput
    const rows = Array.from({ length: 50 }, (_, i) => ({ key: 'k' + (from + i), sum: 1, count: 1, seq: 1, changelogOffset: from + i }))
    store.apply({ owner: life, expectedNextInput: from, rows, next: { nextInput: from + 50, nextChangelog: from + 50 } })
    setImmediate(apply)
  }
  apply()
  for (let n = 1; ; n++) {
    await takeSnapshot({ stateFile: home.currentFile(), dir: shelf, snapshotId: life + '-' + n, createdAt: 1, known: [], retain: 1 })
    console.log(store.position().nextInput)
  }
`

it('holds whole batches and whole snapshots only, wherever the process is killed', async () => {
  const root = mkdtempSync(path.join(tmpdir(), 'eoslab-kill-'))
  const dir = path.join(root, 'opb-0')
  const shelfDir = path.join(root, 'snapshots')
  const home = new StateDirectory(dir, shelfDir)
  home.create(sampleLineage).close()
  let reached = 0
  for (const [life, snapshots] of [1, 2, 1].entries()) {
    const args = ['--input-type=module-typescript', '-e', CHILD, dir, shelfDir, `life-${life}`]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let told = 0
    for await (const line of createInterface({ input: child.stdout })) {
      reached = Number(line)
      if (++told === snapshots) break
    }
    child.kill('SIGKILL')
    await once(child, 'exit')
    const opened = home.open()
    if (opened.kind !== 'open') throw new Error(`the state is ${opened.kind}`)
    const { nextInput, nextChangelog } = opened.store.position()
    expect(nextInput).toBeGreaterThanOrEqual(reached)
    expect(nextInput % 50).toBe(0)
    expect(nextChangelog).toBe(nextInput)
    expect(opened.store.keyCount()).toBe(nextInput)
    opened.store.close()
  }
  const shelf = new SnapshotDirectory(shelfDir)
  shelf.removeLeftovers()
  const entries = shelf.list()
  expect(entries.length).toBeGreaterThanOrEqual(4)
  for (const entry of entries) {
    expect(checkSnapshot(snapshotFile(shelfDir, entry), entry)).toBeUndefined()
    expect(entry.keys).toBe(entry.nextInputOffset)
  }
  expect(readdirSync(shelfDir).filter((name) => !/\.full\.db(\.json)?$/.test(name))).toEqual([])
  rmSync(root, { recursive: true, force: true })
})
