import { ChatStreamChunk$inboundSchema } from '@openrouter/sdk/models/chatstreamchunk.js'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { ChatStreamEncoder } from '../../src/chat/chat-stream-encoder.ts'
import { doneEvent, errorChunk, finishChunk, usageChunk } from '../../src/chat/chunks.ts'
import type { Envelope } from '../../src/chat/envelope.ts'
import type { Availability, Failure } from '../../src/chat/failure.ts'
import type { Part } from '../../src/chat/parts.ts'
import { noUsage } from '../../src/chat/usage.ts'
import { usageJson } from '../../src/chat/usage-json.ts'
import { readChunks } from './read-chunks.ts'

const envelope: Envelope = {
  id: 'gen-1790000000-AbCdEfGhIjKlMnOpQrSt',
  created: 1_790_000_000,
  model: 'acme/m1',
  provider: 'Acme "Québec"',
}
const cost = { costNanoUsd: 12_300, promptNanoUsd: 9_000, completionNanoUsd: 3_300 }
const usage = usageJson({ ...noUsage, promptTokens: 9, completionTokens: 2 }, cost, false)

function encoded(parts: Part[], options: { excludeReasoning?: boolean } = {}): string {
  const encoder = new ChatStreamEncoder(envelope, options)
  return parts.map((part) => encoder.push(part)).join('')
}

const deltas = (stream: string) => readChunks(stream).map(({ choices }) => choices[0]?.delta)

