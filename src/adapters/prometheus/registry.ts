/**
 * Metrics by prom-client: a registry of the core's definitions, its text, and an endpoint on the loopback.
 *
 * Promises: the package is loaded only when metrics are asked for (a worker that nobody watches starts
 * without it); the endpoint listens on 127.0.0.1 alone, because it asks nobody for a password.
 * Does not: measure default process metrics, or push anywhere.
 */
import { createServer, type Server } from 'node:http'
import type { Counter, Gauge, Histogram } from 'prom-client'
import { LabError, messageOf } from '../../core/errors.ts'
import { METRIC_DEFINITIONS, type MetricDefinition, type MetricSink } from '../../core/metrics/definitions.ts'

export interface MetricsEndpoint {
  readonly port: number
  close(): Promise<void>
}

export interface Metrics {
  readonly sink: MetricSink
  /** In the text format that Prometheus reads. */
  text(): Promise<string>
  /** `GET /metrics` on 127.0.0.1; port 0 takes a free one. */
  serve(port: number): Promise<MetricsEndpoint>
}

export async function openMetrics(): Promise<Metrics> {
  const { default: prom } = await import('prom-client')
  const registry = new prom.Registry()
  const counters = new Map<string, Counter>()
  const gauges = new Map<string, Gauge>()
  const histograms = new Map<string, Histogram>()
  for (const [name, definition] of Object.entries(METRIC_DEFINITIONS) as [string, MetricDefinition][]) {
    const { type, help, labels } = definition
    const common = { name, help, labelNames: [...labels], registers: [registry] }
    if (type === 'counter') counters.set(name, new prom.Counter(common))
    else if (type === 'gauge') gauges.set(name, new prom.Gauge(common))
    else {
      const buckets = [...(definition.buckets ?? [])]
      histograms.set(name, new prom.Histogram({ ...common, buckets }))
    }
  }
  const sink: MetricSink = {
    inc: (name, labels, by = 1) => counters.get(name)?.inc({ ...labels }, by),
    set: (name, labels, value) => gauges.get(name)?.set({ ...labels }, value),
    observe: (name, labels, value) => histograms.get(name)?.observe({ ...labels }, value),
  }
  const text = (): Promise<string> => registry.metrics()
  return { sink, text, serve: (port) => serve(port, text, registry.contentType) }
}

async function serve(port: number, text: () => Promise<string>, type: string): Promise<MetricsEndpoint> {
  const server = createServer((request, response) => {
    if (request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('metrics are at /metrics\n')
      return
    }
    text().then(
      (body) => response.writeHead(200, { 'content-type': type }).end(body),
      (error: unknown) => response.writeHead(500).end(`${messageOf(error)}\n`),
    )
  })
  await listening(server, port)
  // A process ends when its work does; nobody has to close the endpoint for that.
  server.unref()
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new LabError('USAGE', `--metrics-port ${port}: cannot listen there: ${messageOf(cause)}`, {
          hint: 'give a free port, or 0 for any',
          cause,
        }),
      ),
    )
    server.listen(port, '127.0.0.1', () => resolve())
  })
}
