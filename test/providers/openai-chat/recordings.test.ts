import { describe, expect, it } from 'vitest'
import type { Part } from '../../../src/chat/parts.ts'
import { classify } from '../../../src/providers/openai-chat/classify.ts'
import { ChatStreamDecoder, decodeWhole } from '../../../src/providers/openai-chat/decode.ts'
import { bodyOf, cut, haveRecordings, type Recording, recordingsOf, seeded } from '../recordings.ts'
import { decodeOptions, hear } from './heard.ts'

// biome-ignore lint/suspicious/noExplicitAny: the expectation is read without the code under test, from JSON as it is.
type Json = any

interface Expected {
  text: string
  reasoning: string
  calls: { index: number; id: string; name: string; arguments: string }[]
  native: string | null
  promptTokens: number | null
  totalTokens: number
}

/** What a recording says, gathered the plain way: whole lines, no cuts, only what occurs in the recordings. */
function expectedOf(recording: Recording): Map<number, Expected> {
  const text = new TextDecoder().decode(bodyOf(recording))
  const isStream = recording.body_kind === 'sse'
  const documents: Json[] = isStream
    ? text
        .split(/\r\n|\n|\r/)
        .filter((line) => line.startsWith('data:') && !line.includes('[DONE]'))
        .map((line) => JSON.parse(line.slice(5)))
    : [JSON.parse(text)]
  const choices = new Map<number, Expected>()
  let usage: Json = null
  for (const document of documents) {
    usage = document.usage ?? document.x_groq?.usage ?? usage
    for (const choice of document.choices ?? []) gather(choices, choice, isStream ? 'delta' : 'message')
  }
  const total = usage ? usage.prompt_tokens + (usage.completion_tokens ?? 0) : 0
  const reasoning = usage?.completion_tokens_details?.reasoning_tokens ?? 0
  for (const expected of choices.values()) {
    expected.promptTokens = usage?.prompt_tokens ?? null
    // xAI counts its reasoning beside the completion, and so does Vercel for Gemini.
    const outside = usage?.total_tokens === total + reasoning || reasoning > usage?.completion_tokens
    expected.totalTokens = outside ? total + reasoning : total
  }
  return choices
}

function gather(choices: Map<number, Expected>, choice: Json, key: 'delta' | 'message'): void {
  const fresh: Expected = { text: '', reasoning: '', calls: [], native: null, promptTokens: null, totalTokens: 0 }
  const expected = choices.get(choice.index) ?? fresh
  choices.set(choice.index, expected)
  const said = choice[key] ?? {}
  const { content } = said
  if (typeof content === 'string') expected.text += content
  else if (Array.isArray(content)) {
    for (const part of content) {
      if (part.type === 'text') expected.text += part.text
      if (part.type === 'thinking') for (const thought of part.thinking) expected.reasoning += thought.text
    }
  } else if (content) expected.text += JSON.stringify(content)
  const details = (said.reasoning_details ?? []).map((detail: Json) => detail.text ?? detail.summary ?? '').join('')
  expected.reasoning += said.reasoning || said.reasoning_content || details
  const calls = said.tool_calls ?? (said.function_call?.name ? [{ index: 0, function: said.function_call }] : [])
  calls.forEach((call: Json, position: number) => {
    const index = call.index ?? position
    const known = expected.calls.findLast((other) => other.index === index)
    // Cerebras gives two calls the same index and different ids.
    if (known && (!call.id || call.id === known.id)) known.arguments += call.function.arguments ?? ''
    else expected.calls.push({ index, id: call.id, name: call.function.name, arguments: call.function.arguments ?? '' })
  })
  if (choice.finish_reason) expected.native ??= choice.native_finish_reason ?? choice.finish_reason
  else if (choice.finish_details) expected.native ??= choice.finish_details.type
}

