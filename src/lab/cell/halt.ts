/**
 * A life that stands at its crash point, and what then becomes of it.
 *
 * Promises: nothing of the process or of its frame on the wire moves until somebody has decided; killed, it is
 * gone before this resolves, and its client never gets what the wire held. One that was ended by somebody else
 * meanwhile counts as killed. Does not: wait for the decision with a bound: a person makes it.
 */
import { readFileSync } from 'node:fs'
import type { Kill } from '../../core/crash/plan.ts'
import { transactionalId } from '../../core/contracts/names.ts'
import type { AfterHalt } from './cell-deps.ts'
import type { CrewMember } from './crew.ts'
import type { Stage } from './kill-chain.ts'
import { until } from '../wait.ts'

const GONE_MS = 5_000

export async function decided(
  { plan, deps }: Pick<Stage, 'plan' | 'deps'>,
  member: CrewMember,
  kill: Kill,
): Promise<AfterHalt> {
  const { proxy, journal, prefix } = deps
  const worker = { worker: member.name, life: member.handle.incarnation, why: kill.point, hit: kill.hit }
  journal.append({ f: 'halt', type: 'info', ...worker })
  const answer = deps.onHalt ? await deps.onHalt(member, kill) : 'kill'
  const id = transactionalId(prefix, plan.operator, plan.task)
  if (answer === 'continue' && member.exit === undefined) {
    journal.append({ f: 'sigcont', type: 'invoke', ...worker })
    proxy.goOn(id)
    member.wake()
    return 'continue'
  }
  journal.append({ f: 'sigkill', type: 'invoke', ...worker })
  member.handle.kill('SIGKILL')
  await until(() => member.exit !== undefined, { what: `${member.name} to be gone`, ms: GONE_MS })
  proxy.drop(id)
  return 'kill'
}

/** The kernel's word that a process is stopped (proc(5): state T). */
export function isStopped(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T')
  } catch {
    return false
  }
}
