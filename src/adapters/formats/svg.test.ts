/** SVG: the same picture twice is the same text; foreign texts stay texts; nothing in it runs or is fetched. */
import { expect, test } from 'vitest'
import { drawSvg } from './svg.ts'

const FRAME = { width: 400, height: 160, title: 'A <b>title</b>', description: '"d" & more' }
const bars = (name: string): Record<string, unknown> => ({
  xAxis: { type: 'value' },
  yAxis: { type: 'category', data: [name] },
  series: [
    { type: 'bar', data: [3] },
    { type: 'line', data: [[1, 0]], clip: true },
  ],
})

test('the same option gives the same text, whatever was drawn before', async () => {
  const first = await drawSvg(bars('a'), FRAME)
  await drawSvg(bars('b'), FRAME)
  expect(await drawSvg(bars('a'), FRAME)).toBe(first)
  expect(first).toContain('viewBox="0 0 400 160"')
  expect(first).toContain('<title>A &lt;b&gt;title&lt;/b&gt;</title><desc>&quot;d&quot; &amp; more</desc>')
})

test('ids begin as told, so that two pictures fit on one page', async () => {
  const svg = await drawSvg(bars('a'), { ...FRAME, ids: 'ttr' })
  const ids = [...svg.matchAll(/(?:id="|url\(#)([^")]+)/g)].map(([, id]) => id)
  expect(ids.length).toBeGreaterThan(0)
  expect(ids.filter((id) => !id?.startsWith('ttr-'))).toEqual([])
})

test('foreign texts stay texts, and nothing runs, styles or loads', async () => {
  const svg = await drawSvg(bars('<script>x</script><style>y</style> class="zr1" id="zr1-z"'), FRAME)
  expect(svg).not.toMatch(/<script|<style|<image|<foreignObject/)
  expect(svg).toContain('&lt;script&gt;x&lt;/script&gt;&lt;style&gt;y')
  expect(svg).toContain('class=&quot;zr1&quot; id=&quot;zr1-z&quot;')
  expect(svg.replaceAll(/ xmlns(?::xlink)?="[^"]*"/g, '')).not.toMatch(/https?:/)
})
