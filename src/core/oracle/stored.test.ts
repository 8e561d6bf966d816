/** What is stored is what is judged: a history survives the way through text, whatever its bytes. */
import { describe, expect, it } from 'vitest'
import { finish, goodHistory } from '../../testing/histories.ts'
import { judge } from './judge.ts'
import { decodeInput, encodeInput } from './stored.ts'

const sample = () => {
  const h = finish(goodHistory()).published({}).manifest({})
  h.append('orders', { key: Buffer.from([0xff, 0]), value: null, headers: { a: 'ü' } })
  h.opa([0], { outcome: 'abort', producer: '9' })
  return h.input()
}

describe('a stored input', () => {
  it('is read back equal, and judged the same', () => {
    const input = sample()
    const again = decodeInput(encodeInput(input))
    expect(again).toEqual(input)
    expect(judge(again)).toEqual(judge(input))
  })

  it('keeps what was missing missing', () => {
    const { topics, ...rest } = sample()
    const input = { ...rest, states: undefined, topics: { ...topics, dlq: undefined } }
    const again = decodeInput(encodeInput(input))
    expect(again.states).toBeUndefined()
    expect(again.topics.dlq).toBeUndefined()
    expect(judge(again).verdict).toBe('unknown')
  })

  it('is refused in an unknown format', () => {
    expect(() => decodeInput(['{"v":99}'])).toThrow(/its format is 99, known is 1/)
  })
})
