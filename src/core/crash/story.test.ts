import { describe, expect, test } from 'vitest'
import { HITS, NEXT, hit } from '../../testing/kills.ts'
import { weighEvidence } from './evidence.ts'
import { story } from './story.ts'

const tell = (name: string, more: Partial<Parameters<typeof story>[0]> = {}): string =>
  story({
    point: HITS[name]!.point,
    task: 0,
    mode: 'warm',
    evidence: weighEvidence(HITS[name]!),
    journals: HITS[name]!.journals,
    verdict: 'valid',
    anomalies: [],
    ...more,
  })

describe('the story', () => {
  test('commit.mid', () => {
    expect(tell('commit.mid')).toBe(
      'opb was killed after EndTxn had reached the broker: transaction 2 (3 records) committed, the client never ' +
        'learned; recovery replayed 3 changelog records and resumed at 1,106; nothing lost, nothing twice.',
    )
  })

  test('commit.before, with what dangled', () => {
    expect(tell('commit.before', { dangling: { out: 3, log: 3 } })).toBe(
      'opb was killed before its commit was sent: transaction 2 (3 records) left 6 records that only ' +
        'read_uncommitted saw, and aborted when the next incarnation fenced it; recovery replayed 3 changelog ' +
        'records and resumed at 1,106; nothing lost, nothing twice.',
    )
  })

  test('without state there is nothing to apply, and nothing to replay is said so', () => {
    const { killed, next } = HITS['commit.after']!.journals
    const stateless = { killed: killed.filter((e) => e.f !== 'apply'), next }
    expect(tell('commit.after')).toContain('committed, nothing of it was applied; recovery')
    expect(tell('commit.after', { journals: stateless })).toContain(
      'transaction 2 (3 records) committed; recovery',
    )
    const idle = next.map((e) => (e.f === 'replay' ? { ...e, records: 0 } : e))
    expect(tell('commit.mid', { journals: { killed, next: idle } })).toContain(
      'recovery had nothing to replay and resumed at 1,106;',
    )
    const { summary } = weighEvidence(
      hit('commit.after', { journals: stateless, sqliteNextInputAtKill: undefined }),
    )
    expect(summary).toBe('transaction 2 was committed and answered; the log shows COMMIT at out-0 offset 7')
  })

  test('cold, from a snapshot', () => {
    const next = NEXT.map((e) => (e.f === 'restore' ? { ...e, source: 'snapshot' } : e))
    expect(
      tell('apply.before', { mode: 'cold', journals: { ...HITS['apply.before']!.journals, next } }),
    ).toContain(
      'nothing of it was applied; its local state was deleted; recovery restored 40 keys from a snapshot, replayed ' +
        '3 changelog records and resumed at 1,106;',
    )
  })

  test('what the oracle found stands at the end', () => {
    expect(tell('commit.mid', { verdict: 'invalid', anomalies: ['duplicate', 'over-count'] })).toMatch(
      /; the oracle found duplicate, over-count\.$/,
    )
    expect(tell('commit.mid', { verdict: 'unknown' })).toMatch(/; the oracle could not judge it\.$/)
  })

  test('random, by its marker', () => {
    expect(tell('random')).toContain(
      'killed at a random moment: transaction 2 (3 records) committed; recovery',
    )
    const evidence = { ...weighEvidence(HITS['random']!), marker: 'none' as const }
    expect(tell('random', { evidence })).toContain('nothing of transaction 2 (3 records) had reached the log')
  })

  test('a vacuous kill says why it proves nothing', () => {
    const evidence = weighEvidence(hit('commit.mid', { frames: [] }))
    expect(tell('commit.mid', { evidence })).toBe(
      'The kill at opb.commit.mid proves nothing: the proxy did not see EndTxn go out; what came out of it is not ' +
        'counted as a pass.',
    )
  })
})
