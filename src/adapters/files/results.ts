/**
 * The results folder: results/<experiment>/<UTC time>-<seed>/, one folder a run.
 *
 * Promises: two runs never share a folder, also in the same millisecond with the same seed; every file is
 * written whole or not at all; verdict.json is what makes a run complete, so a run that died is never taken
 * for the newest; `latest` links are relative, switched atomically, and only ever move to a newer run.
 * What the file system refuses is a LabError RESULTS_UNUSABLE naming the path.
 * Does not: render or judge anything; texts and values are given to it.
 */
import { randomUUID } from 'node:crypto'
import { cp, mkdir, readFile, readdir, rename, rm, stat, symlink } from 'node:fs/promises'
import path from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import { LabError, messageOf } from '../../core/errors.ts'
import { mergedHistory } from './merge-journals.ts'

export const VERDICT_FILE = 'verdict.json'
/** In place of the verdict: what a run had measured when it was stopped. */
export const INTERRUPTED_FILE = 'interrupted.json'
/** Behind the folder name of a cell. */
const INPUT_SUFFIX = '.input.jsonl.gz'
const LATEST = 'latest'
const RUN_NAME = /^(\d{8}T\d{6}\.\d{3}Z)-(\d+)(?:-(\d+))?$/

export interface RunPlace {
  readonly root: string
  readonly experiment: string
  readonly seed: number
  /** Wall clock, milliseconds. */
  readonly startedMs: number
}

export interface ResultsFolder {
  /** Absolute. */
  readonly dir: string
  writeText(name: string, text: string): Promise<void>
  writeJson(name: string, value: unknown): Promise<void>
  /** evidence/<cell>.json, as soon as the cell is over. */
  addEvidence(cell: string, value: unknown): Promise<void>
  /** evidence/<cell>.input.jsonl.gz: what the oracle was given, so that it can be judged again. */
  addInput(cell: string, gzipped: Buffer): Promise<void>
  /** Copies the .jsonl files of a directory (a missing one has none) to journals/<cell>/. */
  addJournals(cell: string, from: string): Promise<void>
  /** Copies a file or directory to cells/<cell>/<name>: state and logs of a cell that is not valid. */
  keep(cell: string, name: string, from: string): Promise<void>
  /**
   * Merges the journals into history.jsonl, writes verdict.json and moves the links. Returns what did not
   * work but harms no data: a link that could not be set, journal lines that were torn by the kill.
   */
  finish(verdict: unknown): Promise<readonly string[]>
}

export interface FoundRun {
  readonly experiment: string
  readonly name: string
  /** Absolute. */
  readonly dir: string
}

export async function createResults(place: RunPlace): Promise<ResultsFolder> {
  const root = path.resolve(place.root)
  const parent = path.join(root, safeName(place.experiment))
  const dir = await guard(parent, 'write', async () => {
    await mkdir(parent, { recursive: true })
    return await claim(parent, `${stamp(place.startedMs)}-${place.seed}`)
  })
  const folderOf = cellFolders()
  const inside = (...parts: string[]): string => path.join(dir, ...parts)
  const writeText = (name: string, text: string): Promise<void> =>
    guard(inside(name), 'write', async () => {
      await mkdir(path.dirname(inside(name)), { recursive: true })
      await writeFileAtomic(inside(name), text)
    })
  const writeJson = (name: string, value: unknown): Promise<void> =>
    writeText(name, `${JSON.stringify(value, null, 2)}\n`)
  return {
    dir,
    writeText,
    writeJson,
    addEvidence: (cell, value) => writeJson(path.join('evidence', `${folderOf(cell)}.json`), value),
    addInput: (cell, gzipped) => {
      const file = inside('evidence', `${folderOf(cell)}${INPUT_SUFFIX}`)
      return guard(file, 'write', async () => {
        await mkdir(path.dirname(file), { recursive: true })
        await writeFileAtomic(file, gzipped)
      })
    },
    addJournals: (cell, from) => copyJournals(from, inside('journals', folderOf(cell))),
    keep: (cell, name, from) => {
      const to = inside('cells', folderOf(cell), safeName(name))
      return guard(to, 'write', () => cp(from, to, { recursive: true }))
    },
    finish: async (verdict) => {
      const notes: string[] = []
      const history = await guard(inside('journals'), 'read', () => mergedHistory(inside('journals')))
      if (history.torn > 0) notes.push(`${history.torn} torn journal lines are not in history.jsonl`)
      await writeText('history.jsonl', history.text)
      await writeJson(VERDICT_FILE, verdict)
      notes.push(...(await moveLinks(root, parent)))
      return notes
    },
  }
}

/** The newest complete run of each experiment, by name of experiment; none for a missing folder. */
export async function newestRuns(root: string): Promise<FoundRun[]> {
  const newest: FoundRun[] = []
  for (const experiment of (await directories(root)).sort()) {
    const run = await newestOf(root, experiment)
    if (run) newest.push(run)
  }
  return newest
}

/** Runs of an experiment, the newest first; those that never came to a verdict are among them. */
export async function runsOf(
  root: string,
  experiment: string,
): Promise<(FoundRun & { readonly complete: boolean })[]> {
  const parent = path.join(root, experiment)
  const names = (await directories(parent)).filter((name) => RUN_NAME.test(name)).sort(byAge)
  return await Promise.all(
    names.toReversed().map(async (name) => {
      const dir = path.resolve(parent, name)
      return { experiment, name, dir, complete: await exists(path.join(dir, VERDICT_FILE)) }
    }),
  )
}

