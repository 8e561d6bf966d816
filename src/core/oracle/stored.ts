/**
 * The oracle's input as lines of text, so that a run can be judged again, by a later oracle too.
 *
 * Promises: `decodeInput(encodeInput(x))` equals x, bytes that are no UTF-8 included. The first line has all
 * but the records; then one line per partition, followed by one line per record or marker.
 * Does not: compress or touch a file; leave anything out that the oracle was given.
 *
 *   {"v":1,"input":{...}}
 *   {"role":"orders","topic":"p1.orders","partition":0,"logStart":0,"lastStableOffset":2,"highWatermark":2}
 *   [0,1694500000000,"o1","{...}",{"src":"..."},"7",0,1]     data: offset, time, key, value, headers, producer
 *   [1,1694500000001,"COMMIT","7",0]                         marker
 */
import { LabError } from '../errors.ts'
import type { OracleInput, RawMarker, RawPartition, RawRecord, RawTopic } from './input.ts'

const FORMAT = 1

/** A text, or bytes that are none, in base64. */
type Packed = string | null | { readonly b: string }

const pack = (bytes: Buffer | null): Packed => {
  if (bytes === null) return null
  const text = bytes.toString('utf8')
  return Buffer.from(text, 'utf8').equals(bytes) ? text : { b: bytes.toString('base64') }
}

const unpack = (packed: Packed): Buffer | null =>
  packed === null ? null : typeof packed === 'string' ? Buffer.from(packed) : Buffer.from(packed.b, 'base64')

type DataLine = [number, number, Packed, Packed, Record<string, string>, string, number, 0 | 1]
type MarkerLine = [number, number, RawMarker['outcome'], string, number]
type Entry = RawRecord | RawMarker

const entryLine = (e: Entry): DataLine | MarkerLine =>
  e.kind === 'marker'
    ? [e.offset, e.timestamp, e.outcome, e.producerId, e.epoch]
    : [
        e.offset,
        e.timestamp,
        pack(e.key),
        pack(e.value),
        e.headers,
        e.producerId,
        e.epoch,
        e.transactional ? 1 : 0,
      ]

function entryOf(line: DataLine | MarkerLine, partition: number): Entry {
  if (line.length === 5) {
    const [offset, timestamp, outcome, producerId, epoch] = line
    return { kind: 'marker', partition, offset, timestamp, producerId, epoch, outcome }
  }
  const [offset, timestamp, key, value, headers, producerId, epoch, transactional] = line
  return {
    kind: 'data',
    partition,
    offset,
    timestamp,
    key: unpack(key),
    value: unpack(value),
    headers,
    producerId,
    epoch,
    transactional: transactional === 1,
  }
}

type Role = keyof OracleInput['topics'] | 'changelogTap'

export function* encodeInput(input: OracleInput): Generator<string> {
  const { topics, changelogTap, ...rest } = input
  yield JSON.stringify({ v: FORMAT, input: rest })
  const all: [Role, RawTopic | undefined][] = [
    ...(Object.entries(topics) as [Role, RawTopic | undefined][]),
    ['changelogTap', changelogTap],
  ]
  for (const [role, topic] of all) {
    for (const { entries, ...partition } of topic?.partitions ?? []) {
      yield JSON.stringify({ role, name: topic!.topic, ...partition })
      for (const entry of entries) yield JSON.stringify(entryLine(entry))
    }
  }
}

type PartitionLine = Omit<RawPartition, 'entries'> & { readonly role: Role; readonly name: string }

const damaged = (what: string): LabError =>
  new LabError('RESULTS_UNUSABLE', `the stored evidence cannot be read: ${what}`, {
    hint: 'it may be of another version of eoslab; repeat the run',
  })

/** A field that JSON leaves out when it is undefined is undefined again. */
function headOf(line: string | undefined): Omit<OracleInput, 'topics' | 'changelogTap'> {
  const head = JSON.parse(line ?? 'null') as { v?: number; input?: Partial<OracleInput> } | null
  if (head?.v !== FORMAT || !head.input) throw damaged(`its format is ${String(head?.v)}, known is ${FORMAT}`)
  const { groupOffsets, states, snapshots, journals, truth, ...rest } = head.input
  return { ...rest, groupOffsets, states, snapshots, journals, truth } as OracleInput
}

export function decodeInput(lines: Iterable<string>): OracleInput {
  const found = new Map<Role, { topic: string; partitions: RawPartition[] }>()
  let head: string | undefined
  let entries: Entry[] = []
  let partition = 0
  for (const line of lines) {
    if (head === undefined) head = line
    else if (line.startsWith('{')) {
      const { role, name, ...rest } = JSON.parse(line) as PartitionLine
      entries = []
      partition = rest.partition
      const topic = found.get(role) ?? { topic: name, partitions: [] }
      topic.partitions.push({ ...rest, entries })
      found.set(role, topic)
    } else if (line !== '') entries.push(entryOf(JSON.parse(line) as DataLine | MarkerLine, partition))
  }
  const rest = headOf(head)
  const roles = Object.keys(rest.names) as (keyof OracleInput['topics'])[]
  const topics = Object.fromEntries(roles.map((role) => [role, found.get(role)]))
  const tap = found.get('changelogTap')
  return {
    ...rest,
    topics: topics as unknown as OracleInput['topics'],
    ...(tap ? { changelogTap: tap } : {}),
  }
}
