/**
 * What this machine has and lacks for the lab.
 *
 * Promises: starts nothing that stays, fetches nothing, changes nothing; every row that is not fine says what
 * to do. What is needed depends: with a broker that was given and answers, neither Java nor Maven is; with
 * the broker's files in the cache, Maven is not.
 * Does not: guess at slow disks or busy processors; `make bench` measures.
 */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { LabError, messageOf } from '../../core/errors.ts'
import { builtFrom, ROOT, SINGLE } from '../../program/files.ts'
import { SQLITE_ROLE } from '../../program/roles.ts'
import { fine, missing, note, type Finding } from './finding.ts'
import * as host from './host.ts'
import { brokerStatus, type BrokerOptions, type BrokerStatus } from '../broker/broker.ts'

export interface Diagnosis {
  readonly fine: boolean
  readonly findings: readonly Finding[]
}

const NODE_MAJOR = 24
const NODE_MINOR = 12
const PORTS = 4

export async function diagnose(options: BrokerOptions): Promise<Diagnosis> {
  const status = await brokerStatus(options)
  const provided = status.kind === 'given' && status.running
  const findings = [
    host.platform(process.platform, process.arch),
    nodeVersion(),
    ...(await broker(status)),
    ...(await java(provided)),
    ...(await docker()),
    await ports(provided),
    host.openFiles(await readFile('/proc/self/limits', 'utf8').catch(() => '')),
    host.memory(process.availableMemory()),
    host.clock(Date.now()),
    await host.folder('state', options.stateDir, '--state-dir DIR'),
    await host.folder('results', process.env['EOSLAB_RESULTS'] ?? path.resolve('results'), 'EOSLAB_RESULTS'),
    build(),
    await sqlite(),
  ]
  return { fine: findings.every(({ state }) => state !== 'missing'), findings }
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const found = `${process.version} at ${process.execPath}`
  const enough = major > NODE_MAJOR || (major === NODE_MAJOR && minor >= NODE_MINOR)
  return enough
    ? fine('Node', found)
    : missing('Node', found, `Node ${NODE_MAJOR}.${NODE_MINOR} or later: make setup brings it`)
}

async function broker(status: BrokerStatus): Promise<Finding[]> {
  if (status.running) return [fine('broker', `${status.brokers} answers (${status.kind})`)]
  if (status.kind === 'given') {
    return [
      missing(
        'broker',
        status.problem ?? '',
        'Start that broker, or unset EOSLAB_BROKERS to use one of ours.',
      ),
    ]
  }
  if (status.brokers !== null) {
    return [note('broker', status.problem ?? '', 'Restart it: eoslab broker stop; eoslab broker start')]
  }
  return [fine('broker', 'none running; experiments start one, the rest need: eoslab broker start')]
}

/** Java, the cache that depends on it, and Maven, which only an empty cache needs. */
async function java(provided: boolean): Promise<Finding[]> {
  const lacking = provided ? note : missing
  const { findJava, findMaven } = await import('../../adapters/process/java.ts')
  const { cacheState } = await import('../../adapters/process/broker.ts')
  try {
    const found = await findJava()
    const cache = cacheState(found)
    const rows = [fine('Java', `${found.version} at ${found.executable}`), await cacheFinding(cache, lacking)]
    if (cache.jars) return [...rows, fine('Maven', 'not needed, the broker is in the cache')]
    return [...rows, fine('Maven', findMaven().executable)]
  } catch (error) {
    if (!(error instanceof LabError)) throw error
    return [lacking(error.code === 'NO_MAVEN' ? 'Maven' : 'Java', error.message, error.hint ?? '')]
  }
}

async function cacheFinding(
  cache: { jars: boolean; template: boolean; archive: boolean; directory: string },
  lacking: typeof missing,
): Promise<Finding> {
  const nearest = host.existingParent(cache.directory)
  const writable = await host.requireWritable(nearest).then(
    () => true,
    () => false,
  )
  if (cache.jars && cache.template && cache.archive) return fine('cache', cache.directory)
  if (!writable)
    return lacking('cache', `${nearest} cannot be written`, 'Set EOSLAB_CACHE to a folder that can be.')
  if (!cache.jars)
    return note('cache', `${cache.directory} is empty`, 'Fetch the broker (44 MB, once): eoslab broker fetch')
  return note('cache', `${cache.directory} is not trained; starts are slow`, 'Train it: eoslab broker fetch')
}

/** Never needed; named where it is there, for it can stand in for Java and Maven. */
async function docker(): Promise<Finding[]> {
  try {
    const { stdout } = await promisify(execFile)('docker', ['--version'], { timeout: 5_000 })
    return [fine('Docker', `${stdout.trim()}; not needed, but docker compose up -d gives a broker too`)]
  } catch {
    return []
  }
}

async function ports(provided: boolean): Promise<Finding> {
  const { freePorts } = await import('../../adapters/process/ports.ts')
  try {
    await freePorts(PORTS)
    return fine('ports', `${PORTS} free ones on 127.0.0.1`)
  } catch (error) {
    return (provided ? note : missing)(
      'ports',
      messageOf(error),
      'Close what holds them, or raise the limit of open files.',
    )
  }
}

/** A build older than its sources runs yesterday's code. */
function build(): Finding {
  const from = builtFrom()
  if (from !== undefined) return fine('build', `eoslab ${from.eoslab}, one executable`)
  const stamp = path.join(ROOT, 'dist', '.built')
  if (!existsSync(stamp))
    return missing('build', `nothing in ${path.join(ROOT, 'dist')}`, 'Build it: make setup')
  const sources = path.join(ROOT, 'src')
  if (!existsSync(sources)) return fine('build', path.dirname(stamp))
  const newest = Math.max(
    ...readdirSync(sources, { recursive: true, encoding: 'utf8' }).map(
      (name) => statSync(path.join(sources, name)).mtimeMs,
    ),
  )
  return newest <= statSync(stamp).mtimeMs
    ? fine('build', 'up to date')
    : note('build', 'older than its sources', 'Build it: make build')
}

/** In a process of its own: a binary of the wrong Node may bring its process down. */
async function sqlite(): Promise<Finding> {
  const code =
    "const D = require('better-sqlite3'); console.log(new D(':memory:').prepare('select sqlite_version()').pluck().get())"
  try {
    const { stdout } = await promisify(execFile)(process.execPath, SINGLE ? [SQLITE_ROLE] : ['-e', code], {
      ...(SINGLE ? {} : { cwd: ROOT }),
      timeout: 10_000,
    })
    return fine('SQLite', stdout.trim())
  } catch (error) {
    return missing(
      'SQLite',
      `better-sqlite3 does not load: ${messageOf(error).split('\n', 1)[0]}`,
      SINGLE ? 'Set EOSLAB_CACHE to a folder that can be written.' : 'Install it again: make setup',
    )
  }
}