/** File of what the oracle was given for a cell of a run; undefined if it was not kept. */
export async function storedInput(dir: string, cell: string): Promise<string | undefined> {
  const file = path.join(dir, 'evidence', `${safeName(cell)}${INPUT_SUFFIX}`)
  return (await exists(file)) ? file : undefined
}

/** Cells of which something was kept for the oracle, by the names of their files, in the order they came. */
export async function storedCells(dir: string): Promise<string[]> {
  const at = path.join(dir, 'evidence')
  const files = (await guard(at, 'read', () => listed(at))).filter((name) => name.endsWith(INPUT_SUFFIX))
  const aged = await Promise.all(
    files.map(async (name) => ({ name, at: (await stat(path.join(at, name))).mtimeMs })),
  )
  return aged.sort((a, b) => a.at - b.at).map(({ name }) => name.slice(0, -INPUT_SUFFIX.length))
}

/** The parsed verdict.json of a run. */
export async function readVerdict(dir: string, name = VERDICT_FILE): Promise<unknown> {
  const file = path.join(dir, name)
  const text = await guard(file, 'read', () => readFile(file, 'utf8'))
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new LabError('RESULTS_UNUSABLE', `${file} is damaged: ${messageOf(error)}`, {
      hint: 'Remove that run, or repeat it.',
      cause: error,
    })
  }
}

async function newestOf(root: string, experiment: string): Promise<FoundRun | undefined> {
  const run = (await runsOf(root, experiment)).find(({ complete }) => complete)
  return run && { experiment, name: run.name, dir: run.dir }
}

/** Oldest first: by time, then by the number that tells runs of one moment apart. */
function byAge(a: string, b: string): number {
  const [, timeA = '', seedA = '', againA = '1'] = RUN_NAME.exec(a) ?? []
  const [, timeB = '', seedB = '', againB = '1'] = RUN_NAME.exec(b) ?? []
  if (timeA !== timeB) return timeA < timeB ? -1 : 1
  return Number(againA) - Number(againB) || Number(seedA) - Number(seedB)
}

const stamp = (ms: number): string => new Date(ms).toISOString().replaceAll(/[-:]/g, '')

/** Makes the first folder of that name, or name-2, name-3, that nobody else has. */
async function claim(parent: string, name: string): Promise<string> {
  for (let again = 1; ; again++) {
    const dir = path.join(parent, again === 1 ? name : `${name}-${again}`)
    try {
      await mkdir(dir)
      return dir
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
  }
}

const safeName = (name: string): string =>
  name.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/^\.+/, '') || '_'

/** A folder name per cell; two cells never get the same one. */
export function cellFolders(): (cell: string) => string {
  const taken = new Map<string, string>()
  return (cell) => {
    const base = safeName(cell)
    for (let again = 1; ; again++) {
      const name = again === 1 ? base : `${base}-${again}`
      const owner = taken.get(name)
      if (owner === undefined) taken.set(name, cell)
      if (owner === undefined || owner === cell) return name
    }
  }
}

async function copyJournals(from: string, to: string): Promise<void> {
  const names = await guard(from, 'read', () => listed(from))
  for (const name of names.filter((each) => each.endsWith('.jsonl'))) {
    await guard(to, 'write', async () => {
      await mkdir(to, { recursive: true })
      await cp(path.join(from, name), path.join(to, name))
    })
  }
}

/** A link is a convenience: what hinders it is told, and never costs the run its results. */
async function moveLinks(root: string, parent: string): Promise<string[]> {
  const notes: string[] = []
  const link = async (at: string, run: FoundRun | undefined): Promise<void> => {
    if (!run) return
    const temporary = path.join(at, `.${LATEST}-${randomUUID()}`)
    try {
      await symlink(path.relative(at, run.dir), temporary)
      await rename(temporary, path.join(at, LATEST))
    } catch (error) {
      await rm(temporary, { force: true })
      notes.push(`${path.join(at, LATEST)} was not moved: ${messageOf(error)}`)
    }
  }
  await link(parent, await newestOf(root, path.basename(parent)))
  const all = await newestRuns(root)
  await link(root, all.sort((a, b) => byAge(a.name, b.name)).at(-1))
  return notes
}

async function directories(at: string): Promise<string[]> {
  const entries = await guard(at, 'read', async () => {
    try {
      return await readdir(at, { withFileTypes: true })
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return []
      throw error
    }
  })
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
}

async function listed(at: string): Promise<string[]> {
  try {
    return await readdir(at)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

const exists = async (file: string): Promise<boolean> => {
  try {
    return (await stat(file)).isFile()
  } catch {
    return false
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code

async function guard<T>(target: string, action: 'read' | 'write', act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof LabError) throw error
    const hint =
      action === 'read'
        ? 'Name the folder of one run, such as results/latest.'
        : 'Name a folder that can be written with EOSLAB_RESULTS (default: ./results).'
    throw new LabError('RESULTS_UNUSABLE', `cannot ${action} ${target}: ${messageOf(error)}`, {
      hint,
      cause: error,
    })
  }
}
