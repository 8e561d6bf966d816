/**
 * A matrix that is stopped by Ctrl-C: its workers end, what was measured is kept, what was under way goes.
 *
 * Promises: cells that were over are in `interrupted.json`, cells.csv and summary.md of the run's folder, and
 * the line that is said names it; there is no verdict.json, so that the run is never taken for a complete
 * one. State folders go, and topics as far as the broker still takes that; with --keep both stay, and are
 * named.
 */
import { rmSync } from 'node:fs'
import { topicNames } from '../../core/contracts/names.ts'
import type { RunResult } from '../../core/matrix/result.ts'
import type { Scenario } from '../../core/scenario/resolve.ts'
import type { CrewMember } from '../cell/crew.ts'
import { cellDirectory, type CellPlace } from '../cell/judged-cell.ts'
import { asInvoked } from '../invoked.ts'
import { within } from '../wait.ts'
import { interruptRun, shownPath, type ResultsFolder } from './results.ts'

export interface Stopping {
  readonly scenario: Scenario
  readonly planned: readonly unknown[]
  readonly folder: ResultsFolder
  readonly progress: { say(text: string): void; close(): Promise<void> }
  readonly crew: readonly CrewMember[]
  /** Of every cell that was begun. */
  readonly places: readonly CellPlace[]
  /** Of the cells that are over; undefined if there are none. */
  readonly run: RunResult | undefined
}

/** The process ends soon after; nothing here may hold it up for long. */
const BOUND_MS = 3000

export async function stopMatrix(stopping: Stopping): Promise<void> {
  const { crew, places, folder, progress, scenario, run, planned } = stopping
  const living = crew.filter((member) => member.exit === undefined)
  for (const member of living) member.handle.kill('SIGKILL')
  await within(Promise.all(living.map((member) => member.handle.exited)), {
    what: 'the workers to end',
    ms: BOUND_MS,
  }).catch(() => undefined)
  await progress.close()
  if (run) await interruptRun(folder, { result: run, scenario })
  progress.say(asInvoked(stoppedLine(shownPath(folder.dir), run?.cells.length ?? 0, planned.length)))
  if (scenario.keep) {
    for (const place of places) progress.say(`kept: ${shownPath(cellDirectory(place))}`)
    return
  }
  // Last of all: until then the cell that was stopped may still write.
  process.once('exit', () => {
    for (const place of places) rmSync(cellDirectory(place), { recursive: true, force: true })
  })
  await within(removeTopics(places), { what: 'the topics to go', ms: BOUND_MS }).catch(() => undefined)
}

const stoppedLine = (dir: string, done: number, total: number): string =>
  done === 0
    ? `stopped before the first of ${total} cells was over; nothing was measured`
    : `stopped after ${done} of ${total} cells; what was measured: eoslab report ${dir}`

async function removeTopics(places: readonly CellPlace[]): Promise<void> {
  for (const { admin, prefix } of places) {
    const ours = new Set(Object.values(topicNames(prefix)))
    const there = (await admin.list(prefix)).filter((topic) => ours.has(topic))
    if (there.length > 0) await admin.remove(there)
  }
}
