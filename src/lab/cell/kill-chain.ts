/**
 * The kills of a cell, one life after the other, while load flows; and the life that comes through.
 *
 * Promises: each life is told where to die before it can get there; what lay there between its end and the
 * next life is sampled each time; every wait is bounded. A life that does not die where it should ends the
 * chain: the cell is then short of a death, and the evidence says so. A stopped life is woken only when
 * another incarnation has taken over and processed everything. Does not: judge.
 */
import { readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import type { Kill } from '../../core/crash/plan.ts'
import { findPoint } from '../../core/crash/points.ts'
import { instanceFolder, transactionalId } from '../../core/contracts/names.ts'
import type { HistoryEvent } from '../../core/history/event.ts'
import type { WorkerSpec } from '../../core/ports/workers.ts'
import { BetweenFault } from '../fault/between.ts'
import { snapshotAsker } from './asker.ts'
import type { Death } from './cell-plan.ts'
import { COUNT_ALL, type CrewMember } from './crew.ts'
import { decided, isStopped, wentOn } from './halt.ts'
import { countDangling } from './observe.ts'
import { restartVictims } from './restart.ts'
import type { Chain, Stage } from './stage.ts'
import { tailJournal, type Tail } from './tail.ts'
import { BOOT_MS, FLOW_MS } from './bounds.ts'
import { until } from '../wait.ts'

/** Share of the rest that flows around a snapshot; the other half waits, so that there is something after. */
const SNAPSHOT_SHARE = 0.5

export class KillChain {
  readonly #stage: Stage
  readonly #deaths: Death[] = []
  readonly #fault: BetweenFault | undefined
  #next: CrewMember | undefined
  /** The life that was halted and let go on. */
  #spared: CrewMember | undefined

  constructor(stage: Stage) {
    this.#stage = stage
    this.#fault = findPoint(stage.plan.point)?.fault ? new BetweenFault(stage) : undefined
  }

  /** What has happened by now. */
  soFar(): Chain {
    return {
      deaths: this.#deaths,
      nextIncarnation: this.#next?.handle.incarnation,
      respawnedAt: this.#next?.livesSince,
      ...(this.#spared ? { spared: true } : {}),
      ...(this.#fault ? { fault: this.#fault.seen } : {}),
    }
  }

  /** The kill that comes next is a halt first. */
  get halting(): boolean {
    const { plan } = this.#stage
    return plan.halts === true && this.#deaths.length === plan.kills.length - 1
  }

  async run(): Promise<Chain> {
    const { plan, deps, failure } = this.#stage
    const [first, ...later] = plan.kills
    if (!first) return this.#count()
    await this.#fault?.prepare()
    let victims = this.#victims()
    await this.#order(victims, first)
    deps.say(`${first.point}, waiting for hit ${first.hit}`)
    const flow = this.#release(first)
    let zombie = await this.#awaitEnd(victims, first, flow.asksFor)
    const flowing = flow.rest()
    flowing.catch(() => {})
    for (const kill of later) {
      if (this.#deaths.length === 0) break
      const crashAt = { ...kill, task: plan.task, ...this.#halt() }
      const life = this.#spawn({ ...victims[0]!.spec, crashAt })
      life.expectEnd()
      deps.say(`${kill.point}, waiting for hit ${kill.hit}`)
      victims = [life]
      const reached = this.#deaths.length
      await this.#awaitEnd(victims, kill, undefined)
      if (this.#deaths.length === reached) break
    }
    if (this.#deaths.length < plan.kills.length) {
      await flowing
      if (this.#spared) await this.#goOn(this.#spared)
      return this.soFar()
    }
    if (this.#fault) await this.#damage(this.#fault, victims[0]!)
    deps.say(`${zombie ? 'stopped' : 'killed'}, recovering`)
    const member = (this.#next = await this.#comeBack(victims, zombie !== undefined))
    await flowing
    await until(() => [...member.tasks.values()].every((t) => t.recovered), {
      what: `${member.name} to recover`,
      ms: BOOT_MS,
      failed: failure,
    })
    if (plan.kills.some(({ point }) => findPoint(point)?.moment === 'held')) await this.#letGo()
    if (zombie) await this.#wake(zombie)
    if (this.#fault) await this.#snapshotOf(member)
    if (this.#fault?.nextLife.clockOffsetMs !== undefined) await this.#follow(this.#fault, member)
    return this.soFar()
  }

  /** After the life with the moved clock one whose clock is right, and that has nothing but the snapshots. */
  async #follow(fault: BetweenFault, member: CrewMember): Promise<void> {
    const { spawn, settled, failure } = this.#stage
    await settled('all orders to be processed under the moved clock')
    await member.stop()
    this.#loseState([member])
    const { clockOffsetMs: _moved, ...spec } = member.spec
    const life = spawn(spec)
    await until(() => [...life.tasks.values()].every((t) => t.recovered), {
      what: `${life.name} to recover with its clock right`,
      ms: BOOT_MS,
      failed: failure,
    })
    fault.followed(life)
  }

  /** The fault, and the life that has to be refused because of it, if one has to. */
  async #damage(fault: BetweenFault, victim: CrewMember): Promise<void> {
    await fault.strike()
    if (fault.refusedWith === undefined) return
    const life = this.#stage.spawn({ ...victim.spec, crashAt: null })
    life.expectEnd()
    await until(() => life.exit !== undefined || [...life.tasks.values()].every((t) => t.recovered), {
      what: `${life.name} to be refused with ${fault.refusedWith}`,
      ms: BOOT_MS,
    })
    // One that was not refused is no hit, and must not work on what is about to be mended.
    if (life.exit === undefined) life.handle.kill('SIGKILL')
    await life.handle.exited
    fault.refused(life)
  }

  /** The manifest of a whole snapshot takes the place of one that may name a damaged one. */
  async #snapshotOf(member: CrewMember): Promise<void> {
    const { plan, failure } = this.#stage
    const before = member.snapshots.length
    member.handle.send({ type: 'snapshot', task: plan.task, request: 2 })
    await until(() => member.snapshots.length > before, {
      what: `a snapshot of what ${member.name} came back with`,
      ms: BOOT_MS,
      failed: failure,
    })
  }

  /** A clean run: what a kill could have hit is counted, from the release of the rest. */
  async #count(): Promise<Chain> {
    const { plan, deps, members, feed, fed, failure } = this.#stage
    const all = [...members('opa'), ...members('opb')]
    for (const member of all) member.count()
    await until(() => all.every((member) => member.crashAccepted), {
      what: 'the order to count',
      ms: BOOT_MS,
      failed: failure,
    })
    deps.say('counting hits')
    const snapshots = plan.counts?.snapshots ?? 0
    if (snapshots > 0) await this.#countSnapshots(snapshots)
    await feed(plan.orders - fed())
    return this.soFar()
  }

  /** As the cells do that kill at one of them. */
  async #countSnapshots(times: number): Promise<void> {
    const { plan, feed, fed, failure, members } = this.#stage
    const member = members('opb').find((m) => m.tasks.has(plan.task))!
    const asked = snapshotAsker(this.#stage, member, times)
    await feed(Math.ceil((plan.orders - fed()) * SNAPSHOT_SHARE))
    await until(asked, { what: `${times} snapshots`, ms: FLOW_MS, failed: failure, everyMs: 1 })
  }

  #spawn(spec: WorkerSpec): CrewMember {
    return (this.#next = this.#stage.spawn(spec))
  }

  #victims(): CrewMember[] {
    const { plan, members } = this.#stage
    const all = members(plan.operator)
    if (plan.restart === 'interleaved-two-instances') return all
    return all.filter((m) => m.tasks.has(plan.task))
  }

  async #order(victims: readonly CrewMember[], { point, hit }: Kill): Promise<void> {
    const { plan, failure } = this.#stage
    if (findPoint(point)?.counts === 'lines') return
    for (const victim of victims) {
      const task = victim.tasks.has(plan.task) ? plan.task : [...victim.tasks.keys()][0]!
      victim.crash({ point, hit, task, ...this.#halt() })
    }
    await until(() => victims.every((v) => v.crashAccepted), {
      what: 'the crash order to be accepted',
      ms: BOOT_MS,
      failed: failure,
    })
  }

  /** Releases the rest of the load: all of it, or half of it and the other half after the kill. */
  #release({ point, hit }: Kill): { asksFor: number | undefined; rest: () => Promise<void> } {
    const { plan, feed, fed } = this.#stage
    const rest = plan.orders - fed()
    const snapshots = findPoint(point)?.counts === 'snapshots'
    const flowing = feed(snapshots ? Math.ceil(rest * SNAPSHOT_SHARE) : rest)
    flowing.catch(() => {})
    return {
      asksFor: snapshots ? hit : undefined,
      rest: async () => {
        await flowing
        await feed(plan.orders - fed())
      },
    }
  }

  /** Waits until the victims are dead (or stopped: the first is then returned), or have lived through it all. */
  async #awaitEnd(
    victims: readonly CrewMember[],
    kill: Kill,
    asksFor: number | undefined,
  ): Promise<CrewMember | undefined> {
    const { deps, failure, describe } = this.#stage
    const point = findPoint(kill.point)
    const random = point?.counts === 'lines' ? this.#killAtEvent(victims[0]!, kill) : undefined
    const stops = point?.made === 'stop'
    const gone = (): boolean => victims.every((v) => v.exit !== undefined)
    const stopped = (): boolean => victims.every((v) => v.pausing && isStopped(v.handle.pid))
    const down = stops ? stopped : () => gone() || stopped()
    const ask = asksFor === undefined ? undefined : snapshotAsker(this.#stage, victims[0]!, asksFor)
    await until(async () => down() || (ask ? ask() : await this.#survived()), {
      what: `the kill at ${kill.point} hit ${kill.hit}`,
      ms: FLOW_MS,
      failed: failure,
      everyMs: 1,
      state: describe,
    })
    random?.stop()
    // An end of its own, by an error, is no kill.
    const failed = failure()
    if (failed) throw failed
    if (!down()) return undefined
    if (!stops && !gone() && (await decided(this.#stage, victims[0]!, kill)) === 'continue') {
      this.#spared = victims[0]
      return undefined
    }
    const downAt = stops ? deps.clock.monotonicMs() : victims[0]!.exit!.t
    this.#deaths.push(await this.#sample(victims[0]!, kill, { downAt, randomEvent: random?.event() }))
    if (this.#deaths.length === 1 && this.#stage.plan.mode === 'cold') this.#loseState(victims)
    return stops ? victims[0] : undefined
  }

  async #goOn(member: CrewMember): Promise<void> {
    await wentOn(member, {
      failure: this.#stage.failure,
      done: () => this.#survived(),
      next: async () => (this.#next = await this.#comeBack([member], false)),
    })
  }

  #halt(): { halt?: true } {
    return this.halting ? { halt: true } : {}
  }

  /** What lies there while nobody works. */
  async #sample(
    dead: CrewMember,
    kill: Kill,
    { downAt, randomEvent }: { downAt: number; randomEvent: HistoryEvent | undefined },
  ): Promise<Death> {
    const { plan, deps, fed, scope, stateDir } = this.#stage
    const { log, names, partitions } = scope()
    const ordersFed = fed()
    const topic = plan.operator === 'opa' ? names.orders : names.enriched
    const ends = await Promise.all(Array.from({ length: partitions }, (_, p) => log.offsets(topic, p)))
    const stateful = plan.operator === 'opb' && plan.pipeline === 'reference'
    return {
      ...kill,
      incarnation: dead.handle.incarnation,
      exit: dead.exit,
      downAt,
      ordersFed,
      dangling: await countDangling(log, names, partitions),
      state: stateful ? await deps.readState(stateDir, plan.task) : undefined,
      snapshotFiles: stateful ? filesIn(path.join(stateDir, 'snapshots', `opb-${plan.task}`)) : [],
      inputLso: ends.map((end) => end.lastStableOffset),
      randomEvent,
      wokenAt: undefined,
    }
  }

  async #comeBack(victims: readonly CrewMember[], overtakes: boolean): Promise<CrewMember> {
    const { plan, deps, members, scope, failure } = this.#stage
    return restartVictims(victims, {
      restart: plan.restart ?? 'at-once',
      scope: scope(),
      opb: () => members('opb'),
      peers: () => members(plan.operator).filter((m) => m.exit === undefined && !m.pausing),
      now: () => deps.clock.monotonicMs(),
      letGo: () => this.#letGo(),
      compact: deps.compact,
      task: plan.task,
      spawn: (spec) =>
        this.#spawn({
          ...spec,
          ...this.#fault?.nextLife,
          ...(overtakes ? { takeOver: true } : {}),
          ...(plan.counts ? { crashAt: COUNT_ALL } : {}),
        }),
      failed: failure,
    })
  }

  /** The held EndTxn goes to the broker, now that the next incarnation has fenced. */
  async #letGo(): Promise<void> {
    const { plan, deps } = this.#stage
    const id = transactionalId(deps.prefix, plan.operator, plan.task)
    const answer = await deps.proxy.release(id)
    if (answer) deps.journal.append({ f: 'frame', type: 'info', ...answer })
  }

  /** Wakes the stopped life when everything is done without it, and waits for its end. */
  async #wake(zombie: CrewMember): Promise<void> {
    const { deps, settled } = this.#stage
    await settled('all orders to be processed while the former owner stood still')
    const wokenAt = deps.clock.monotonicMs()
    deps.journal.append({
      f: 'sigcont',
      type: 'invoke',
      worker: zombie.name,
      life: zombie.handle.incarnation,
    })
    deps.say('waking the zombie')
    zombie.handle.kill('SIGCONT')
    await until(() => zombie.exit !== undefined, {
      what: `the woken ${zombie.name} (pid ${zombie.handle.pid}) to be refused and end`,
      ms: BOOT_MS,
    })
    const last = this.#deaths.pop()!
    this.#deaths.push({ ...last, exit: zombie.exit, wokenAt })
  }

  /** True when the victim lives on though everything has been processed: the point was not reached. */
  async #survived(): Promise<boolean> {
    const { plan, fed, drained } = this.#stage
    return fed() < plan.orders ? false : drained()
  }

  #killAtEvent(victim: CrewMember, { point, hit }: Kill): Tail {
    const { plan, deps } = this.#stage
    victim.expectEnd()
    return tailJournal({ file: victim.journalFile ?? '', task: plan.task, nth: hit }, (event) => {
      if (this.halting) {
        victim.halt()
        return
      }
      deps.journal.append({ f: 'sigkill', type: 'invoke', worker: victim.name, why: point, event: event.i })
      victim.handle.kill('SIGKILL')
    })
  }

  #loseState(victims: readonly CrewMember[]): void {
    for (const victim of victims) {
      for (const task of victim.tasks.keys()) {
        const { operator, instance } = victim.spec
        const dir = path.join(this.#stage.stateDir, instanceFolder(instance), `${operator}-${task}`)
        rmSync(dir, { recursive: true, force: true })
      }
    }
  }
}

function filesIn(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}
