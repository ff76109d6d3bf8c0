import type { AttemptFailure } from '../../chat/failure.ts'
import type { Logprobs, Part } from '../../chat/parts.ts'
import { SseEvents } from '../../edge/sse-events.ts'
import { asList, asRecord, asText, type JsonRecord, nestsTooDeep } from '../foreign-json.ts'
import type { StreamDecoder, WholeBody } from '../wire.ts'
import { classifyInside, type KindOf, plainError, plainFailure } from './classify.ts'
import { finishReasonOf } from './finish.ts'
import { ownFields } from './own-fields.ts'
import {
  readAnnotations,
  readAudio,
  readCitations,
  readContent,
  readImages,
  readLogprobs,
  readReasoningDetails,
  reasoningText,
} from './said.ts'
import { type Split, ThinkTags } from './think-tags.ts'
import { ToolCalls } from './tool-calls.ts'
import { readUsage } from './usage.ts'

export interface DecodeOptions {
  /** The model hides its reasoning between `<think>` tags. */
  thinkTags: boolean
  /** The usage of a stream stands for the finish that it does not tell. */
  usageIsFinish?: boolean
  /** An id for a tool call that came without one. */
  newCallId(): string
  /** Stripped from errors that the upstream words. */
  secrets: readonly string[]
  kindOf?: KindOf
}

interface ChoiceState {
  /** The field that a part of this choice carries; the first choice is the default. */
  at: { choice?: number }
  calls: ToolCalls
  think: ThinkTags | null
  produced: boolean
  finished: boolean
}

/** What is kept of one answer from chunk to chunk. */
export interface ChunkState {
  options: DecodeOptions
  choices: Map<number, ChoiceState>
  started: boolean
  /** Something was produced that this state has not seen: chunks that were spliced past it. */
  producedElsewhere: boolean
  metered: boolean
  cited: boolean
}

export function newChunkState(options: DecodeOptions): ChunkState {
  return { options, choices: new Map(), started: false, producedElsewhere: false, metered: false, cited: false }
}

/** One event of a stream, parsed, to parts. Never throws on foreign shapes. `name` is the value of `event:`. */
export function normaliseChunk(value: unknown, state: ChunkState, name: string | null = null): Part[] {
  if (name === 'ping') return []
  const chunk = asRecord(value)
  const failure = failureIn(value, chunk, state, name === 'error')
  if (failure) return [{ type: 'error', failure }]
  return chunk && !nestsTooDeep(chunk) ? readAnswer(chunk, state, false) : plainError('malformed')
}

/** What was held back because more could have followed: to be called when the stream is over. */
export function flushChunks(state: ChunkState): Part[] {
  const parts: Part[] = []
  for (const choice of state.choices.values()) flushText(parts, choice)
  return parts
}

/** A whole answer, parsed, to parts. Never throws on foreign shapes. */
export function normaliseBody(value: unknown, options: DecodeOptions): Part[] {
  const state = newChunkState(options)
  const body = asRecord(value)
  const failure = failureIn(value, body, state, Array.isArray(value))
  if (failure) return [{ type: 'error', failure }]
  if (!body || !asList(body.choices).some(asRecord) || nestsTooDeep(body)) return plainError('malformed')
  return readAnswer(body, state, true)
}

/** A whole answer as text: JSON, or the stream that a provider sent although nobody asked for one. */
export function decodeWhole(text: string, options: DecodeOptions): WholeBody {
  let body: unknown
  try {
    // Keep-alive newlines before the body (DeepSeek) are white space to the parser; a byte order mark is not.
    body = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
  } catch {
    if (!/^\s*(data|event|:)/.test(text)) return { parts: plainError('malformed'), extras: {} }
    const decoder = new ChatStreamDecoder(options)
    return { parts: [...decoder.push(new TextEncoder().encode(text)), ...decoder.end()], extras: {} }
  }
  return { parts: normaliseBody(body, options), extras: extrasOf(asRecord(body)) }
}

