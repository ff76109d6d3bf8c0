import { describe, expect, it } from 'vitest'
import type { Part } from '../../../src/chat/parts.ts'
import { bedrockConverse } from '../../../src/providers/bedrock-converse/wire.ts'
import { hear } from '../openai-chat/heard.ts'
import { bodyOf, cut, haveRecordings, type Recording, recordingsOf, seeded } from '../recordings.ts'
import { encodeInput } from './converse.ts'
import { decode } from './frames.ts'

// biome-ignore lint/suspicious/noExplicitAny: the expectation is read without the code under test, from JSON as it is.
type Json = any

interface Expected {
  text: string
  reasoning: string
  signatures: string[]
  calls: { id: string; name: string; arguments: Json }[]
  native: string
  usage: Json
}

/** The events of a stream, taken apart by hand: no cuts, no checksums, only text headers. */
function eventsOf(bytes: Uint8Array): { type: string; payload: Json }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const text = (from: number, to: number) => new TextDecoder().decode(bytes.subarray(from, to))
  const events: { type: string; payload: Json }[] = []
  for (let at = 0; at < bytes.length; at += view.getUint32(at)) {
    const headersEnd = at + 12 + view.getUint32(at + 4)
    const headers: Record<string, string> = {}
    for (let header = at + 12; header < headersEnd; ) {
      const nameEnd = header + 1 + (bytes[header] ?? 0)
      const valueEnd = nameEnd + 3 + view.getUint16(nameEnd + 1)
      headers[text(header + 1, nameEnd)] = text(nameEnd + 3, valueEnd)
      header = valueEnd
    }
    const payload = JSON.parse(text(headersEnd, at + view.getUint32(at) - 4))
    events.push({ type: headers[':event-type'] ?? '', payload })
  }
  return events
}

function expectedOf(recording: Recording): Expected {
  const bytes = bodyOf(recording)
  const expected: Expected = { text: '', reasoning: '', signatures: [], calls: [], native: '', usage: null }
  if (recording.body_kind === 'json') {
    const body: Json = JSON.parse(new TextDecoder().decode(bytes))
    for (const block of body.output.message.content) {
      expected.text += block.text ?? block.citationsContent?.content.map((piece: Json) => piece.text).join('') ?? ''
      const thought = block.reasoningContent?.reasoningText
      expected.reasoning += thought?.text ?? ''
      if (thought?.signature) expected.signatures.push(thought.signature)
      const { toolUseId: id, name, input, type } = block.toolUse ?? {}
      if (id && type !== 'server_tool_use') expected.calls.push({ id, name, arguments: input })
    }
    return { ...expected, native: body.stopReason, usage: body.usage }
  }
  const calls = new Map<number, { id: string; name: string; arguments: Json }>()
  for (const { type, payload } of eventsOf(bytes)) {
    const { contentBlockIndex: index, start, delta } = payload
    if (type === 'messageStop') expected.native = payload.stopReason
    if (type === 'metadata') expected.usage = payload.usage
    if (start?.toolUse) calls.set(index, { id: start.toolUse.toolUseId, name: start.toolUse.name, arguments: '' })
    expected.text += delta?.text ?? ''
    expected.reasoning += delta?.reasoningContent?.text ?? ''
    if (delta?.reasoningContent?.signature) expected.signatures.push(delta.reasoningContent.signature)
    const call = calls.get(index)
    if (call) call.arguments += delta?.toolUse?.input ?? ''
  }
  expected.calls = [...calls.values()].map((call) => ({ ...call, arguments: JSON.parse(call.arguments || '{}') }))
  return expected
}

const publicReasons: Record<string, string> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  tool_use: 'tool_calls',
  guardrail_intervened: 'content_filter',
}

function check(recording: Recording, parts: Part[]): void {
  const { choices, usage, errors } = hear(parts)
  const want = expectedOf(recording)
  const [heard] = choices
  expect(errors, recording.id).toEqual([])
  expect(heard?.text, recording.id).toBe(want.text)
  expect(heard?.reasoning, recording.id).toBe(want.reasoning)
  const calls = heard?.calls.map((call) => ({ ...call, arguments: JSON.parse(call.arguments) }))
  expect(calls, recording.id).toEqual(want.calls)
  const details = heard?.details ?? []
  const signatures = details.flatMap((detail) => ('signature' in detail && detail.signature ? [detail.signature] : []))
  expect(signatures, recording.id).toEqual(want.signatures)
  expect(details.map((detail) => ('text' in detail ? (detail.text ?? '') : '')).join(''), recording.id).toBe(
    want.reasoning,
  )
  expect(heard?.finish, recording.id).toEqual({ reason: publicReasons[want.native], native: want.native })
  // Streams that were edited by hand have lost their last event.
  if (want.usage === null) {
    expect(usage, recording.id).toBeNull()
    return
  }
  const cached = want.usage.cacheReadInputTokens ?? 0
  const written = want.usage.cacheWriteInputTokens ?? 0
  expect(usage, recording.id).toMatchObject({
    promptTokens: want.usage.inputTokens + cached + written,
    completionTokens: want.usage.outputTokens,
    cachedTokens: cached,
    cacheWriteTokens: written,
  })
  expect((usage?.promptTokens ?? 0) + (usage?.completionTokens ?? 0), recording.id).toBe(want.usage.totalTokens)
}

