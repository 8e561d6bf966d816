/** What `eoslab gen` tells people, one line each. */
import type { ArtefactResult } from './artefacts.ts'
import type { GenResult } from './gen.ts'

const count = (n: number | null): string => (n === null ? 'unknown after compaction' : n.toLocaleString('en'))

const lined = (lines: readonly (readonly string[])[]): string =>
  lines.map(([name, text]) => `${name!.padEnd(16)}${text}`).join('\n')

export function genText(result: GenResult): string {
  const seconds = (result.wall_ms / 1000).toFixed(2)
  return lined([
    ['topic', `${result.topic}, ${result.partitions} partition${result.partitions === 1 ? '' : 's'}`],
    ['orders', `${count(result.orders)} in ${seconds} s (${count(result.orders_per_second)}/s)`],
    ...(result.held_before > 0
      ? [
          [
            'on top of',
            `${count(result.held_before)} that the topic held before; these are further orders, not the same ones`,
          ],
        ]
      : []),
    ['bytes', count(result.bytes)],
    result.seed === null ? ['from', result.from ?? ''] : ['seed', String(result.seed)],
    ...(result.dirty ? [['dirty', `${count(result.dirty)}, and ${count(result.untidy ?? 0)} untidy`]] : []),
    ...(result.duplicate_ids ? [['duplicate ids', count(result.duplicate_ids)]] : []),
    ...(result.left_out > 0 ? [['left out', `${count(result.left_out)} that the rules reject`]] : []),
    ['truth', result.truth ?? 'none'],
  ])
}

export function artefactsText(result: ArtefactResult): string {
  const seconds = (result.wall_ms / 1000).toFixed(2)
  const { changelog_records: committed, changelog_end: end, aborted_records: aborted } = result
  const log = `${count(committed)} committed and ${count(aborted)} aborted records, end ${count(end)}`
  return lined([
    ['artefacts', `${count(result.keys)} keys in ${seconds} s`],
    ...result.snapshots.map((s) => ['snapshot', `${s.snapshot_id}, ${s.kind}, ${count(s.bytes)} bytes`]),
    ['below', result.snapshot_dir],
    ['changelog', `${result.changelog}: ${log}${result.compacted ? ', compacted' : ''}`],
    [
      'to replay',
      `${count(result.replay_records)}: ${count(result.applied)} to apply, ${count(result.skipped)} to skip`,
    ],
    ['resume at', `${count(result.resume_offset)}, ${count(result.unread)} orders unread`],
    ['state hash', result.state_hash],
    ['next', `eoslab recover --prefix ${result.prefix} --manifest latest`],
  ])
}
