import { describe, expect, it } from 'vitest'
import type { Part } from '../../../src/chat/parts.ts'
import { priceUsage } from '../../../src/metering/price-usage.ts'
import { classify } from '../../../src/providers/cohere-chat/classify.ts'
import { cohereChatWire } from '../../../src/providers/cohere-chat/wire.ts'
import { encodeInput } from '../openai-chat/encode-input.ts'
import { hear, sse } from '../openai-chat/heard.ts'
import { bodyOf, cut, haveRecordings, recordingsOf, seeded } from '../recordings.ts'

const input = encodeInput({})

function streamed(...events: unknown[]): Part[] {
  const decoder = cohereChatWire.decodeStream(input)
  return [...decoder.push(sse(...events)), ...decoder.end()]
}

const whole = (body: unknown) =>
  cohereChatWire.decodeBody(typeof body === 'string' ? body : JSON.stringify(body), input)
const said = (text: string) => ({ type: 'content-delta', index: 0, delta: { message: { content: { text } } } })
const end = (finish_reason: string, more: object = {}) => ({ type: 'message-end', delta: { finish_reason, ...more } })
const failureOf = (parts: Part[]) => parts.flatMap((part) => (part.type === 'error' ? [part.failure] : []))

describe('an answer of Cohere', () => {
  it('streams thoughts, text, plans and calls', () => {
    const thought = { type: 'content-delta', index: 0, delta: { message: { content: { thinking: 'Hm' } } } }
    const plan = { type: 'tool-plan-delta', delta: { message: { tool_plan: ' I will ask.' } } }
    const opened = { id: 'a_1', type: 'function', function: { name: 'a', arguments: '' } }
    const call = (type: string, index: number, tool_calls: unknown) => ({
      type,
      index,
      delta: { message: { tool_calls } },
    })
    const parts = streamed(
      { id: 'up-1', type: 'message-start', delta: { message: { role: 'assistant' } } },
      { type: 'content-start', index: 0, delta: { message: { content: { type: 'thinking', thinking: '' } } } },
      thought,
      plan,
      said('Hi'),
      call('tool-call-start', 0, opened),
      call('tool-call-delta', 0, { function: { arguments: '{"x":' } }),
      call('tool-call-delta', 0, { function: { arguments: '1}' } }),
      { type: 'tool-call-end', index: 0 },
      call('tool-call-start', 1, { ...opened, id: 'a_2' }),
      { type: 'tool-call-end', index: 1 },
      { type: 'a-new-kind', delta: {} },
      end('TOOL_CALL'),
      '[DONE]',
    )
    expect(parts[0]).toEqual({ type: 'start', upstreamId: 'up-1' })
    expect(hear(parts)).toMatchObject({
      choices: [
        {
          text: 'Hi',
          reasoning: 'Hm I will ask.',
          calls: [
            { id: 'a_1', name: 'a', arguments: '{"x":1}' },
            { id: 'a_2', name: 'a', arguments: '{}' },
          ],
          finish: { reason: 'tool_calls', native: 'TOOL_CALL' },
        },
      ],
      errors: [],
    })
  })

  it.each([
    ['COMPLETE', 'stop'],
    ['STOP_SEQUENCE', 'stop'],
    ['MAX_TOKENS', 'length'],
    ['ERROR_TOXIC', 'content_filter'],
    ['SOMETHING_NEW', 'stop'],
  ])('ends with %s as %s', (native, reason) => {
    expect(hear(streamed(said('x'), end(native))).choices[0]?.finish).toEqual({ reason, native })
  })

  it.each(['ERROR', 'TIMEOUT', 'ERROR_LIMIT'])('that ends with %s is an error, after what was metered', (native) => {
    const usage = { tokens: { input_tokens: 3, output_tokens: 1 } }
    const parts = streamed(said('x'), end(native, { error: 'it broke', usage }))
    expect(parts.map(({ type }) => type)).toEqual(['text-delta', 'usage', 'error'])
    expect(failureOf(parts)).toMatchObject([{ kind: 'stream-error', providerCode: native }])
  })

  it('bills what Cohere bills, and tells what the model read', () => {
    const usage = {
      billed_units: { input_tokens: 10, output_tokens: 4 },
      tokens: { input_tokens: 1500, output_tokens: 9, reasoning_tokens: 5 },
      cached_tokens: 2000,
    }
    const told = hear(streamed(said('x'), end('COMPLETE', { usage }))).usage
    expect(told).toMatchObject({ promptTokens: 1500, completionTokens: 9, cachedTokens: 1500, reasoningTokens: 5 })
    if (!told) throw new Error('no usage')
    const cost = priceUsage(told, { price: { prompt: '0.000001', completion: '0.00001' }, tiers: [] })
    expect(cost).toEqual({
      costNanoUsd: 50_000,
      promptNanoUsd: 10_000,
      completionNanoUsd: 40_000,
      cacheDiscountNanoUsd: 0,
    })
  })

  it('shows citations that have an address, with their place in the text', () => {
    const cite = (source: object, more: object = {}) => ({
      type: 'citation-start',
      delta: {
        message: { citations: { start: 2, end: 5, text: 'x', sources: [source], type: 'TEXT_CONTENT', ...more } },
      },
    })
    const page = { type: 'tool', id: 't:0', tool_output: { url: 'https://x.example', title: 'X' } }
    const parts = streamed(
      cite(page),
      cite(page, { type: 'PLAN' }),
      cite({ type: 'document', id: 'https://y.example', document: {} }),
      cite({ type: 'tool', id: 't:1', tool_output: { content: 'secret' } }),
      cite({ type: 'tool', id: 't:2', tool_output: { url: 'javascript:alert(1)' } }),
      said('x'),
      end('COMPLETE'),
    )
    expect(parts.flatMap((part) => (part.type === 'annotations' ? part.annotations : []))).toEqual([
      { type: 'url_citation', url_citation: { url: 'https://x.example', title: 'X', start_index: 2, end_index: 5 } },
      { type: 'url_citation', url_citation: { url: 'https://x.example', title: 'X' } },
      { type: 'url_citation', url_citation: { url: 'https://y.example', title: '', start_index: 2, end_index: 5 } },
    ])
  })

  it('that is cut, garbled or an error says so, once', () => {
    expect(failureOf(streamed(said('x')))).toMatchObject([{ kind: 'truncated' }])
    expect(failureOf(streamed())).toMatchObject([{ kind: 'truncated' }])
    expect(failureOf(streamed('{"type"'))).toMatchObject([{ kind: 'malformed' }])
    expect(failureOf(streamed([1], said('x')))).toMatchObject([{ kind: 'malformed' }])
    expect(failureOf(streamed({ message: 'too many tokens' }, said('x')))).toMatchObject([{ kind: 'context-length' }])
    for (const body of ['', '<html>', '[]', '{}', '{"message":{}}', '"x"', 'null'])
      expect(failureOf(whole(body)), body).toMatchObject([{ kind: 'malformed' }])
    expect(failureOf(whole({ id: 'x', message: 'Incorrect API key provided' }))).toMatchObject([{ kind: 'credential' }])
  })

  it('is believed without a reason when it says something', () => {
    expect(hear(whole({ message: { content: 'Hi' } })).choices[0]).toMatchObject({
      text: 'Hi',
      finish: { reason: 'stop' },
    })
    const events = new TextDecoder().decode(sse(said('Hi'), end('COMPLETE')))
    expect(hear(whole(events)).choices[0]?.text).toBe('Hi')
  })
})

