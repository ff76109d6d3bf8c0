import type { AttemptFailure, AttemptFailureKind } from '../../chat/failure.ts'
import type { Part } from '../../chat/parts.ts'
import { noUsage } from '../../chat/usage.ts'
import { parseExactJson } from '../exact-json.ts'
import { asList, asRecord, asText, type JsonRecord } from '../foreign-json.ts'
import { classify as classifyCommon, classifyInside, plainError } from '../openai-chat/classify.ts'
import type { ErrorDetails } from '../openai-chat/error-details.ts'
import { finishReasonOf } from '../openai-chat/finish.ts'
import { tokenCount } from '../token-count.ts'
import type { ErrorAnswer, StreamDecoder } from '../wire.ts'

export interface DecodeOptions {
  /** An id for a tool call that came without one. */
  newCallId(): string
  /** Stripped from errors that the upstream words. */
  secrets: readonly string[]
}

interface AnswerState {
  options: DecodeOptions
  started: boolean
  calls: number
  produced: boolean
  finished: boolean
}

/** A line longer than this is a fault of the upstream. */
const maxLineLength = 24 * 1024 * 1024

/** What an error answer of Ollama means. */
export function classify(answer: ErrorAnswer): AttemptFailure {
  return classifyCommon(answer, kindOf)
}

function kindOf(status: number, { message }: ErrorDetails): AttemptFailureKind | undefined {
  return (status === 0 || status >= 500) && /server busy|maximum pending requests/.test(message)
    ? 'overloaded'
    : undefined
}

/** A whole answer, or the stream of lines that a server sent although nobody asked for one. Never throws. */
export function decodeBody(body: string, options: DecodeOptions): Part[] {
  let answer: unknown
  try {
    answer = parseExactJson(body)
  } catch {
    const decoder = new OllamaStreamDecoder(options)
    return [...decoder.push(new TextEncoder().encode(body)), ...decoder.end()]
  }
  const state = newState(options)
  const parts = readAnswer(answer, state)
  if (state.finished || parts.some((part) => part.type === 'error')) return parts
  // A whole answer without a reason is believed when it says something.
  return state.produced ? [...parts, finish('stop', state)] : plainError('malformed')
}

/** Lines of JSON to parts, however the bytes are cut. */
export class OllamaStreamDecoder implements StreamDecoder {
  readonly #state: AnswerState
  readonly #text = new TextDecoder()
  #line = ''
  #failed = false

  constructor(options: DecodeOptions) {
    this.#state = newState(options)
  }

  push(bytes: Uint8Array): Part[] {
    if (this.#failed) return []
    const lines = this.#text.decode(bytes, { stream: true }).split('\n')
    lines[0] = this.#line + lines[0]
    this.#line = lines.pop() ?? ''
    const parts = lines.flatMap((line) => this.#read(line))
    return this.#line.length > maxLineLength ? [...parts, ...this.#fail('malformed')] : parts
  }

  end(): Part[] {
    const last = this.#line + this.#text.decode()
    this.#line = ''
    // Half a line is what a cut leaves behind.
    const parts = isJson(last) ? this.#read(last) : []
    return this.#state.finished ? parts : [...parts, ...this.#fail('truncated')]
  }

  #read(line: string): Part[] {
    if (this.#failed || line.trim() === '') return []
    let answer: unknown
    try {
      answer = parseExactJson(line)
    } catch {
      return this.#fail('malformed')
    }
    const parts = readAnswer(answer, this.#state)
    if (parts.some((part) => part.type === 'error')) this.#failed = true
    return parts
  }

  #fail(kind: 'malformed' | 'truncated'): Part[] {
    if (this.#failed) return []
    this.#failed = true
    return plainError(kind)
  }
}

function newState(options: DecodeOptions): AnswerState {
  return { options, started: false, calls: 0, produced: false, finished: false }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function readAnswer(value: unknown, state: AnswerState): Part[] {
  const answer = asRecord(value)
  if (!answer) return plainError('malformed')
  if (answer.error !== undefined && answer.error !== null)
    return [{ type: 'error', failure: classifyInside(answer, state.options.secrets, kindOf) }]
  const parts: Part[] = []
  const upstreamModel = asText(answer.model)
  if (!state.started && upstreamModel !== undefined) parts.push({ type: 'start', upstreamModel })
  state.started = true
  const said = sayings(asRecord(answer.message) ?? {}, state)
  if (said.length > 0) state.produced = true
  parts.push(...said)
  if (answer.done !== true || state.finished) return parts
  parts.push(finish(asText(answer.done_reason) ?? 'stop', state))
  const usage = usageOf(answer)
  if (usage) parts.push(usage)
  return parts
}

function sayings(message: JsonRecord, state: AnswerState): Part[] {
  const thinking = asText(message.thinking)
  const text = asText(message.content)
  return [
    ...(thinking === undefined ? [] : [{ type: 'reasoning-delta' as const, text: thinking }]),
    ...(text === undefined ? [] : [{ type: 'text-delta' as const, text }]),
    // Calls come whole, with objects for arguments, and before version 0.12 without ids.
    ...asList(message.tool_calls).flatMap((item): Part[] => {
      const call = asRecord(item)
      const said = asRecord(call?.function)
      const name = asText(said?.name)
      if (name === undefined) return []
      const id = asText(call?.id) ?? state.options.newCallId()
      const given = said?.arguments
      const text = typeof given === 'string' ? given.trim() || '{}' : JSON.stringify(given ?? {})
      return [{ type: 'tool-call-delta', index: state.calls++, id, name, arguments: text }]
    }),
  ]
}

function finish(native: string, state: AnswerState): Part {
  state.finished = true
  return {
    type: 'finish',
    reason: finishReasonOf(native, { calls: state.calls > 0, produced: state.produced }),
    native,
  }
}

function usageOf(answer: JsonRecord): Part | null {
  const promptTokens = tokenCount(answer.prompt_eval_count)
  const completionTokens = tokenCount(answer.eval_count)
  if (promptTokens === undefined && completionTokens === undefined) return null
  // Older versions leave out the count of a prompt that they had in their cache.
  return {
    type: 'usage',
    usage: { ...noUsage, promptTokens: promptTokens ?? 0, completionTokens: completionTokens ?? 0 },
  }
}
