import { describe, expect, it } from 'vitest'
import type { Part } from '../../../src/chat/parts.ts'
import { classify } from '../../../src/providers/openai-chat/classify.ts'
import { ChatStreamDecoder } from '../../../src/providers/openai-chat/decode.ts'
import { decodeBody, ResponsesStreamDecoder } from '../../../src/providers/openai-responses/decode.ts'
import { kindOf } from '../../../src/providers/openai-responses/kind-of.ts'
import { decodeOptions, hear } from '../openai-chat/heard.ts'
import { bodyOf, cut, haveRecordings, type Recording, recordingsOf, seeded } from '../recordings.ts'
import { readOptions } from './read-options.ts'

// biome-ignore lint/suspicious/noExplicitAny: the expectation is read without the code under test, from JSON as it is.
type Json = any

interface Expected {
  text: string
  refusal: string
  reasoning: string
  encrypted: string[]
  calls: { id: string; name: string; arguments: string }[]
  citations: number
  images: number
  native: string
  usage: { input: number; cached: number; output: number; reasoning: number } | null
}

const nothing = (): Expected => ({
  text: '',
  refusal: '',
  reasoning: '',
  encrypted: [],
  calls: [],
  citations: 0,
  images: 0,
  native: '',
  usage: null,
})

/** What a response says, read off its output. */
function saidBy(response: Json): Expected {
  const said = nothing()
  for (const item of response.output) {
    if (item.type === 'reasoning') {
      for (const part of [...item.summary, ...(item.content ?? [])]) said.reasoning += part.text
      if (item.encrypted_content) said.encrypted.push(item.encrypted_content)
    } else if (item.type === 'function_call' || item.type === 'custom_tool_call')
      said.calls.push({ id: item.call_id, name: item.name, arguments: item.arguments ?? item.input })
    else if (item.type === 'image_generation_call') said.images++
    for (const part of item.type === 'message' ? item.content : []) {
      said.text += part.text ?? ''
      said.refusal += part.refusal ?? ''
      for (const annotation of part.annotations ?? []) if (annotation.type === 'url_citation') said.citations++
    }
  }
  said.native = response.incomplete_details?.reason ?? response.status
  const { usage } = response
  said.usage = usage && {
    input: usage.input_tokens,
    cached: usage.input_tokens_details?.cached_tokens ?? 0,
    output: usage.output_tokens,
    reasoning: usage.output_tokens_details?.reasoning_tokens ?? 0,
  }
  return said
}

/** What a stream says, gathered the plain way: whole lines, no cuts, deltas only. */
function saidIn(text: string): Expected {
  const said = nothing()
  const calls = new Map<number, Expected['calls'][number]>()
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (!line.startsWith('data:') || line.includes('[DONE]')) continue
    const event: Json = JSON.parse(line.slice(5))
    const { type, item } = event
    if (type === 'response.output_text.delta') said.text += event.delta
    else if (type === 'response.refusal.delta') said.refusal += event.delta
    else if (type === 'response.reasoning_summary_text.delta' || type === 'response.reasoning_text.delta')
      said.reasoning += event.delta
    else if (type === 'response.function_call_arguments.delta' || type === 'response.custom_tool_call_input.delta') {
      const call = calls.get(event.output_index)
      if (call) call.arguments += event.delta
    } else if (type === 'response.function_call_arguments.done') {
      // LM Studio sends nothing before it.
      const call = calls.get(event.output_index)
      if (call) call.arguments ||= event.arguments
    } else if (type === 'response.output_text.annotation.added' && event.annotation.type === 'url_citation')
      said.citations++
    else if (type === 'response.output_item.added' && /^(function|custom_tool)_call$/.test(item.type)) {
      const call = { id: item.call_id, name: item.name, arguments: '' }
      calls.set(event.output_index, call)
      said.calls.push(call)
    } else if (type === 'response.output_item.done' && item.encrypted_content && item.type === 'reasoning')
      said.encrypted.push(item.encrypted_content)
    else if (/^response\.(completed|incomplete)$/.test(type)) {
      const { native, usage } = saidBy(event.response)
      return { ...said, native, usage }
    }
  }
  throw new Error('The recording has no end.')
}

