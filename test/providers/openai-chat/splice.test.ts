import { ChatStreamChunk$inboundSchema } from '@openrouter/sdk/models'
import { describe, expect, it } from 'vitest'
import { ChatStreamEncoder } from '../../../src/chat/chat-stream-encoder.ts'
import type { Part } from '../../../src/chat/parts.ts'
import type { StreamProgress } from '../../../src/chat/stream-stage.ts'
import {
  ChatStreamDecoder,
  flushChunks,
  newChunkState,
  normaliseChunk,
} from '../../../src/providers/openai-chat/decode.ts'
import { ChatSplice } from '../../../src/providers/openai-chat/splice.ts'
import { bodyOf, cut, haveRecordings, recordingsOf, seeded } from '../recordings.ts'
import { chunk, decodeOptions, hear, sse } from './heard.ts'

const envelope = { id: 'gen-1790000000-AbCdEfGhIjKlMnOpQrSt', created: 1790000000, model: 'acme/m1', provider: 'Acme' }

interface Spliced {
  text: string
  chunks: Record<string, unknown>[]
  parsedEvents: number
  progress: StreamProgress
}

function splice(pieces: Uint8Array[], excludeReasoning = false): Spliced {
  const state = newChunkState(decodeOptions())
  let parsedEvents = 0
  const stage = new ChatSplice({
    envelope,
    encoder: new ChatStreamEncoder(envelope, { excludeReasoning }),
    excludeReasoning,
    decodeEverything: false,
    decode: (event, name) => {
      parsedEvents++
      state.producedElsewhere ||= stage.progress.upstreamContent
      return normaliseChunk(event, state, name)
    },
    decodeEnd: () => flushChunks(state),
  })
  let text = ''
  const take = () => {
    const bytes = stage.take()
    // Decoded at once, and strictly: whatever is sent has to be whole events of whole characters.
    if (bytes !== null) text += new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  }
  const memory = new Uint8Array(1 << 20)
  for (const piece of pieces) {
    // The same memory for every read, as the gateway's reader does it.
    memory.set(piece)
    stage.push(memory.subarray(0, piece.length))
    take()
  }
  if (stage.progress.failure === null) stage.end()
  take()
  const chunks = text
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => {
      expect(event.startsWith('data: '), event).toBe(true)
      return JSON.parse(event.slice(6))
    })
  return { text, chunks, parsedEvents, progress: stage.progress }
}

/** What a client hears in chunks of ours, told by the decoder of the same wire. */
function heardIn({ text }: Spliced) {
  const decoder = new ChatStreamDecoder(decodeOptions())
  return hear([...decoder.push(new TextEncoder().encode(`${text}data: [DONE]\n\n`)), ...decoder.end()])
}

const ordinary = sse(
  chunk({ role: 'assistant', content: '' }, { logprobs: null }),
  chunk({ content: 'Hé"\\n€ 🙂 \u2028' }),
  chunk({ content: ' world' }, { logprobs: { content: [] } }),
  chunk({}, { finish_reason: 'stop' }),
  { id: 'up-1', choices: [], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } },
  '[DONE]',
)

