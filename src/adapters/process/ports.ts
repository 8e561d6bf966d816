/**
 * Free ports on loopback.
 *
 * Promises: ports that were free a moment ago, distinct, and outside the range that the system gives to
 * outgoing connections, so that a client's connection cannot take one before the broker binds it.
 * Does not: reserve them. Whoever starts something on them must be ready to try again with others.
 */
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Below 32768, where Linux begins to hand out ports for outgoing connections. */
const LOWEST = 20_000
const HIGHEST = 32_000
const TRIES = 200

export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>()
  for (let tries = 0; found.size < count && tries < TRIES; tries += 1) {
    const port = randomInt(LOWEST, HIGHEST)
    if (!found.has(port) && (await isFree(port))) found.add(port)
  }
  if (found.size < count) throw new Error(`no ${count} free ports between ${LOWEST} and ${HIGHEST}`)
  return [...found]
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
