import { describe, expect, it } from 'vitest'
import type { Part } from '../../../src/chat/parts.ts'
import { classify } from '../../../src/providers/anthropic-messages/classify.ts'
import { decodeBody, MessageStreamDecoder } from '../../../src/providers/anthropic-messages/decode.ts'
import { MessageEvents } from '../../../src/providers/anthropic-messages/message-events.ts'
import { hear } from '../openai-chat/heard.ts'
import { bodyOf, cut, haveRecordings, type Recording, recordingsOf, seeded } from '../recordings.ts'
import { decodeOptions, type Json } from './claude-target.ts'
import { framesIn } from './frames.ts'

/** Two answers of the same server in one file: what follows the end of the first is another message. */
const twoAnswers = 'anthropic-messages-stream-tool-call-claude-sonnet-4-5-20250929-3dbc18fa'
/** A proxy asked twice and spliced the second answer into the first. */
const spliced = 'anthropic-messages-stream-parallel-tools-tool-call-claude-3-haiku-20240307-c1c26740'

const is = (name: string) => (recording: Recording) => recording.id.endsWith(name)

/** A recording as the events of one message; a whole body is told as the events that it would have come in. */
function eventsOf(recording: Recording): Json[] {
  const bytes = bodyOf(recording)
  if (recording.body_kind === 'eventstream') return framesIn(bytes)
  const text = new TextDecoder().decode(bytes)
  if (recording.body_kind === 'sse')
    return text
      .split(/\r\n|\n|\r/)
      .filter((line) => line.startsWith('data:'))
      .map((line) => JSON.parse(line.slice(5)))
  const message: Json = JSON.parse(text)
  const blocks = message.content.map((block: Json, index: number) => ({
    type: 'content_block_start',
    index,
    content_block: block,
  }))
  return [
    { type: 'message_start', message },
    ...blocks,
    { type: 'message_delta', delta: message, usage: message.usage },
  ]
}

/** What a recording says, gathered the plain way. */
function expectedOf(recording: Recording) {
  const events = eventsOf(recording)
  const end = events.findIndex((event) => event.type === 'message_stop')
  const said = {
    text: '',
    thoughts: [] as { text: string; signature: string }[],
    sealed: [] as string[],
    calls: [] as { id: string; name: string; arguments: string }[],
    urls: [] as string[],
    native: null as string | null,
    usage: {} as Json,
  }
  const open: Json[] = []
  for (const event of end < 0 ? events : events.slice(0, end)) {
    const { type, index, delta } = event
    if (type === 'message_start') said.usage = { ...event.message.usage }
    if (type === 'content_block_start') {
      const block = event.content_block
      open[index] = { type: block.type }
      if (block.type === 'text') said.text += block.text
      if (block.type === 'redacted_thinking') said.sealed.push(block.data)
      if (block.type === 'thinking') {
        open[index].thought = { text: block.thinking ?? '', signature: block.signature ?? '' }
        said.thoughts.push(open[index].thought)
      }
      if (block.type === 'tool_use') {
        const isWhole = Object.keys(block.input ?? {}).length > 0 || recording.body_kind === 'json'
        open[index].call = { id: block.id, name: block.name, arguments: isWhole ? JSON.stringify(block.input) : '' }
        said.calls.push(open[index].call)
      }
      for (const citation of block.citations ?? []) said.urls.push(citation.url ?? citation.source)
    }
    if (delta?.type === 'text_delta') said.text += delta.text
    if (delta?.type === 'thinking_delta') open[index].thought.text += delta.thinking
    if (delta?.type === 'signature_delta') open[index].thought.signature += delta.signature
    if (delta?.type === 'input_json_delta' && open[index].call) open[index].call.arguments += delta.partial_json
    if (delta?.type === 'citations_delta') said.urls.push(delta.citation.url ?? delta.citation.source)
    if (type === 'message_delta') {
      said.native = delta.stop_reason
      said.usage = { ...said.usage, ...event.usage }
    }
  }
  return said
}

const reasons: Record<string, string> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  pause_turn: 'stop',
  tool_use: 'tool_calls',
  max_tokens: 'length',
  refusal: 'content_filter',
}

