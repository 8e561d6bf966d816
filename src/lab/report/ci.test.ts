/** Outcomes as files for CI: refused before the work, written after it, appended where several runs share one. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { sampleRun } from '../../testing/sample-run.ts'
import { ciFiles, ofRuns } from './ci.ts'

const root = mkdtempSync(path.join(os.tmpdir(), 'eoslab-ci-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

test('nothing is there before the outcome; then JUnit is whole, and summaries are appended once each', async () => {
  const [junit, summary, step] = ['deep/j.xml', 's.md', 'step.md'].map((name) => path.join(root, name))
  const files = await ciFiles({ junit, summary }, { GITHUB_STEP_SUMMARY: step })
  expect([junit, summary, step].map((file) => existsSync(file!))).toEqual([false, false, false])
  const outcome = ofRuns([sampleRun()])
  await files.write(outcome)
  await files.write(outcome)
  expect(readFileSync(junit!, 'utf8').match(/<testsuite /g)).toHaveLength(1)
  for (const file of [summary, step]) {
    const text = readFileSync(file!, 'utf8')
    expect(text.match(/^## crash-matrix: vacuous$/gm)).toHaveLength(2)
    expect(text).toContain('What to look at')
    expect(text).toMatch(/eoslab explain opb\.random --run results/)
  }
})

test('a file that cannot be written is refused, and named', async () => {
  await expect(ciFiles({ junit: root }, {})).rejects.toMatchObject({ code: 'RESULTS_UNUSABLE' })
  await expect(ciFiles({ summary: '/proc/nope/s.md' }, {})).rejects.toThrow('--summary /proc/nope/s.md')
})
