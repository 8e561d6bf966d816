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
import type { LabError } from '../../core/errors.ts'
import type { AfterHalt, CellDeps } from './cell-deps.ts'
import type { CellPlan } from './cell-plan.ts'
import type { CrewMember } from './crew.ts'
import { BOOT_MS, FLOW_MS } from './bounds.ts'
import { until } from '../wait.ts'

const GONE_MS = 5_000

export async function decided(
  { plan, deps }: { readonly plan: CellPlan; readonly deps: CellDeps },
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

/** What a broker says to a producer whose transaction it has ended. */
const isRefusal = (error: LabError | undefined): boolean =>
  error?.code === 'FENCED' || error?.code === 'COMMIT_UNKNOWN'

/** The woken life goes on; one whose transaction was ended meanwhile is refused, and the next one follows. */
export async function wentOn(
  member: CrewMember,
  on: {
    readonly failure: () => LabError | undefined
    /** It has processed everything. */
    readonly done: () => Promise<boolean>
    readonly next: () => Promise<CrewMember>
  },
): Promise<void> {
  await until(async () => member.exit !== undefined || (await on.done()), {
    what: `${member.name} to go on`,
    ms: FLOW_MS,
    failed: () => (isRefusal(on.failure()) ? undefined : on.failure()),
    everyMs: 4,
  })
  if (member.exit === undefined) return
  const next = await on.next()
  await until(() => [...next.tasks.values()].every((t) => t.recovered), {
    what: `${next.name} to recover`,
    ms: BOOT_MS,
    failed: on.failure,
  })
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
