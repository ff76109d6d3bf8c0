import type { Part, ReasoningDetail } from '../../chat/parts.ts'
import { parseExactJson } from '../exact-json.ts'
import { asList, asRecord, asText, type JsonRecord } from '../foreign-json.ts'
import { plainFailure } from '../openai-chat/classify.ts'
import { readCitations } from './citations.ts'
import { classifyEvent } from './classify.ts'
import { endingOf, nativeFinishOf } from './finish.ts'
import { reasoningFormat } from './format.ts'
import { FunctionCalls } from './function-calls.ts'
import { readLogprobs } from './logprobs.ts'
import { imageName } from './model-turn.ts'
import { readUsage } from './usage.ts'

export interface DecodeOptions {
  /** An id for a tool call that came without one. */
  newCallId(): string
  /** The client's own name of a function. */
  clientName(name: string): string
  /** Stripped from errors that the upstream words. */
  secrets: readonly string[]
}

interface CandidateState {
  /** The field that a part of this candidate carries; the first one is the default. */
  at: { choice?: number }
  calls: FunctionCalls
  /** What was said, which citations point into. */
  text: string
  grounding?: JsonRecord
  citation?: JsonRecord
  images: number
  /** The index of the next reasoning detail, and whether the last one is a text that may grow. */
  details: number
  thinking: boolean
  produced: boolean
  finished: boolean
}

/** What is kept of one answer from chunk to chunk. */
export interface AnswerState {
  options: DecodeOptions
  candidates: Map<number, CandidateState>
  started: boolean
  /** An error was told; nothing may follow. */
  failed: boolean
}

export function newAnswerState(options: DecodeOptions): AnswerState {
  return { options, candidates: new Map(), started: false, failed: false }
}

/** One chunk of a stream, or a whole answer, to parts. Throws on no foreign shape but one that nests too deep to be written. */
export function readChunk(value: unknown, state: AnswerState): Part[] {
  if (state.failed) return []
  // Without `alt=sse` chunks and errors come as items of a list.
  if (Array.isArray(value)) return value.flatMap((item) => readChunk(Array.isArray(item) ? undefined : item, state))
  const chunk = asRecord(value)
  if (!chunk || chunk.error)
    return fail(state, chunk ? classifyEvent(chunk, state.options.secrets) : plainFailure('malformed'))
  const parts: Part[] = []
  readStart(chunk, state, parts)
  const usage = readUsage(chunk.usageMetadata)
  const endings: Part[] = []
  for (const candidate of asList(chunk.candidates)) readCandidate(asRecord(candidate) ?? {}, state, parts, endings)
  readBlock(asRecord(chunk.promptFeedback), state, endings)
  const failure = endings.find((part) => part.type === 'error')
  if (failure) {
    state.failed = true
    // What a failed generation cost has to be told before it: after an error nothing is read.
    return [...parts, ...(usage ? [{ type: 'usage' as const, usage }] : []), failure]
  }
  parts.push(...endings)
  if (usage) parts.push({ type: 'usage', usage })
  return parts
}

/** The upstream has said all: an `error` part where something is missing. `whole`: it was a document, not a stream. */
export function endAnswer(state: AnswerState, whole: boolean): Part[] {
  if (state.failed) return []
  const open = [...state.candidates.values()].filter((candidate) => !candidate.finished)
  if (state.candidates.size > 0 && open.length === 0) return []
  // A whole answer without a reason is believed when it says something.
  if (!whole || open.length === 0 || !open.every((candidate) => candidate.produced))
    return fail(state, plainFailure(whole ? 'malformed' : 'truncated'))
  return open.flatMap((candidate) => {
    const parts: Part[] = []
    close(candidate, parts)
    parts.push({ type: 'finish', reason: candidate.calls.any ? 'tool_calls' : 'stop', native: null, ...candidate.at })
    return parts
  })
}

