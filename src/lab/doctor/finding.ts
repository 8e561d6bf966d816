/** One row of doctor: what was looked at, what was found, and what to do about it. */
export interface Finding {
  readonly what: string
  readonly state: 'fine' | 'note' | 'missing'
  readonly found: string
  /** What to do about it. */
  readonly todo: string | null
}

export const fine = (what: string, found: string): Finding => ({ what, state: 'fine', found, todo: null })

export const note = (what: string, found: string, todo: string): Finding => ({
  what,
  state: 'note',
  found,
  todo,
})

export const missing = (what: string, found: string, todo: string): Finding => ({
  what,
  state: 'missing',
  found,
  todo,
})
