import type { Part } from '../../chat/parts.ts'
import { asList, asRecord, asText, type JsonRecord } from '../foreign-json.ts'
import { plainError, plainFailure } from '../openai-chat/classify.ts'
import { ToolCalls } from '../openai-chat/tool-calls.ts'
import { readCitations } from './citations.ts'
import { classifyInside } from './classify.ts'
import { finishOf } from './finish.ts'
import { readUsage } from './usage.ts'

export interface DecodeOptions {
  /** An id for a tool call that came without one. */
  newCallId(): string
  /** Stripped from errors that the upstream words. */
  secrets: readonly string[]
}

/** What is kept of one answer from event to event. */
export interface AnswerState {
  options: DecodeOptions
  calls: ToolCalls
  produced: boolean
  finished: boolean
}

export function newAnswerState(options: DecodeOptions): AnswerState {
  return { options, calls: new ToolCalls(options.newCallId), produced: false, finished: false }
}

/** One event of a stream, parsed, to parts. Never throws on foreign shapes. */
export function readEvent(value: unknown, state: AnswerState): Part[] {
  const event = asRecord(value)
  if (!event) return plainError('malformed')
  const delta = asRecord(event.delta)
  const message = asRecord(delta?.message)
  switch (event.type) {
    case 'message-start':
      return startOf(event)
    case 'content-start':
    case 'content-delta':
      return noting(readContent(message?.content), state)
    case 'tool-plan-delta':
      return noting(reasoning(message?.tool_plan), state)
    case 'tool-call-start':
    case 'tool-call-delta':
      return noting(state.calls.push(callOf(message?.tool_calls, event.index)), state)
    case 'citation-start':
      return annotations(message?.citations)
    case 'message-end':
      return readEnd(delta, delta?.error, state)
    default:
      // Events of a kind that is new here say nothing that we could pass on; an error without a kind does.
      return event.type === undefined || event.type === 'error' || event.error !== undefined
        ? [{ type: 'error', failure: classifyInside(event, state.options.secrets) }]
        : []
  }
}

/** A whole answer, parsed, to parts. Never throws on foreign shapes. */
export function readBody(value: unknown, options: DecodeOptions): Part[] {
  const body = asRecord(value)
  const message = asRecord(body?.message)
  if (!body || !message) {
    const isError = asText(body?.message) !== undefined || body?.error !== undefined
    return [{ type: 'error', failure: isError ? classifyInside(body, options.secrets) : plainFailure('malformed') }]
  }
  const state = newAnswerState(options)
  const parts = [
    ...startOf(body),
    ...noting(reasoning(message.tool_plan), state),
    ...noting(readContent(message.content), state),
    ...annotations(message.citations),
  ]
  for (const call of asList(message.tool_calls)) parts.push(...noting(state.calls.push(callOf(call)), state))
  // A whole answer without a reason is believed when it says something.
  if (asText(body.finish_reason) === undefined && !state.produced) return plainError('malformed')
  return [...parts, ...readEnd(body, body.error, state)]
}

function startOf(source: JsonRecord): Part[] {
  const upstreamId = asText(source.id)
  return upstreamId === undefined ? [] : [{ type: 'start', upstreamId }]
}

/** One content block, a list of them, or a bare text. */
function readContent(value: unknown): Part[] {
  if (typeof value === 'string') return value === '' ? [] : [{ type: 'text-delta', text: value }]
  return (Array.isArray(value) ? value : [value]).flatMap((item): Part[] => {
    const block = asRecord(item)
    const text = asText(block?.text)
    return [...reasoning(block?.thinking), ...(text === undefined ? [] : [{ type: 'text-delta' as const, text }])]
  })
}

function reasoning(value: unknown): Part[] {
  const text = asText(value)
  return text === undefined ? [] : [{ type: 'reasoning-delta', text }]
}

function annotations(value: unknown): Part[] {
  const found = readCitations(value)
  return found.length === 0 ? [] : [{ type: 'annotations', annotations: found }]
}

/** A call as the common reader takes it. Cohere says `null` for no arguments. */
function callOf(value: unknown, index?: unknown): JsonRecord {
  const call = asRecord(Array.isArray(value) ? value[0] : value) ?? {}
  const said = asRecord(call.function) ?? {}
  const text = said.arguments === 'null' ? '' : said.arguments
  return { ...call, ...(index === undefined ? {} : { index }), function: { ...said, arguments: text } }
}

function noting(parts: Part[], state: AnswerState): Part[] {
  if (parts.length > 0) state.produced = true
  return parts
}

/** The reason, and what was metered. A generation that failed is told as the error that it is. */
function readEnd(end: JsonRecord | undefined, error: unknown, state: AnswerState): Part[] {
  if (state.finished) return []
  state.finished = true
  const native = asText(end?.finish_reason) ?? null
  const usage = readUsage(end?.usage)
  const metered: Part[] = usage ? [{ type: 'usage', usage }] : []
  const reason = finishOf(native ?? 'COMPLETE', { calls: state.calls.any, produced: state.produced })
  if (reason === 'error') {
    const words = { error: { code: native, message: asText(error) ?? '' } }
    return [...metered, { type: 'error', failure: classifyInside(words, state.options.secrets) }]
  }
  return [...state.calls.end(), { type: 'finish', reason, native }, ...metered]
}
