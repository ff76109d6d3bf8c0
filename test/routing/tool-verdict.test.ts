import { describe, expect, it } from 'vitest'
import type { Part } from '../../src/chat/parts.ts'
import { toolVerdict } from '../../src/routing/tool-verdict.ts'

const tools = ['read', 'write'].map((name) => ({ type: 'function' as const, function: { name } }))
const call = (name: string | undefined, text: string, index = 0, choice?: number): Part => ({
  type: 'tool-call-delta',
  index,
  ...(name === undefined ? {} : { id: 'c', name }),
  arguments: text,
  ...(choice === undefined ? {} : { choice }),
})

describe('toolVerdict', () => {
  it.each<[string, Part[], 'ok' | 'bad' | undefined]>([
    ['no call', [{ type: 'text-delta', text: '{' }], undefined],
    ['a call', [call('read', '{"path":"a"}')], 'ok'],
    ['a call without arguments', [call('read', '')], 'ok'],
    ['a call in pieces', [call('read', '{"pa'), call(undefined, 'th":"a"}')], 'ok'],
    ['half a call', [call('read', '{"pa')], 'bad'],
    ['a call of nobody', [call('delete', '{}')], 'bad'],
    ['a call without a name', [call(undefined, '{}')], 'bad'],
    ['one bad call of two', [call('read', '{}'), call('write', '{', 1)], 'bad'],
    ['calls of two choices', [call('read', '{'), call('write', '{}', 0, 1), call(undefined, '}')], 'ok'],
  ])('%s', (_, parts, verdict) => {
    expect(toolVerdict(parts, tools, { reason: 'tool_calls' }).toolCalls).toBe(verdict)
  })

  it('says nothing of calls that were cut off, or that nobody offered tools for', () => {
    expect(toolVerdict([call('read', '{"pa')], tools, { reason: 'length' })).toEqual({})
    expect(toolVerdict([call('read', '{}')], undefined, { reason: 'tool_calls' })).toEqual({})
    expect(toolVerdict(null, tools, { reason: 'tool_calls' })).toEqual({})
    expect(toolVerdict([call('read', '{}')], tools, null)).toEqual({})
  })
})
