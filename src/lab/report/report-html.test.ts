/** The page of a sweep: its charts are in the order of the runs, whatever order they are found in. */
import { expect, test } from 'vitest'
import { PROVENANCE, sampleCell, sampleRun } from '../../testing/sample-run.ts'
import { reportHtml } from './report-html.ts'

test('charts of a sweep have its runs in the order they were made', async () => {
  const run = (minute: number, batch: number) =>
    sampleRun({
      results: '/nowhere',
      sweep: { of: 's', values: { batch } },
      provenance: { ...PROVENANCE, started: `2025-11-21T05:0${minute}:00.000Z` },
      cells: [sampleCell()],
    })
  const page = await reportHtml([run(2, 1000), run(1, 200)])
  const told = /<title>Time to recover, over the sweep<\/title><desc>(.*?)<\/desc>/.exec(page)?.[1] ?? ''
  expect(told.match(/\d+ opb/g)).toEqual(['200 opb', '1000 opb'])
})
