/** Writes the generated parts of the documentation (`make docs`). A test fails when they are stale. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { docFiles } from '../src/testing/doc-files.ts'

const at = (name: string): string => path.resolve(import.meta.dirname, '..', name)

for (const [name, text] of Object.entries(await docFiles((file) => readFileSync(at(file), 'utf8')))) {
  mkdirSync(path.dirname(at(name)), { recursive: true })
  writeFileSync(at(name), text)
}
