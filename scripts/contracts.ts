/** Writes the generated files under contracts/: JSON Schemas and golden orders. A test fails when they are stale. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { contractFiles } from '../src/testing/contract-files.ts'

for (const [name, text] of Object.entries(contractFiles())) {
  writeFileSync(path.resolve(import.meta.dirname, '../contracts', name), text)
}
