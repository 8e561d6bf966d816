/**
 * The oracle's own reader of OpB's SQLite files and of its snapshots' whereabouts; it shares no code with the
 * store that writes them.
 *
 * Promises: the files under judgement are not touched. A database beside a write-ahead log is copied first,
 * log included, and the copy is read: opening it in place would checkpoint it. Directories that are not there
 * are no state; a database that cannot be read is an error that names it.
 * Does not: lock anything. It is exact once the workers are gone, and a plausible past while they run.
 */
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { instanceOf } from '../../core/contracts/names.ts'
import type { ChangelogMode, StateRow } from '../../core/contracts/records.ts'
import { LabError, messageOf } from '../../core/errors.ts'
import type { StateDump } from '../../core/oracle/input.ts'

const TASK = /^opb-(\d+)$/

/**
 * The state of every task below `<state root>/<prefix>`, by partition: of the first instance's tasks and of
 * those in the folders of others. A task that was taken over has one in each: the newest owner's counts.
 */
export async function dumpStates(directory: string): Promise<StateDump[]> {
  if (!existsSync(directory)) return []
  const folders = (of: string): string[] =>
    readdirSync(path.join(directory, of), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => path.join(of, entry.name))
  const own = folders('.')
  const others = own.filter((name) => instanceOf(name) !== undefined).flatMap(folders)
  const tasks = [...own, ...others].filter((name) => TASK.test(path.basename(name)))
  const dumps: StateDump[] = []
  for (const name of tasks) {
    const file = databaseOf(path.join(directory, name))
    if (file === undefined) continue
    const dump = await dumpDatabase(file, Number(TASK.exec(path.basename(name))![1]))
    // Findings are kept with results, which travel: they name the file as it lies below the prefix.
    dumps.push({ ...dump, file: path.relative(directory, file) })
  }
  return dumps.sort((a, b) => a.partition - b.partition)
}

/** The database that CURRENT points to; undefined before a task has any. */
function databaseOf(taskDir: string): string | undefined {
  const pointer = path.join(taskDir, 'CURRENT')
  if (!existsSync(pointer)) return undefined
  const generation = readFileSync(pointer, 'utf8').trim()
  const file = path.join(taskDir, generation, 'state.db')
  if (generation !== '' && !generation.includes('..') && existsSync(file)) return file
  throw new LabError(
    'STATE_UNUSABLE',
    `${pointer} names ${JSON.stringify(generation)}, and there is no state in it`,
    {
      hint: 'Recover the task with: eoslab recover',
    },
  )
}

export async function dumpDatabase(file: string, partition: number): Promise<StateDump> {
  const { default: Database } = await import('better-sqlite3')
  const copy = mkdtempSync(path.join(tmpdir(), 'eoslab-dump-'))
  try {
    const target = path.join(copy, 'state.db')
    copyFileSync(file, target)
    // The log holds what was committed last; the shared-memory index beside it is rebuilt from it.
    if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${target}-wal`)
    const db = new Database(target)
    try {
      const meta = new Map(
        (db.prepare('SELECT name, value FROM meta').all() as { name: string; value: string }[]).map((row) => [
          row.name,
          row.value,
        ]),
      )
      const rows = db.prepare('SELECT key, sum, count, seq FROM state ORDER BY key').all() as StateRow[]
      const number = (name: string): number => {
        const value = Number(meta.get(name))
        if (!Number.isSafeInteger(value)) throw new Error(`meta.${name} is ${meta.get(name) ?? 'missing'}`)
        return value
      }
      return {
        partition,
        file,
        rows,
        nextInput: number('next_input'),
        nextChangelog: number('next_changelog'),
        changelogMode: (meta.get('changelog_mode') ?? 'after-image') as ChangelogMode,
        window: number('window'),
        owner: meta.get('owner') || undefined,
      }
    } finally {
      db.close()
    }
  } catch (error) {
    throw new LabError('STATE_UNUSABLE', `${file} could not be read: ${messageOf(error)}`, {
      hint: 'The check goes on without it and is unknown where it needs it.',
      cause: error,
    })
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}
