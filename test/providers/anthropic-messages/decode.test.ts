import { describe, expect, it } from 'vitest'
import type { Part } from '../../../src/chat/parts.ts'
import { decodeBody, MessageStreamDecoder } from '../../../src/providers/anthropic-messages/decode.ts'
import type { DecodeOptions } from '../../../src/providers/anthropic-messages/message-events.ts'
import { anthropicMessages } from '../../../src/providers/anthropic-messages/wire.ts'
import { hear, sse } from '../openai-chat/heard.ts'
import { decodeOptions, hello, type Json, target, tool } from './claude-target.ts'

const start = (usage: Json = { input_tokens: 10, output_tokens: 1 }, more: Json = {}) => ({
  type: 'message_start',
  message: { id: 'msg_1', model: 'claude-x', content: [], usage, ...more },
})
const open = (content_block: Json, index = 0) => ({ type: 'content_block_start', index, content_block })
const delta = (inner: Json, index = 0) => ({ type: 'content_block_delta', index, delta: inner })
const text = (words: string, index = 0) => delta({ type: 'text_delta', text: words }, index)
const close = (index = 0) => ({ type: 'content_block_stop', index })
const finish = (stop_reason: string | null, usage: Json = { output_tokens: 5 }, more: Json = {}) => ({
  type: 'message_delta',
  delta: { stop_reason, stop_sequence: null, ...more },
  usage,
})
const stop = { type: 'message_stop' }

function stream(events: unknown[], changes: Partial<DecodeOptions> = {}): Part[] {
  const decoder = new MessageStreamDecoder(decodeOptions(changes))
  return [...decoder.push(sse(...events)), ...decoder.end()]
}

const body = (message: Json, changes: Partial<DecodeOptions> = {}) =>
  decodeBody(JSON.stringify({ type: 'message', id: 'm', ...message }), decodeOptions(changes))

