import { describe, expect, it } from 'vitest'
import type { Part } from '../../../src/chat/parts.ts'
import { classify } from '../../../src/providers/gemini/classify.ts'
import { decodeDocument } from '../../../src/providers/gemini/decode.ts'
import { GeminiStreamDecoder } from '../../../src/providers/gemini/stream-decoder.ts'
import { hear } from '../openai-chat/heard.ts'
import { bodyOf, cut, haveRecordings, type Recording, recordingsOf, seeded } from '../recordings.ts'
import { decodeOptions } from './gemini-target.ts'

// biome-ignore lint/suspicious/noExplicitAny: the expectation is read without the code under test, from JSON as it is.
type Json = any

function documentsOf(recording: Recording): Json[] {
  const text = new TextDecoder().decode(bodyOf(recording))
  if (recording.body_kind !== 'sse') return [JSON.parse(text)].flat()
  return text
    .split(/\r\n|\n|\r/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => JSON.parse(line.slice(5)))
}

/** Arguments that come path by path are compared by their strings: how they nest is told by the test of that. */
function stringsIn(value: Json): string {
  return typeof value === 'object' && value !== null ? Object.values(value).map(stringsIn).join('') : String(value)
}

/** What a recording says, gathered the plain way. */
function expectedOf(documents: Json[]) {
  const said = {
    text: '',
    reasoning: '',
    calls: [] as { name: string; strings: string }[],
    signatures: [] as string[],
    images: 0,
    native: null as string | null,
    usage: null as Json,
  }
  for (const document of documents) {
    said.usage = document.usageMetadata ?? said.usage
    said.native = document.promptFeedback?.blockReason ?? said.native
    const [candidate] = document.candidates ?? []
    for (const part of candidate?.content?.parts ?? []) {
      if (part.thought) said.reasoning += part.text
      else said.text += part.text ?? ''
      if (part.thoughtSignature && (part.text !== undefined || part.functionCall))
        said.signatures.push(part.thoughtSignature)
      if (part.inlineData?.mimeType.startsWith('image/')) said.images++
      const call = part.functionCall
      if (call?.name) said.calls.push({ name: call.name, strings: stringsIn(call.args ?? '') })
      const last = said.calls.at(-1)
      for (const piece of call?.partialArgs ?? []) if (last) last.strings += piece.stringValue
    }
    said.native = candidate?.finishReason ?? said.native
  }
  return said
}

const reasons: Record<string, string> = {
  MAX_TOKENS: 'length',
  SAFETY: 'content_filter',
  MODEL_ARMOR: 'content_filter',
}

function check(recording: Recording, parts: Part[]): void {
  const { choices, usage, errors } = hear(parts)
  const want = expectedOf(documentsOf(recording))
  const got = choices[0]
  expect(got?.text ?? '', recording.id).toBe(want.text)
  expect(got?.reasoning ?? '', recording.id).toBe(want.reasoning)
  const calls = got?.calls.map((call) => ({ name: call.name, strings: stringsIn(JSON.parse(call.arguments)) }))
  expect(calls ?? [], recording.id).toEqual(want.calls)
  for (const call of got?.calls ?? []) expect(call.id, recording.id).toBeTruthy()
  expect(new Set(got?.calls.map((call) => call.id)).size, recording.id).toBe(want.calls.length)
  const signatures = got?.details.flatMap((detail) =>
    detail.type === 'reasoning.encrypted' ? [detail.data] : 'signature' in detail ? [detail.signature] : [],
  )
  expect(signatures ?? [], recording.id).toEqual(want.signatures)
  expect(got?.images ?? 0, recording.id).toBe(want.images)

  if (want.native === 'UNEXPECTED_TOOL_CALL')
    expect(errors, recording.id).toMatchObject([{ failure: { kind: 'generation-failed', providerCode: want.native } }])
  else {
    expect(errors, recording.id).toEqual([])
    const native = typeof want.native === 'number' ? ['', 'STOP', 'MAX_TOKENS'][want.native] : want.native
    expect(got?.finish, recording.id).toEqual({
      native,
      reason: reasons[native ?? ''] ?? (want.calls.length > 0 ? 'tool_calls' : 'stop'),
    })
  }

  const metered = want.usage
  if (metered?.totalTokenCount === undefined) {
    expect(usage, recording.id).toBeNull()
    return
  }
  expect(usage, recording.id).toMatchObject({
    promptTokens: metered.promptTokenCount + (metered.toolUsePromptTokenCount ?? 0),
    completionTokens: (metered.candidatesTokenCount ?? 0) + (metered.thoughtsTokenCount ?? 0),
    cachedTokens: metered.cachedContentTokenCount ?? 0,
    reasoningTokens: metered.thoughtsTokenCount ?? 0,
  })
  expect((usage?.promptTokens ?? 0) + (usage?.completionTokens ?? 0), recording.id).toBe(metered.totalTokenCount)
}

