/** Nothing came in under a licence that nobody looked at. docs.test.ts holds docs/licences.md fresh. */
import { expect, it } from 'vitest'
import { dependencies } from './testing/licences.ts'

const ACCEPTED = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT', 'Zlib']

it('names a known licence for every package', () => {
  const found = dependencies()
  expect(found.length).toBeGreaterThan(15)
  const known = (text: string): boolean =>
    text
      .replaceAll(/[()]/g, '')
      .split(' OR ')
      .some((one) => one.split(' AND ').every((part) => ACCEPTED.includes(part)))
  expect(found.filter(({ licence }) => !known(licence))).toEqual([])
})