/** A whole answer as text: an object, or the list that a stream without `alt=sse` is. */
export function decodeDocument(text: string, options: DecodeOptions): Part[] {
  const state = newAnswerState(options)
  try {
    const document = parseExactJson(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
    return [...readChunk(document, state), ...endAnswer(state, true)]
  } catch {
    return fail(state, plainFailure('malformed'))
  }
}

function fail(state: AnswerState, failure: Extract<Part, { type: 'error' }>['failure']): Part[] {
  state.failed = true
  return [{ type: 'error', failure }]
}

function readStart(chunk: JsonRecord, state: AnswerState, parts: Part[]): void {
  if (state.started) return
  const upstreamId = asText(chunk.responseId)
  const upstreamModel = asText(chunk.modelVersion)
  const serviceTier = asText(asRecord(chunk.usageMetadata)?.serviceTier)
  if (upstreamId === undefined && upstreamModel === undefined) return
  state.started = true
  parts.push({
    type: 'start',
    ...(upstreamId === undefined ? {} : { upstreamId }),
    ...(upstreamModel === undefined ? {} : { upstreamModel }),
    ...(serviceTier === undefined ? {} : { serviceTier }),
  })
}

function candidateOf(state: AnswerState, index: number): CandidateState {
  let candidate = state.candidates.get(index)
  if (!candidate) {
    candidate = {
      at: index === 0 ? {} : { choice: index },
      calls: new FunctionCalls(state.options.newCallId, state.options.clientName),
      text: '',
      images: 0,
      details: 0,
      thinking: false,
      produced: false,
      finished: false,
    }
    state.candidates.set(index, candidate)
  }
  return candidate
}

function readCandidate(source: JsonRecord, state: AnswerState, parts: Part[], endings: Part[]): void {
  const index = Number.isInteger(source.index) && (source.index as number) >= 0 ? (source.index as number) : 0
  const candidate = candidateOf(state, index)
  if (candidate.finished) return
  const before = parts.length
  for (const part of asList(asRecord(source.content)?.parts)) readPart(asRecord(part) ?? {}, candidate, parts)
  const logprobs = readLogprobs(source.logprobsResult)
  if (logprobs) attachLogprobs(logprobs, candidate, parts, before)
  if (parts.length > before) candidate.produced = true
  candidate.grounding = asRecord(source.groundingMetadata) ?? candidate.grounding
  candidate.citation = asRecord(source.citationMetadata) ?? candidate.citation
  const native = nativeFinishOf(source.finishReason)
  if (native === null) return
  close(candidate, endings)
  const ending = endingOf(native, { calls: candidate.calls.any, produced: candidate.produced })
  if ('failure' in ending) endings.push({ type: 'error', failure: ending.failure })
  else endings.push({ type: 'finish', reason: ending.reason, native, ...candidate.at })
}

/** What waited for the end: the arguments of an open call, and the sources. */
function close(candidate: CandidateState, parts: Part[]): void {
  candidate.finished = true
  for (const delta of candidate.calls.end()) parts.push({ ...delta, ...candidate.at })
  const annotations = readCitations(candidate, candidate.text)
  if (annotations.length > 0) parts.push({ type: 'annotations', annotations, ...candidate.at })
}

/** A prompt that was refused comes as a 200 without candidates. */
function readBlock(feedback: JsonRecord | undefined, state: AnswerState, endings: Part[]): void {
  const native = asText(feedback?.blockReason)
  if (native === undefined || native === 'BLOCK_REASON_UNSPECIFIED') return
  const candidate = candidateOf(state, 0)
  if (candidate.finished) return
  candidate.finished = true
  endings.push({ type: 'finish', reason: 'content_filter', native })
}

function readPart(part: JsonRecord, candidate: CandidateState, parts: Part[]): void {
  const signature = asText(part.thoughtSignature) ?? asText(part.thought_signature)
  if (part.thought === true) {
    readThought(part, signature, candidate, parts)
    return
  }
  const call = asRecord(part.functionCall)
  if (call) {
    const deltas = candidate.calls.push(call)
    const id = deltas.find((delta) => delta.id !== undefined)?.id
    if (signature !== undefined) pushSigned(signature, id ?? null, candidate, parts)
    for (const delta of deltas) parts.push({ ...delta, ...candidate.at })
    return
  }
  const text = asText(part.text)
  if (text !== undefined) {
    candidate.text += text
    parts.push({ type: 'text-delta', text, ...candidate.at })
  }
  const blob = asRecord(part.inlineData) ?? asRecord(part.fileData)
  const isImage = blob !== undefined && readBlob(blob, candidate, parts)
  // Calls of Google's own tools are signed too, but there is nothing that could bring those back.
  if (signature !== undefined && (typeof part.text === 'string' || isImage))
    pushSigned(signature, isImage ? imageName(candidate.images - 1) : null, candidate, parts)
}

/** Thoughts of one stretch share an index, so that their pieces are joined again; a signature ends the stretch. */
function readThought(part: JsonRecord, signature: string | undefined, candidate: CandidateState, parts: Part[]): void {
  const text = asText(part.text)
  if (text === undefined && signature === undefined) return
  if (!candidate.thinking) candidate.details++
  candidate.thinking = signature === undefined
  const detail: ReasoningDetail = {
    type: 'reasoning.text',
    text: text ?? '',
    ...(signature === undefined ? {} : { signature }),
    format: reasoningFormat,
    index: candidate.details - 1,
  }
  parts.push({
    type: 'reasoning-delta',
    ...(text === undefined ? {} : { text }),
    details: [detail],
    ...candidate.at,
  })
}

/** A signature of something that is no thought: encrypted, under the name of what it belongs to. */
function pushSigned(data: string, id: string | null, candidate: CandidateState, parts: Part[]): void {
  candidate.thinking = false
  const detail: ReasoningDetail = {
    type: 'reasoning.encrypted',
    data,
    ...(id === null ? {} : { id }),
    format: reasoningFormat,
    index: candidate.details++,
  }
  parts.push({ type: 'reasoning-delta', details: [detail], ...candidate.at })
}

/** Generated images and sound. Answers whether it was an image. */
function readBlob(blob: JsonRecord, candidate: CandidateState, parts: Part[]): boolean {
  const data = asText(blob.data)
  const mimeType = asText(blob.mimeType) ?? ''
  const url = data === undefined ? asText(blob.fileUri) : `data:${mimeType};base64,${data}`
  if (mimeType.startsWith('image/') && url !== undefined) {
    parts.push({
      type: 'image',
      image: { type: 'image_url', image_url: { url }, index: candidate.images++ },
      ...candidate.at,
    })
    return true
  }
  if (mimeType.startsWith('audio/') && data !== undefined)
    parts.push({ type: 'audio-delta', audio: { data }, ...candidate.at })
  return false
}

/** They are told of a whole chunk, so they go with the last of its text. */
function attachLogprobs(
  logprobs: NonNullable<ReturnType<typeof readLogprobs>>,
  candidate: CandidateState,
  parts: Part[],
  from: number,
): void {
  for (let i = parts.length - 1; i >= from; i--) {
    const part = parts[i]
    if (part?.type !== 'text-delta') continue
    part.logprobs = logprobs
    return
  }
  parts.push({ type: 'text-delta', text: '', logprobs, ...candidate.at })
}
