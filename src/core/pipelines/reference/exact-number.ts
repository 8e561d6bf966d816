/**
 * Exactness of JSON numbers: JSON.parse gives the nearest double, and 9007199254740991.4 or
 * 100.00000000000000001 come back as integers that nobody wrote. Money is never rounded, so the digits decide.
 *
 * Promises: linear in the length of the text, no recursion (a record nested a million deep is harmless).
 * Does not: validate JSON. The text must have gone through JSON.parse and be an object.
 */

/** A JSON number with a fraction or an exponent has a digit before one of these; without a hit all are integers. */
export const mayHoldFractions = (text: string): boolean => /[0-9][.eE]/.test(text)

const NUMBER = /-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const NUMBER_PARTS = /^-?([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/

/** Whether the digits of a JSON number are those of an integer: 12.0, 1e2 and 1200e-2 are, 12.5 is not. */
export function isExactInteger(source: string): boolean {
  const parts = NUMBER_PARTS.exec(source)
  if (!parts) return false
  const fraction = parts[2] ?? ''
  const digits = parts[1]! + fraction
  let significant = digits.length
  while (significant > 0 && digits[significant - 1] === '0') significant--
  if (significant === 0) return true
  // digits = D * 10^trailing; an exponent of absurd length becomes +-Infinity, which still compares rightly
  const trailing = digits.length - significant
  return Number(parts[3] ?? 0) - fraction.length + trailing >= 0
}

/** Index after the closing quote of the string that opens at `start`. */
function afterString(text: string, start: number): number {
  let i = start + 1
  while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1
  return i + 1
}

/** Literal text of the numbers that are direct members of the object; of duplicate names the last counts. */
export function numberSources(text: string): Map<string, string> {
  const sources = new Map<string, string>()
  let depth = 0
  let name: string | undefined
  for (let i = 0; i < text.length;) {
    const c = text[i]!
    if (c === '"') {
      const end = afterString(text, i)
      if (depth === 1 && name === undefined) name = JSON.parse(text.slice(i, end)) as string
      i = end
      continue
    }
    if (c === '{' || c === '[') depth++
    else if (c === '}' || c === ']') depth--
    else if (depth === 1 && c === ',') name = undefined
    else if (depth === 1 && (c === '-' || (c >= '0' && c <= '9'))) {
      NUMBER.lastIndex = i
      const source = NUMBER.exec(text)![0]
      sources.set(name!, source)
      i += source.length
      continue
    }
    i++
  }
  return sources
}
