/**
 * The files that belong to the program: manifest, experiments, contracts, the broker's pins. They lie in the
 * checkout, or inside the single executable; who reads them need not know.
 *
 * Promises: one name, the path from the root of the checkout, means the same text in both.
 * Does not: write anything, or look into the folder of the user.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { getAsset, getAssetKeys, isSea } from 'node:sea'

/** This process is the single executable. */
export const SINGLE = isSea()

/** The checkout; of the single executable, the folder it happens to lie in. */
export const ROOT = path.resolve(import.meta.dirname, '../..')

export function programText(name: string): string | undefined {
  if (SINGLE) return getAssetKeys().includes(name) ? getAsset(name, 'utf8') : undefined
  const file = path.join(ROOT, name)
  return existsSync(file) && statSync(file).isFile() ? readFileSync(file, 'utf8') : undefined
}

/** One that has to be there. */
export function ownText(name: string): string {
  const text = programText(name)
  if (text === undefined) throw new Error(`${name} is missing in ${SINGLE ? 'this executable' : ROOT}`)
  return text
}

/** Names of the files below a folder, sorted. */
export function programNames(folder: string): string[] {
  const all = SINGLE
    ? getAssetKeys().filter((name) => name.startsWith(`${folder}/`))
    : readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)))
  return all.toSorted()
}

/** What the single executable was built from; a checkout looks for itself. */
export interface BuiltFrom {
  readonly eoslab: string
  readonly commit: string | null
  readonly dirty: boolean | null
  readonly kafkajs: string
  readonly betterSqlite: string
}

export const builtFrom = (): BuiltFrom | undefined =>
  SINGLE ? (JSON.parse(ownText('build.json')) as BuiltFrom) : undefined
