/**
 * What a release of the version in package.json consists of, without making one: checks, then says what to tag
 * and what to attach. `make release` has built and tested before.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'

const at = (name: string): string => path.resolve(import.meta.dirname, '..', name)
const git = (...args: string[]): string =>
  execFileSync('git', ['-C', at('.'), ...args], { encoding: 'utf8' }).trim()

const { version } = JSON.parse(readFileSync(at('package.json'), 'utf8')) as { version: string }
const changes = readFileSync(at('CHANGELOG.md'), 'utf8')
const notes = changes.split(/^## /m).find((part) => part.startsWith(`${version} `))

/** What is attached; undefined where it was not built. */
function built(): { readonly megabytes: string; readonly sum: string } | undefined {
  if (!existsSync(at('dist/eoslab')) || !existsSync(at('dist/eoslab.sha256'))) return undefined
  const sum = readFileSync(at('dist/eoslab.sha256'), 'utf8').slice(0, 64)
  return { megabytes: (statSync(at('dist/eoslab')).size / 1e6).toFixed(0), sum }
}

const digest = (name: string): string =>
  createHash('sha256')
    .update(readFileSync(at(name)))
    .digest('hex')

const binary = built()
const problems = [
  ...(binary === undefined ? ['dist/eoslab or its checksum is not there: make binary'] : []),
  ...(binary !== undefined && digest('dist/eoslab') !== binary.sum
    ? ['dist/eoslab.sha256 is not the checksum of dist/eoslab: make binary']
    : []),
  ...(notes === undefined ? [`CHANGELOG.md has no part "## ${version} (date)"`] : []),
  ...(notes?.startsWith(`${version} (not released)`) ? [`CHANGELOG.md gives ${version} no date yet`] : []),
  ...(git('status', '--porcelain') === '' ? [] : ['the work tree has changes that are not committed']),
  ...(git('tag', '--list', `v${version}`) === ''
    ? []
    : [`v${version} is tagged already: raise the version in package.json`]),
]
const size = binary === undefined ? 'not built' : `${binary.megabytes} MB, sha256 ${binary.sum}`
process.stdout
  .write(`v${version} at ${git('rev-parse', '--short', 'HEAD')}, for ${process.platform} ${process.arch}

attach  dist/eoslab (${size}), dist/eoslab.sha256, docs/licences.md
then    git tag -a v${version} && git push origin v${version}
notes   ${(notes ?? '').trim()}
`)
for (const problem of problems) process.stderr.write(`not yet: ${problem}\n`)
process.exitCode = problems.length > 0 ? 1 : 0