function check(recording: Recording, parts: Part[]): void {
  const { choices, usage, errors } = hear(parts)
  const want = expectedOf(recording)
  const got = choices[0]
  const { id } = recording
  expect(errors, id).toEqual([])
  expect(got?.text ?? '', id).toBe(want.text)
  expect(got?.reasoning ?? '', id).toBe(want.thoughts.map(({ text }) => text).join(''))
  expect(got?.calls ?? [], id).toEqual(want.calls.map((call) => ({ ...call, arguments: call.arguments || '{}' })))
  for (const call of got?.calls ?? []) if (want.native === 'tool_use') JSON.parse(call.arguments)
  const details = got?.details ?? []
  const signatures = details.flatMap((detail) => ('signature' in detail ? [detail.signature] : []))
  expect(signatures, id).toEqual(want.thoughts.map(({ signature }) => signature).filter((text) => text !== ''))
  const sealed = details.flatMap((detail) => (detail.type === 'reasoning.encrypted' ? [detail.data] : []))
  expect(sealed, id).toEqual(want.sealed)
  const annotations = parts.flatMap((part) => (part.type === 'annotations' ? part.annotations : []))
  const urls = annotations.map((annotation) => annotation.type === 'url_citation' && annotation.url_citation.url)
  expect(urls, id).toEqual(want.urls.filter((url) => url !== undefined))
  const reason = reasons[want.native ?? '']
  // A program of the model's may have called tools on the way to its end.
  const told = reason === 'stop' && want.calls.length > 0 ? 'tool_calls' : reason
  expect(got?.finish, id).toEqual({ native: want.native, reason: told })
  const read = want.usage.cache_read_input_tokens ?? 0
  const written = want.usage.cache_creation_input_tokens ?? 0
  expect(usage, id).toMatchObject({
    promptTokens: want.usage.input_tokens + read + written,
    completionTokens: want.usage.output_tokens,
    cachedTokens: read,
    cacheWriteTokens: written,
    reasoningTokens: want.usage.output_tokens_details?.thinking_tokens ?? 0,
  })
}

function decode(pieces: Iterable<Uint8Array>): Part[] {
  const decoder = new MessageStreamDecoder(decodeOptions())
  const parts: Part[] = []
  for (const piece of pieces) {
    parts.push(...decoder.push(piece))
    // The reader uses its memory again.
    piece.fill(0x78)
  }
  parts.push(...decoder.end())
  return parts
}

function decodeFrames(bytes: Uint8Array): Part[] {
  const events = new MessageEvents(decodeOptions())
  return [...framesIn(bytes).flatMap((event) => events.push(event)), ...events.end()]
}

const whole = (recording: Recording) => decodeBody(new TextDecoder().decode(bodyOf(recording)), decodeOptions())

