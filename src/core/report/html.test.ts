/** The page: one document, every cell in it, nothing from elsewhere, and foreign texts as texts. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { HistoryEvent } from '../history/event.ts'
import { PROVENANCE, sampleCell, sampleMutantRun, sampleRun } from '../../testing/sample-run.ts'
import { heading, right, table, text } from './blocks.ts'
import { blocksHtml, markup, raw } from './html.ts'
import { blocksPage, reportPage } from './html-page.ts'
import type { PageRun } from './html-page.ts'
import { asRunResult } from './read.ts'

const EVIL = `</style></script><script>alert(1)</script>"'><img src=x onerror=alert(1)>\u202e`
const SVG = '<svg role="img"><title>t</title><text fill="#1f2328">x</text></svg>'

const pageRun = (run: PageRun['run'], changes: Partial<PageRun> = {}): PageRun => ({
  run,
  pictures: [{ name: 'ttr-phases', title: 'Time to recover', svg: SVG }],
  events: new Map(),
  timelines: new Map(),
  ...changes,
})

const ids = (page: string): string[] => [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id ?? '')
/** Start and end tags that don't fit each other. */
function unbalanced(page: string): string[] {
  const open: string[] = []
  const wrong: string[] = []
  const body = page.replace(/<(style|script)>.*?<\/\1>/gs, '')
  for (const [, end, name = ''] of body.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*>/g)) {
    if (['meta', 'link', 'rect'].includes(name)) continue
    if (end === '') open.push(name)
    else if (open.pop() !== name) wrong.push(name)
  }
  return [...wrong, ...open]
}

describe('the tag', () => {
  test('escapes everything but HTML', () => {
    expect(markup`<p title="${'"<&>\''}">${'<b>\u001b'}${3}${undefined}${[raw('<i>'), 'x<']}</p>`.html).toBe(
      String.raw`<p title="&quot;&lt;&amp;&gt;&#39;">&lt;b&gt;\u001b3<i>x&lt;</p>`,
    )
  })

  test('blocks become the elements that say what they are', () => {
    const drawn = blocksHtml(
      [heading(3, 'Costs'), text('a<b'), table([right('ms'), right('n')], [['1', '2']])],
      'x',
    )
      .map((each) => each.html)
      .join('')
    expect(drawn).toContain('<h3>Costs</h3><p>a&lt;b</p>')
    expect(drawn).toContain('<caption>Costs</caption>')
    expect(drawn).toContain('<th scope="col" class="right">ms</th>')
    expect(drawn).toContain('<th scope="row">1</th><td class="right">2</td>')
  })
})