function check(id: string, parts: Part[], want: Expected): void {
  const { choices, usage, errors } = hear(parts)
  expect(errors, id).toEqual([])
  const [got] = choices
  expect(got?.text, id).toBe(want.text)
  expect(got?.refusal, id).toBe(want.refusal)
  expect(got?.reasoning, id).toBe(want.reasoning)
  const details = got?.details ?? []
  expect(
    details.flatMap((detail) => (detail.type === 'reasoning.encrypted' ? [detail.data] : [])),
    id,
  ).toEqual(want.encrypted)
  expect(
    details
      .map((detail) => (detail.type === 'reasoning.summary' ? detail.summary : 'text' in detail ? detail.text : ''))
      .join(''),
    id,
  ).toBe(want.reasoning)
  expect(got?.calls, id).toEqual(want.calls.map((call) => ({ ...call, arguments: call.arguments || '{}' })))
  expect(got?.annotations, id).toBe(want.citations)
  expect(got?.images, id).toBe(want.images)
  expect(got?.finish, id).toEqual({ reason: reasonOf(want), native: want.native })
  if (want.usage === null) expect(usage, id).toBeNull()
  else {
    expect(usage, id).toMatchObject({ promptTokens: want.usage.input, cachedTokens: want.usage.cached })
    expect(usage, id).toMatchObject({ completionTokens: want.usage.output, reasoningTokens: want.usage.reasoning })
  }
}

function reasonOf(want: Expected): string {
  if (want.native === 'max_output_tokens') return 'length'
  if (want.calls.length > 0) return 'tool_calls'
  return want.refusal === '' ? 'stop' : 'content_filter'
}

function decode(pieces: Iterable<Uint8Array>): Part[] {
  const decoder = new ResponsesStreamDecoder(readOptions())
  const parts: Part[] = []
  for (const piece of pieces) {
    parts.push(...decoder.push(piece))
    // The reader uses its memory again.
    piece.fill(0x78)
  }
  return [...parts, ...decoder.end()]
}

const utf8 = new TextEncoder()

/** One of the files holds the four answers of a conversation, one after the other. */
function answersIn(recording: Recording): Uint8Array[] {
  if (!/codex-max/.test(recording.id)) return [bodyOf(recording)]
  const answers = new TextDecoder().decode(bodyOf(recording)).split(/(?=event: response\.created\n)/)
  expect(answers.length).toBe(4)
  return answers.map((answer) => utf8.encode(answer))
}

/** A stream of chat completions that somebody filed under this API. */
const chatStream = /^azure\/.*deepseek-v4-pro/
const failed = /mid-stream-error/
/** Asked for in the background, which the gateway never does. */
const queued = /^openai\/openai-responses-json-gpt-4o-(fc08e477|f35f274a)/

