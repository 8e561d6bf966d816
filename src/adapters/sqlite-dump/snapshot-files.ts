/** Snapshot files as the oracle sees them: there or not, and the file that the manifest describes or not. */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, statSync } from 'node:fs'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { messageOf } from '../../core/errors.ts'
import type { SnapshotEntry } from '../../core/contracts/records.ts'
import type { SnapshotDump } from '../../core/oracle/input.ts'
import type { NamedSnapshot } from '../../core/oracle/manifests.ts'
import { dumpDatabase } from './dump.ts'
import { readPartialContent } from './partial.ts'

/** `directory` is the parent of the tasks' own ones: `<state root>/<prefix>/snapshots`. */
export async function inspectSnapshots(
  directory: string,
  named: readonly NamedSnapshot[],
): Promise<SnapshotDump[]> {
  const dumps: SnapshotDump[] = []
  for (const { partition, entry } of named) {
    const name = path.join(`opb-${partition}`, entry.path)
    const file = path.join(directory, name)
    const exists = existsSync(file)
    dumps.push({
      partition,
      entry,
      file: name,
      exists,
      ...(exists ? { intact: await isIntact(file, entry) } : {}),
      ...(exists ? await contentOf(file, partition, entry.kind) : {}),
    })
  }
  return dumps
}

async function contentOf(
  file: string,
  partition: number,
  kind: SnapshotEntry['kind'],
): Promise<Pick<SnapshotDump, 'content' | 'partial' | 'unreadable'>> {
  try {
    if (kind === 'partial') return { partial: readPartialContent(file) }
    const { rows, nextInput, nextChangelog } = await dumpDatabase(file, partition)
    return { content: { rows, nextInput, nextChangelog } }
  } catch (error) {
    return { unreadable: messageOf(error) }
  }
}

async function isIntact(file: string, entry: { bytes: number; sha256: string }): Promise<boolean> {
  if (statSync(file).size !== entry.bytes) return false
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex') === entry.sha256
}
