import { describe, expect, it } from 'vitest'
import type { ChatRequest } from '../../../src/chat/request.ts'
import { type Changes, encoded, type Json, onBedrockInvoke, tool } from './claude-target.ts'

const named = { type: 'function' as const, function: { name: 'a' } }

describe('tools', () => {
  it('have a schema with an object at its root', () => {
    const { body } = encoded({
      tools: [{ type: 'function', function: { name: 'a', description: 'Does a.' } }, tool('b')],
    })
    const input_schema = { type: 'object', properties: {} }
    expect(body.tools).toEqual([
      { name: 'a', description: 'Does a.', input_schema },
      { name: 'b', input_schema },
    ])
    expect(body).not.toHaveProperty('tool_choice')
  })

  it.each<[string, Partial<ChatRequest>, Json, string[], Changes]>([
    ['auto', { tool_choice: 'auto' }, { type: 'auto' }, [], {}],
    ['required', { tool_choice: 'required' }, { type: 'any' }, [], {}],
    ['none', { tool_choice: 'none' }, { type: 'none' }, [], {}],
    ['a name', { tool_choice: named }, { type: 'tool', name: 'a' }, [], {}],
    ['one at a time', { parallel_tool_calls: false }, { type: 'auto', disable_parallel_tool_use: true }, [], {}],
    [
      'one that has to be',
      { parallel_tool_calls: false, tool_choice: named },
      { type: 'tool', name: 'a', disable_parallel_tool_use: true },
      [],
      {},
    ],
    ['several', { parallel_tool_calls: true }, undefined, [], {}],
    [
      'what the newest refuse',
      { tool_choice: 'required' },
      { type: 'auto' },
      ['tool_choice changed offered-not-forced'],
      { id: 'claude-opus-5-5' },
    ],
  ])('are chosen: %s', (_, request, choice, noted, changes) => {
    const { body, notes } = encoded({ tools: [tool('a')], ...request }, changes)
    expect(body.tool_choice).toEqual(choice)
    expect(notes).toEqual(noted)
  })

  it('stream their arguments eagerly, where that is known', () => {
    const request = { tools: [tool('a'), { ...tool('b'), eager_input_streaming: false }] }
    const eager = (changes: Changes) =>
      encoded(request, changes).body.tools.map((one: Json) => one.eager_input_streaming)
    expect(eager({ stream: true })).toEqual([true, false])
    expect(eager({})).toEqual([undefined, false])
    expect(eager({ stream: true, host: onBedrockInvoke })).toEqual([undefined, undefined])
  })

  it('are strict only with the beta, and closed then', () => {
    const parameters = { type: 'object', properties: { n: { type: 'integer', minimum: 1 } }, required: ['n'] }
    const tools = [{ type: 'function' as const, function: { name: 'a', parameters, strict: true } }]
    const betas = ['structured-outputs-2025-11-13']
    expect(encoded({ tools }).notes).toEqual(['tools.function.strict dropped needs-beta'])
    expect(encoded({ tools }).body.tools).toEqual([{ name: 'a', input_schema: parameters }])
    expect(encoded({ tools }, { betas }).body.tools).toEqual([
      {
        name: 'a',
        input_schema: {
          ...parameters,
          properties: { n: { type: 'integer', description: '{minimum: 1}' } },
          additionalProperties: false,
        },
        strict: true,
      },
    ])
    const open = [{ type: 'function' as const, function: { name: 'a', parameters: { type: 'object' }, strict: true } }]
    expect(encoded({ tools: open }, { betas }).notes).toEqual(['tools.function.strict dropped schema-too-open'])
    expect(encoded({ tools }, { betas, id: 'claude-sonnet-4-0' }).notes).toEqual([
      'tools.function.strict dropped refused-by-model',
    ])
  })

  it('get names that the API takes, the same in calls and choices', () => {
    const call = { id: 'c', type: 'function' as const, function: { name: 'mcp.read/file', arguments: '{}' } }
    const { body, notes } = encoded({
      tools: [tool('mcp.read/file'), tool('mcp_read_file'), tool('mcp:read:file')],
      tool_choice: { type: 'function', function: { name: 'mcp.read/file' } },
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', tool_calls: [call] },
        { role: 'tool', tool_call_id: 'c', content: 'ok' },
      ],
    })
    expect(body.tools.map(({ name }: Json) => name)).toEqual(['mcp_read_file_2', 'mcp_read_file', 'mcp_read_file_3'])
    expect(body.tool_choice.name).toBe('mcp_read_file_2')
    expect(body.messages[1].content[0].name).toBe('mcp_read_file_2')
    expect(notes).toEqual(['tools.function.name changed characters-of-a-name'])
  })

  it('are those of the history where the client gives none any more', () => {
    const call = { id: 'c', type: 'function' as const, function: { name: 'find', arguments: '{}' } }
    const { body, notes } = encoded({
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', tool_calls: [call] },
        { role: 'tool', tool_call_id: 'c', content: 'ok' },
      ],
    })
    expect(body.tools).toMatchObject([{ name: 'find' }])
    expect(body.tool_choice).toEqual({ type: 'none' })
    expect(notes).toEqual(['tools emulated tools-of-the-history'])
  })

  it('of the provider’s own pass as they are', () => {
    const search = { type: 'web_search_20250305', name: 'web_search', max_uses: 2 }
    const { body } = encoded({ tools: [search, tool('a')] as unknown as NonNullable<ChatRequest['tools']> })
    expect(body.tools[0]).toEqual(search)
  })
})