describe.skipIf(!haveRecordings)('recorded openai-responses traffic', () => {
  const all = recordingsOf('openai-responses')
  const answers = all.filter((recording) => recording.response_status < 400)
  const streams = answers.filter(({ id, body_kind }) => body_kind === 'sse' && !chatStream.test(id) && !failed.test(id))
  const bodies = answers.filter(({ id, body_kind }) => body_kind === 'json' && !queued.test(id))
  const errors = all.filter((recording) => recording.response_status >= 400)

  it('is there in numbers, all of it in one of the tests', () => {
    expect(streams.length).toBeGreaterThan(55)
    expect(bodies.length).toBeGreaterThan(110)
    expect(errors.length).toBe(10)
    const elsewhere = answers.filter(({ id }) => chatStream.test(id) || failed.test(id) || queued.test(id))
    expect(elsewhere.length).toBe(4)
    expect(streams.length + bodies.length + errors.length + elsewhere.length).toBe(all.length)
  })

  it('gives every whole answer completely', () => {
    for (const recording of bodies) {
      const text = new TextDecoder().decode(bodyOf(recording))
      check(recording.id, decodeBody(text, readOptions()), saidBy(JSON.parse(text)))
    }
  })

  it('gives every stream completely', () => {
    for (const recording of streams)
      for (const bytes of answersIn(recording))
        check(recording.id, decode([bytes.slice()]), saidIn(new TextDecoder().decode(bytes)))
  })

  it('gives every stream completely, cut as it was recorded', () => {
    const withBoundaries = streams.filter(({ chunks }) => chunks)
    for (const recording of withBoundaries) {
      const bytes = bodyOf(recording)
      check(recording.id, decode(cut(bytes, recording.chunk_lengths ?? [])), saidIn(new TextDecoder().decode(bytes)))
    }
  })

  it('hears the same however a stream is cut at random', () => {
    const random = seeded(20261121)
    for (const recording of streams) {
      const bytes = bodyOf(recording)
      const lengths = Array.from({ length: bytes.length }, () => 1 + Math.floor(random() ** 3 * 400))
      expect(hear(decode(cut(bytes, lengths))), recording.id).toEqual(hear(decode([bytes.slice()])))
    }
  })

  it('hears the same byte by byte', () => {
    for (const recording of streams.filter((_, i) => i % 6 === 0)) {
      const bytes = bodyOf(recording)
      const single = Array.from(bytes, (byte) => Uint8Array.of(byte))
      expect(hear(decode(single)), recording.id).toEqual(hear(decode([bytes.slice()])))
    }
  })

  it('hears the same from the whole response where its deltas are missing', () => {
    for (const recording of streams) {
      const [bytes = new Uint8Array(0)] = answersIn(recording)
      const lines = new TextDecoder().decode(bytes).split('\n')
      const whole = lines.find((line) => /^data: ?\{.*"type": ?"response\.(completed|incomplete)"/.test(line)) ?? ''
      const { response } = JSON.parse(whole.slice(5))
      check(recording.id, decode([utf8.encode(`${whole}\n\n`)]), saidBy(response))
    }
  })

  it('tells of every stream that is cut before its end', () => {
    const random = seeded(7)
    for (const recording of streams) {
      const bytes = bodyOf(recording)
      const text = new TextDecoder('latin1').decode(bytes)
      const end = text.search(/"response\.(completed|incomplete)"/)
      const at = Math.floor(random() * text.lastIndexOf('data:', end))
      const { errors } = hear(decode([bytes.slice(0, at)]))
      expect(errors, recording.id).toMatchObject([{ failure: { kind: 'truncated' } }])
    }
  })

  it('classifies every recorded error, without the upstream in the message', () => {
    const kinds = Object.fromEntries(
      errors.map((recording) => {
        const body = new TextDecoder().decode(bodyOf(recording))
        const headers = new Headers(recording.response_headers ?? {})
        const failure = classify({ status: recording.response_status, headers, body }, kindOf)
        expect(body.includes(failure.message)).toBe(false)
        expect(failure.raw?.length, recording.id).toBeGreaterThan(0)
        return [recording.id.replace(/^(\w+)\/openai-responses-json-error-/, '$1 '), failure.kind]
      }),
    )
    expect(kinds).toEqual({
      'deepseek deepseek-v4-flash-214e7483': 'bad-request',
      'openai file-gpt-5-mini-5475cc70': 'unsupported',
      'openai file-gpt-5-mini-a450b9c8': 'unsupported',
      'openai gpt-4o-mini-44c38e85': 'bad-request',
      'openai gpt-5-8d27584b': 'bad-request',
      'openai gpt-5-chat-latest-9d15c1e9': 'unsupported',
      'openai gpt-5-codex-d42c4fb4': 'bad-request',
      'openai invalid-model-4c29e80c': 'not-found',
      'openai o1-preview-4d432bf9': 'not-found',
      'openai o3-deep-research-307b2486': 'unsupported',
    })
  })

  it('takes the error event for the end, and the failed response for the same', () => {
    const [recording] = answers.filter(({ id }) => failed.test(id))
    const bytes = bodyOf(recording as Recording)
    const { choices, errors } = hear(decode([bytes.slice()]))
    expect(choices).toEqual([])
    expect(errors).toMatchObject([{ failure: { kind: 'payment', providerCode: 'insufficient_quota' } }])
    const text = new TextDecoder().decode(bytes).replace(/event: error\ndata: .*\n\n/, '')
    expect(hear(decode([utf8.encode(text)])).errors).toMatchObject([
      { failure: { kind: 'payment', providerCode: 'insufficient_quota' } },
    ])
  })

  it('does not take a queued response for an answer, nor chat chunks for events', () => {
    for (const recording of answers.filter(({ id }) => queued.test(id))) {
      const parts = decodeBody(new TextDecoder().decode(bodyOf(recording)), readOptions())
      expect(parts, recording.id).toMatchObject([{ type: 'error', failure: { kind: 'malformed' } }])
    }
    const [recording] = answers.filter(({ id }) => chatStream.test(id))
    const bytes = bodyOf(recording as Recording)
    expect(hear(decode([bytes.slice()])).errors).toMatchObject([{ failure: { kind: 'truncated' } }])
    const chat = new ChatStreamDecoder(decodeOptions())
    const heard = hear([...chat.push(bytes), ...chat.end()])
    expect(heard.choices[0]?.finish).toEqual({ reason: 'stop', native: 'stop' })
  })
})
