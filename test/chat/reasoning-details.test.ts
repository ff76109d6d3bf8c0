import { describe, expect, it } from 'vitest'
import { mergeDetails } from '../../src/chat/reasoning-details.ts'

describe('streamed reasoning details', () => {
  it('are joined by index and type, in the order in which they began', () => {
    expect(
      mergeDetails([
        { type: 'reasoning.summary', summary: 'a', index: 0 },
        { type: 'reasoning.text', text: 'x', index: 1 },
        { type: 'reasoning.summary', summary: 'b', index: 0, id: 'rs_1', format: 'openai-responses-v1' },
        { type: 'reasoning.encrypted', data: '12', index: 0 },
        { type: 'reasoning.text', text: 'y', signature: 'first', index: 1 },
        { type: 'reasoning.encrypted', data: '34', index: 0 },
        { type: 'reasoning.text', signature: 'last', index: 1 },
        { type: 'reasoning.text', text: null, signature: null, index: 1 },
      ]),
    ).toEqual([
      { type: 'reasoning.summary', summary: 'ab', index: 0, id: 'rs_1', format: 'openai-responses-v1' },
      { type: 'reasoning.text', text: 'xy', signature: 'last', index: 1 },
      { type: 'reasoning.encrypted', data: '1234', index: 0 },
    ])
  })

  it('without an index are joined only with what stands right before them', () => {
    const text = (text: string) => ({ type: 'reasoning.text' as const, text })
    const encrypted = (data: string) => ({ type: 'reasoning.encrypted' as const, data })
    expect(mergeDetails([text('a'), text('b'), encrypted('1'), encrypted('2'), text('c')])).toEqual([
      text('ab'),
      encrypted('1'),
      encrypted('2'),
      text('c'),
    ])
  })

  it.each([{}, { index: 0 }])('that follow a signature are another thought, with a signature of its own: %j', (at) => {
    const thought = (text: string, signature: string) => ({ type: 'reasoning.text' as const, text, signature, ...at })
    const two = [thought('A', 'SA'), thought('B', 'SB')]
    expect(mergeDetails(two)).toEqual(two)
    const pieces = [
      { type: 'reasoning.text' as const, text: 'A', ...at },
      { type: 'reasoning.text' as const, signature: 'SA', ...at },
      { type: 'reasoning.text' as const, text: 'B', ...at },
      { type: 'reasoning.text' as const, signature: 'SB', ...at },
    ]
    expect(mergeDetails(pieces)).toEqual(two)
  })

  it('with different ids are different items', () => {
    const details = ['rs_1', 'rs_2'].map((id) => ({ type: 'reasoning.encrypted' as const, data: 'x', index: 0, id }))
    expect(mergeDetails(details)).toEqual(details)
  })

  it('are not changed where they came from', () => {
    const first = { type: 'reasoning.text' as const, text: 'a', index: 0 }
    mergeDetails([first, { type: 'reasoning.text', text: 'b', index: 0 }])
    expect(first.text).toBe('a')
  })
})
