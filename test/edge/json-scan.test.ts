import { describe, expect, it } from 'vitest'
import { MemberCursor, skipString, skipValue } from '../../src/edge/json-scan.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

function membersOf(text: string): Record<string, string> | 'failed' {
  const bytes = encoder.encode(text)
  const cursor = new MemberCursor(bytes, 0, bytes.length)
  const members: Record<string, string> = {}
  while (cursor.next())
    members[decoder.decode(bytes.subarray(cursor.keyStart, cursor.keyEnd))] = decoder.decode(
      bytes.subarray(cursor.start, cursor.end),
    )
  return cursor.failed ? 'failed' : members
}

describe('walking JSON without parsing it', () => {
  it('steps through the members of an object, whatever they hold', () => {
    expect(membersOf('{"a":1,"b":"x\\"}y","c":{"d":["}",{}]},"e":[1,[2]],"f":null,"g":-1.5e3}')).toEqual({
      a: '1',
      b: '"x\\"}y"',
      c: '{"d":["}",{}]}',
      e: '[1,[2]]',
      f: 'null',
      g: '-1.5e3',
    })
  })

  it('takes white space anywhere and no member at all', () => {
    expect(membersOf('{ "a" :\t1 , "b": "2"\n}')).toEqual({ a: '1', b: '"2"' })
    expect(membersOf('{ }')).toEqual({})
  })

  it.each([
    '',
    '[',
    '{',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,',
    '{"a":"x',
    '{"a":{',
    '{a:1}',
    '{"a" 1}',
    '{"a":1 "b":2}',
  ])('fails on %j instead of guessing', (text) => {
    expect(membersOf(text)).toBe('failed')
  })

  it('skips strings with escapes and multi-byte characters', () => {
    const bytes = encoder.encode('"\\\\€\\"🙂" rest')
    expect(skipString(bytes, 0, bytes.length)).toBe(bytes.length - ' rest'.length)
  })

  it('answers -1 for a value that is cut off', () => {
    for (const cut of ['"abc', '{"a":[1,2}', '[["]"']) {
      const bytes = encoder.encode(cut)
      expect(skipValue(bytes, 0, bytes.length)).toBe(-1)
    }
  })
})
