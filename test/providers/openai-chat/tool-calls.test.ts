import { describe, expect, it } from 'vitest'
import { ToolCalls } from '../../../src/providers/openai-chat/tool-calls.ts'

/** The calls that come of a list of deltas, as a client would put them together. */
function joined(deltas: unknown[]): string[] {
  let made = 0
  const calls = new ToolCalls(() => `made-${++made}`)
  const heard: string[] = []
  const parts = deltas.flatMap((delta) => calls.push(delta))
  for (const part of [...parts, ...calls.end()]) {
    if (heard[part.index] === undefined) {
      expect(part.index).toBe(heard.length)
      heard.push(`${part.id} ${part.name} `)
    } else expect(part).not.toHaveProperty('name')
    heard[part.index] += part.arguments
  }
  return heard
}

const fn = (name?: string, text?: unknown) => ({ function: { name, arguments: text } })

describe('ToolCalls', () => {
  it.each<[string, unknown[], string[]]>([
    [
      'OpenAI',
      [
        { index: 0, id: 'a', type: 'function', ...fn('f', '') },
        { index: 0, ...fn(undefined, '{"x"') },
        { index: 0, ...fn(undefined, ':1}') },
        { index: 1, id: 'b', ...fn('g', '{}') },
      ],
      ['a f {"x":1}', 'b g {}'],
    ],
    [
      'indices with a hole',
      [
        { index: 3, id: 'a', ...fn('f', '{}') },
        { index: 9, id: 'b', ...fn('g', '{}') },
      ],
      ['a f {}', 'b g {}'],
    ],
    [
      'whole calls without an index',
      [
        { id: 'a', ...fn('f', '{"x":1}') },
        { id: 'b', ...fn('f', '{"x":1}') },
      ],
      ['a f {"x":1}', 'b f {"x":1}'],
    ],
    [
      'whole calls that share an index',
      [
        { index: 0, id: 'a', ...fn('f', '{}') },
        { index: 0, id: 'b', ...fn('f', '{}') },
      ],
      ['a f {}', 'b f {}'],
    ],
    [
      'no ids',
      [
        { index: 0, ...fn('f', '{}') },
        { index: 1, ...fn('g', '{}') },
      ],
      ['made-1 f {}', 'made-2 g {}'],
    ],
    [
      'neither index nor id',
      [fn('f', '{"a"'), fn(undefined, ':1}'), fn('g', '{}')],
      ['made-1 f {"a":1}', 'made-2 g {}'],
    ],
    ['empty ids', [{ index: 0, id: '', ...fn('f', '{}') }], ['made-1 f {}']],
    [
      'id and name on every delta',
      [
        { index: 0, id: 'a', ...fn('f', '{') },
        { index: 0, id: 'a', ...fn('f', '"x":') },
        { index: 0, id: 'a', ...fn('f', '1}') },
      ],
      ['a f {"x":1}'],
    ],
    [
      'nulls',
      [
        { index: 0, id: 'a', type: null, ...fn('f', null) },
        { index: 0, id: null, function: { name: null, arguments: '{}' } },
      ],
      ['a f {}'],
    ],
    [
      'matched by id',
      [
        { id: 'a', ...fn('f', '') },
        { id: 'b', ...fn('g', '') },
        { id: 'a', ...fn(undefined, '{"x":1}') },
      ],
      ['a f {"x":1}', 'b g {}'],
    ],
    [
      'an index that comes late',
      [
        { id: 'a', ...fn('f', '') },
        { index: 0, ...fn(undefined, '{}') },
      ],
      ['a f {}'],
    ],
    [
      'a name that comes late',
      [
        { index: 0, id: 'a', ...fn('', '{"x"') },
        { index: 0, ...fn('f', ':1}') },
      ],
      ['a f {"x":1}'],
    ],
    ['an object for arguments', [{ index: 0, id: 'a', ...fn('f', { x: [1] }) }], ['a f {"x":[1]}']],
    ['no arguments at all', [{ index: 0, id: 'a', ...fn('f') }], ['a f {}']],
    [
      'the whole call once more at the end',
      [
        { index: 0, id: 'a', ...fn('f', '{"x":1}') },
        { index: 0, id: 'a', ...fn('f', '{"x":1}') },
      ],
      ['a f {"x":1}'],
    ],
    [
      'whole calls that share an index and have no ids',
      [
        { index: 0, ...fn('f', '{"c":"P"}') },
        { index: 0, ...fn('f', '{"c":"R"}') },
        { index: 0, id: '', ...fn('f', '{"c":"R"}') },
      ],
      ['made-1 f {"c":"P"}', 'made-2 f {"c":"R"}', 'made-3 f {"c":"R"}'],
    ],
    [
      'whole calls that share an index and an id',
      [
        { index: 0, id: 'a', ...fn('f', '{"c":"P"}') },
        { index: 0, id: 'a', ...fn('f', '{"c":"R"}') },
      ],
      ['a f {"c":"P"}', 'made-1 f {"c":"R"}'],
    ],
    [
      'calls in pieces that share an index',
      [
        { index: 0, ...fn('f', '{"c":"}{') },
        { index: 0, ...fn('f', '{\\""') },
        { index: 0, ...fn('f', '}') },
        { index: 0, ...fn('g', '{') },
        { index: 0, ...fn(undefined, '}') },
      ],
      ['made-1 f {"c":"}{{\\""}', 'made-2 g {}'],
    ],
    [
      'an id that two indices share',
      [
        { index: 0, id: 'a', ...fn('f', '{}') },
        { index: 1, id: 'a', ...fn('g', '{"x"') },
        { index: 1, ...fn(undefined, ':1}') },
      ],
      ['a f {}', 'made-1 g {"x":1}'],
    ],
    ['a custom tool', [{ index: 0, id: 'a', type: 'custom', custom: { name: 'c', input: 'text' } }], ['a c text']],
    ['a call without a wrapper', [{ name: 'f', arguments: { a: 1 } }], ['made-1 f {"a":1}']],
    ['nonsense', [null, 'x', 7, [], {}, { index: 'x' }], []],
  ])('repairs calls: %s', (_, deltas, want) => {
    expect(joined(deltas)).toEqual(want)
  })

  it('takes every item of a whole answer for a call of its own', () => {
    let made = 0
    const calls = new ToolCalls(() => `made-${++made}`)
    const items = [
      { index: 0, id: 'a', ...fn('f', '{"c":"P"}') },
      { index: 0, id: 'a', ...fn('f', '{"c":"P"}') },
      { index: 0, id: '', ...fn('f', { c: 'R' }) },
      fn('g'),
      { index: 0, id: 'a', function: { arguments: '{}' } },
    ]
    expect([...items.flatMap((item) => calls.pushWhole(item)), ...calls.end()]).toEqual([
      { type: 'tool-call-delta', index: 0, id: 'a', name: 'f', arguments: '{"c":"P"}' },
      { type: 'tool-call-delta', index: 1, id: 'made-1', name: 'f', arguments: '{"c":"P"}' },
      { type: 'tool-call-delta', index: 2, id: 'made-2', name: 'f', arguments: '{"c":"R"}' },
      { type: 'tool-call-delta', index: 3, id: 'made-3', name: 'g', arguments: '' },
      { type: 'tool-call-delta', index: 3, arguments: '{}' },
    ])
  })

  it.each([
    ['by index', (i: number) => ({ index: i, id: `c${i}`, ...fn('f', '{}') })],
    ['by id', (i: number) => ({ id: `c${i}`, ...fn('f', '{}') })],
    ['in one string', (i: number) => ({ index: 0, ...fn('f', i === 0 ? '{"a":"' : '{}') })],
  ])('takes no more time for a call the more there are: %s', (_, delta) => {
    const calls = new ToolCalls(() => 'x')
    const since = performance.now()
    for (let i = 0; i < 100_000; i++) calls.push(delta(i))
    calls.end()
    expect(performance.now() - since).toBeLessThan(5_000)
  })

  it('is empty until a call has a name', () => {
    const calls = new ToolCalls(() => 'x')
    expect(calls.any).toBe(false)
    calls.push({ index: 0, id: 'a', function: { arguments: '{' } })
    expect(calls.any).toBe(false)
    calls.push({ index: 0, function: { name: 'f' } })
    expect(calls.any).toBe(true)
  })
})