describe('the page', () => {
  const cells = [
    sampleCell(),
    sampleCell({ cell: 'two', mode: 'cold', verdict: 'vacuous', ttr_ms: null, phases: null }),
    sampleCell({ cell: EVIL, story: EVIL, command: EVIL, operator: 'opa', point: 'opa.commit.mid' }),
  ]
  const runs = [pageRun(sampleRun({ cells, experiment: EVIL })), pageRun(sampleMutantRun())]
  const page = reportPage(runs)

  test('is one document whose tags fit, the same for the same runs', () => {
    expect(page.match(/<!doctype html>/g)).toHaveLength(1)
    expect(unbalanced(page)).toEqual([])
    expect(new Set(ids(page)).size).toBe(ids(page).length)
    expect(reportPage(runs)).toBe(page)
  })

  test('has a verdict and details for every cell', () => {
    for (const id of ['r1c1', 'r1c2', 'r1c3', 'r2c1']) {
      expect(page.split(`href="#${id}"`)).toHaveLength(2)
      expect(page.split(`<details class="cell" id="${id}">`)).toHaveLength(2)
    }
    expect(page).toContain('eoslab crash-matrix --at opb.commit.mid:5 --seed 7 --orders 2000')
    expect(page).toContain('Transaction 19 (66 records) committed although OpB never learned')
    expect(page).toContain('It was caught as predicted.')
    expect(page).toContain('orders/0@803 has two effects: 790 and 868')
  })

  test('names all kills of a cell that had several', () => {
    const kills = [
      { point: 'opb.commit.mid', hit: 9 },
      { point: 'opb.replay.mid', hit: 1 },
    ]
    const cell = sampleCell({ point: 'opb.replay.mid', kills })
    const pair = reportPage([pageRun(sampleRun({ cells: [cell, sampleCell({ point: 'opb.replay.mid' })] }))])
    expect(pair).toContain('<th scope="row">commit.mid+replay.mid</th>')
    expect(pair).toContain('<th scope="row">replay.mid</th>')
    expect(pair).toContain('<dd>opb.commit.mid:9, then opb.replay.mid:1</dd>')
  })

  test('says how many checks are valid, and which are not', () => {
    const checks = [
      ...sampleCell().checks,
      { check: 'liveness', verdict: 'unknown' as const, anomalies: [], count: 0 },
    ]
    const judged = reportPage([pageRun(sampleRun({ cells: [sampleCell({ checks })] }))])
    expect(judged).toContain('<dd>2 checks valid; liveness unknown</dd>')
  })

  test('counts kills and mutants', () => {
    expect(page).toContain('<b>2/3</b>kills survived')
    expect(page).toContain('<b>1/1</b>mutants caught')
  })

  test('takes nothing from elsewhere and runs nothing but its own script', () => {
    expect(page).not.toMatch(/https?:|\/\/[a-z]|@import|<iframe|<object|<base/)
    expect(page.match(/<script/g)).toHaveLength(1)
    const script = /<script>(.*?)<\/script>/s.exec(page)?.[1] ?? ''
    const hash = createHash('sha256').update(script).digest('base64')
    expect(page).toContain(`script-src &#39;sha256-${hash}&#39;`)
    expect(page).toContain(`default-src &#39;none&#39;`)
  })

  test('shows foreign texts as texts', () => {
    expect(page).not.toContain('<img')
    const tags = page.replace(/<(style|script)>.*?<\/\1>/gs, '').match(/<[^>]*>/g) ?? []
    expect(tags.filter((tag) => /\son[a-z]+=/.test(tag.replaceAll(/"[^"]*"/g, '')))).toEqual([])
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(page).toContain(String.raw`\u202e`)
  })

  test('gives charts its colours, light or dark', () => {
    expect(page).toContain('<text fill="var(--ink)">')
    expect(page).toContain('Time to recover')
  })
})

test('a timeline is told from the kill on, routine transactions counted', () => {
  const event = (t: number, f: HistoryEvent['f'], type: HistoryEvent['type'], more = {}): HistoryEvent => ({
    t,
    at: t,
    who: 'opb',
    incarnation: 'opb.a.1',
    i: 1,
    f,
    type,
    task: 0,
    ...more,
  })
  const txn = (t: number, n: number): HistoryEvent[] => [
    event(t, 'txn', 'invoke', { n, kind: 'data', records: 66, next: n * 66 }),
    event(t + 1, 'commit', 'ok', { n, kind: 'data' }),
  ]
  const events = [
    ...[1, 2, 3].flatMap((n) => txn(n * 10, n)),
    event(90, 'txn', 'invoke', { n: 4, kind: 'data', records: 66, next: 264 }),
    event(100, 'kill', 'info', { point: '<b>', hit: 4 }),
    event(130, 'fence', 'ok', { incarnation: 'opb.a.2', producerId: '7', epoch: 1 }),
  ]
  const page = reportPage([
    pageRun(sampleRun({ cells: [sampleCell()] }), {
      events: new Map([['opb.commit.mid', events]]),
      timelines: new Map([['opb.commit.mid', SVG]]),
    }),
  ])
  expect(page).toContain('3 more transactions are committed')
  expect(page).toContain('<td class="right"></td><td class="left">opb</td>')
  expect(page).toMatch(/<th scope="row">-10\.0<\/th>.*begins transaction 4: 66 records/)
  expect(page).toContain('kills itself at &lt;b&gt;, hit 4')
  expect(page).toMatch(/<th scope="row">30\.0<\/th>.*fenced: producer 7, epoch 1/)
})

test('a run of an older version, with little in it, has a page', () => {
  const evidence = { verdict: 'hit', summary: 's' }
  const old = {
    experiment: 'old',
    verdict: 'valid',
    seed: 1,
    results: 'r',
    provenance: PROVENANCE,
    cells: [{ cell: 'c', point: 'opa.commit.mid', operator: 'opa', verdict: 'valid', evidence }],
  }
  const read = asRunResult(structuredClone(old))
  if ('problem' in read) throw new Error(read.problem)
  const page = reportPage([pageRun(read.run)])
  expect(unbalanced(page)).toEqual([])
  expect(page).toContain('id="r1c1"')
  const shown = page.replaceAll(/<(style|script)>.*?<\/\1>/gs, '')
  expect(shown.match(/.{40}(?:undefined|NaN).{20}/g) ?? []).toEqual([])
})

test('a comparison is a page of the same kind', () => {
  const page = blocksPage('Two <runs>', [text('x')])
  expect(page).toContain('<title>Two &lt;runs&gt;</title>')
  expect(unbalanced(page)).toEqual([])
})
