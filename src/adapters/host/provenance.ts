/**
 * Where a run's numbers come from: commit, versions, machine.
 *
 * Promises: never fails and never waits long; what cannot be found out is null or "unknown". The commit is
 * ours, never that of a repository which merely contains us.
 * Does not: ask the broker or open a database; versions that need that are arguments.
 */
import { execFile } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Provenance } from '../../core/matrix/result.ts'
import { builtFrom, ROOT, type BuiltFrom } from '../../program/files.ts'

const run = promisify(execFile)
const GIT_TIMEOUT_MS = 3_000

export interface ProvenanceFacts {
  readonly seed: number
  /** Wall clock, milliseconds. */
  readonly startedMs: number
  readonly argv: readonly string[]
  /** Version of the broker; null if nobody knows. */
  readonly kafka: string | null
  readonly client: 'kafkajs' | 'kafkajs-as-released'
  /** select sqlite_version(), if somebody asked. */
  readonly sqlite: string | null
  readonly pragmas: Readonly<Record<string, string | number>>
}

export async function provenance(facts: ProvenanceFacts, root: string = ROOT): Promise<Provenance> {
  const { eoslab, commit, dirty, kafkajs, betterSqlite } = builtFrom() ?? (await checkedOut(root))
  return {
    eoslab,
    commit,
    dirty,
    node: process.versions.node,
    kafka: facts.kafka ?? 'unknown',
    client: `kafkajs ${kafkajs} ${facts.client === 'kafkajs' ? 'with the repair of patches/' : 'as released'}`,
    sqlite: `${facts.sqlite ?? 'unknown'} (better-sqlite3 ${betterSqlite})`,
    pragmas: facts.pragmas,
    host: host(),
    seed: facts.seed,
    started: new Date(facts.startedMs).toISOString(),
    argv: facts.argv,
  }
}

/** The build of the single executable asks for it too. */
export async function checkedOut(root: string): Promise<BuiltFrom> {
  const [eoslab, kafkajs, betterSqlite, git] = await Promise.all([
    versionIn(root),
    versionIn(path.join(root, 'node_modules', 'kafkajs')),
    versionIn(path.join(root, 'node_modules', 'better-sqlite3')),
    gitState(root),
  ])
  return { eoslab, ...git, kafkajs, betterSqlite }
}

/** CPUs that this process may use, which in a container may be fewer than there are. */
function host(): Provenance['host'] {
  return {
    cpus: os.availableParallelism(),
    cpu: os.cpus()[0]?.model.trim() || 'unknown CPU',
    memory_gib: Math.round((os.totalmem() / 2 ** 30) * 10) / 10,
    os: `${os.type()} ${os.release()} ${os.arch()}`,
  }
}

async function versionIn(directory: string): Promise<string> {
  try {
    const manifest = JSON.parse(await readFile(path.join(directory, 'package.json'), 'utf8')) as {
      version?: unknown
    }
    return typeof manifest.version === 'string' ? manifest.version : 'unknown'
  } catch {
    return 'unknown'
  }
}

async function gitState(root: string): Promise<Pick<Provenance, 'commit' | 'dirty'>> {
  const git = async (...args: string[]): Promise<string> =>
    (await run('git', ['-C', root, ...args], { timeout: GIT_TIMEOUT_MS })).stdout.trim()
  try {
    const top = await git('rev-parse', '--show-toplevel')
    if (realpathSync(top) !== realpathSync(root)) return { commit: null, dirty: null }
    const [commit, changes] = await Promise.all([git('rev-parse', 'HEAD'), git('status', '--porcelain')])
    return { commit, dirty: changes !== '' }
  } catch {
    return { commit: null, dirty: null }
  }
}