describe('an error of Cohere', () => {
  it.each([
    [401, 'invalid api token', 'credential'],
    [404, "model 'command-x' not found, make sure the correct model ID was used", 'not-found'],
    [404, "model 'command' was removed on September 15, 2025", 'not-found'],
    [422, 'invalid request', 'unprocessable'],
    [429, 'You are using a Trial key, which is limited to 1000 API calls / month', 'rate-limited'],
    [498, 'blocked token', 'content-policy'],
    [499, 'request cancelled', 'server-error'],
    [500, 'internal server error', 'server-error'],
    [503, 'service unavailable', 'server-error'],
  ])('%i "%s" is %s', (status, message, kind) => {
    const body = JSON.stringify({ id: 'x', message })
    expect(classify({ status, headers: new Headers(), body })).toMatchObject({ kind, upstreamStatus: status })
  })
})

describe.skipIf(!haveRecordings)('recorded streams of Cohere', () => {
  it('say the same however they are cut, and their bodies without citations lose nothing', () => {
    const random = seeded(3)
    const streams = recordingsOf('cohere-chat').filter(({ body_kind: kind }) => kind === 'sse')
    expect(streams.length).toBeGreaterThan(5)
    for (const recording of streams) {
      const bytes = bodyOf(recording)
      const once = decode([bytes.slice()])
      expect(once.errors, recording.id).toEqual([])
      const lengths = Array.from({ length: bytes.length }, () => 1 + Math.floor(random() * 90))
      expect(decode(cut(bytes, lengths)), recording.id).toEqual(once)
      expect(decode(Array.from(bytes, (byte) => Uint8Array.of(byte))), recording.id).toEqual(once)
    }
  })
})

function decode(pieces: Uint8Array[]) {
  const decoder = cohereChatWire.decodeStream(input)
  const parts = pieces.flatMap((piece) => {
    const found = decoder.push(piece)
    // The reader uses its memory again.
    piece.fill(0x78)
    return found
  })
  return hear([...parts, ...decoder.end()])
}