function upstreamIdOf(recording: Recording): string {
  return decodeURIComponent(recording.model ?? 'anthropic.claude-sonnet-4-5')
}

describe.skipIf(!haveRecordings)('recorded bedrock-converse traffic', () => {
  const all = recordingsOf('bedrock-converse')
  const answers = all.filter((recording) => recording.response_status < 400)
  const streams = answers.filter((recording) => recording.body_kind === 'eventstream')
  const bodies = answers.filter((recording) => recording.body_kind === 'json')
  const errors = all.filter((recording) => recording.response_status >= 400)

  it('is there in numbers, and none of it is left out', () => {
    expect(streams.length).toBeGreaterThanOrEqual(32)
    expect(bodies.length).toBeGreaterThanOrEqual(55)
    expect(errors.length).toBeGreaterThanOrEqual(6)
    expect(streams.length + bodies.length + errors.length).toBe(all.length)
    console.info(
      `bedrock-converse: ${all.length} recordings (${bodies.length} bodies, ${streams.length} streams, ${errors.length} errors)`,
    )
  })

  it('gives every whole answer completely', () => {
    for (const recording of bodies) {
      const text = new TextDecoder().decode(bodyOf(recording))
      check(recording, bedrockConverse.decodeBody(text, encodeInput(upstreamIdOf(recording), {})))
    }
  })

  it('gives every stream completely, cut as it was recorded', () => {
    for (const recording of streams)
      check(recording, decode(cut(bodyOf(recording), recording.chunk_lengths ?? []), upstreamIdOf(recording)))
  })

  it('hears the same however a stream is cut at random', () => {
    const random = seeded(20261121)
    for (const recording of streams) {
      const bytes = bodyOf(recording)
      const lengths = Array.from({ length: bytes.length }, () => 1 + Math.floor(random() ** 3 * 600))
      check(recording, decode(cut(bytes, lengths), upstreamIdOf(recording)))
    }
  })

  it('hears the same byte by byte', () => {
    for (const recording of streams) {
      const single = Array.from(bodyOf(recording), (byte) => Uint8Array.of(byte))
      check(recording, decode(single, upstreamIdOf(recording)))
    }
  })

  it('tells of every stream that is cut before its finish, and of none that is cut after', () => {
    const random = seeded(7)
    for (const recording of streams) {
      const bytes = bodyOf(recording)
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
      const starts: number[] = []
      for (let at = 0; at < bytes.length; at += view.getUint32(at)) starts.push(at)
      const stop = eventsOf(bytes).findIndex(({ type }) => type === 'messageStop')
      const before = Math.floor(random() * (starts[stop] ?? 0))
      const { errors: told } = hear(decode([bytes.slice(0, before)]))
      expect(told, recording.id).toMatchObject([{ failure: { kind: 'truncated' } }])
      const after = starts[stop + 1] ?? bytes.length
      for (const end of [after, Math.min(after + 7, bytes.length)])
        expect(hear(decode([bytes.slice(0, end)])).errors, recording.id).toEqual([])
    }
  })

  it('notices a changed byte wherever it is', () => {
    const random = seeded(11)
    for (const recording of streams) {
      const bytes = bodyOf(recording)
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
      const at = Math.floor(random() * view.getUint32(0))
      bytes[at] = (bytes[at] ?? 0) ^ (1 + Math.floor(random() * 255))
      const { errors: told, choices } = hear(decode([bytes]))
      expect(told, recording.id).toHaveLength(1)
      expect(choices, recording.id).toEqual([])
    }
  })

  it('classifies every recorded error, without the upstream in the message', () => {
    const expected: [RegExp, string, string][] = [
      [/identifier is invalid/, 'not-found', ''],
      [/token included in the request is invalid/, 'credential', 'UnrecognizedClientException'],
      [/token included in the request is expired/, 'credential', 'ExpiredTokenException'],
      [/Input Tokens Exceeded/, 'context-length', 'ValidationException'],
      [/s3Uri field/, 'unsupported', ''],
      [/source.type: Field required/, 'bad-request', ''],
    ]
    for (const recording of [...errors, ...recordingsOf('bedrock-invoke').filter(isError)]) {
      const body = new TextDecoder().decode(bodyOf(recording))
      const headers = new Headers(recording.response_headers ?? {})
      const failure = bedrockConverse.classify({ status: recording.response_status, headers, body })
      const want = expected.find(([pattern]) => pattern.test(body))
      if (want) expect([failure.kind, failure.providerCode ?? ''], recording.id).toEqual(want.slice(1))
      expect(failure.upstreamStatus).toBe(recording.response_status)
      expect(failure.raw, recording.id).toBe(body)
      expect(body.includes(failure.message)).toBe(false)
    }
  })
})

function isError(recording: Recording): boolean {
  return recording.response_status >= 400
}
