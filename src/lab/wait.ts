/**
 * Waiting on conditions. Every wait has a bound and says what it waited for; there is no sleep in the lab.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { LabError } from '../core/errors.ts'

export interface WaitOptions {
  readonly what: string
  readonly ms: number
  /** How often the condition is asked, besides the moments when `wake` says that something changed. */
  readonly everyMs?: number
  /** Ends the wait with this error: the thing waited for can't come any more. */
  readonly failed?: () => LabError | undefined
  /** What is known at the end of the bound, for the message. */
  readonly state?: () => string
}

/** Resolves with the condition's first value that is not undefined or false; rejects with TIMEOUT. */
export async function until<T>(
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  options: WaitOptions,
): Promise<T> {
  const end = performance.now() + options.ms
  for (;;) {
    const value = await condition()
    if (value !== undefined && value !== false) return value
    const failure = options.failed?.()
    if (failure) throw failure
    if (performance.now() > end) {
      const state = options.state ? `; ${options.state()}` : ''
      throw new LabError('TIMEOUT', `waited ${options.ms / 1000} s for ${options.what}${state}`)
    }
    await delay(options.everyMs ?? 2)
  }
}

/** Bounds a promise by the same rule. */
export async function within<T>(promise: Promise<T>, options: { what: string; ms: number }): Promise<T> {
  const bound = new AbortController()
  const timeout = delay(options.ms, undefined, { signal: bound.signal }).then(
    () => {
      throw new LabError('TIMEOUT', `waited ${options.ms / 1000} s for ${options.what}`)
    },
    () => undefined as never,
  )
  try {
    return await Promise.race([promise, timeout])
  } finally {
    bound.abort()
  }
}
