import { describe, expect, it } from 'vitest'
import type { Part } from '../../../src/chat/parts.ts'
import {
  ChatStreamDecoder,
  type DecodeOptions,
  decodeWhole,
  flushChunks,
  newChunkState,
  normaliseBody,
  normaliseChunk,
} from '../../../src/providers/openai-chat/decode.ts'
import { seeded } from '../recordings.ts'
import { chunk, decodeOptions, hear, sse } from './heard.ts'

function stream(bytes: Uint8Array | string, changes: Partial<DecodeOptions> = {}): Part[] {
  const decoder = new ChatStreamDecoder(decodeOptions(changes))
  const parts = decoder.push(typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes)
  return [...parts, ...decoder.end()]
}

const done = chunk({}, { finish_reason: 'stop' })

describe('a stream', () => {
  it('becomes parts in order', () => {
    const parts = stream(
      sse(
        { ...chunk({ role: 'assistant', content: '' }), service_tier: 'default' },
        chunk({ reasoning_content: 'hm' }),
        chunk({ content: 'Hel' }),
        chunk({ content: 'lo' }, { logprobs: { content: [{ token: 'lo', logprob: -1 }] } }),
        chunk({}, { finish_reason: 'stop' }),
        { id: 'up-1', choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } },
        '[DONE]',
      ),
    )
    expect(parts).toMatchObject([
      { type: 'start', upstreamId: 'up-1', upstreamModel: 'm', serviceTier: 'default' },
      { type: 'reasoning-delta', text: 'hm' },
      { type: 'text-delta', text: 'Hel' },
      { type: 'text-delta', text: 'lo', logprobs: { content: [{ token: 'lo', logprob: -1 }] } },
      { type: 'finish', reason: 'stop', native: 'stop' },
      { type: 'usage', usage: { promptTokens: 3, completionTokens: 2 } },
    ])
    expect(parts).toHaveLength(6)
  })

  it('takes CRLF, CR, comments, names, a missing space and an unterminated last event', () => {
    const text = [
      ': ping\r\n\r\nevent: message\r\n',
      `data:${JSON.stringify(chunk({ content: 'a' }))}\r\n\r\n`,
      `data: ${JSON.stringify(chunk({ content: 'b' }))}\r\r`,
      'event: ping\ndata: {"type":"ping"}\n\n',
      `data: ${JSON.stringify(done)}`,
    ].join('')
    expect(hear(stream(text))).toMatchObject({ choices: [{ text: 'ab', finish: { reason: 'stop' } }], errors: [] })
  })

  it('is clean without [DONE] once it has finished, and a failure with it when it has not', () => {
    expect(hear(stream(sse(chunk({ content: 'a' }), done))).errors).toEqual([])
    for (const events of [[], ['[DONE]'], [chunk({ content: 'a' })], [chunk({ content: 'a' }), '[DONE]']]) {
      expect(stream(sse(...events)).at(-1)).toMatchObject({ type: 'error', failure: { kind: 'truncated' } })
    }
  })

  it('is a failure when one of several choices is cut off', () => {
    const other = { ...chunk({}), choices: [{ index: 1, delta: { content: 'b' }, finish_reason: null }] }
    expect(hear(stream(sse(chunk({ content: 'a' }), other, done))).errors).toHaveLength(1)
    expect(hear(stream(sse(chunk({ content: 'a' }), other, done, '[DONE]'))).errors).toEqual([])
  })

  it('finishes once, however often it is told', () => {
    const again = { ...chunk({ content: '' }, { finish_reason: 'stop' }), usage: { prompt_tokens: 1 } }
    const parts = stream(sse(chunk({ content: 'a' }), done, again, '[DONE]', chunk({ content: 'late' })))
    expect(parts.filter((part) => part.type === 'finish')).toHaveLength(1)
    expect(hear(parts).choices[0]?.text).toBe('a')
  })

  it('names the reason as the router’s upstream did', () => {
    const parts = stream(sse(chunk({ content: 'a' }, { finish_reason: 'stop', native_finish_reason: 'end_turn' })))
    expect(hear(parts).choices[0]?.finish).toEqual({ reason: 'stop', native: 'end_turn' })
  })

  it.each([null, '', 'null', undefined])('is not finished by %j', (finish_reason) => {
    expect(hear(stream(sse(chunk({ content: 'a' }, { finish_reason })))).errors).toHaveLength(1)
  })

  it('judges an unknown reason by what was said, even if somebody else saw it', () => {
    const odd = chunk({}, { finish_reason: 'odd' })
    expect(normaliseChunk(odd, newChunkState(decodeOptions())).at(-1)).toMatchObject({ reason: 'error' })
    const spliced = { ...newChunkState(decodeOptions()), producedElsewhere: true }
    expect(normaliseChunk(odd, spliced).at(-1)).toMatchObject({ reason: 'stop' })
  })

  it('finds the usage wherever it is, the last one that counts', () => {
    const usage = { prompt_tokens: 3, completion_tokens: 2 }
    const cumulative = { ...chunk({ content: 'a' }), usage: { prompt_tokens: 3, completion_tokens: 1 } }
    for (const last of [
      { ...done, usage },
      { ...done, x_groq: { id: 'req', usage } },
      chunk({}, { finish_reason: 'stop', usage }),
    ]) {
      const parts = stream(sse(cumulative, last, { choices: [], usage: { prompt_tokens: 0, completion_tokens: 0 } }))
      expect(hear(parts).usage).toMatchObject({ promptTokens: 3, completionTokens: 2 })
    }
  })

  it('skips Azure’s filter chunk and empty ids', () => {
    const filter = { id: '', model: '', created: 0, choices: [], prompt_filter_results: [] }
    const parts = stream(sse(filter, chunk({ content: 'a' }), done))
    expect(parts[0]).toMatchObject({ type: 'start', upstreamId: 'up-1' })
  })

  it('reads content in parts', () => {
    const content = [
      { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
      { type: 'reasoning', summary: [{ type: 'summary_text', text: '!' }] },
      { type: 'reference', reference_ids: [1] },
      { type: 'text', text: 'yes' },
      { type: 'image_url', image_url: { url: 'data:x' } },
    ]
    expect(hear(stream(sse(chunk({ content }), done))).choices[0]).toMatchObject({
      reasoning: 'hm!',
      text: 'yes',
      images: 1,
    })
  })

  it('takes reasoning once when a host sends it under two names', () => {
    const delta = {
      reasoning: 'hm',
      reasoning_content: 'hm',
      reasoning_details: [{ type: 'reasoning.text', text: 'hm' }],
    }
    expect(hear(stream(sse(chunk(delta), done))).choices[0]).toMatchObject({
      reasoning: 'hm',
      details: [{ type: 'reasoning.text', text: 'hm' }],
    })
  })

  it('lets only reasoning details through that clients know', () => {
    const reasoning_details = [
      { type: 'reasoning.text', text: 'a', signature: 's', format: 'MiniMax-response-v1', index: 0, extra: 1 },
      { type: 'reasoning.summary', summary: 'b', format: null },
      { type: 'reasoning.encrypted', data: 'c', id: 'rs_1', format: 'openai-responses-v1' },
      { type: 'reasoning.encrypted', data: null },
      { type: 'reasoning.server_tool_call', tool_name: 'x' },
      null,
    ]
    expect(hear(stream(sse(chunk({ reasoning_details }), done))).choices[0]?.details).toEqual([
      { type: 'reasoning.text', text: 'a', signature: 's', format: 'unknown', index: 0 },
      { type: 'reasoning.summary', summary: 'b', format: null },
      { type: 'reasoning.encrypted', data: 'c', id: 'rs_1', format: 'openai-responses-v1' },
    ])
  })

  it.each([
    ['bedrock-openai-responses-v1', 'bedrock-openai-responses-v1'],
    ['bedrock-xai-responses-v1', 'bedrock-xai-responses-v1'],
    ['meta-responses-v1', 'meta-responses-v1'],
    ['toString', 'unknown'],
  ])('shows the format %s of a thought as %s', (format, want) => {
    const said = chunk({ reasoning_details: [{ type: 'reasoning.encrypted', data: 'c', format }] })
    expect(hear(stream(sse(said, done))).choices[0]?.details).toMatchObject([{ format: want }])
  })

  it('takes thoughts out of the text where they hide there', () => {
    const events = ['<thi', 'nk>h', 'm</think', '>\n\nyes'].map((content) => chunk({ content }))
    const heard = hear(stream(sse(...events, done), { thinkTags: true })).choices[0]
    expect(heard).toMatchObject({ reasoning: 'hm', text: 'yes' })
    expect(hear(stream(sse(...events, done))).choices[0]).toMatchObject({
      reasoning: '',
      text: '<think>hm</think>\n\nyes',
    })
  })

  it('gives back what it held when the stream ends there', () => {
    const state = newChunkState(decodeOptions({ thinkTags: true }))
    expect(normaliseChunk(chunk({ content: '<thin' }), state)).toMatchObject([{ type: 'start' }])
    expect(flushChunks(state)).toEqual([{ type: 'text-delta', text: '<thin' }])
  })

  it('tells refusals, images, audio and known annotations', () => {
    const annotations = [
      { type: 'url_citation', url_citation: { url: 'https://x', start_index: 1, end_index: 2, extra: 1 } },
      { type: 'url_citation', url: 'https://y', title: 'Y' },
      { type: 'file', file: { hash: 'h', name: 'n', content: [] } },
      { type: 'file', file: { hash: 'h' } },
      { type: 'other' },
    ]
    const parts = stream(
      sse(
        chunk({ refusal: 'No.' }),
        chunk({ images: [{ type: 'image_url', image_url: { url: 'data:x' }, index: 0 }, {}] }),
        chunk({ audio: { id: '', data: '', transcript: '', expires_at: 0 } }),
        chunk({ audio: { id: 'aud', data: 'AA==' } }),
        chunk({ audio: { expires_at: 5 } }),
        chunk({ annotations }),
        done,
      ),
    )
    expect(parts.slice(1)).toEqual([
      { type: 'refusal-delta', text: 'No.' },
      { type: 'image', image: { type: 'image_url', image_url: { url: 'data:x' }, index: 0 } },
      { type: 'audio-delta', audio: { id: 'aud', data: 'AA==' } },
      { type: 'audio-delta', audio: { expires_at: 5 } },
      {
        type: 'annotations',
        annotations: [
          { type: 'url_citation', url_citation: { url: 'https://x', title: '', start_index: 1, end_index: 2 } },
          { type: 'url_citation', url_citation: { url: 'https://y', title: 'Y' } },
          { type: 'file', file: { hash: 'h', name: 'n', content: [] } },
        ],
      },
      { type: 'finish', reason: 'stop', native: 'stop' },
    ])
  })

  it('turns Perplexity’s sources into citations, once, and ignores the message beside the delta', () => {
    const beside = (delta: object, more = {}) => ({
      ...chunk(delta as Record<string, unknown>, { message: { content: 'whole so far' }, ...more }),
      citations: ['https://a', 'https://b'],
    })
    const heard = hear(stream(sse(beside({ content: 'x' }), beside({ content: '' }, { finish_reason: 'stop' }))))
    expect(heard.choices[0]).toMatchObject({ text: 'x', annotations: 2 })
  })

  it('stops for calls when there are calls, with arguments that are JSON', () => {
    const call = { index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '' } }
    const parts = stream(sse(chunk({ tool_calls: [call] }), chunk({ tool_calls: null }, { finish_reason: 'stop' })))
    expect(hear(parts).choices[0]).toMatchObject({
      calls: [{ id: 'c', name: 'f', arguments: '{}' }],
      finish: { reason: 'tool_calls', native: 'stop' },
    })
  })

  it('reads the function call of 2023', () => {
    const parts = stream(
      sse(
        chunk({ function_call: { name: 'f', arguments: '' } }),
        chunk({ function_call: { arguments: '{"a":1}' } }),
        chunk({}, { finish_reason: 'function_call' }),
      ),
    )
    expect(hear(parts).choices[0]).toMatchObject({
      calls: [{ id: 'made-1', name: 'f', arguments: '{"a":1}' }],
      finish: { reason: 'tool_calls' },
    })
  })

  it.each<[string, string, string]>([
    ['an error object', 'data: {"error":{"message":"x","code":429}}', 'rate-limited'],
    ['an error in words', 'data: {"error":"Rate limit reached"}', 'rate-limited'],
    ['vLLM’s older error', 'data: {"object":"error","message":"x","code":400}', 'bad-request'],
    [
      'a named error',
      'event: error\ndata: {"error":{"code":"tool_use_failed","status_code":400}}',
      'generation-failed',
    ],
    ['a named error in words', 'event: error\ndata: out of luck', 'stream-error'],
    ['an error without a code', 'data: {"error":{"message":"x"}}', 'stream-error'],
    [
      'a choice’s error',
      'data: {"choices":[{"index":0,"delta":{},"error":{"code":502,"message":"x"}}]}',
      'stream-error',
    ],
    ['FastAPI’s complaint', 'data: {"detail":"x"}', 'stream-error'],
    ['words that are not JSON', 'data: hello', 'malformed'],
    ['half an event', 'data: {"choices":[', 'malformed'],
    ['JSON that is no object', 'data: 7', 'malformed'],
  ])('ends with %s', (_, text, kind) => {
    const parts = stream(`data: ${JSON.stringify(chunk({ content: 'a' }))}\n\n${text}\n\n${sseText(done)}`)
    expect(parts.at(-1)).toMatchObject({ type: 'error', failure: { kind } })
    expect(hear(parts)).toMatchObject({ choices: [{ text: 'a', finish: null }] })
    expect(hear(parts).errors).toHaveLength(1)
  })

  it('strips the credential from an error that quotes it', () => {
    const parts = stream('data: {"error":{"message":"bad key very-secret-credential"}}\n\n', {
      secrets: ['very-secret-credential'],
    })
    expect(JSON.stringify(parts)).not.toContain('very-secret')
  })

  it('never throws, whatever it is fed', () => {
    const random = seeded(99)
    const source = sse(chunk({ content: 'ü🔑' }), chunk({ tool_calls: [{ index: 0 }] }), done, '[DONE]')
    for (let round = 0; round < 2_000; round++) {
      const bytes = source.slice()
      for (let i = 0; i < 8; i++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
      const parts = stream(bytes)
      const errors = parts.filter((part) => part.type === 'error')
      expect(errors.length).toBeLessThanOrEqual(1)
    }
  })

  it('never throws on JSON of any shape', () => {
    const random = seeded(5)
    const keys = ['choices', 'delta', 'message', 'content', 'tool_calls', 'function', 'index', 'usage', 'error', 'text']
    const value = (depth: number): unknown => {
      const pick = Math.floor(random() * (depth > 5 ? 5 : 8))
      if (pick < 5) return [null, 'x', -1.5, true, ''][pick]
      if (pick === 5) return Array.from({ length: Math.floor(random() * 3) }, () => value(depth + 1))
      const entries = Array.from({ length: Math.floor(random() * 4) }, () => [
        keys[Math.floor(random() * keys.length)],
        value(depth + 1),
      ])
      return Object.fromEntries(entries)
    }
    for (let round = 0; round < 5_000; round++) {
      const state = newChunkState(decodeOptions({ thinkTags: round % 2 === 0 }))
      normaliseChunk(value(0), state, round % 3 === 0 ? 'error' : null)
      normaliseChunk({ choices: [value(1), value(1)], usage: value(1) }, state)
      normaliseBody({ choices: [value(1)], usage: value(1) }, decodeOptions())
      flushChunks(state)
    }
  })
})

