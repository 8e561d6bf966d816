/**
 * YAML in and out, through the `yaml` package.
 *
 * Promises: what is not well-formed YAML 1.2 is a LabError SCENARIO that begins `file:line:col:`; a field of
 * a well-formed document can be located the same way, so that an error about its meaning points there too.
 * Does not: know the schema of anything.
 */
import { LineCounter, isMap, isPair, isScalar, parseDocument, stringify } from 'yaml'
import type { Document, Node } from 'yaml'
import { LabError } from '../../core/errors.ts'

export interface YamlText {
  readonly value: unknown
  /** `file:line:col` of the field, or of the nearest one above it that exists. */
  at(path: readonly (string | number)[]): string
}

export function readYaml(text: string, file: string): YamlText {
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, prettyErrors: false })
  const place = (offset: number): string => {
    const { line, col } = lineCounter.linePos(offset)
    return `${file}:${line}:${col}`
  }
  const first = document.errors[0]
  if (first) {
    throw new LabError('SCENARIO', `${place(first.pos[0])}: ${first.message}`, {
      hint: 'Correct the YAML at that place; nothing was run.',
      cause: first,
    })
  }
  return { value: valueOf(document, place), at: (path) => place(offsetOf(document, path)) }
}

/** Aliases are expanded here, and a document that expands beyond reason is refused here. */
function valueOf(document: Document, place: (offset: number) => string): unknown {
  try {
    return document.toJS() as unknown
  } catch (error) {
    throw new LabError('SCENARIO', `${place(0)}: ${error instanceof Error ? error.message : String(error)}`, {
      hint: 'Write the values out instead of using aliases; nothing was run.',
      cause: error,
    })
  }
}

/** Where a field begins: its key where it has one, so that an unknown field is pointed at by its name. */
function offsetOf(document: Document, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true)
    const last = path[length - 1]
    const pair = isMap(parent)
      ? parent.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === last)
      : undefined
    const node = (pair?.key ?? document.getIn(path.slice(0, length), true)) as Node | undefined
    if (node?.range) return node.range[0]
  }
  return (document.contents as Node | null)?.range?.[0] ?? 0
}

/** Plain YAML with the given lines as comment above it. */
export function writeYaml(value: unknown, comment: readonly string[] = []): string {
  const head = comment.map((line) => `# ${line}\n`).join('')
  return head + stringify(value, { lineWidth: 110 })
}