describe('the straight-through stage', () => {
  it('sends ordinary deltas on with our envelope and without parsing them', () => {
    const { chunks, parsedEvents, progress } = splice([ordinary])
    expect(chunks).toHaveLength(3)
    for (const one of chunks) expect(one).toMatchObject({ ...envelope, object: 'chat.completion.chunk' })
    expect(chunks[0]).toMatchObject({
      choices: [
        {
          index: 0,
          delta: { role: 'assistant', content: 'Hé"\\n€ 🙂 \u2028' },
          finish_reason: null,
          native_finish_reason: null,
          logprobs: null,
        },
      ],
    })
    // The first event, the finish and the usage are looked at; the two deltas are not.
    expect(parsedEvents).toBe(3)
    expect(progress).toMatchObject({
      content: true,
      done: true,
      failure: null,
      upstreamId: 'up-1',
      finish: { reason: 'stop', native: 'stop' },
      usage: { promptTokens: 3, completionTokens: 2 },
    })
  })

  it('keeps what the model said byte for byte, escapes included', () => {
    const raw = '"\\u00e9\\/\\ud83d\\ude42 \\t"'
    const { text } = splice([
      sse(
        chunk({ role: 'assistant' }),
        '{"id":"x","choices":[{"index":0,"delta":{"content":RAW},"finish_reason":null}]}'.replace('RAW', raw),
      ),
    ])
    expect(text).toContain(`"content":${raw}`)
  })

  it('passes the checks of the official client, chunk by chunk', () => {
    for (const one of splice([ordinary]).chunks) expect(ChatStreamChunk$inboundSchema.parse(one)).toBeTruthy()
  })

  it('sends the same whatever the reads, cut at every byte', () => {
    const whole = splice([ordinary]).text
    for (let at = 0; at <= ordinary.length; at++)
      expect(splice([ordinary.slice(0, at), ordinary.slice(at)]).text, `cut at ${at}`).toBe(whole)
    expect(splice([...ordinary].map((byte) => Uint8Array.of(byte))).text).toBe(whole)
  })

  describe('with tokens that are half of a character', () => {
    const token = (...bytes: number[]) => ({ content: [{ token: 'half', bytes, logprob: -0.1, top_logprobs: [] }] })
    const tokens = [token(0x48), token(0xf0, 0x9f), token(0x99), token(0x82)]
    const stream = sse(
      chunk({ role: 'assistant', content: '' }),
      chunk({ content: 'H' }, { logprobs: tokens[0] }),
      chunk({ content: '', reasoning: '' }, { logprobs: tokens[1] }),
      chunk({ content: null }, { logprobs: tokens[2] }),
      chunk({ content: '🙂' }, { logprobs: tokens[3] }),
      chunk({ content: '' }, { logprobs: { content: [] } }),
      chunk({}, { finish_reason: 'stop' }),
    )

    it('sends the log probabilities of each, text or not', () => {
      const { chunks, text } = splice([stream])
      const choices = chunks.flatMap((one) => one.choices as { delta: { content: string }; logprobs: unknown }[])
      expect(choices.map(({ delta, logprobs }) => [delta.content, logprobs])).toEqual([
        ['H', tokens[0]],
        ['', tokens[1]],
        ['', tokens[2]],
        ['🙂', tokens[3]],
        ['', null],
      ])
      for (const one of chunks) ChatStreamChunk$inboundSchema.parse(one)
      for (let at = 0; at <= stream.length; at++)
        expect(splice([stream.slice(0, at), stream.slice(at)]).text, `cut at ${at}`).toBe(text)
    })

    it('takes none of them for the beginning of the answer', () => {
      const { progress } = splice([sse(chunk({ role: 'assistant' }), chunk({ content: '' }, { logprobs: tokens[1] }))])
      expect(progress).toMatchObject({ content: false, upstreamContent: false })
    })

    it('tells none of reasoning that is excluded', () => {
      const thought = chunk({ content: '', reasoning: 'hm' }, { logprobs: tokens[1] })
      const { chunks, text } = splice([sse(thought, thought, chunk({ content: 'so' }))], true)
      expect(chunks).toHaveLength(1)
      expect(text).not.toContain('half')
    })
  })

  it('holds lifecycle events and tells when the model has begun', () => {
    const { chunks, progress } = splice([sse(chunk({ role: 'assistant', content: '' }), chunk({ content: null }))])
    expect(chunks).toEqual([])
    expect(progress).toMatchObject({ content: false, upstreamContent: false })
  })

  it('tells a stream that ends without a finish from one without [DONE]', () => {
    expect(splice([sse(chunk({ content: 'a' }), chunk({ content: 'b' }))]).progress.failure?.kind).toBe('truncated')
    expect(splice([sse(chunk({ content: 'a' }), chunk({}, { finish_reason: 'length' }))]).progress).toMatchObject({
      failure: null,
      finish: { reason: 'length' },
    })
  })

  it('takes a stream for cut where one of two choices was', () => {
    const two = [0, 1].map((index) => ({ choices: [{ index, delta: { content: 'Hello' } }] }))
    const ended = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }
    expect(splice([sse(...two, ended)]).progress.failure?.kind).toBe('truncated')
  })

  it.each(['reasoning', 'reasoning_content'])('shows %s as reasoning with details, or not at all', (field) => {
    const stream = sse(chunk({ role: 'assistant' }), chunk({ content: null, [field]: 'hm' }), chunk({ content: 'so' }))
    expect(splice([stream]).chunks[0]?.choices).toMatchObject([
      {
        delta: {
          content: '',
          reasoning: 'hm',
          reasoning_details: [{ type: 'reasoning.text', text: 'hm', format: 'unknown', index: 0 }],
        },
      },
    ])
    const excluded = splice([stream], true)
    expect(excluded.chunks).toHaveLength(1)
    expect(excluded.text).not.toContain('hm')
  })

  it('keeps fields it does not know, and drops nulls that break strict clients', () => {
    const { chunks } = splice([
      sse(chunk({ role: 'assistant' }), {
        id: 'up',
        system_fingerprint: null,
        citations: ['https://a.example'],
        usage: null,
        choices: [{ index: 0, delta: { content: 'x', tool_calls: null, token_id: 7 }, text: 'x', finish_reason: null }],
      }),
    ])
    expect(chunks[0]).toMatchObject({
      citations: ['https://a.example'],
      choices: [{ text: 'x', delta: { token_id: 7 } }],
    })
    expect(chunks[0]).not.toHaveProperty('system_fingerprint')
    expect(chunks[0]).not.toHaveProperty('choices.0.delta.tool_calls')
  })

  it('keeps what names things inside the provider to itself, on the straight path as on the other', () => {
    const inside = {
      user_id: 'u',
      request_id: 'r',
      base_resp: { status_code: 0 },
      generationId: 'g',
      service_tier: 't',
    }
    const { chunks, parsedEvents } = splice([
      sse(chunk({ role: 'assistant' }), { ...inside, ...chunk({ content: 'x' }), citations: [] }),
    ])
    expect(parsedEvents).toBe(1)
    expect(chunks).toHaveLength(1)
    expect(chunks[0]).toHaveProperty('citations')
    for (const field of Object.keys(inside)) expect(chunks[0]).not.toHaveProperty(field)
  })

  it('takes an error beside a delta for the failure that it is', () => {
    const { text, progress } = splice([
      sse(chunk({ role: 'assistant' }), chunk({ content: 'x' }, { error: { message: 'boom', code: 502 } })),
    ])
    expect(progress.failure?.kind).toBe('stream-error')
    expect(text).not.toContain('boom')
  })

  it('sends an event that came in several data lines on as one line', () => {
    const event = JSON.stringify({ ...chunk({ content: 'Hi' }), citations: ['a', 'b'] }, null, 1)
    const lines = event.replaceAll('\n', '\r\ndata: ')
    const { text } = splice([sse(chunk({ role: 'assistant' }), lines, chunk({}, { finish_reason: 'stop' }))])
    for (const line of text.split('\n')) expect(line === '' || line.startsWith('data: {')).toBe(true)
    expect(text).toContain('"content":"Hi"')
  })

  it('stops at an error and says which', () => {
    const { chunks, progress } = splice([
      sse(chunk({ content: 'a' }), { error: { message: 'boom', code: 500 } }, chunk({ content: 'never' })),
    ])
    expect(chunks).toHaveLength(1)
    expect(progress.failure?.kind).toBe('stream-error')
  })

  it('stops at half a JSON document and at an event without end', () => {
    expect(splice([sse(chunk({ content: 'a' }), '{"id":')]).progress.failure?.kind).toBe('malformed')
    const endless = new Uint8Array(1 << 20).fill(0x61)
    const pieces = [sse(chunk({ content: 'a' })), new TextEncoder().encode('data: '), ...Array(26).fill(endless)]
    expect(splice(pieces).progress.failure?.kind).toBe('malformed')
  })
})

