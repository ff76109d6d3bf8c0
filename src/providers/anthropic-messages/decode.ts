import type { Part } from '../../chat/parts.ts'
import { SseEvents } from '../../edge/sse-events.ts'
import { parseExactJson } from '../exact-json.ts'
import { asRecord } from '../foreign-json.ts'
import { classifyInside, plainError, plainFailure } from '../openai-chat/classify.ts'
import type { StreamDecoder } from '../wire.ts'
import { type DecodeOptions, MessageEvents } from './message-events.ts'

/** A whole message, or the stream that a provider sent although nobody asked for one. Never throws on foreign shapes. */
export function decodeBody(text: string, options: DecodeOptions): Part[] {
  if (/^\s*(data|event|:)/.test(text)) {
    const decoder = new MessageStreamDecoder(options)
    return [...decoder.push(new TextEncoder().encode(text)), ...decoder.end()]
  }
  let value: unknown
  try {
    value = parseExactJson(text)
  } catch {
    return plainError('malformed')
  }
  const message = asRecord(value)
  if (Array.isArray(value) || message?.type === 'error' || asRecord(message?.error))
    return [{ type: 'error', failure: classifyInside(value, options.secrets, options.kindOf) }]
  if (!message || !Array.isArray(message.content)) return plainError('malformed')
  const { stop_reason, stop_details, usage } = message
  const events = new MessageEvents(options)
  const parts = [
    ...events.push({ type: 'message_start', message }),
    ...events.push({ type: 'message_delta', delta: { stop_reason, stop_details }, usage }),
    ...events.push({ type: 'message_stop' }),
  ]
  // A whole answer that says nothing and not why is none.
  return parts.map((part) =>
    part.type === 'error' && part.failure.kind === 'truncated' ? { ...part, failure: plainFailure('malformed') } : part,
  )
}

/** An event larger than this is a fault of the upstream; results of web searches come in events of a megabyte. */
const maxEventBytes = 24 * 1024 * 1024

/** A stream of server-sent events to parts. */
export class MessageStreamDecoder implements StreamDecoder {
  #message: MessageEvents
  #parts: Part[] = []
  #text = new TextDecoder()
  #events: SseEvents
  #closed = false

  constructor(options: DecodeOptions) {
    this.#message = new MessageEvents(options)
    this.#events = new SseEvents((bytes, start, end, name) => this.#onEvent(bytes, start, end, name), maxEventBytes)
  }

  push(bytes: Uint8Array): Part[] {
    if (this.#message.over) return []
    this.#events.push(bytes)
    if (this.#events.overflowed) this.#parts.push(...this.#message.break(plainFailure('malformed')))
    return this.#taken()
  }

  end(): Part[] {
    this.#closed = true
    this.#events.end()
    this.#parts.push(...this.#message.end())
    return this.#taken()
  }

  #onEvent(bytes: Uint8Array, start: number, end: number, name: string | null): void {
    if (this.#message.over) return
    const text = this.#text.decode(bytes.subarray(start, end)).trim()
    // Proxies that speak OpenAI's language too end with it.
    if (text === '' || text.startsWith('[DONE]')) return
    let event: unknown
    try {
      event = JSON.parse(text)
    } catch {
      // Half an event is what a cut leaves behind.
      if (this.#closed && name !== 'error') return
      event = text
    }
    this.#parts.push(...this.#message.push(event, name))
  }

  #taken(): Part[] {
    const parts = this.#parts
    this.#parts = []
    return parts
  }
}
