/**
 * What the supervisor does to files of a dead worker: listing, copying, deleting, flipping bits, cutting.
 *
 * Promises: touches nothing outside the cell's own state directory; every flip is told with its place.
 */
import { createHash } from 'node:crypto'
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { FileSeen, Flip } from '../../core/crash/fault-proofs.ts'
import type { Draw } from '../../core/crash/plan.ts'

/** Where a task of the first instance keeps what is damaged. */
export interface TaskFiles {
  /** `<state root>/<prefix>`: names in evidence are below it. */
  readonly root: string
  readonly state: string
  readonly snapshots: string
}

export const taskFiles = (root: string, task: number): TaskFiles => ({
  root,
  state: path.join(root, `opb-${task}`),
  snapshots: path.join(root, 'snapshots', `opb-${task}`),
})

function below(dir: string): string[] {
  try {
    return readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
  } catch {
    return []
  }
}

/** Every file of the task, state and snapshots. */
export function listFiles({ root, state, snapshots }: TaskFiles): FileSeen[] {
  return [...below(state), ...below(snapshots)].map((name) => {
    const content = readFileSync(name)
    return {
      file: path.relative(root, name),
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    }
  })
}

/** CURRENT and the generations; not the control file of a live owner. */
const isState = (name: string): boolean => name === 'CURRENT' || name.startsWith('gen-')

export function copyState(from: string, to: string): void {
  for (const name of readdirSync(from).filter(isState))
    cpSync(path.join(from, name), path.join(to, name), { recursive: true })
}

export function deleteState(dir: string): void {
  rmSync(dir, { recursive: true, force: true })
}

/** The database that CURRENT names. */
export const stateFile = (state: string): string =>
  path.join(state, readFileSync(path.join(state, 'CURRENT'), 'utf8').trim(), 'state.db')

/** Flips a bit (0 to 7) of the byte at the offset. */
export function flipBit(root: string, file: string, { offset, bit }: { offset: number; bit: number }): Flip {
  const content = readFileSync(file)
  const from = content[offset]
  if (from === undefined) throw new Error(`${file} has no byte ${offset}`)
  const to = from ^ (1 << bit)
  content[offset] = to
  writeFileSync(file, content)
  return { file: path.relative(root, file), offset, from, to }
}

/** Flips a bit anywhere in the middle third. */
export function flipAnywhere(root: string, file: string, draw: Draw): Flip {
  const { length } = readFileSync(file)
  const offset = draw(Math.floor(length / 3), Math.floor((2 * length) / 3))
  return flipBit(root, file, { offset, bit: draw(0, 7) })
}

/** Cuts the file somewhere in its middle third. */
export function cut(file: string, draw: Draw): void {
  const { length } = readFileSync(file)
  truncateSync(file, draw(Math.floor(length / 3), Math.floor((2 * length) / 3)))
}

/** The newest snapshot file (of a kind); its name begins with its time. */
export function newestSnapshot(dir: string, kind = /\.(full\.db|part)$/): string {
  const names = readdirSync(dir)
    .filter((name) => kind.test(name))
    .toSorted()
  const newest = names.at(-1)
  if (newest === undefined) throw new Error(`${dir} has no snapshot`)
  return path.join(dir, newest)
}
