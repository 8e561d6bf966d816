/**
 * Flags that do not go with what the others ask for: refused, never silently ignored.
 *
 * Promises: only what was typed counts, not defaults and not the environment; the refusal names the flag,
 * what it does not go with, and what does.
 */
import { LabError } from '../core/errors.ts'

/** Of a parsed command line. */
export type Typed = readonly { readonly type: string; readonly flag?: string }[]

export interface Asked {
  /** As typed: `--list`, `--log simulated`. */
  readonly by: string
  /** Flags that it takes beside the global ones. */
  readonly takes: readonly string[]
  /** Where the others belong, if there is more to say than what it takes. */
  readonly hint?: string
}

const GLOBAL = ['brokers', 'state-dir', 'quiet', 'verbose', 'json']

export function refuseUnfit(typed: Typed, { by, takes, hint }: Asked): void {
  const own = by.split(' ').map((word) => word.replace(/^--/, ''))
  const fits = new Set([...GLOBAL, ...own, ...takes])
  const wrong = typed.flatMap((token) =>
    token.type === 'flag' && token.flag !== undefined && !fits.has(token.flag) ? [token.flag] : [],
  )
  if (wrong.length === 0) return
  const which = [...new Set(wrong)].map((name) => `--${name}`).join(', ')
  throw new LabError('USAGE', `${which} does not go with ${by}`, {
    hint:
      hint ??
      (takes.length === 0
        ? `${by} takes no other flag of this command: leave out ${which}`
        : `${by} takes ${takes.map((name) => `--${name}`).join(', ')}; leave out ${which}, or ${by}`),
  })
}
