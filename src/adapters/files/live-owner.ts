/**
 * Who owns a task right now, on this host: a live owner listens on a local socket that the task's `control`
 * file names, and takes requests there.
 *
 * Promises: `probe` ends within about a second; a stopped process (SIGSTOP) still counts as live, because
 * its socket still accepts; a dead one never does, because its socket refuses, whatever its pid has become.
 * Does not: fence anybody. It is a courtesy to people; Kafka's fence and the owner row are the guarantee.
 *
 * The protocol is one JSON line each way: {"request":"who"} or {"request":"snapshot","kind":"full"} (kind may be
 * left out); {"ok":...} or {"error":...}.
 */
import { createHash, randomBytes } from 'node:crypto'
import {
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createConnection, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { ERROR_TABLE, LabError, messageOf } from '../../core/errors.ts'
import type { ErrorCode } from '../../core/errors.ts'
import { SNAPSHOT_KINDS, type SnapshotKind } from '../../core/recovery/snapshot-kind.ts'

export interface OwnerInfo {
  readonly pid: number
  readonly incarnation: string
  /** Wall clock, milliseconds. */
  readonly since: number
}

interface Control extends OwnerInfo {
  readonly socket: string
}

export interface OwnerHandlers {
  /** Takes a snapshot; resolves when its manifest is committed, with what the asker is to see. */
  snapshot(kind?: SnapshotKind): Promise<unknown>
}

export interface Listening {
  readonly socket: string
  close(): Promise<void>
}

/** Operating systems cut socket paths at 104 to 108 bytes. */
const PATH_LIMIT = 100
const PROBE_MS = 1_000

const controlFile = (dir: string): string => path.join(dir, 'control')

function readControl(dir: string): Control | undefined {
  try {
    const control = JSON.parse(readFileSync(controlFile(dir), 'utf8')) as Partial<Control>
    return typeof control.socket === 'string' && typeof control.pid === 'number'
      ? (control as Control)
      : undefined
  } catch {
    return undefined // absent or half a file: nobody announced himself here
  }
}

/** Prefix of this directory's sockets; each listener has a name of its own, so that a former owner that
 *  closes late removes its own socket and not its successor's. */
const socketPrefix = (dir: string): string =>
  `eoslab-${createHash('sha256').update(realpathSync(dir)).digest('hex').slice(0, 12)}-`

const socketHome = (): string => (Buffer.byteLength(tmpdir()) > PATH_LIMIT - 45 ? '/tmp' : tmpdir())

/** Announces this process as the live owner of the task directory, in place of any earlier one. */
export async function listen(dir: string, info: OwnerInfo, handlers: OwnerHandlers): Promise<Listening> {
  mkdirSync(dir, { recursive: true })
  const prefix = socketPrefix(dir)
  await removeStale(prefix)
  const socket = path.join(
    socketHome(),
    `${prefix}${info.pid.toString(36)}-${randomBytes(3).toString('hex')}.sock`,
  )
  const server = createServer((peer) => serve(peer, info, handlers))
  await bind(server, socket)
  // A worker must not live on because somebody could still ask it something.
  server.unref()
  const aside = `${controlFile(dir)}.${info.pid}.tmp`
  writeFileSync(aside, JSON.stringify({ socket, ...info }))
  renameSync(aside, controlFile(dir))
  return {
    socket,
    close: async () => {
      server.close()
      if (readControl(dir)?.socket === socket) rmSync(controlFile(dir), { force: true })
    },
  }
}

/** The live owner, or undefined. */
export async function probe(dir: string): Promise<OwnerInfo | undefined> {
  const control = readControl(dir)
  if (!control) return undefined
  const announced = { pid: control.pid, incarnation: control.incarnation, since: control.since }
  try {
    return (await ask(control.socket, { request: 'who' }, PROBE_MS)) as OwnerInfo
  } catch (error) {
    // Refused or gone: the process that announced itself is dead. Anything else (no answer: it is stopped or
    // busy; no permission: it is another user's) means that somebody holds the other end.
    return ['ECONNREFUSED', 'ENOENT'].includes(codeOf(error)) ? undefined : announced
  }
}

/** Asks the live owner for a snapshot, of its usual kind if none is said; rejects with the owner's own error. */
export async function requestSnapshot(dir: string, timeoutMs: number, kind?: SnapshotKind): Promise<unknown> {
  const control = readControl(dir)
  if (!control)
    throw new LabError('TIMEOUT', `nobody owns ${dir} any more`, { hint: 'start eoslab opb, or try again' })
  try {
    return await ask(control.socket, { request: 'snapshot', kind }, timeoutMs)
  } catch (error) {
    if (error instanceof LabError) throw error
    throw new LabError(
      'TIMEOUT',
      `${control.incarnation} (pid ${control.pid}) took no snapshot: ${messageOf(error)}`,
      {
        hint: 'is that process stopped or ending? its log says more',
        cause: error,
      },
    )
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? ''

function bind(server: Server, socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new LabError('STATE_UNUSABLE', `cannot listen on ${socket}: ${error.message}`, {
          hint: 'check TMPDIR',
        }),
      )
    })
    server.listen(socket, () => resolve())
  })
}

