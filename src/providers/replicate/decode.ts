import type { AttemptFailure, AttemptFailureKind } from '../../chat/failure.ts'
import type { Part } from '../../chat/parts.ts'
import { noUsage } from '../../chat/usage.ts'
import { SseEvents } from '../../edge/sse-events.ts'
import { asRecord, asText, type JsonRecord } from '../foreign-json.ts'
import { classify as classifyCommon, classifyInside, plainError, plainFailure } from '../openai-chat/classify.ts'
import type { ErrorDetails } from '../openai-chat/error-details.ts'
import { type Split, ThinkTags } from '../openai-chat/think-tags.ts'
import { tokenCount } from '../token-count.ts'
import type { ErrorAnswer, StreamDecoder } from '../wire.ts'
import { type Prediction, readPrediction } from './prediction.ts'

export interface DecodeOptions {
  /** The model hides its reasoning between `<think>` tags. */
  thinkTags: boolean
  /** Stripped from errors that the upstream words. */
  secrets: readonly string[]
}

/** An event larger than this is a fault of the upstream. */
const maxEventBytes = 8 * 1024 * 1024

/** The event that `follow` puts behind a stream: the prediction as it ended, for what it metered. */
export const reportEvent = 'prediction'

/** What an error answer of Replicate means. */
export function classify(answer: ErrorAnswer): AttemptFailure {
  return classifyCommon(answer, kindOf)
}

function kindOf(status: number, { message }: ErrorDetails): AttemptFailureKind | undefined {
  const words = message.toLowerCase()
  if (/^invalid version or not permitted/.test(words)) return 'not-found'
  // The input was ours, made for the model's schema as far as we know it; another provider has none.
  if (status === 422) return 'unsupported'
  if (/flagged as sensitive|sensitive content|nsfw|\be005\b/.test(words)) return 'content-policy'
  if ((status < 400 || status >= 500) && /interrupted|high demand|temporarily unavailable|\be00[34]\b/.test(words))
    return 'overloaded'
  return undefined
}

/** A prediction that is over, to parts. Never throws. */
export function decodeBody(body: string, options: DecodeOptions): Part[] {
  const prediction = readPrediction(body)
  if (!prediction) return plainError('malformed')
  const { status, output } = prediction
  if (status === 'failed' || status === 'canceled' || status === 'aborted')
    return [...usageOf(prediction), { type: 'error', failure: failureOf(prediction.error, status, options) }]
  const text = textOf(output)
  if (text === null) return plainError('malformed')
  return [
    ...(prediction.id === undefined ? [] : [{ type: 'start' as const, upstreamId: prediction.id }]),
    ...said(text, options),
    { type: 'finish', reason: 'stop', native: status },
    ...usageOf(prediction),
  ]
}

/** Pieces are joined without anything between them. Null where the model gave nothing. */
function textOf(output: unknown): string | null {
  if (output === undefined || output === null) return null
  if (typeof output === 'string') return output
  if (Array.isArray(output))
    return output.map((piece) => (typeof piece === 'string' ? piece : JSON.stringify(piece))).join('')
  return JSON.stringify(output)
}

function said(text: string, options: DecodeOptions): Part[] {
  if (!options.thinkTags) return text === '' ? [] : [{ type: 'text-delta', text }]
  const tags = new ThinkTags()
  return partsOf([...tags.push(text), ...tags.end()])
}

function partsOf(splits: Split[]): Part[] {
  return splits.map(({ type, text }) => ({ type: type === 'text' ? 'text-delta' : 'reasoning-delta', text }))
}

function usageOf({ metrics }: Prediction): Part[] {
  const promptTokens = tokenCount(metrics?.input_token_count)
  const completionTokens = tokenCount(metrics?.output_token_count)
  if (promptTokens === undefined && completionTokens === undefined) return []
  const usage = { ...noUsage, promptTokens: promptTokens ?? 0, completionTokens: completionTokens ?? 0 }
  return [{ type: 'usage', usage }]
}

function failureOf(words: unknown, code: string, { secrets }: DecodeOptions): AttemptFailure {
  const record = asRecord(words)
  const message =
    asText(words) ?? asText(record?.detail) ?? asText(record?.message) ?? (record ? JSON.stringify(record) : '')
  // Its errors have codes of their own, in the words.
  const own = /\b(E\d{3,4})\b|\(code: (\w+)\)/.exec(message)
  return classifyInside({ error: { code: own?.[1] ?? own?.[2] ?? code, message } }, secrets, kindOf)
}

/** Replicate's events to parts: `output` is text and not JSON, `done` tells how it ended. */
export class ReplicateStreamDecoder implements StreamDecoder {
  readonly #options: DecodeOptions
  readonly #events: SseEvents
  readonly #text = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })
  readonly #tags: ThinkTags | null
  #parts: Part[] = []
  #finished = false
  #failed = false

  constructor(options: DecodeOptions) {
    this.#options = options
    this.#tags = options.thinkTags ? new ThinkTags() : null
    this.#events = new SseEvents(
      (bytes, start, end, name) => this.#onEvent(this.#text.decode(bytes.subarray(start, end)), name),
      maxEventBytes,
    )
  }

  push(bytes: Uint8Array): Part[] {
    this.#events.push(bytes)
    if (this.#events.overflowed) this.#fail(plainFailure('malformed'))
    return this.#taken()
  }

  end(): Part[] {
    this.#events.end()
    if (!this.#finished) this.#fail(plainFailure('truncated'))
    return this.#taken()
  }

  #onEvent(data: string, name: string | null): void {
    if (this.#failed) return
    switch (name) {
      case 'output':
        if (!this.#finished) this.#say(data)
        break
      case 'error':
        this.#fail(failureOf(jsonOf(data) ?? data, 'error', this.#options))
        break
      case 'done':
        this.#end(asText(jsonOf(data)?.reason))
        break
      case reportEvent: {
        const prediction = readPrediction(data)
        if (prediction) this.#parts.push(...usageOf(prediction))
        break
      }
      // Logs, and events that are new here, are not what the model said.
    }
  }

  #say(text: string): void {
    if (this.#tags) this.#parts.push(...partsOf(this.#tags.push(text)))
    else if (text !== '') this.#parts.push({ type: 'text-delta', text })
  }

  /** `done` without a reason is the end of what the model had to say. */
  #end(reason: string | undefined): void {
    if (this.#finished) return
    if (reason !== undefined && reason !== 'succeeded') {
      this.#fail(failureOf('', reason, this.#options))
      return
    }
    this.#finished = true
    if (this.#tags) this.#parts.push(...partsOf(this.#tags.end()))
    this.#parts.push({ type: 'finish', reason: 'stop', native: reason ?? 'succeeded' })
  }

  #fail(failure: AttemptFailure): void {
    if (this.#failed || this.#finished) return
    this.#failed = true
    this.#parts.push({ type: 'error', failure })
  }

  #taken(): Part[] {
    const parts = this.#parts
    this.#parts = []
    return parts
  }
}

function jsonOf(text: string): JsonRecord | undefined {
  try {
    return asRecord(JSON.parse(text))
  } catch {
    return undefined
  }
}
