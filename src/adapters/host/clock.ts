/** The clock port on this host: CLOCK_MONOTONIC, which all processes of one Linux host share. */
import type { Clock } from '../../core/ports/clock.ts'

export const hostClock: Clock = {
  monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
  wallMs: () => Date.now(),
}

/**
 * From now on the wall clock of this process is off by so much, for this port and for every library that asks
 * Date.now(), so that the Kafka client stamps its records by it. The monotonic clock and timers stay.
 */
export function moveClock(offsetMs: number): void {
  const now = Date.now.bind(Date)
  Date.now = () => now() + offsetMs
}
