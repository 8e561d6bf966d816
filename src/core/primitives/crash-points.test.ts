/** Halting at a point: stopped instead of ended, then on as if nobody had ordered anything. */
import { expect, it } from 'vitest'
import { weighEvidence } from '../crash/evidence.ts'
import type { NewEvent } from '../history/event.ts'
import type { CrashOrder } from '../ports/workers.ts'
import { hit, killed, of, type Line } from '../../testing/kills.ts'
import { CrashPoints } from './crash-points.ts'

function watched(order: CrashOrder) {
  const lines: string[] = []
  const append = ({ f, type, hit: at }: NewEvent) => void lines.push(`${f} ${type} ${String(at)}`)
  const points = new CrashPoints('opb', { append } as never, {
    die: () => {
      throw new Error('died')
    },
    pause: ({ point }) => void lines.push(`stopped at ${point}`),
    arm: async () => {},
  })
  points.order(order)
  return { points, lines }
}

it('stops at its hit, writes a line before and after, and stops nowhere else', () => {
  const { points, lines } = watched({ point: 'opb.commit.before', hit: 2, task: 0, halt: true })
  for (let n = 0; n < 6; n++) points.reach('commit.before', 0)
  expect(lines).toEqual(['halt invoke 2', 'stopped at opb.commit.before', 'halt ok 2'])
})

it('dies where the order does not say halt', () => {
  const { points, lines } = watched({ point: 'opb.commit.before', hit: 1, task: 0 })
  expect(() => points.reach('commit.before', 0)).toThrow('died')
  expect(lines).toEqual(['kill info 1'])
})

it('killed where it had halted is as good a proof as killed there; one that went on is none', () => {
  const halted: Line = { f: 'halt', type: 'invoke', point: 'opb.commit.before', hit: 2 }
  const journals = of(killed(3, halted))
  expect(weighEvidence(hit('commit.before', { journals }))).toMatchObject({ verdict: 'hit' })
  const on = of(killed(3, halted, { ...halted, type: 'ok' }))
  expect(weighEvidence(hit('commit.before', { journals: on }))).toMatchObject({ verdict: 'vacuous' })
})
