/**
 * Verdicts as JUnit XML, for a CI server to show: one testcase a cell.
 *
 * Promises: well-formed XML 1.0 whatever the names and messages hold; an anomaly is a failure, what proves
 * nothing (vacuous, unknown) an error; a run that came out as its experiment expects (a caught mutant) has
 * neither. Expectations that were missed are failures of their own.
 */
import type { RunResult } from '../matrix/result.ts'
import { failedCells, type FailedCell } from './failed.ts'

export interface JunitCase {
  readonly name: string
  readonly ms: number
  /** What came of it, where that isn't well. */
  readonly bad?: { readonly kind: 'failure' | 'error'; readonly type: string; readonly text: string }
}

export interface JunitSuite {
  readonly name: string
  /** ISO 8601. */
  readonly started?: string
  readonly properties: Readonly<Record<string, string>>
  readonly cases: readonly JunitCase[]
}

/** A run as a suite. */
export function runSuite(run: RunResult): JunitSuite {
  const failed = new Map(failedCells(run).map((each) => [each.cell.cell, each]))
  const cells = run.cells.map(({ cell, wall_ms: ms }) => ({
    name: cell,
    ms: ms || 0,
    ...badOf(failed.get(cell)),
  }))
  const missed = run.expectations
    .filter((each) => !each.met)
    .map((each) => ({
      name: `expected: ${each.text}`,
      ms: 0,
      bad: { kind: 'failure' as const, type: 'expectation', text: `${each.text}; found: ${each.found}` },
    }))
  // Without an experiment file all that is expected is that every cell is valid, which the cells say.
  const own = missed.length === 1 && failed.size > 0 ? [] : missed
  return {
    name: run.experiment,
    started: run.provenance.started,
    properties: {
      verdict: run.verdict,
      seed: String(run.seed),
      results: run.results,
      eoslab: run.provenance.eoslab,
      kafka: run.provenance.kafka,
      client: run.provenance.client,
    },
    cases: [...cells, ...own],
  }
}

function badOf(failed: FailedCell | undefined): Pick<JunitCase, 'bad'> {
  if (!failed) return {}
  const { cell, what, evidence, commands } = failed
  const lines = [...what, `evidence: ${evidence}`, 'next:', ...commands.map((each) => `  ${each}`)]
  const proven = cell.verdict === 'invalid' || cell.verdict === 'valid'
  const type = cell.verdict === 'invalid' ? (cell.anomalies[0] ?? 'invalid') : cell.verdict
  return { bad: { kind: proven ? 'failure' : 'error', type, text: lines.join('\n') } }
}

export function junitXml(suites: readonly JunitSuite[]): string {
  const all = suites.flatMap((suite) => suite.cases)
  const body = suites.flatMap((suite) => [
    element('testsuite', { ...countsOf(suite.cases), name: suite.name, timestamp: suite.started }, false),
    '    <properties>',
    ...Object.entries(suite.properties).map(
      ([name, value]) => `      ${element('property', { name, value }, true)}`,
    ),
    '    </properties>',
    ...suite.cases.flatMap((each) => caseLines(suite.name, each)),
    '  </testsuite>',
  ])
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    element('testsuites', { name: 'eoslab', ...countsOf(all) }, false),
    ...body.map((line) => (line.startsWith('<testsuite ') ? `  ${line}` : line)),
    '</testsuites>',
    '',
  ].join('\n')
}

function caseLines(suite: string, { name, ms, bad }: JunitCase): string[] {
  const attributes = { classname: suite, name, time: seconds(ms) }
  if (!bad) return [`    ${element('testcase', attributes, true)}`]
  const message = bad.text.split('\n', 1)[0] ?? ''
  return [
    `    ${element('testcase', attributes, false)}`,
    `      ${element(bad.kind, { type: bad.type, message }, false)}${escaped(bad.text)}</${bad.kind}>`,
    '    </testcase>',
  ]
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3)

function countsOf(cases: readonly JunitCase[]): Record<string, string> {
  const of = (kind: 'failure' | 'error'): string =>
    String(cases.filter((each) => each.bad?.kind === kind).length)
  return {
    tests: String(cases.length),
    failures: of('failure'),
    errors: of('error'),
    time: seconds(cases.reduce((sum, each) => sum + each.ms, 0)),
  }
}

const element = (
  name: string,
  attributes: Readonly<Record<string, string | undefined>>,
  empty: boolean,
): string => {
  const pairs = Object.entries(attributes)
    .filter((pair): pair is [string, string] => pair[1] !== undefined)
    .map(([key, value]) => ` ${key}="${escaped(value).replaceAll('\n', '&#10;')}"`)
  return `<${name}${pairs.join('')}${empty ? '/>' : '>'}`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** Characters that XML 1.0 has no way to write become U+FFFD: a key of a record may hold any. */
const escaped = (text: string): string =>
  Array.from(text.toWellFormed(), (character) => {
    const code = character.codePointAt(0) ?? 0
    const writable =
      code >= 0x20 ? code !== 0xfffe && code !== 0xffff : code === 9 || code === 10 || code === 13
    return writable ? (ENTITIES[character] ?? character) : '\ufffd'
  }).join('')
