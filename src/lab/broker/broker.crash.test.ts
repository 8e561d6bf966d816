import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Kafka } from 'kafkajs'
import { kafkaConfig } from '../../adapters/kafka/client.ts'
import { ephemeralParent, isAlive, liveRecord, persistentDirectory } from './broker-record.ts'
import { brokerStatus, reach, resolveBroker, startPersistent, stopPersistent, withBroker } from './broker.ts'

let stateDir: string
beforeEach(() => {
  stateDir = mkdtempSync(path.join(os.tmpdir(), 'eoslab-lab-broker-'))
})
afterEach(async () => {
  await stopPersistent({ stateDir })
  rmSync(stateDir, { recursive: true, force: true })
})

const leftovers = (): string[] =>
  existsSync(ephemeralParent(stateDir)) ? readdirSync(ephemeralParent(stateDir)) : []

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** A process that borrows a broker, says where it is, and holds on. */
async function borrower(): Promise<{ pid: number; brokers: string; exited: Promise<number | string> }> {
  const script = path.join(stateDir, 'borrow.ts')
  const lab = path.join(import.meta.dirname, 'broker.ts')
  writeFileSync(
    script,
    `import { withBroker } from ${JSON.stringify(lab)}
     await withBroker({ stateDir: ${JSON.stringify(stateDir)} }, async ({ brokers }) => {
       process.stdout.write(brokers + '\\n')
       await new Promise((resolve) => setTimeout(resolve, 60_000))
     })`,
  )
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? code ?? -1))
  })
  const brokers = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (data: Buffer) => resolve(data.toString().trim()))
    child.once('exit', () => reject(new Error('the borrower ended early')))
  })
  return { pid: child.pid ?? 0, brokers, exited }
}

const answers = (brokers: string): Promise<boolean> =>
  reach(brokers, '').then(
    () => true,
    () => false,
  )

/** Processes of this host whose working folder lies below ours: brokers of this test and nobody else's. */
function jvmsHere(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        const folder = readFileSync(`/proc/${pid}/environ`, 'utf8')
        return command.includes('kafka.Kafka') && folder.includes(`PWD=${stateDir}`)
      } catch {
        return false
      }
    })
}

describe('an ephemeral broker', () => {
  it('is lent, then stopped and removed; its data are kept if asked', async () => {
    const kept = path.join(stateDir, 'kept', 'data')
    const seen = await withBroker({ stateDir }, async (broker) => {
      const clusterId = await reach(broker.brokers, '')
      const admin = new Kafka(kafkaConfig({ brokers: broker.brokers, clientId: 'test' })).admin()
      await admin.connect()
      await admin.createTopics({ topics: [{ topic: 'kept-topic' }], waitForLeaders: true })
      await admin.disconnect()
      broker.keepDataAs(kept)
      return { ...broker, clusterId }
    })
    expect(seen.kind).toBe('ephemeral')
    expect(await answers(seen.brokers)).toBe(false)
    expect(leftovers()).toEqual([])
    // The kept data start again, as the same cluster with the same topics, and stay.
    await withBroker({ stateDir, dataDir: kept }, async (again) => {
      expect(await reach(again.brokers, '')).toBe(seen.clusterId)
      const admin = new Kafka(kafkaConfig({ brokers: again.brokers, clientId: 'test' })).admin()
      await admin.connect()
      expect(await admin.listTopics()).toContain('kept-topic')
      await admin.disconnect()
    })
    expect(existsSync(path.join(kept, 'data', 'meta.properties'))).toBe(true)
  })

  it('is gone when the work throws', async () => {
    let brokers = ''
    const work = withBroker({ stateDir }, (broker) => {
      brokers = broker.brokers
      return Promise.reject(new Error('the work failed'))
    })
    await expect(work).rejects.toThrow('the work failed')
    expect(await answers(brokers)).toBe(false)
    expect(leftovers()).toEqual([])
  })

  it('ends with Ctrl-C: exit 130, no process, no folder', async () => {
    const { pid, brokers, exited } = await borrower()
    process.kill(pid, 'SIGINT')
    expect(await exited).toBe(130)
    expect(await answers(brokers)).toBe(false)
    expect(leftovers()).toEqual([])
  })

  it('ends with the SIGKILL of its process; the next one clears its folder', async () => {
    const { pid, exited } = await borrower()
    const jvms = jvmsHere()
    expect(jvms).toHaveLength(1)
    process.kill(pid, 'SIGKILL')
    expect(await exited).toBe('SIGKILL')
    await until('the JVM to end', () => jvms.every((jvm) => !isAlive(jvm, '')))
    expect(leftovers()).toHaveLength(1)
    await withBroker({ stateDir }, async () => expect(leftovers()).toHaveLength(1))
    expect(leftovers()).toEqual([])
  })
})

describe('the broker of broker start', () => {
  it('starts once for two at the same time, keeps data and port over a stop, is found by others', async () => {
    await expect(resolveBroker({ stateDir })).rejects.toMatchObject({ code: 'NO_BROKER', exit: 4 })
    const [one, two] = await Promise.all([startPersistent({ stateDir }), startPersistent({ stateDir })])
    expect(one.pid).toBe(two.pid)
    expect(one.already).not.toBe(two.already)
    const { clusterId } = await brokerStatus({ stateDir })
    expect(await resolveBroker({ stateDir })).toMatchObject({ brokers: one.brokers, kind: 'started' })
    expect(await withBroker({ stateDir }, async ({ kind }) => kind)).toBe('started')
    expect(await answers(one.brokers)).toBe(true)

    expect(await stopPersistent({ stateDir })).toMatchObject({ pid: one.pid })
    expect(await brokerStatus({ stateDir })).toMatchObject({ running: false, brokers: null })
    const again = await startPersistent({ stateDir })
    expect(again.brokers).toBe(one.brokers)
    expect((await brokerStatus({ stateDir })).clusterId).toBe(clusterId)
  })

  it('is started again after a SIGKILL of it', async () => {
    const one = await startPersistent({ stateDir })
    process.kill(one.pid, 'SIGKILL')
    await until('the broker to be gone', () => liveRecord(persistentDirectory(stateDir)) === undefined)
    const two = await startPersistent({ stateDir })
    expect(two.pid).not.toBe(one.pid)
    expect(two.already).toBe(false)
  })

  it('names a port that is in use', async () => {
    const other = await withBroker({ stateDir }, async ({ brokers }) => {
      const port = Number(brokers.split(':')[1])
      const start = startPersistent({ stateDir, port })
      await expect(start).rejects.toMatchObject({
        code: 'BROKER_START',
        message: expect.stringContaining(`port ${port} is in use`) as string,
      })
      return port
    })
    expect(other).toBeGreaterThan(0)
  })
})