function decode(pieces: Iterable<Uint8Array>): Part[] {
  const decoder = new GeminiStreamDecoder(decodeOptions())
  const parts: Part[] = []
  for (const piece of pieces) {
    parts.push(...decoder.push(piece))
    // The reader uses its memory again.
    piece.fill(0x78)
  }
  parts.push(...decoder.end())
  return parts
}

describe.skipIf(!haveRecordings)('recorded gemini traffic', () => {
  const all = recordingsOf('gemini-generate-content')
  const answers = all.filter((recording) => recording.response_status < 400)
  const errors = all.filter((recording) => recording.response_status >= 400)
  const streams = answers.filter((recording) => recording.body_kind === 'sse')
  const documents = answers.filter((recording) => recording.body_kind === 'json')

  it('is there in numbers', () => {
    expect(streams.length).toBe(69)
    expect(documents.length).toBe(105)
    expect(errors.length).toBe(8)
    expect(all.length).toBe(streams.length + documents.length + errors.length)
  })

  it('gives every whole answer completely, lists of chunks too', () => {
    for (const recording of documents)
      check(recording, decodeDocument(new TextDecoder().decode(bodyOf(recording)), decodeOptions()))
  })

  it('gives every stream completely, cut as it was recorded', () => {
    for (const recording of streams) check(recording, decode(cut(bodyOf(recording), recording.chunk_lengths ?? [])))
  })

  it('hears the same however a stream is cut at random', () => {
    const random = seeded(20261121)
    for (const recording of [...streams, ...documents.filter(({ tags }) => tags.includes('stream'))]) {
      const bytes = bodyOf(recording)
      const lengths = Array.from({ length: bytes.length }, () => 1 + Math.floor(random() ** 3 * 400))
      expect(hear(decode(cut(bytes, lengths))), recording.id).toEqual(hear(decode([bytes.slice()])))
    }
  })

  it('hears the same byte by byte', () => {
    for (const recording of streams.filter((_, i) => i % 5 === 0)) {
      const bytes = bodyOf(recording)
      const single = Array.from(bytes, (byte) => Uint8Array.of(byte))
      expect(hear(decode(single)), recording.id).toEqual(hear(decode([bytes.slice()])))
    }
  })

  it('tells of every stream that is cut before its finish', () => {
    const random = seeded(7)
    for (const recording of streams) {
      const bytes = bodyOf(recording)
      const text = new TextDecoder('latin1').decode(bytes)
      const at = Math.floor(random() * text.lastIndexOf('data:', text.indexOf('"finishReason"')))
      const { errors: told } = hear(decode([bytes.slice(0, at)]))
      expect(told.length, recording.id).toBe(1)
    }
  })

  it('cites what was found', () => {
    const cited = answers.filter((recording) => recording.tags.includes('citations'))
    expect(cited.length).toBe(10)
    for (const recording of cited) {
      const bytes = bodyOf(recording)
      const parts =
        recording.body_kind === 'sse'
          ? decode([bytes])
          : decodeDocument(new TextDecoder().decode(bytes), decodeOptions())
      const text = hear(parts).choices[0]?.text ?? ''
      for (const part of parts) {
        if (part.type !== 'annotations') continue
        for (const annotation of part.annotations) {
          if (annotation.type !== 'url_citation') throw new Error('Not a citation.')
          const { url, content, start_index: start, end_index: end } = annotation.url_citation
          expect(url).toMatch(/^https?:/)
          if (content !== undefined) expect(text.slice(start, end), recording.id).toBe(content)
        }
      }
    }
  })

  it('classifies every recorded error, without the upstream in the message', () => {
    const expected: [RegExp, string][] = [
      [/2-0-flash/, 'credential'],
      [/1-5-pro|gemini-live/, 'not-found'],
      [/flash-image|preview-tts/, 'unsupported'],
      [/vertex.*gemini-3-flash/, 'unsupported'],
      [/vertex/, 'bad-request'],
    ]
    for (const recording of errors) {
      const body = new TextDecoder().decode(bodyOf(recording))
      const failure = classify({
        status: recording.response_status,
        headers: new Headers(recording.response_headers ?? {}),
        body,
      })
      const want = expected.find(([pattern]) => pattern.test(recording.id))?.[1]
      expect(`${recording.id} ${failure.kind}`).toBe(`${recording.id} ${want}`)
      expect(body.includes(failure.message)).toBe(false)
    }
  })
})