function check(recording: Recording, parts: Part[]): void {
  const { choices, usage, errors } = hear(parts)
  const expected = expectedOf(recording)
  if (expected.size === 0) {
    expect(errors, recording.id).toHaveLength(1)
    return
  }
  for (const [index, want] of expected) {
    const got = choices[index]
    expect(got?.text ?? '', recording.id).toBe(want.text)
    expect(got?.reasoning ?? '', recording.id).toBe(want.reasoning)
    expect(got?.calls.map(({ name, arguments: text }) => ({ name, text })) ?? [], recording.id).toEqual(
      want.calls.map((call) => ({ name: call.name, text: call.arguments.trim() === '' ? '{}' : call.arguments })),
    )
    for (const call of got?.calls ?? []) expect(call.id, recording.id).toBeTruthy()
    if (want.native === null) continue
    expect(got?.finish?.native, recording.id).toBe(want.native)
    if (want.native === 'length' || want.native === 'max_tokens') expect(got?.finish?.reason).toBe('length')
    else expect(got?.finish?.reason, recording.id).toBe(want.calls.length > 0 ? 'tool_calls' : publicOf(want.native))
  }
  const [first] = expected.values()
  if (first?.promptTokens == null) expect(usage, recording.id).toBeNull()
  else {
    expect(usage?.promptTokens, recording.id).toBe(first.promptTokens)
    expect((usage?.promptTokens ?? 0) + (usage?.completionTokens ?? 0), recording.id).toBe(first.totalTokens)
  }
  for (const value of Object.values(usage ?? {})) expect(Number.isSafeInteger(value), recording.id).toBe(true)
}

function publicOf(native: string): string {
  if (/tool|function_call/.test(native)) return 'tool_calls'
  if (/max_|length/i.test(native)) return 'length'
  return /content_filter|refusal|SAFETY/.test(native) ? 'content_filter' : 'stop'
}

/** Both end without a finish: one was cut by an error event, the other host forgets it. */
const unfinished = /^(groq\/openai-chat-stream-mid-stream-error|snowflake\/openai-chat-stream)/

function decode(pieces: Iterable<Uint8Array>): Part[] {
  const decoder = new ChatStreamDecoder(decodeOptions())
  const parts: Part[] = []
  for (const piece of pieces) {
    parts.push(...decoder.push(piece))
    // The reader uses its memory again.
    piece.fill(0x78)
  }
  parts.push(...decoder.end())
  return parts
}

/** Pieces of text that belong together, so that two ways of cutting compare equal. */
function said(parts: Part[]): unknown {
  return hear(parts)
}

