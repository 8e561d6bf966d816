/** The clock port on this host: CLOCK_MONOTONIC, which all processes of one Linux host share. */
import type { Clock } from '../../core/ports/clock.ts'

export const hostClock: Clock = {
  monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
  wallMs: () => Date.now(),
}
