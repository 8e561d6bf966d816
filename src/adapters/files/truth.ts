/**
 * The generator's own account of what it put into `orders`, beside the state of the prefix (truth.jsonl).
 *
 *   {"topic":"p1.orders","partitions":1}
 *   {"partition":0,"hash":"9f86d081884c7d65"}      one line per record, in log order per partition
 *
 * hash = first 16 hex digits of SHA-256 over key, a zero byte, value; no key counts as an empty one, no
 * value too. The oracle compares it with the raw log, so that orders lost or changed on the way are seen.
 * Promises: what `append` has been given is on its way to the disk when it returns (synchronous write).
 * Does not: know whether the broker has the records; the loader appends here what was acknowledged.
 */
import { createHash } from 'node:crypto'
import { appendFileSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs'
import path from 'node:path'
import { prefixDirectory } from '../../core/contracts/names.ts'
import { LabError, messageOf } from '../../core/errors.ts'
import type { Truth } from '../../core/oracle/input.ts'
import type { BulkRecord } from '../../core/ports/topics.ts'

export interface TruthWriter {
  append(records: readonly BulkRecord[]): void
  close(): void
}

export const truthFile = (stateRoot: string, prefix: string): string =>
  path.join(stateRoot, prefixDirectory(prefix), 'truth.jsonl')

const ZERO = Buffer.of(0)

export function truthHash(record: Pick<BulkRecord, 'key' | 'value'>): string {
  const hash = createHash('sha256')
  hash.update(record.key ?? '')
  hash.update(ZERO)
  hash.update(record.value ?? '')
  return hash.digest('hex').slice(0, 16)
}

function cannotWrite(file: string, error: unknown): LabError {
  return new LabError('STATE_UNUSABLE', `${file}: cannot be written: ${messageOf(error)}`, {
    hint: 'Make the state directory writable or choose another one with --state-dir.',
    cause: error,
  })
}

/** Continues the file if it is there; otherwise begins it. */
export function openTruth(file: string, topic: string, partitions: number): TruthWriter {
  let fd: number
  try {
    mkdirSync(path.dirname(file), { recursive: true })
    const begun = existsSync(file)
    fd = openSync(file, 'a')
    if (!begun) appendFileSync(fd, `${JSON.stringify({ topic, partitions })}\n`)
  } catch (error) {
    throw cannotWrite(file, error)
  }
  return {
    append(records) {
      const lines = records.map((r) => `{"partition":${r.partition},"hash":"${truthHash(r)}"}\n`)
      try {
        appendFileSync(fd, lines.join(''))
      } catch (error) {
        throw cannotWrite(file, error)
      }
    },
    close: () => closeSync(fd),
  }
}

/** Puts a truth aside that no longer tells what is in the topic; its new path. */
export function setTruthAside(file: string): string {
  const aside = `${file}.old`
  try {
    renameSync(file, aside)
  } catch (error) {
    throw cannotWrite(file, error)
  }
  return aside
}

/** The truth of a prefix, or undefined where none was written. */
export function readTruth(file: string): Truth | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw damaged(file, messageOf(error), error)
  }
  const lines = text.split('\n')
  // a line without its end was cut off by a kill; the records behind it were acknowledged all the same
  if (lines.pop() !== '') throw damaged(file, `line ${lines.length + 1} is cut off`)
  const head = parseLine(file, 1, lines[0])
  if (typeof head['topic'] !== 'string' || !Number.isSafeInteger(head['partitions'])) {
    throw damaged(file, 'line 1 names no topic and partitions')
  }
  const partitions = Array.from({ length: head['partitions'] as number }, (): string[] => [])
  for (let i = 1; i < lines.length; i++) {
    const { partition, hash } = parseLine(file, i + 1, lines[i])
    const list = partitions[partition as number]
    if (!list || typeof hash !== 'string') throw damaged(file, `line ${i + 1} names no partition and hash`)
    list.push(hash)
  }
  return { topic: head['topic'], partitions }
}

function parseLine(file: string, number: number, line: string | undefined): Record<string, unknown> {
  try {
    return JSON.parse(line ?? '') as Record<string, unknown>
  } catch (error) {
    throw damaged(file, `line ${number} is not JSON`, error)
  }
}

const damaged = (file: string, why: string, cause?: unknown): LabError =>
  new LabError('BAD_INPUT_FILE', `${file}: ${why}`, {
    hint: 'Delete the file to go on without the truth; source-mismatch is then not checked.',
    cause,
  })
