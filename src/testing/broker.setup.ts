/**
 * The broker of the tests: EOSLAB_TEST_BROKERS if set, else one of our own that ends with the run.
 *
 * Promises: one broker for all projects of a run, its folder removed at the end.
 * Does not: isolate tests from each other; every test makes topics under a prefix of its own.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { TestProject } from 'vitest/node'
import { startBroker, type RunningBroker } from '../adapters/process/broker.ts'
import * as coordinators from '../adapters/kafka/warm-up.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    brokers: string
  }
}

/** Projects are set up in one process; the second takes the broker of the first. */
let shared: Promise<RunningBroker> | undefined
let users = 0

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env['EOSLAB_TEST_BROKERS']
  if (given !== undefined && given !== '') {
    project.provide('brokers', given)
    return undefined
  }
  users += 1
  shared ??= startBroker({
    dataDir: mkdtempSync(path.join(os.tmpdir(), 'eoslab-test-broker-')),
    tie: true,
    say: (text) => process.stderr.write(`${text}\n`),
    coordinators,
  })
  const broker = await shared
  project.provide('brokers', broker.brokers)
  return async () => {
    users -= 1
    if (users > 0) return
    await broker.stop()
    rmSync(broker.dataDir, { recursive: true, force: true })
    shared = undefined
  }
}
