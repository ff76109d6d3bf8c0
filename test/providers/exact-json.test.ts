import { describe, expect, it } from 'vitest'
import { parseExactJson } from '../../src/providers/exact-json.ts'

describe('exact JSON', () => {
  it.each([
    '{"id":123456789012345678}',
    '[-9007199254740993,9007199254740991]',
    '{"a":1.5,"b":"1234567890123456789","c":[1e3]}',
    '12345678901234567890',
    'null',
  ])('comes back as it was: %s', (text) => {
    expect(JSON.stringify(parseExactJson(text))).toBe(text.replace('1e3', '1000'))
  })

  it('leaves ordinary numbers numbers', () => {
    expect(parseExactJson('{"count":9007199254740991,"id":90071992547409930}')).toMatchObject({
      count: 9007199254740991,
    })
  })

  it('throws on what is no JSON, long numbers or not', () => {
    expect(() => parseExactJson('{"id":')).toThrow(SyntaxError)
    expect(() => parseExactJson('{"id":123456789012345678')).toThrow(SyntaxError)
  })
})
