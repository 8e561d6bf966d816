import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { cacheDirectory, publish } from './cache.ts'
import { findJava, findMaven } from './java.ts'
import { KAFKA_VERSION, newUuid, pins } from './kafka-files.ts'
import { LAB_SETTINGS, serverProperties } from './kafka-settings.ts'
import { probe } from './metadata-probe.ts'
import { freePorts, isFree } from './ports.ts'

const scratch = mkdtempSync(path.join(os.tmpdir(), 'eoslab-process-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** A Java home as builds lay it out: a launcher and a `release` file. */
function javaHome(name: string, version: string): string {
  const home = path.join(scratch, name)
  mkdirSync(path.join(home, 'bin'), { recursive: true })
  writeFileSync(path.join(home, 'bin', 'java'), '#!/bin/sh\n')
  chmodSync(path.join(home, 'bin', 'java'), 0o755)
  writeFileSync(path.join(home, 'release'), `IMPLEMENTOR="X"\nJAVA_VERSION="${version}"\n`)
  return home
}

describe('finding Java and Maven', () => {
  it('takes the Java of PATH and reads its version without starting it', async () => {
    const home = javaHome('seventeen', '17.0.15')
    const java = await findJava({ PATH: path.join(home, 'bin') })
    expect(java).toMatchObject({ major: 17, version: '17.0.15', executable: path.join(home, 'bin', 'java') })
  })

  it('takes JAVA_HOME before PATH', async () => {
    const [older, newer] = [javaHome('seventeen', '17.0.15'), javaHome('twentyfive', '25')]
    expect(await findJava({ JAVA_HOME: newer, PATH: path.join(older, 'bin') })).toMatchObject({ major: 25 })
  })

  it('does not look elsewhere when JAVA_HOME is broken', async () => {
    const good = javaHome('seventeen', '17.0.15')
    const asked = findJava({ JAVA_HOME: path.join(scratch, 'nowhere'), PATH: path.join(good, 'bin') })
    await expect(asked).rejects.toMatchObject({
      code: 'NO_JAVA',
      message: expect.stringContaining('nowhere') as string,
    })
  })

  it.each(['11.0.2', '1.8.0_392'])('refuses Java %s', async (version) => {
    const home = javaHome(`old-${version}`, version)
    await expect(findJava({ JAVA_HOME: home })).rejects.toMatchObject({ code: 'NO_JAVA' })
  })

  it('says what to do without either', async () => {
    await expect(findJava({ PATH: scratch })).rejects.toMatchObject({
      code: 'NO_JAVA',
      hint: expect.stringContaining('docker compose up -d') as string,
    })
    expect(() => findMaven({ PATH: scratch })).toThrow(expect.objectContaining({ code: 'NO_MAVEN' }) as Error)
  })
})

describe('the cache', () => {
  it('is where the environment says, in order', () => {
    expect(cacheDirectory({ EOSLAB_CACHE: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a')
    expect(cacheDirectory({ XDG_CACHE_HOME: '/b' })).toBe('/b/eoslab')
    expect(cacheDirectory({ XDG_CACHE_HOME: 'relative' })).toBe(path.join(os.homedir(), '.cache', 'eoslab'))
  })

  it('publishes whole things, once, and leaves no scratch behind', async () => {
    const target = path.join(scratch, 'cache', 'thing')
    let made = 0
    const make = async (folder: string): Promise<string> => {
      made += 1
      mkdirSync(path.join(folder, 'thing'))
      writeFileSync(path.join(folder, 'thing', 'file'), 'whole')
      return path.join(folder, 'thing')
    }
    await Promise.all([publish(target, make), publish(target, make), publish(target, make)])
    const before = made
    await publish(target, make)
    expect(made).toBe(before)
    expect(readFileSync(path.join(target, 'file'), 'utf8')).toBe('whole')
    expect(readdirSync(path.dirname(target))).toEqual(['thing'])
  })

  it('publishes nothing when the making fails', async () => {
    const target = path.join(scratch, 'cache', 'never')
    await expect(publish(target, () => Promise.reject(new Error('cut')))).rejects.toThrow('cut')
    expect(readdirSync(path.dirname(target))).not.toContain('never')
  })
})

describe('ports', () => {
  it('are distinct, free, and below those of outgoing connections', async () => {
    const ports = await freePorts(4)
    expect(new Set(ports).size).toBe(4)
    expect(Math.max(...ports)).toBeLessThan(32_768)
    expect(await Promise.all(ports.map(isFree))).toEqual([true, true, true, true])
  })

  it('are not free while somebody listens', async () => {
    const [port = 0] = await freePorts(1)
    const server = createServer().listen(port, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    expect(await isFree(port)).toBe(false)
    await new Promise((resolve) => server.close(resolve))
  })
})

describe('asking a broker', () => {
  /** Something that listens and answers every connection with these bytes. */
  async function answering(bytes: Buffer | undefined): Promise<{ address: string; close: () => void }> {
    const [port = 0] = await freePorts(1)
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      if (bytes !== undefined) socket.end(bytes)
    }).listen(port, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    return { address: `127.0.0.1:${port}`, close: () => server.close() }
  }

  it.each([
    ['something that speaks HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'closed the connection'],
    [
      'the answer to another question',
      Buffer.from([0, 0, 0, 14, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]),
      'not as a Kafka broker',
    ],
    [
      'a broker without brokers',
      Buffer.from([0, 0, 0, 14, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]),
      'no broker is registered',
    ],
    ['silence', undefined, 'within 200 ms'],
  ])('refuses %s', async (_, bytes, why) => {
    const { address, close } = await answering(bytes)
    await expect(probe(address, 200)).rejects.toThrow(why)
    close()
  })
})

describe('settings', () => {
  it('stand in docker-compose.yml as they are here', () => {
    const file = path.resolve(import.meta.dirname, '../../../docker-compose.yml')
    const { services } = parse(readFileSync(file, 'utf8')) as {
      services: { kafka: { image: string; environment: Record<string, string> } }
    }
    const { image, environment } = services.kafka
    expect(image).toBe(`apache/kafka:${KAFKA_VERSION}`)
    const asVariables = Object.entries(LAB_SETTINGS).map(([name, value]) => [
      `KAFKA_${name.toUpperCase().replaceAll('.', '_')}`,
      value,
    ])
    expect(environment).toMatchObject(Object.fromEntries(asVariables))
    const text = serverProperties({ direct: 9092, proxied: 9094, advertised: 9095, controller: 9093 })
    const names = text
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('=', 1)[0] ?? '')
    const variables = names.map((name) => `KAFKA_${name.toUpperCase().replaceAll('.', '_')}`)
    expect(
      Object.keys(environment)
        .filter((name) => name !== 'KAFKA_HEAP_OPTS')
        .sort(),
    ).toEqual(variables.sort())
  })

  it('pin every jar by its sum', () => {
    expect(pins().length).toBeGreaterThan(40)
    for (const pin of pins()) expect(pin.sha256).toMatch(/^[0-9a-f]{64}$/u)
    expect(pins().map(({ name }) => name)).toContain(`kafka_2.13-${KAFKA_VERSION}.jar`)
  })

  it('make cluster ids of the form Kafka takes', () => {
    for (let i = 0; i < 200; i += 1) expect(newUuid()).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/u)
  })
})
