import { expect, it } from 'vitest'
import { openMetrics } from './registry.ts'

it('serves what was counted on the loopback, and nothing elsewhere', async () => {
  const metrics = await openMetrics()
  metrics.sink.inc('eoslab_cells_total', { verdict: 'valid' }, 2)
  metrics.sink.observe('eoslab_order_latency_seconds', { cell: 'c' }, 0.15)
  const endpoint = await metrics.serve(0)
  try {
    const url = `http://127.0.0.1:${endpoint.port}`
    const page = await fetch(`${url}/metrics`)
    const text = await page.text()
    expect(page.headers.get('content-type')).toContain('text/plain')
    expect(text).toContain('eoslab_cells_total{verdict="valid"} 2')
    expect(text).toContain('eoslab_order_latency_seconds_bucket{le="0.2",cell="c"} 1')
    expect(text).toBe(await metrics.text())
    expect((await fetch(`${url}/`)).status).toBe(404)
  } finally {
    await endpoint.close()
  }
})

it('refuses a port in use as wrong usage, naming it', async () => {
  const metrics = await openMetrics()
  const endpoint = await metrics.serve(0)
  try {
    await expect(metrics.serve(endpoint.port)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(`--metrics-port ${endpoint.port}`),
    })
  } finally {
    await endpoint.close()
  }
})
