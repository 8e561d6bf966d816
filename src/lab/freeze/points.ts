/** Which crash points a pipeline can be halted at. */
import { CRASH_POINTS, resolvePoints, type CrashPoint } from '../../core/crash/points.ts'
import { LabError } from '../../core/errors.ts'

/** Why it can't be halted there; undefined if it can. */
function obstacle(point: CrashPoint): string | undefined {
  if (point.made === 'stop') return `it is a halt already: freeze at ${point.name.replace('.pause.', '.')}`
  if (point.repeats) return `it is ${point.repeats.point} several times: freeze at that`
  return point.fault ? 'it is damage done between two lives' : undefined
}

export const FREEZABLE: readonly CrashPoint[] = CRASH_POINTS.filter((point) => obstacle(point) === undefined)

/** The one point that is meant, or why it is none. */
export function freezable(at: string): string {
  const orders = resolvePoints([at])
  if (orders.length > 1) {
    const names = orders.map(({ point }) => point.name)
    throw new LabError('USAGE', `"${at}" is ${orders.length} points, and one pipeline halts at one`, {
      hint: `name one: ${names.slice(0, 6).join(', ')}${names.length > 6 ? ', ...; eoslab freeze --list shows them all' : ''}`,
    })
  }
  const [order] = orders
  const why = order && obstacle(order.point)
  if (why === undefined) return at
  throw new LabError('USAGE', `freeze can't halt at ${order!.point.name}: ${why}`, {
    hint: 'eoslab freeze --list shows where it can',
  })
}