describe.skipIf(!haveRecordings)('recorded streams, straight through', () => {
  const random = seeded(7)
  const streams = recordingsOf('openai-chat').filter(
    ({ body_kind, response_status }) => body_kind === 'sse' && response_status < 300,
  )
  it.each(streams.map((recording) => [recording.id, recording] as const))(
    '%s loses and doubles nothing',
    (_, recording) => {
      const bytes = bodyOf(recording)
      const decoder = new ChatStreamDecoder(decodeOptions())
      const told: Part[] = [...decoder.push(bytes), ...decoder.end()]
      const expected = hear(told)
      const lengths = recording.chunk_lengths ?? []
      const cuts = [
        lengths,
        Array.from({ length: 5_000 }, () => 1 + Math.floor(random() * 300)),
        ...(bytes.length < 6_000 ? [Array(bytes.length).fill(1)] : []),
      ]
      for (const one of cuts) {
        const spliced = splice(cut(bytes, one))
        expect(spliced.progress.failure?.kind).toBe(
          expected.errors.length > 0 ? told.find((part) => part.type === 'error')?.failure.kind : undefined,
        )
        expect(spliced.progress.usage).toEqual(expected.usage)
        if (expected.errors.length > 0) continue
        const heard = heardIn(spliced)
        expect(
          heard.choices.map(({ text, reasoning, calls, refusal }) => ({
            text,
            reasoning,
            refusal,
            calls: calls.map((call) => [call.name, call.arguments || '{}']),
          })),
        ).toEqual(
          expected.choices.map(({ text, reasoning, calls, refusal }) => ({
            text,
            reasoning,
            refusal,
            calls: calls.map((call) => [call.name, call.arguments || '{}']),
          })),
        )
        for (const sent of spliced.chunks) ChatStreamChunk$inboundSchema.parse(sent)
      }
    },
  )

  it('are there', () => {
    expect(streams.length).toBeGreaterThan(100)
  })
})
