/**
 * Asks a broker for its metadata over one bare connection: is it there, and is it ready?
 *
 * Promises: resolves with the cluster id when a broker answers with itself in the metadata; rejects
 * otherwise, at the latest after `timeoutMs`. Written by hand because it is asked every few milliseconds
 * while a broker starts, and loading a client takes a tenth of the whole start.
 * Does not: speak TLS or SASL.
 */
import { createConnection } from 'node:net'

export interface BrokerAnswer {
  readonly clusterId: string
  readonly brokerCount: number
}

const METADATA = 3
/** Oldest version with the cluster id and a switch against creating topics; brokers of 2.1 to 4.x speak it. */
const VERSION = 4

export function probe(address: string, timeoutMs: number): Promise<BrokerAnswer> {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[|\]$/gu, '')
  const port = Number(address.slice(colon + 1))
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port })
    const chunks: Buffer[] = []
    const end = (act: () => void): void => {
      clearTimeout(timer)
      socket.destroy()
      act()
    }
    const fail = (why: string): void => end(() => reject(new Error(why)))
    const timer = setTimeout(() => fail(`no answer from ${address} within ${timeoutMs} ms`), timeoutMs)
    socket.on('connect', () => socket.write(request()))
    socket.on('error', (error) => fail(error.message))
    socket.on('close', () => fail(`${address} closed the connection`))
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      const all = Buffer.concat(chunks)
      if (all.length < 4 || all.length < 4 + all.readInt32BE(0)) return
      try {
        const answer = response(all)
        if (answer.brokerCount === 0) fail(`${address} answers, but no broker is registered yet`)
        else end(() => resolve(answer))
      } catch {
        fail(`${address} answers, but not as a Kafka broker does`)
      }
    })
  })
}

function request(): Buffer {
  const client = Buffer.from('eoslab-probe')
  const body = Buffer.alloc(14 + client.length + 5)
  let at = body.writeInt16BE(METADATA, 4)
  at = body.writeInt16BE(VERSION, at)
  at = body.writeInt32BE(1, at)
  at = body.writeInt16BE(client.length, at)
  at += client.copy(body, at)
  at = body.writeInt32BE(0, at)
  body.writeInt8(0, at)
  body.writeInt32BE(body.length - 4, 0)
  return body
}

function response(frame: Buffer): BrokerAnswer {
  // Size and correlation id, then the throttle time.
  let at = 12
  const text = (): string => {
    const length = frame.readInt16BE(at)
    at += 2 + Math.max(length, 0)
    return length < 0 ? '' : frame.toString('utf8', at - length, at)
  }
  if (frame.readInt32BE(4) !== 1) throw new Error('another correlation id')
  const brokerCount = frame.readInt32BE(at)
  at += 4
  for (let i = 0; i < brokerCount; i += 1) {
    at += 4
    text()
    at += 4
    text()
  }
  return { clusterId: text(), brokerCount }
}