const own: ReadonlySet<string> = new Set(ownFields)

function extrasOf(body: JsonRecord | undefined): Record<string, unknown> {
  const extras: Record<string, unknown> = {}
  for (const field in body) if (body[field] !== null && !own.has(field)) extras[field] = body[field]
  return extras
}

/** The error that an event or body is instead of an answer, or null. */
function failureIn(
  value: unknown,
  record: JsonRecord | undefined,
  state: ChunkState,
  isError: boolean,
): AttemptFailure | null {
  const { secrets, kindOf } = state.options
  if (isError || record?.error) return classifyInside(value, secrets, kindOf)
  if (!record || Array.isArray(record.choices)) {
    const choice = asRecord(asList(record?.choices)[0])
    // OpenRouter puts an error beside what was said until then.
    return asRecord(choice?.error) && !saysSomething(choice)
      ? classifyInside({ error: choice?.error }, secrets, kindOf)
      : null
  }
  const status = asRecord(record.base_resp)?.status_code
  const words = record.object === 'error' || record.type === 'error' || record.detail !== undefined
  const bare = asText(record.message) !== undefined && record.usage === undefined
  return words || bare || (typeof status === 'number' && status !== 0) ? classifyInside(value, secrets, kindOf) : null
}

function saysSomething(choice: JsonRecord | undefined): boolean {
  const said = asRecord(choice?.message) ?? asRecord(choice?.delta)
  return said !== undefined && (asText(said.content) !== undefined || asList(said.tool_calls).length > 0)
}

function readAnswer(answer: JsonRecord, state: ChunkState, whole: boolean): Part[] {
  const parts: Part[] = []
  const start = state.started ? null : startOf(answer)
  if (start) {
    state.started = true
    parts.push(start)
  }
  const choices = asList(answer.choices)
  for (let i = 0; i < choices.length; i++) {
    const choice = asRecord(choices[i])
    if (choice) readChoice(choice, whole ? i : 0, answer, state, whole, parts)
  }
  const usage =
    readUsage(answer.usage) ?? readUsage(asRecord(answer.x_groq)?.usage) ?? readUsage(asRecord(choices[0])?.usage)
  if (usage && state.options.usageIsFinish && choices.length === 0)
    for (const choice of state.choices.values()) finish({ word: 'stop', shown: null }, answer, state, choice, parts)
  // A later usage replaces an earlier one, unless it is one of those that count nothing.
  if (usage && (!state.metered || usage.promptTokens + usage.completionTokens > 0)) {
    state.metered = true
    parts.push({ type: 'usage', usage })
  }
  return parts
}

/** Azure's first chunk has an empty id: the one after it tells. */
function startOf(answer: JsonRecord): Part | null {
  const upstreamId = asText(answer.id)
  const upstreamModel = asText(answer.model)
  const serviceTier = asText(answer.service_tier)
  if (upstreamId === undefined && upstreamModel === undefined) return null
  return {
    type: 'start',
    ...(upstreamId === undefined ? {} : { upstreamId }),
    ...(upstreamModel === undefined ? {} : { upstreamModel }),
    ...(serviceTier === undefined ? {} : { serviceTier }),
  }
}

function choiceOf(state: ChunkState, index: number): ChoiceState {
  let choice = state.choices.get(index)
  if (!choice) {
    choice = {
      at: index === 0 ? {} : { choice: index },
      calls: new ToolCalls(state.options.newCallId),
      think: state.options.thinkTags ? new ThinkTags() : null,
      produced: false,
      finished: false,
    }
    state.choices.set(index, choice)
  }
  return choice
}

