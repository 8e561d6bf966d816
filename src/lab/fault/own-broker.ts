/**
 * A broker for one cell alone, that may be killed, stopped and started again on its data and port.
 *
 * Promises: it is gone when the cell is, however the cell ends. Does not: touch any other broker.
 */
import { readFileSync } from 'node:fs'
import { connectLog } from '../../adapters/kafka/log.ts'
import { openTopicAdmin } from '../../adapters/kafka/topic-admin.ts'
import type { RunningBroker, SpawnedBroker } from '../../adapters/process/broker.ts'
import { openRawLog } from '../../adapters/raw-log/platformatic.ts'
import { findFault } from '../../core/crash/faults.ts'
import type { CellResult } from '../../core/matrix/result.ts'
import { ephemeralDirectory, removeDirectory } from '../broker/broker-directory.ts'
import { start } from '../broker/broker-start.ts'
import type { CellPlan } from '../cell/cell-plan.ts'
import { judgedCell, type CellPlace } from '../cell/judged-cell.ts'
import type { FaultBroker } from './fault-broker.ts'
import { onInterrupt } from '../interrupt.ts'
import { until } from '../wait.ts'

const STOPS_MS = 5_000

/** State T in /proc. */
function stands(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T')
}

async function withFaultBroker<T>(
  place: CellPlace,
  use: (brokers: string, broker: FaultBroker) => Promise<T>,
): Promise<T> {
  const dataDir = await ephemeralDirectory(place.stateRoot)
  let spawned: SpawnedBroker | undefined
  let running: RunningBroker | undefined
  const options = { dataDir, tie: true, say: () => {}, onSpawn: (b: SpawnedBroker) => void (spawned = b) }
  const forget = onInterrupt(async () => {
    spawned?.kill()
    await removeDirectory(dataDir)
  })
  const broker: FaultBroker = {
    pid: () => running!.pid,
    kill: async () => {
      running!.kill()
      return running!.exited
    },
    restart: async () => {
      running = await start({ ...options, port: Number(running!.brokers.split(':').at(-1)) })
    },
    pause: async () => {
      const { pid } = running!
      process.kill(pid, 'SIGSTOP')
      await until(() => stands(pid), { what: `the broker (pid ${pid}) to stand still`, ms: STOPS_MS })
    },
    resume: () => void process.kill(running!.pid, 'SIGCONT'),
  }
  try {
    running = await start(options)
    return await use(running.brokers, broker)
  } finally {
    // One that stands still hears nothing but this.
    spawned?.kill()
    await running?.exited
    await removeDirectory(dataDir)
    forget()
  }
}

/** Its topics went with a broker of its own. */
export const hasOwnBroker = ({ point }: { readonly point: string }): boolean =>
  findFault(point)?.fault?.ownBroker === true

/** The cell on the run's broker; one that does something to its broker, on one of its own. */
export async function cellOnItsBroker(plan: CellPlan, place: CellPlace): Promise<CellResult> {
  if (!hasOwnBroker(plan)) return judgedCell(plan, place)
  place.say('starting a broker of its own')
  return withFaultBroker(place, async (brokers, broker) => {
    const admin = openTopicAdmin({ brokers, clientId: 'eoslab-supervisor' })
    const log = await connectLog({ brokers, clientId: 'eoslab-supervisor' })
    const rawLog = await openRawLog({ brokers })
    try {
      return await judgedCell(plan, { ...place, brokers, admin, log, rawLog, broker })
    } finally {
      await Promise.allSettled([log.close(), admin.close(), rawLog.close()])
    }
  })
}
