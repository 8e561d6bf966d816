/**
 * Lines of text in a gzip file: what the oracle was given, kept beside a run.
 *
 * Promises: a file that is cut or damaged is RESULTS_UNUSABLE with its name.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import { LabError, messageOf } from '../../core/errors.ts'

const SMALLEST = 9

export const packLines = (lines: Iterable<string>): Buffer =>
  gzipSync(`${[...lines].join('\n')}\n`, { level: SMALLEST })

export function readLines(file: string): string[] {
  try {
    return gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n')
  } catch (error) {
    throw new LabError('RESULTS_UNUSABLE', `${file} cannot be read: ${messageOf(error)}`, {
      hint: 'Repeat the run.',
      cause: error,
    })
  }
}
