/** A mutant by itself on the real broker, and its run judged again: as it is, by its age, and in pieces. */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { ORACLE_VERSION } from '../../core/oracle/judge.ts'
import type { MutationScore } from '../../core/scenario/score.ts'
import { runMutants } from '../matrix/mutants.ts'
import { report } from '../report/report.ts'
import { againForTerminal, judgeAgain } from './judge-again.ts'

const root = mkdtempSync(path.join(tmpdir(), 'eoslab-again-'))
const results = path.join(root, 'results')
const score = (only: string): Promise<MutationScore> =>
  runMutants({ only, brokers: inject('brokers'), stateDir: path.join(root, 'state'), quiet: true, argv: [] })

let dir: string
let scored: MutationScore

beforeAll(async () => {
  process.env['EOSLAB_RESULTS'] = results
  scored = await score('manifest-early')
  dir = path.resolve(scored.mutants[0]!.results)
})

afterAll(() => {
  delete process.env['EOSLAB_RESULTS']
  rmSync(root, { recursive: true, force: true })
})

describe('a mutant by itself', () => {
  it('is caught by what was predicted, and its score is not taken for that of all', () => {
    expect(scored).toMatchObject({ oracle_version: ORACLE_VERSION, caught: 1, of: 1, verdict: 'valid' })
    expect(scored.mutants[0]).toMatchObject({ found: ['dangling-manifest'], outcome: 'as-predicted' })
    expect(existsSync(path.join(results, 'mutation-score.json'))).toBe(false)
  })

  it('is refused under a name that is none, before anything runs', async () => {
    await expect(score('manifest-erly')).rejects.toMatchObject({
      code: 'USAGE',
      hint: expect.stringContaining('manifest-early') as string,
    })
  })
})

describe('judging again', () => {
  it('finds the same, and weighs the expectations again', async () => {
    const again = await judgeAgain(dir)
    expect(again).toMatchObject({ verdict: 'valid', oracle_then: ORACLE_VERSION, missing: [] })
    expect(again.expectations.every((each) => each.met)).toBe(true)
    expect(again.cells).toEqual([
      expect.objectContaining({ before: 'invalid', now: 'invalid', anomalies: ['dangling-manifest'] }),
    ])
  })

  it("names both oracle versions, and says of a score that it is another one's", async () => {
    const file = path.join(dir, 'verdict.json')
    const verdict = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
    writeFileSync(file, JSON.stringify({ ...verdict, oracle_version: '1' }))
    const old = { caught: 20, of: 22, measured: '2025-01-01T00:00:00.000Z' }
    writeFileSync(path.join(results, 'mutation-score.json'), JSON.stringify({ 0: old }))
    const again = await judgeAgain(dir)
    expect(again).toMatchObject({ verdict: 'valid', oracle_then: '1', oracle_version: ORACLE_VERSION })
    expect(againForTerminal(again)).toContain(`Oracle version 1 then, ${ORACLE_VERSION} now`)
    expect(again.mutation_score).toMatch(/^not measured; that of oracle version 0: 20 of 22 mutants caught/)
    const { runs } = await report({ check: false })
    expect(runs[0]!.mutation_score).toEqual({ ...old, oracle_version: '0' })
    writeFileSync(file, JSON.stringify(verdict))
  })

  it('judges what is there of a run that was cut off, and says what is missing', async () => {
    rmSync(path.join(dir, 'verdict.json'))
    const again = await judgeAgain(dir)
    expect(again).toMatchObject({ verdict: 'invalid', oracle_then: null, expectations: [] })
    expect(again.cells).toEqual([
      expect.objectContaining({ before: null, now: 'invalid', anomalies: ['dangling-manifest'] }),
    ])
    expect(again.missing[0]).toContain('verdict.json')
    const evidence = path.join(dir, 'evidence')
    for (const name of readdirSync(evidence)) rmSync(path.join(evidence, name))
    await expect(judgeAgain(dir)).rejects.toMatchObject({ code: 'NOTHING_TO_SHOW' })
  })
})
