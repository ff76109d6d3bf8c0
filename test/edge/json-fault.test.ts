import { describe, expect, it } from 'vitest'
import { findJsonFault } from '../../src/edge/json-fault.ts'

describe('the place where JSON breaks', () => {
  it.each<[text: string, line: number, column: number, expected: string]>([
    ['', 1, 1, 'a value'],
    ['  \n ', 2, 2, 'a value'],
    ['abc', 1, 1, 'a value'],
    ['{', 1, 2, 'a property name or }'],
    ['{"a":1,}', 1, 8, 'a property name'],
    ['{"a" 1}', 1, 6, ':'],
    ['{"a":}', 1, 6, 'a value'],
    ["{'a':1}", 1, 2, 'a property name or }'],
    ['[1,]', 1, 4, 'a value'],
    ['[1 2]', 1, 4, ', or ]'],
    ['{"a":1]', 1, 7, ', or }'],
    ['{"a":[1}', 1, 8, ', or ]'],
    ['{}\n\n  x', 3, 3, 'the end'],
    ['[01]', 1, 2, 'a value or ]'],
    ['[1.]', 1, 2, 'a value or ]'],
    ['[tru]', 1, 2, 'a value or ]'],
    ['[truefalse]', 1, 2, 'a value or ]'],
    ['["a\nb"]', 1, 4, 'no bare control character in a string'],
    ['["\\x"]', 1, 3, 'a known escape sequence'],
    ['["\\u12"]', 1, 3, 'a known escape sequence'],
    ['["abc', 1, 6, 'the end of a string'],
    ['{"a":NaN}', 1, 6, 'a value'],
  ])('of %j is line %i, column %i', (text, line, column, expected) => {
    expect(() => JSON.parse(text)).toThrow()
    expect(findJsonFault(text)).toEqual({ line, column, expected })
  })

  it.each([' {"a":[1,-2.5e+3,"\\u00e9\\n",true,null,{}],"":[]}\r\n', '"\ud800"', '0', '[[[]]]'])(
    'is nowhere in %j',
    (text) => {
      JSON.parse(text)
      expect(findJsonFault(text)).toBeNull()
    },
  )

  it('is found behind ten megabytes of string and of nesting', () => {
    expect(findJsonFault(`["${'a'.repeat(10_000_000)}" x]`)).toMatchObject({ column: 10_000_005 })
    expect(findJsonFault('['.repeat(5_000_000))).toMatchObject({ column: 5_000_001 })
  })

  it('agrees with the parser about every cut and every small damage', () => {
    const whole = '{"a": [1, "b\\n", {"c": null}], "d": -1.5e3}'
    for (let at = 0; at < whole.length; at++)
      for (const piece of ['', '"', ',', '}', 'x', '0', '\\', '\n', ' '])
        for (const text of [whole.slice(0, at) + piece, whole.slice(0, at) + piece + whole.slice(at + 1)]) {
          let parses = true
          try {
            JSON.parse(text)
          } catch {
            parses = false
          }
          expect([text, findJsonFault(text) === null]).toEqual([text, parses])
        }
  })
})