/** Every kind of part, twice over where a choice matters. */
const everything: Part[] = [
  { type: 'start', upstreamId: 'chatcmpl-1', upstreamModel: 'm1-2026', serviceTier: 'default' },
  {
    type: 'reasoning-delta',
    text: 'hm',
    details: [{ type: 'reasoning.text', text: 'hm', signature: 's==', format: 'anthropic-claude-v1', index: 0 }],
  },
  { type: 'reasoning-delta', text: 'so' },
  { type: 'reasoning-delta', details: [{ type: 'reasoning.encrypted', data: 'xyz', index: 1 }] },
  { type: 'text-delta', text: 'He"llo\n\u2028\u{1f600}', logprobs: { content: [] } },
  { type: 'text-delta', text: 'other', choice: 1 },
  { type: 'refusal-delta', text: 'no' },
  { type: 'tool-call-delta', index: 0, id: 'call_a', name: 'weather', arguments: '{"city":' },
  { type: 'tool-call-delta', index: 0, arguments: '"Oslo"}' },
  { type: 'tool-call-delta', index: 1, id: 'call_b', name: 'time', arguments: '' },
  { type: 'annotations', annotations: [{ type: 'url_citation', url_citation: { url: 'https://a.example' } }] },
  { type: 'image', image: { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' }, index: 0 } },
  { type: 'audio-delta', audio: { id: 'a', data: 'AAAA', transcript: 'x' } },
  { type: 'finish', reason: 'stop', native: 'end_turn' },
  { type: 'finish', reason: 'length', native: 'max_tokens', choice: 1 },
  { type: 'usage', usage: { ...noUsage, promptTokens: 9 } },
  { type: 'error', failure: { kind: 'truncated', message: 'x' } },
]
const origin = 'https://gw.example'
const failure: Failure = {
  type: 'provider_unavailable',
  message: 'Provider returned error',
  metadata: { provider_code: 'overloaded', provider_name: 'Acme' },
}

describe('a chat stream', () => {
  const stream =
    encoded(everything) + usageChunk(envelope, usage, { reason: 'tool_calls', native: 'end_turn' }) + doneEvent

  it('takes no more time for a call the more there are', () => {
    const encoder = new ChatStreamEncoder(envelope)
    const since = performance.now()
    for (let index = 0; index < 100_000; index++)
      encoder.push({ type: 'tool-call-delta', index, id: `c${index}`, name: 'f', arguments: '{}' })
    expect(performance.now() - since).toBeLessThan(5_000)
  })

  it('has all that every client needs on every chunk, and no null where one breaks', () => {
    const chunks = readChunks(stream + errorChunk(failure, envelope, usage, origin))
    expect(chunks.length).toBeGreaterThan(15)
    for (const chunk of chunks) {
      expect(chunk).toMatchObject({ ...envelope, object: 'chat.completion.chunk' })
      expect(chunk).not.toHaveProperty('system_fingerprint')
      expect(chunk.choices).toHaveLength(1)
      for (const choice of chunk.choices) {
        expect(Object.keys(choice)).toEqual(['index', 'delta', 'finish_reason', 'native_finish_reason', 'logprobs'])
        expect(choice.delta).toMatchObject({ role: 'assistant', content: expect.any(String) })
        expect(Object.values(choice.delta)).not.toContain(null)
      }
    }
  })

  it("passes the official SDK's schema", () => {
    for (const chunk of readChunks(stream + errorChunk(failure, envelope, usage, origin)))
      expect(ChatStreamChunk$inboundSchema.safeParse(chunk).error).toBeUndefined()
  })

  it("is put together by OpenAI's SDK", async () => {
    const client = new OpenAI({
      apiKey: 'k',
      baseURL: 'https://gw.example/v1',
      fetch: async () =>
        new Response(`: OPENROUTER PROCESSING\n\n${stream}`, { headers: { 'content-type': 'text/event-stream' } }),
    })
    const runner = client.chat.completions.stream({ model: 'acme/m1', messages: [{ role: 'user', content: 'x' }] })
    const completion = await runner.finalChatCompletion()
    expect(completion.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: 'He"llo\n\u2028\u{1f600}',
        tool_calls: [
          { id: 'call_a', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
          { id: 'call_b', type: 'function', function: { name: 'time', arguments: '{}' } },
        ],
      },
    })
    expect(completion.choices[1]).toMatchObject({ finish_reason: 'length', message: { content: 'other' } })
  })

  it("raises the error in OpenAI's SDK", async () => {
    const client = new OpenAI({
      apiKey: 'k',
      baseURL: 'https://gw.example/v1',
      fetch: async () =>
        new Response(
          encoded([{ type: 'text-delta', text: 'par' }]) + errorChunk(failure, envelope, undefined, origin) + doneEvent,
          {
            headers: { 'content-type': 'text/event-stream' },
          },
        ),
    })
    const chunks = await client.chat.completions.create({ model: 'm', messages: [], stream: true })
    const drain = async () => {
      for await (const chunk of chunks) expect(chunk.choices[0]?.delta.content).toBe('par')
    }
    await expect(drain()).rejects.toMatchObject({ code: 502, error: { message: 'Provider returned error' } })
  })

  it('says nothing for parts that have no chunk', () => {
    expect(encoded([{ type: 'start' }, { type: 'usage', usage: noUsage }])).toBe('')
    expect(encoded([{ type: 'error', failure: { kind: 'network', message: '' } }])).toBe('')
    expect(encoded([{ type: 'reasoning-delta', text: '' }])).toBe('')
  })
})

describe('a tool call in a stream', () => {
  it('begins with its id, its name and no arguments', () => {
    const stream = encoded([{ type: 'tool-call-delta', index: 0, id: 'call_a', name: 'weather', arguments: '{"a":1}' }])
    expect(deltas(stream).map((delta) => delta?.tool_calls)).toEqual([
      [{ index: 0, id: 'call_a', type: 'function', function: { name: 'weather', arguments: '' } }],
      [{ index: 0, function: { arguments: '{"a":1}' } }],
    ])
  })

  it('is given an id when the provider gives none, another for each call of each choice', () => {
    const stream = encoded([
      { type: 'tool-call-delta', index: 0, name: 'a', arguments: '' },
      { type: 'tool-call-delta', index: 1, name: 'a', arguments: '' },
      { type: 'tool-call-delta', index: 0, name: 'a', arguments: '', choice: 1 },
    ])
    const ids = deltas(stream)
      .flatMap((delta) => (delta?.tool_calls ?? []) as { id: string }[])
      .map((call) => call.id)
    expect(new Set(ids).size).toBe(3)
    for (const id of ids) expect(id).toMatch(/^call_\w+$/)
  })

  it('ends with an object when it had no arguments', () => {
    const stream = encoded([
      { type: 'tool-call-delta', index: 0, id: 'a', name: 'x', arguments: '' },
      { type: 'finish', reason: 'tool_calls', native: 'tool_use' },
    ])
    expect(deltas(stream)[1]?.tool_calls).toEqual([{ index: 0, function: { arguments: '{}' } }])
  })

  it('turns a stop into tool_calls, and leaves a length alone', () => {
    const finishOf = (reason: 'stop' | 'length') =>
      readChunks(
        encoded([
          { type: 'tool-call-delta', index: 0, id: 'a', name: 'x', arguments: '{}' },
          { type: 'finish', reason, native: 'STOP' },
        ]),
      ).at(-1)?.choices[0]
    expect(finishOf('stop')).toMatchObject({ finish_reason: 'tool_calls', native_finish_reason: 'STOP' })
    expect(finishOf('length')).toMatchObject({ finish_reason: 'length' })
  })
})

describe('reasoning in a stream', () => {
  it('comes as text and as details, whichever of them the provider gave', () => {
    expect(deltas(encoded([{ type: 'reasoning-delta', text: 'hm' }]))[0]).toMatchObject({
      reasoning: 'hm',
      reasoning_details: [{ type: 'reasoning.text', text: 'hm', format: 'unknown', index: 0 }],
    })
    const details = [{ type: 'reasoning.summary' as const, summary: 'hm', index: 0 }]
    expect(deltas(encoded([{ type: 'reasoning-delta', details }]))[0]).toMatchObject({
      reasoning: 'hm',
      reasoning_details: details,
    })
  })

  it('is left out on request', () => {
    expect(encoded([{ type: 'reasoning-delta', text: 'hm' }], { excludeReasoning: true })).toBe('')
  })
})

describe('the last chunks', () => {
  it('carry the usage beside a choice that repeats the finish', () => {
    const [chunk] = readChunks(usageChunk(envelope, usage, { reason: 'stop', native: 'end_turn' }, 'flex'))
    expect(chunk).toEqual({
      ...envelope,
      object: 'chat.completion.chunk',
      service_tier: 'flex',
      choices: [
        {
          index: 0,
          delta: { role: 'assistant', content: '' },
          finish_reason: 'stop',
          native_finish_reason: 'end_turn',
          logprobs: null,
        },
      ],
      usage,
    })
  })

  it('tell a finish of any choice', () => {
    expect(readChunks(finishChunk(envelope, { reason: 'length', native: null }, 2))[0]?.choices[0]).toMatchObject({
      index: 2,
      finish_reason: 'length',
      native_finish_reason: null,
    })
  })

  it('link an error to its meaning at this gateway', () => {
    const availability: Availability = { code: 'temporarily_unavailable', retryable: true, requested_models: [] }
    const told = { ...failure, availability }
    const [chunk] = readChunks(errorChunk(told, envelope, undefined, origin))
    expect(chunk?.error?.availability?.docs_url).toBe(`${origin}/docs/errors#temporarily_unavailable`)
  })

  it('tell an error as the only finish, with the usage where it is known', () => {
    const [chunk] = readChunks(errorChunk(failure, envelope, usage, origin))
    expect(chunk).toMatchObject({
      error: {
        code: 502,
        message: 'Provider returned error',
        metadata: { error_type: 'provider_unavailable', provider_code: 'overloaded', provider_name: 'Acme' },
      },
      choices: [{ delta: { content: '' }, finish_reason: 'error', native_finish_reason: 'overloaded' }],
      usage,
    })
    expect(readChunks(errorChunk({ ...failure, metadata: {} }, envelope, undefined, origin))[0]).not.toHaveProperty(
      'usage',
    )
  })
})
