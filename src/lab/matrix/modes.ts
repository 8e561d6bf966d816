/**
 * What `crash-matrix` is asked for: a matrix, the list of points, every mutant, a simulation, or the reduction
 * of a stored run; and which flags mean something then.
 *
 * Promises: a flag that would have no effect is refused.
 */
import { refuseUnfit, type Typed } from '../fitting.ts'
import { matrixFlags } from './matrix-flags.ts'

interface ModeFlags {
  readonly list: boolean
  readonly mutants: boolean
  readonly log: string
  readonly replay?: string | undefined
  readonly shrink?: string | undefined
}

export type Mode = 'matrix' | 'list' | 'mutants' | 'simulated' | 'shrink'

const CI = ['junit', 'summary']
/** Of the simulation, or of --mutants. */
const ELSEWHERE = new Set(['list', 'shrink', 'mutants', 'mutant', 'schedules', 'replay'])

const MATRIX = [...Object.keys(matrixFlags).filter((name) => !ELSEWHERE.has(name)), ...CI]

export function modeOf(flags: ModeFlags, typed: Typed): Mode {
  if (flags.list) return fits('list', typed, '--list', [])
  if (flags.shrink !== undefined) return fits('shrink', typed, '--shrink', [])
  if (flags.log === 'simulated') {
    if (flags.replay !== undefined) return fits('simulated', typed, '--replay', ['log', 'mutant', ...CI])
    return fits('simulated', typed, '--log simulated', ['schedules', 'seed', 'mutant', 'replay', ...CI])
  }
  if (flags.mutants) return fits('mutants', typed, '--mutants', ['mutant', 'seed', ...CI])
  refuseUnfit(typed, {
    by: '--log kafka',
    takes: MATRIX,
    hint: '--schedules and --replay are for --log simulated, --mutant for that or for --mutants',
  })
  return 'matrix'
}

function fits(mode: Mode, typed: Typed, by: string, takes: readonly string[]): Mode {
  refuseUnfit(typed, { by, takes })
  return mode
}