function serve(peer: Socket, info: OwnerInfo, handlers: OwnerHandlers): void {
  peer.unref()
  peer.on('error', () => peer.destroy()) // an asker that goes away is its own business
  const answer = (value: unknown): void => void peer.end(`${JSON.stringify(value)}\n`)
  const lines = createInterface({ input: peer })
  // It passes on what the socket reports, and an asker that did not wait for the answer must not end the owner.
  lines.on('error', () => peer.destroy())
  lines.once('line', (line) => {
    const { request, kind } = read(line)
    if (request === 'who') answer({ ok: info })
    else if (request === 'snapshot' && isKind(kind)) {
      // In a then, so that a handler that throws at once is an answer too, and not the end of the owner.
      Promise.resolve()
        .then(() => handlers.snapshot(kind))
        .then(
          (ok) => answer({ ok: ok ?? null }),
          (error: unknown) => answer({ error: packed(error) }),
        )
    } else answer({ error: { code: 'USAGE', message: `unknown request ${line}` } })
  })
}

interface Request {
  readonly request?: unknown
  readonly kind?: unknown
}

function read(line: string): Request {
  try {
    return (JSON.parse(line) ?? {}) as Request
  } catch {
    return {}
  }
}

const isKind = (kind: unknown): kind is SnapshotKind | undefined =>
  kind === undefined || SNAPSHOT_KINDS.some((known) => known === kind)

const packed = (error: unknown) =>
  error instanceof LabError
    ? { code: error.code, message: error.message, hint: error.hint }
    : { code: 'INTERNAL', message: messageOf(error) }

function unpacked(error: { code: string; message: string; hint?: string }): LabError {
  const code = (error.code in ERROR_TABLE ? error.code : 'INTERNAL') as ErrorCode
  return new LabError(code, error.message, error.hint === undefined ? {} : { hint: error.hint })
}

function ask(socket: string, request: Request, timeoutMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const peer = createConnection(socket)
    const done = (settle: () => void): void => {
      clearTimeout(timer)
      peer.destroy()
      settle()
    }
    const timer = setTimeout(
      () => done(() => reject(new Error(`no answer within ${timeoutMs} ms`))),
      timeoutMs,
    )
    peer.once('error', (error) => done(() => reject(error)))
    peer.once('close', () => done(() => reject(new Error('the connection was closed without an answer'))))
    peer.once('connect', () => peer.write(`${JSON.stringify(request)}\n`))
    createInterface({ input: peer })
      .once('line', (line) =>
        done(() => {
          const reply = JSON.parse(line) as { ok?: unknown; error?: { code: string; message: string } }
          if (reply.error) reject(unpacked(reply.error))
          else resolve(reply.ok)
        }),
      )
      .on('error', () => {}) // readline passes the socket's error on; it is handled above
  })
}

/** Sockets that killed owners of this directory left behind. */
async function removeStale(prefix: string): Promise<void> {
  const home = socketHome()
  const left = readdirSync(home).filter((name) => name.startsWith(prefix))
  await Promise.all(
    left.map(async (name) => {
      const file = path.join(home, name)
      const gone = await ask(file, { request: 'who' }, PROBE_MS).then(
        () => false,
        (error: unknown) => codeOf(error) === 'ECONNREFUSED',
      )
      if (gone) rmSync(file, { force: true })
    }),
  )
}
