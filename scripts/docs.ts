/** Writes the generated parts of the documentation (`make docs`). A test fails when they are stale. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { docFiles } from '../src/testing/doc-files.ts'

const at = (name: string): string => path.resolve(import.meta.dirname, '..', name)

for (const [name, text] of Object.entries(docFiles((file) => readFileSync(at(file), 'utf8')))) {
  writeFileSync(at(name), text)
}
