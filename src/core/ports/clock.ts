/**
 * The clock port. `monotonicMs` is CLOCK_MONOTONIC in milliseconds with a fraction, comparable between
 * processes of one host; `wallMs` is for humans and for record timestamps.
 */
export interface Clock {
  monotonicMs(): number
  wallMs(): number
}
