/**
 * docs/licences.md: what eoslab stands on at run time, with version and licence.
 *
 * Promises: every package of the lock file that is installed for more than development is in it, those of
 * other platforms left out; the order is that of the names. Does not: judge; the test names what it accepts.
 */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

const ROOT = path.resolve(import.meta.dirname, '../..')

interface Locked {
  readonly version?: string
  readonly license?: string
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
}

export interface Licensed {
  readonly name: string
  readonly version: string
  readonly licence: string
}

/** What is installed here or not must not change the answer, so it is the lock file that is asked. */
export function dependencies(): Licensed[] {
  const lock = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>
  }
  return Object.entries(lock.packages)
    .filter(([place, locked]) => place !== '' && locked.dev !== true && locked.devOptional !== true)
    .map(([place, locked]) => ({
      name: place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version: locked.version ?? 'unknown',
      licence: locked.license ?? declared(place),
    }))
    .toSorted((a, b) => a.name.localeCompare(b.name) || a.version.localeCompare(b.version))
}

function declared(place: string): string {
  const file = path.join(ROOT, place, 'package.json')
  if (!existsSync(file)) return 'unknown'
  const { license } = JSON.parse(readFileSync(file, 'utf8')) as { license?: string }
  return license ?? 'unknown'
}

export function licences(): string {
  const rows = dependencies().map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`)
  return `<!-- Written by \`make docs\` from package-lock.json. Change that, not this file. -->

# Licences

eoslab itself is under the Apache License 2.0. At run time it stands on these npm packages; the single executable holds most of them, Node (MIT and others) and SQLite (public domain). The broker, Apache Kafka and what it needs, is fetched by Maven onto the machine that runs it and is no part of eoslab; \`src/adapters/process/kafka/jars.sha256\` lists it.

| package | version | licence |
| --- | --- | --- |
${rows.join('\n')}
`
}