function readChoice(
  source: JsonRecord,
  position: number,
  answer: JsonRecord,
  state: ChunkState,
  whole: boolean,
  parts: Part[],
): void {
  const index = Number.isInteger(source.index) && (source.index as number) >= 0 ? (source.index as number) : position
  const choice = choiceOf(state, index)
  const before = parts.length
  const delta = asRecord(source.delta)
  const message = asRecord(source.message)
  // Perplexity repeats the whole message beside every delta.
  const said = whole ? (message ?? delta) : (delta ?? (choice.produced ? undefined : message))
  if (said) readSaid(said, readLogprobs(source.logprobs), choice, whole, parts)
  else if (typeof source.text === 'string') pushText(source.text, null, choice, parts)
  if (parts.slice(before).some(isProduct)) choice.produced = true

  const failure = asRecord(source.error)
  if (failure) {
    const { secrets, kindOf } = state.options
    flushText(parts, choice)
    parts.push({ type: 'error', failure: classifyInside({ error: failure }, secrets, kindOf) })
    return
  }
  const native = nativeFinishOf(source)
  if (native !== null) finish(native, answer, state, choice, parts)
  else if (whole) {
    // A whole answer without a reason is believed when it says something.
    if (choice.produced) finish({ word: 'stop', shown: null }, answer, state, choice, parts)
    else parts.push({ type: 'error', failure: plainFailure('malformed') })
  }
}

function isProduct(part: Part): boolean {
  if (part.type === 'text-delta' || part.type === 'refusal-delta') return part.text !== ''
  return part.type !== 'start'
}

/** The provider's own word, and the one that is shown: a router knows what its upstream said. */
function nativeFinishOf(source: JsonRecord): { word: string; shown: string | null } | null {
  const word = asText(source.finish_reason) ?? asText(asRecord(source.finish_details)?.type)
  // Older DashScope says "null" in words.
  if (word === undefined || word === 'null') return null
  return { word, shown: asText(source.native_finish_reason) ?? word }
}

function finish(
  native: { word: string; shown: string | null },
  answer: JsonRecord,
  state: ChunkState,
  choice: ChoiceState,
  parts: Part[],
): void {
  // Several hosts repeat the finish on their usage chunk.
  if (choice.finished) return
  choice.finished = true
  const before = parts.length
  flushText(parts, choice)
  if (parts.length > before) choice.produced = true
  for (const call of choice.calls.end()) parts.push({ ...call, ...choice.at })
  if (!state.cited) {
    const annotations = readCitations(answer)
    if (annotations.length > 0) {
      state.cited = true
      parts.push({ type: 'annotations', annotations, ...choice.at })
    }
  }
  const produced = choice.produced || state.producedElsewhere
  const reason = finishReasonOf(native.word, { calls: choice.calls.any, produced })
  parts.push({ type: 'finish', reason, native: native.shown, ...choice.at })
}

function readSaid(
  said: JsonRecord,
  logprobs: Logprobs | null,
  choice: ChoiceState,
  whole: boolean,
  parts: Part[],
): void {
  const details = readReasoningDetails(said.reasoning_details)
  const reasoning = reasoningText(said, details)
  if (reasoning !== '' || details.length > 0)
    parts.push({
      type: 'reasoning-delta',
      ...(reasoning === '' ? {} : { text: reasoning }),
      ...(details.length === 0 ? {} : { details }),
      ...choice.at,
    })
  if (typeof said.content === 'string') pushText(said.content, logprobs, choice, parts)
  else {
    for (const piece of readContent(said.content)) {
      if (piece.type === 'image') parts.push({ type: 'image', image: piece.image, ...choice.at })
      else if (piece.type === 'text') pushText(piece.text, null, choice, parts)
      else if (piece.text !== '') parts.push({ type: 'reasoning-delta', text: piece.text, ...choice.at })
    }
    if (logprobs) parts.push({ type: 'text-delta', text: '', logprobs, ...choice.at })
  }
  const refusal = asText(said.refusal)
  if (refusal !== undefined) parts.push({ type: 'refusal-delta', text: refusal, ...choice.at })
  const annotations = readAnnotations(said.annotations)
  if (annotations.length > 0) parts.push({ type: 'annotations', annotations, ...choice.at })
  for (const image of readImages(said.images)) parts.push({ type: 'image', image, ...choice.at })
  const audio = readAudio(said.audio)
  if (audio) parts.push({ type: 'audio-delta', audio, ...choice.at })
  for (const call of asList(said.tool_calls)) pushCall(call, choice, whole, parts)
  // The call of 2023, with neither index nor id.
  const legacy = asRecord(said.function_call)
  if (legacy && asList(said.tool_calls).length === 0) pushCall({ index: 0, function: legacy }, choice, whole, parts)
}