describe('a stream of a message', () => {
  it('is told part by part', () => {
    const parts = stream([
      start({ input_tokens: 10, output_tokens: 1, service_tier: 'standard' }),
      open({ type: 'text', text: '' }),
      { type: 'ping' },
      text('Grüße '),
      text('🌍'),
      close(),
      finish('end_turn'),
      stop,
    ])
    expect(parts).toEqual([
      { type: 'start', upstreamId: 'msg_1', upstreamModel: 'claude-x', serviceTier: 'standard' },
      { type: 'text-delta', text: 'Grüße ' },
      { type: 'text-delta', text: '🌍' },
      { type: 'finish', reason: 'stop', native: 'end_turn' },
      {
        type: 'usage',
        usage: expect.objectContaining({ promptTokens: 10, completionTokens: 5, reasoningTokens: 0 }),
      },
    ])
  })

  it('gives calls dense indices, pieces of arguments and an empty object for none', () => {
    const parts = stream([
      start(),
      open({ type: 'text', text: 'Look:' }, 0),
      close(0),
      open({ type: 'tool_use', id: 'toolu_1', name: 'find', input: {} }, 1),
      delta({ type: 'input_json_delta', partial_json: '' }, 1),
      delta({ type: 'input_json_delta', partial_json: '{"q":' }, 1),
      delta({ type: 'input_json_delta', partial_json: '"x"}' }, 1),
      close(1),
      open({ type: 'server_tool_use', id: 'srv', name: 'web_search', input: { query: 'x' } }, 2),
      delta({ type: 'input_json_delta', partial_json: '{"query":1}' }, 2),
      close(2),
      open({ type: 'tool_use', name: 'now', input: {} }, 3),
      close(3),
      open({ type: 'tool_use', id: 'toolu_3', name: 'whole', input: { a: 1 } }, 4),
      finish('tool_use'),
    ])
    expect(parts.filter(({ type }) => type === 'tool-call-delta')).toEqual([
      { type: 'tool-call-delta', index: 0, id: 'toolu_1', name: 'find', arguments: '' },
      { type: 'tool-call-delta', index: 0, arguments: '{"q":' },
      { type: 'tool-call-delta', index: 0, arguments: '"x"}' },
      { type: 'tool-call-delta', index: 1, id: 'made-1', name: 'now', arguments: '' },
      { type: 'tool-call-delta', index: 1, arguments: '{}' },
      { type: 'tool-call-delta', index: 2, id: 'toolu_3', name: 'whole', arguments: '' },
      { type: 'tool-call-delta', index: 2, arguments: '{"a":1}' },
    ])
    expect(hear(parts).choices[0]?.finish).toEqual({ reason: 'tool_calls', native: 'tool_use' })
  })

  it('tells thoughts with signature and seal, each by its own index', () => {
    const parts = stream([
      start(),
      open({ type: 'thinking', thinking: '', signature: '' }),
      delta({ type: 'thinking_delta', thinking: 'Hm.' }),
      delta({ type: 'signature_delta', signature: 'sig' }),
      close(),
      open({ type: 'redacted_thinking', data: 'sealed' }, 1),
      close(1),
      open({ type: 'thinking', thinking: '' }, 2),
      delta({ type: 'signature_delta', signature: 'unseen' }, 2),
      finish('end_turn'),
    ])
    const format = 'anthropic-claude-v1'
    expect(parts.filter(({ type }) => type === 'reasoning-delta')).toEqual([
      { type: 'reasoning-delta', text: 'Hm.', details: [{ type: 'reasoning.text', text: 'Hm.', format, index: 0 }] },
      { type: 'reasoning-delta', details: [{ type: 'reasoning.text', signature: 'sig', format, index: 0 }] },
      { type: 'reasoning-delta', details: [{ type: 'reasoning.encrypted', data: 'sealed', format, index: 1 }] },
      { type: 'reasoning-delta', details: [{ type: 'reasoning.text', signature: 'unseen', format, index: 2 }] },
    ])
  })

  it.each<[string, Json, Json, Json]>([
    [
      'the start where the end says nothing',
      { input_tokens: 7, output_tokens: 1, cache_read_input_tokens: 3 },
      { output_tokens: 4 },
      { promptTokens: 10, cachedTokens: 3, completionTokens: 4 },
    ],
    [
      'the end where it corrects',
      { input_tokens: 7, output_tokens: 1 },
      { input_tokens: 900, output_tokens: 4 },
      { promptTokens: 900 },
    ],
    [
      'the start where the end says 0 or null',
      { input_tokens: 7, output_tokens: 1 },
      { input_tokens: 0, cache_read_input_tokens: null, output_tokens: 4 },
      { promptTokens: 7, cachedTokens: 0 },
    ],
    [
      'what was written for how long',
      {
        input_tokens: 1,
        output_tokens: 1,
        cache_creation_input_tokens: 30,
        cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
      },
      { output_tokens: 2 },
      { promptTokens: 31, cacheWriteTokens: 30, cacheWrite1hTokens: 20 },
    ],
    [
      'what was written where only the parts are told',
      { input_tokens: 1, output_tokens: 1, cache_creation: { ephemeral_5m_input_tokens: 10 } },
      { output_tokens: 2 },
      { promptTokens: 11, cacheWriteTokens: 10 },
    ],
    [
      'thoughts inside the answer',
      { input_tokens: 1, output_tokens: 1 },
      { output_tokens: 9, output_tokens_details: { thinking_tokens: 4 } },
      { completionTokens: 9, reasoningTokens: 4 },
    ],
    [
      'what shortening the conversation took',
      { input_tokens: 1, output_tokens: 1 },
      {
        output_tokens: 9,
        iterations: [
          { type: 'compaction', input_tokens: 100, output_tokens: 10 },
          { type: 'message', input_tokens: 1, output_tokens: 9 },
        ],
      },
      { promptTokens: 101, completionTokens: 19 },
    ],
    [
      'nothing that is no count',
      { input_tokens: -3, output_tokens: 'x' },
      { output_tokens: -1 },
      { promptTokens: 0, completionTokens: 0 },
    ],
  ])('meters %s', (_, first, last, usage) => {
    const parts = stream([start(first), text('Hi'), finish('end_turn', last), stop])
    expect(hear(parts).usage).toMatchObject(usage)
  })

  it.each([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['pause_turn', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['refusal', 'content_filter'],
    ['something_new', 'stop'],
  ])('maps %s', (native, reason) => {
    expect(hear(stream([start(), text('Hi'), finish(native)])).choices[0]?.finish).toEqual({ reason, native })
  })

  it('gives the reason of a refusal', () => {
    const stop_details = { type: 'refusal', category: 'cyber', explanation: 'Blocked.' }
    const { choices } = hear(stream([start(), finish('refusal', {}, { stop_details })]))
    expect(choices[0]).toMatchObject({ refusal: 'Blocked.', finish: { reason: 'content_filter', native: 'refusal' } })
  })

  it.each<[string, unknown[], string]>([
    [
      'overloaded at once',
      [{ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }],
      'overloaded',
    ],
    [
      'overloaded midway',
      [start(), text('Hi'), { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, text('!')],
      'overloaded',
    ],
    [
      'a fault inside',
      [start(), { type: 'error', error: { type: 'api_error', message: 'Internal server error' } }],
      'stream-error',
    ],
    [
      'a limit',
      [start(), { type: 'error', error: { type: 'rate_limit_error', message: 'Slow down' } }],
      'rate-limited',
    ],
    ['a proxy’s error', [{ error: { message: 'Bad gateway', code: 502 } }], 'stream-error'],
    ['no JSON', [start(), text('Hi'), '{"type":'], 'malformed'],
    ['no object', [start(), '42'], 'malformed'],
    ['nothing', [], 'truncated'],
    ['half', [start(), text('Hi'), close()], 'truncated'],
    ['the end of nothing', [start(), stop], 'truncated'],
    ['another message inside', [start(), text('Hi'), start(undefined, { id: 'msg_2' }), text('Ho')], 'stream-error'],
  ])('fails: %s', (_, events, kind) => {
    const { errors, choices } = hear(stream(events))
    expect(errors).toMatchObject([{ failure: { kind } }])
    expect(choices[0]?.finish ?? null).toBeNull()
  })

  it('meters what was said before it failed as well as it can', () => {
    const parts = stream([start({ input_tokens: 50, output_tokens: 1 }), text('x'.repeat(400))])
    expect(hear(parts).usage).toMatchObject({ promptTokens: 50, completionTokens: 100, estimated: true })
    expect(parts.at(-1)?.type).toBe('error')
    expect(hear(stream([start()])).usage).toBeNull()
  })

  it('keeps an answer that is complete, whatever goes wrong behind it', () => {
    const { choices, errors } = hear(stream([start(), text('Hi'), finish('end_turn'), { type: 'error', error: {} }]))
    expect(errors).toEqual([])
    expect(choices[0]?.finish?.reason).toBe('stop')
  })

  it('takes a start that comes twice for one', () => {
    const { choices, errors } = hear(stream([start(), start(), text('Hi'), start(), finish('end_turn'), stop]))
    expect(errors).toEqual([])
    expect(choices[0]?.text).toBe('Hi')
  })

  it('believes a message that stopped without saying why', () => {
    expect(hear(stream([start(), text('Hi'), stop])).choices[0]?.finish).toEqual({ reason: 'stop', native: null })
  })

  it('takes what blocks leave out', () => {
    const parts = stream([
      start(),
      delta({ type: 'thinking_delta', thinking: 'Hm' }),
      delta({ type: 'signature_delta', signature: 's' }),
      text('Hi', 1),
      delta({ type: 'input_json_delta', partial_json: '{}' }, 2),
      delta({ type: 'unheard_of' }, 3),
      { type: 'unheard_of' },
      finish('end_turn'),
      '[DONE]',
    ])
    const [heard] = hear(parts).choices
    expect(heard).toMatchObject({ text: 'Hi', reasoning: 'Hm', calls: [] })
    expect(heard?.details.map((detail) => detail.index)).toEqual([0, 0])
  })

  it('goes on with what a paused message already has', () => {
    const content = [{ type: 'tool_use', id: 'toolu_0', name: 'find', input: { q: 1 } }]
    const { choices } = hear(
      stream([start(undefined, { content }), open({ type: 'text', text: 'So' }), finish('tool_use')]),
    )
    expect(choices[0]).toMatchObject({ text: 'So', calls: [{ id: 'toolu_0', name: 'find', arguments: '{"q":1}' }] })
  })
})

describe('a whole message', () => {
  it('is told in its order, with the places that are cited', () => {
    const citation = { type: 'web_search_result_location', url: 'https://x.example', title: 'X', cited_text: 'words' }
    const parts = body({
      content: [
        { type: 'text', text: 'So ' },
        { type: 'text', text: 'it is', citations: [citation, { type: 'page_location', cited_text: 'p' }] },
        { type: 'tool_use', id: 't', name: 'find', input: { id: 1 } },
      ],
      stop_reason: 'tool_use',
      usage: { input_tokens: 1, output_tokens: 2 },
    })
    expect(parts.map(({ type }) => type)).toEqual([
      'start',
      'text-delta',
      'text-delta',
      'annotations',
      'tool-call-delta',
      'tool-call-delta',
      'finish',
      'usage',
    ])
    expect(parts[3]).toMatchObject({
      annotations: [
        {
          type: 'url_citation',
          url_citation: { url: 'https://x.example', title: 'X', content: 'words', start_index: 3, end_index: 8 },
        },
      ],
    })
  })

  it('may be a stream that nobody asked for', () => {
    const events = [start(), open({ type: 'text', text: '' }), text('Hi'), close(), finish('end_turn'), stop]
    const told = new TextDecoder().decode(sse(...events))
    expect(decodeBody(told, decodeOptions())).toEqual(stream(events))
    expect(decodeBody(told.slice(0, -120), decodeOptions()).at(-1)).toMatchObject({ type: 'error' })
  })

  it('keeps every digit of an argument', () => {
    const raw =
      '{"content":[{"type":"tool_use","id":"t","name":"f","input":{"id":12345678901234567890}}],"stop_reason":"tool_use"}'
    expect(hear(decodeBody(raw, decodeOptions())).choices[0]?.calls[0]?.arguments).toBe('{"id":12345678901234567890}')
  })

  it.each<[string, string, string]>([
    ['an error in a 200', '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', 'overloaded'],
    ['a list of errors', '[{"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED"}}]', 'rate-limited'],
    ['a page', '<html>', 'malformed'],
    ['half', '{"type":"message","content":[', 'malformed'],
    ['another shape', '{"completion":"Hi"}', 'malformed'],
    ['a message of nothing', '{"type":"message","content":[]}', 'malformed'],
  ])('fails: %s', (_, raw, kind) => {
    expect(decodeBody(raw, decodeOptions()).filter(({ type }) => type === 'error')).toMatchObject([
      { failure: { kind } },
    ])
  })

  it('may be empty when it says so', () => {
    expect(hear(body({ content: [], stop_reason: 'end_turn' })).choices[0]?.finish?.reason).toBe('stop')
  })
})

describe('the tool that gives the answer', () => {
  const wire = anthropicMessages()
  const schema = { type: 'object', properties: {} }
  const request = {
    ...hello,
    tools: [tool('a.b')],
    response_format: { type: 'json_schema' as const, json_schema: { name: 'x', schema } },
  }
  const input = { request, target: target({ id: 'claude-sonnet-4-0' }) }

  it('is the text of the answer, in a stream', () => {
    const decoder = wire.decodeStream(input)
    const events = [
      start(),
      open({ type: 'tool_use', id: 't', name: 'final_answer', input: {} }),
      delta({ type: 'input_json_delta', partial_json: '{"a":' }),
      delta({ type: 'input_json_delta', partial_json: '1}' }),
      close(),
      finish('tool_use'),
      stop,
    ]
    const { choices } = hear([...decoder.push(sse(...events)), ...decoder.end()])
    expect(choices[0]).toMatchObject({ text: '{"a":1}', calls: [], finish: { reason: 'stop', native: 'tool_use' } })
  })

  it('is told from the client’s own, which keep their names', () => {
    const content = [
      { type: 'tool_use', id: 't', name: 'a_b', input: {} },
      { type: 'tool_use', id: 'u', name: 'final_answer', input: { a: 1 } },
    ]
    const { choices } = hear(wire.decodeBody(JSON.stringify({ content, stop_reason: 'tool_use' }), input))
    expect(choices[0]).toMatchObject({
      text: '{"a":1}',
      calls: [{ id: 't', name: 'a.b', arguments: '{}' }],
      finish: { reason: 'tool_calls' },
    })
  })
})