describe.skipIf(!haveRecordings)('recorded traffic of the Messages API', () => {
  const invoked = recordingsOf('bedrock-invoke').filter(({ path, model }) => /claude/.test(`${path} ${model}`))
  const all = [...recordingsOf('anthropic-messages'), ...recordingsOf('vertex-anthropic-rawpredict'), ...invoked]
  const answers = all.filter((recording) => recording.response_status < 400)
  const errors = all.filter((recording) => recording.response_status >= 400)
  const bodies = answers.filter((recording) => recording.body_kind === 'json')
  const streams = answers.filter((recording) => recording.body_kind === 'sse' && !is(spliced)(recording))
  const frames = answers.filter((recording) => recording.body_kind === 'eventstream')
  /** Anthropic's first API: a text that goes on. No model of any catalogue speaks it any more. */
  const isCompletion = ({ tags, path }: Recording) => /claude-v2%3A1/.test(path) && !tags.includes('stream')

  it('is there in numbers', () => {
    expect([bodies.length, streams.length, frames.length, errors.length]).toEqual([99, 50, 17, 5])
    expect(all.length).toBe(bodies.length + streams.length + frames.length + errors.length + 1)
  })

  it('gives every whole answer completely', () => {
    for (const recording of bodies) if (!isCompletion(recording)) check(recording, whole(recording))
  })

  it('gives every stream completely, cut as it was recorded', () => {
    for (const recording of streams) check(recording, decode(cut(bodyOf(recording), recording.chunk_lengths ?? [])))
  })

  it('gives every message in frames completely', () => {
    for (const recording of frames) check(recording, decodeFrames(bodyOf(recording)))
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
    const sample = streams.filter((recording, i) => i % 5 === 0 && bodyOf(recording).length < 100_000)
    expect(sample.length).toBeGreaterThan(5)
    for (const recording of sample) {
      const bytes = bodyOf(recording)
      const single = Array.from(bytes, (byte) => Uint8Array.of(byte))
      expect(hear(decode(single)), recording.id).toEqual(hear(decode([bytes.slice()])))
    }
  })

  it('tells of every stream that is cut before its finish, and meters what was said', () => {
    const random = seeded(7)
    for (const recording of streams) {
      const bytes = bodyOf(recording)
      const text = new TextDecoder('latin1').decode(bytes)
      const at = Math.floor(random() * text.lastIndexOf('data:', text.indexOf('"stop_reason":"')))
      const { choices, usage, errors: told } = hear(decode([bytes.slice(0, at)]))
      expect(told, recording.id).toMatchObject([{ failure: { kind: 'truncated' } }])
      if (choices.length > 0) expect(usage, recording.id).toMatchObject({ estimated: true })
    }
  })

  it('ends cleanly when nothing follows the finish', () => {
    for (const recording of streams) {
      const text = new TextDecoder('latin1').decode(bodyOf(recording))
      const end = text.indexOf('message_stop')
      const bytes = bodyOf(recording).slice(0, text.lastIndexOf('\n\n', end) + 2)
      check(recording, decode([bytes]))
    }
  })

  it('hears one message and not what follows its end', () => {
    const recording = streams.find(is(twoAnswers))
    if (!recording) throw new Error('The recording is missing.')
    const { choices } = hear(decode([bodyOf(recording)]))
    expect(choices[0]?.finish).toEqual({ reason: 'tool_calls', native: 'tool_use' })
    expect(choices[0]?.text).not.toContain('current weather in San Francisco, CA is')
  })

  it('does not take a second answer for the rest of the first', () => {
    const recording = answers.find(is(spliced))
    if (!recording) throw new Error('The recording is missing.')
    const { choices, errors: told } = hear(decode([bodyOf(recording)]))
    expect(told).toMatchObject([{ failure: { kind: 'stream-error' } }])
    expect(choices[0]?.reasoning).toBe('I will call the tool.')
    expect(choices[0]?.finish).toBeNull()
  })

  it('cites with the place in the text that was said', () => {
    const cited = answers.filter((recording) => recording.tags.includes('citations') && recording.body_kind === 'json')
    let citations = 0
    for (const recording of cited) {
      const parts = whole(recording)
      const text = hear(parts).choices[0]?.text ?? ''
      const message: Json = JSON.parse(new TextDecoder().decode(bodyOf(recording)))
      for (const part of parts) {
        if (part.type !== 'annotations') continue
        for (const annotation of part.annotations) {
          if (annotation.type !== 'url_citation') throw new Error('Not a citation.')
          const { start_index: start, end_index: end, content } = annotation.url_citation
          const block = message.content.find((one: Json) => one.text === text.slice(start, end))
          expect(block.citations.map((citation: Json) => citation.cited_text)).toContain(content)
          citations++
        }
      }
    }
    expect(citations).toBe(19)
  })

  it('classifies every recorded error, without the upstream in the message', () => {
    const kinds: Record<string, string> = { 401: 'credential', 404: 'not-found', 400: 'unsupported' }
    for (const recording of errors) {
      const body = new TextDecoder().decode(bodyOf(recording))
      const headers = new Headers(recording.response_headers ?? {})
      const failure = classify({ status: recording.response_status, headers, body })
      expect(`${recording.id} ${failure.kind}`).toBe(`${recording.id} ${kinds[recording.response_status]}`)
      expect(body.includes(failure.message)).toBe(false)
    }
  })
})