function pushCall(call: unknown, choice: ChoiceState, whole: boolean, parts: Part[]): void {
  for (const delta of whole ? choice.calls.pushWhole(call) : choice.calls.push(call))
    parts.push({ ...delta, ...choice.at })
}

function pushText(text: string, logprobs: Logprobs | null, choice: ChoiceState, parts: Part[]): void {
  if (choice.think) pushSplits(choice.think.push(text), choice, parts)
  else if (text !== '' || logprobs)
    parts.push({ type: 'text-delta', text, ...(logprobs ? { logprobs } : {}), ...choice.at })
}

function flushText(parts: Part[], choice: ChoiceState): void {
  if (choice.think) pushSplits(choice.think.end(), choice, parts)
}

function pushSplits(splits: Split[], choice: ChoiceState, parts: Part[]): void {
  for (const { type, text } of splits)
    parts.push({ type: type === 'text' ? 'text-delta' : 'reasoning-delta', text, ...choice.at })
}

/** An event larger than this is a fault of the upstream; generated images come in events of a few megabytes. */
const maxEventBytes = 24 * 1024 * 1024

/** A stream of chunks to parts, for a surface that speaks another wire. */
export class ChatStreamDecoder implements StreamDecoder {
  #state: ChunkState
  #parts: Part[] = []
  #events: SseEvents
  #text = new TextDecoder()
  /** `[DONE]` or an error: whatever follows means nothing. */
  #over = false
  #done = false
  #failed = false

  constructor(options: DecodeOptions) {
    this.#state = newChunkState(options)
    this.#events = new SseEvents((bytes, start, end, name) => this.#onEvent(bytes, start, end, name), maxEventBytes)
  }

  push(bytes: Uint8Array): Part[] {
    if (this.#over) return []
    this.#events.push(bytes)
    if (this.#events.overflowed) this.#add(plainError('malformed'))
    return this.#taken()
  }

  end(): Part[] {
    this.#events.end()
    if (!this.#failed) {
      this.#over = false
      this.#add(flushChunks(this.#state))
      // A finish followed by the end is clean without `[DONE]`; the end before one is a cut, whatever came before.
      // LiteLLM says the finish of one choice only, but it does say `[DONE]`.
      const choices = [...this.#state.choices.values()]
      const finished = choices.some((choice) => choice.finished)
      if (!finished || !(this.#done || choices.every((choice) => choice.finished || !choice.produced)))
        this.#add(plainError('truncated'))
    }
    return this.#taken()
  }

  #onEvent(bytes: Uint8Array, start: number, end: number, name: string | null): void {
    if (this.#over) return
    const text = this.#text.decode(bytes.subarray(start, end)).trim()
    if (text === '') return
    if (text.startsWith('[DONE]')) {
      this.#done = true
      this.#over = true
      return
    }
    let event: unknown
    try {
      event = JSON.parse(text)
    } catch {
      // Words after `event: error` are still the error.
      event = name === 'error' ? text : undefined
    }
    this.#add(event === undefined ? plainError('malformed') : normaliseChunk(event, this.#state, name))
  }

  #add(parts: Part[]): void {
    for (const part of parts) {
      if (this.#over) return
      this.#parts.push(part)
      if (part.type === 'error') {
        this.#over = true
        this.#failed = true
      }
    }
  }

  #taken(): Part[] {
    const parts = this.#parts
    this.#parts = []
    return parts
  }
}