describe('a whole answer', () => {
  const body = (message: unknown, more: object = {}) =>
    JSON.stringify({ id: 'up', model: 'm', choices: [{ index: 0, message, finish_reason: 'stop', ...more }] })
  const read = (text: string, changes: Partial<DecodeOptions> = {}) => decodeWhole(text, decodeOptions(changes)).parts

  it('may have blank lines or a byte order mark before it', () => {
    for (const before of ['\n\n\n', '\ufeff', ' \r\n'])
      expect(hear(read(before + body({ content: 'a' }))).choices[0]?.text).toBe('a')
  })

  it('may be a stream that nobody asked for', () => {
    const text = new TextDecoder().decode(sse(chunk({ content: 'a' }), done, '[DONE]'))
    expect(hear(read(text))).toMatchObject({ choices: [{ text: 'a', finish: { reason: 'stop' } }], errors: [] })
  })

  it('may have several choices, numbered or not', () => {
    const choices = ['a', 'b'].map((content) => ({ message: { content }, finish_reason: 'stop' }))
    expect(hear(read(JSON.stringify({ choices }))).choices.map((choice) => choice.text)).toEqual(['a', 'b'])
  })

  it('has as many calls as it lists, whatever ids and indices they share', () => {
    const call = (c: string) => ({ index: 0, id: '', function: { name: 'f', arguments: JSON.stringify({ c }) } })
    const parts = read(body({ tool_calls: [call('P'), call('R')] }))
    const calls = parts.filter((part) => part.type === 'tool-call-delta')
    expect(calls).toMatchObject([
      { index: 0, arguments: '{"c":"P"}' },
      { index: 1, arguments: '{"c":"R"}' },
    ])
  })

  it.each([
    ['content', (value: string) => `{"content":${value}}`],
    ['arguments', (value: string) => `{"tool_calls":[{"id":"a","function":{"name":"f","arguments":${value}}}]}`],
  ])('is none where its %s nest deeper than they can be written', (_, message) => {
    const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`
    const answer = `{"choices":[{"message":${message(deep)},"finish_reason":"stop"}]}`
    expect(read(answer)).toMatchObject([{ type: 'error', failure: { kind: 'malformed' } }])
    expect(stream(sse(answer.replace('"message"', '"delta"')))).toMatchObject([
      { type: 'error', failure: { kind: 'malformed' } },
    ])
  })

  it('may hold JSON instead of words', () => {
    expect(hear(read(body({ content: { a: 1 } }))).choices[0]?.text).toBe('{"a":1}')
    expect(hear(read(body({ content: 7 }))).choices[0]?.text).toBe('7')
  })

  it('is believed without a finish reason when it says something', () => {
    expect(hear(read(body({ content: 'a' }, { finish_reason: null }))).choices[0]?.finish).toEqual({
      reason: 'stop',
      native: null,
    })
    expect(hear(read(body({ content: null }, { finish_reason: null }))).errors).toHaveLength(1)
  })

  it('may be empty', () => {
    expect(hear(read(body({ content: '' })))).toMatchObject({
      choices: [{ text: '', finish: { reason: 'stop' } }],
      errors: [],
    })
  })

  it('hides its thoughts in the text', () => {
    const heard = hear(read(body({ content: '<think>\nhm\n</think>\n\nyes' }), { thinkTags: true })).choices[0]
    expect(heard).toMatchObject({ reasoning: 'hm', text: 'yes', finish: { reason: 'stop' } })
  })

  it('keeps what was said before an error', () => {
    const parts = read(body({ content: 'par' }, { finish_reason: 'error', error: { code: 502, message: 'x' } }))
    expect(hear(parts)).toMatchObject({ choices: [{ text: 'par' }], errors: [{ failure: { kind: 'stream-error' } }] })
  })

  it.each<[string, string, string]>([
    ['a page', '<html><body>502 Bad Gateway</body></html>', 'malformed'],
    ['nothing', '', 'malformed'],
    ['half a body', '{"choices":[{"message":{"content":"a', 'malformed'],
    ['no choices', '{"id":"x","choices":[]}', 'malformed'],
    ['choices that are none', '{"id":"x","choices":[null,1]}', 'malformed'],
    ['null choices', '{"id":"x","choices":null}', 'malformed'],
    ['a number', '7', 'malformed'],
    ['null', 'null', 'malformed'],
    ['an error', '{"error":{"message":"x","code":"context_length_exceeded"}}', 'context-length'],
    ['an error in a list', '[{"error":{"code":429,"message":"x"}}]', 'rate-limited'],
    ['a message for an answer', '{"message":"Internal error"}', 'stream-error'],
  ])('is none when it is %s', (_, text, kind) => {
    expect(read(text)).toMatchObject([{ type: 'error', failure: { kind } }])
  })
})

function sseText(...events: unknown[]): string {
  return new TextDecoder().decode(sse(...events))
}