describe.skipIf(!haveRecordings)('recorded openai-chat traffic', () => {
  const all = recordingsOf('openai-chat')
  const answers = all.filter((recording) => recording.response_status < 400)
  const streams = answers.filter((recording) => recording.body_kind === 'sse')
  const bodies = answers.filter((recording) => recording.body_kind === 'json')
  const errors = all.filter((recording) => recording.response_status >= 400)

  it('is there in numbers', () => {
    expect(streams.length).toBeGreaterThan(200)
    expect(bodies.length).toBeGreaterThan(400)
    expect(errors.length).toBeGreaterThan(30)
  })

  it('gives every whole answer completely', () => {
    for (const recording of bodies)
      check(recording, decodeWhole(new TextDecoder().decode(bodyOf(recording)), decodeOptions()).parts)
  })

  it('gives every stream completely, cut as it was recorded', () => {
    for (const recording of streams) {
      const parts = decode(cut(bodyOf(recording), recording.chunk_lengths ?? []))
      check(recording, parts)
      if (!unfinished.test(recording.id)) expect(hear(parts).errors, recording.id).toEqual([])
    }
  })

  it('hears the same however a stream is cut at random', () => {
    const random = seeded(20261121)
    for (const recording of streams) {
      const bytes = bodyOf(recording)
      const whole = said(decode([bytes.slice()]))
      const lengths = Array.from({ length: bytes.length }, () => 1 + Math.floor(random() ** 3 * 400))
      expect(said(decode(cut(bytes, lengths))), recording.id).toEqual(whole)
    }
  })

  it('hears the same byte by byte', () => {
    const short = streams.filter((_, i) => i % 9 === 0)
    for (const recording of short) {
      const bytes = bodyOf(recording)
      const single = Array.from(bytes, (byte) => Uint8Array.of(byte))
      expect(said(decode(single)), recording.id).toEqual(said(decode([bytes.slice()])))
    }
  })

  it('tells of every stream that is cut before its finish', () => {
    const random = seeded(7)
    for (const recording of streams) {
      const bytes = bodyOf(recording)
      const text = new TextDecoder('latin1').decode(bytes)
      const finish = text.search(/"finish_reason": ?"/)
      if (finish < 0) continue
      const at = Math.floor(random() * text.lastIndexOf('data:', finish))
      const parts = decode([bytes.slice(0, at)])
      expect(hear(parts).errors.length, recording.id).toBe(1)
    }
  })

  it('keeps reasoning signatures and encrypted reasoning whole', () => {
    const encrypted = answers.filter((recording) => recording.tags.includes('reasoning:reasoning_details'))
    let seen = 0
    for (const recording of encrypted) {
      const bytes = bodyOf(recording)
      const parts = recording.body_kind === 'sse' ? decode([bytes.slice()]) : wholeOf(bytes)
      const details = hear(parts).choices.flatMap((choice) => choice?.details ?? [])
      const got = details.flatMap((detail) => ('data' in detail ? [detail.data] : []))
      const source = new TextDecoder().decode(bytes)
      for (const data of got) expect(source.includes(data), recording.id).toBe(true)
      expect(got.length, recording.id).toBe(source.match(/"reasoning\.encrypted"/g)?.length ?? 0)
      seen += got.length
    }
    expect(seen).toBeGreaterThan(10)
  })

  it('classifies every recorded error, without the upstream in the message', () => {
    const expected: [RegExp, string][] = [
      [/^azure\/.*gpt-5-nano/, 'not-found'],
      [/^azure\/.*grok-4-1/, 'credential'],
      [/^deepseek\//, 'context-length'],
      [/^groq\/.*llama3-70b/, 'not-found'],
      [/^groq\/.*guard/, 'unsupported'],
      [/^groq\/.*non-existent/, 'not-found'],
      [/^groq\/.*gpt-oss/, 'generation-failed'],
      [/^huggingface\/.*gemma/, 'unsupported'],
      [/^huggingface\/.*zephyr/, 'unprocessable'],
      [/^(mistral|ollama|together)\//, 'credential'],
      [/^openai\/.*does-not-exist/, 'not-found'],
      [/^openai\/.*error-image/, 'bad-request'],
      [/^openai\/.*chat-latest-b1058ce0/, 'unsupported'],
      [/^openai\/.*chat-latest-0c110588/, 'bad-request'],
      [/^openai\/.*gpt-3-5/, 'credential'],
      [/^openai\/.*(gpt-5-nano|o1-mini)/, 'unsupported'],
      [/^openrouter\/.*claude-haiku/, 'context-length'],
      [/^openrouter\/.*grok-3-mini/, 'content-policy'],
      [/^openrouter\/.*grok-4-/, 'bad-request'],
      [/^openrouter\/.*(dolphin3-0-mistral|mistral-7b)/, 'unsupported'],
      [/^openrouter\/.*(llama-3-2|deepseek-r1|gemma-2)/, 'rate-limited'],
      [/^openrouter\//, 'not-found'],
      [/^perplexity\//, 'context-length'],
      [/^xai\/.*grok-beta/, 'not-found'],
      [/^xai\/.*code-fast/, 'unsupported'],
    ]
    for (const recording of errors) {
      const body = new TextDecoder().decode(bodyOf(recording))
      const headers = new Headers(recording.response_headers ?? {})
      const failure = classify({ status: recording.response_status, headers, body })
      const want = expected.find(([pattern]) => pattern.test(recording.id))?.[1]
      if (want) expect(`${recording.id} ${failure.kind}`).toBe(`${recording.id} ${want}`)
      expect(failure.upstreamStatus).toBe(recording.response_status)
      expect(failure.raw?.length, recording.id).toBeGreaterThan(0)
      expect(body.includes(failure.message)).toBe(false)
    }
  })

  it('classifies errors that came with a 200', () => {
    const kinds = Object.fromEntries(
      answers
        .filter((recording) => recording.tags.some((tag) => tag === 'error-in-200' || tag === 'mid-stream-error'))
        .map((recording) => {
          const bytes = bodyOf(recording)
          const parts = recording.body_kind === 'sse' ? decode([bytes]) : wholeOf(bytes)
          const [error] = hear(parts).errors
          return [recording.id.replace(/\/.*/, ''), error?.type === 'error' ? error.failure.kind : null]
        }),
    )
    expect(kinds).toEqual({ azure: 'content-policy', groq: 'generation-failed', openrouter: 'stream-error' })
  })
})

function wholeOf(bytes: Uint8Array): Part[] {
  return decodeWhole(new TextDecoder().decode(bytes), decodeOptions()).parts
}
