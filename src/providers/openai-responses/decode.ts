import type { Part } from '../../chat/parts.ts'
import { SseEvents } from '../../edge/sse-events.ts'
import { plainError } from '../openai-chat/classify.ts'
import type { StreamDecoder } from '../wire.ts'
import { type ReadOptions, ResponseReader } from './response-reader.ts'

/** A whole answer as text: JSON, or the stream that a provider sent although nobody asked for one. Never throws. */
export function decodeBody(text: string, options: ReadOptions): Part[] {
  let body: unknown
  try {
    body = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
  } catch {
    if (!/^\s*(data|event|:)/.test(text)) return plainError('malformed')
    const decoder = new ResponsesStreamDecoder(options)
    return [...decoder.push(new TextEncoder().encode(text)), ...decoder.end()]
  }
  return new ResponseReader(options).readBody(body)
}

/** An event larger than this is a fault of the upstream; generated images come in events of a few megabytes. */
const maxEventBytes = 24 * 1024 * 1024

/** A stream of response events to parts. Whatever follows the terminal event or an error means nothing. */
export class ResponsesStreamDecoder implements StreamDecoder {
  #reader: ResponseReader
  #events: SseEvents
  #parts: Part[] = []
  #text = new TextDecoder()
  #ended = false

  constructor(options: ReadOptions) {
    this.#reader = new ResponseReader(options)
    this.#events = new SseEvents((bytes, start, end, name) => this.#onEvent(bytes, start, end, name), maxEventBytes)
  }

  push(bytes: Uint8Array): Part[] {
    if (this.#reader.over) return []
    this.#events.push(bytes)
    if (this.#events.overflowed) this.#parts.push(...this.#reader.fail('malformed'))
    return this.#taken()
  }

  end(): Part[] {
    this.#ended = true
    this.#events.end()
    this.#parts.push(...this.#reader.fail('truncated'))
    return this.#taken()
  }

  #onEvent(bytes: Uint8Array, start: number, end: number, name: string | null): void {
    if (this.#reader.over) return
    const text = this.#text.decode(bytes.subarray(start, end)).trim()
    // Some routers end these streams as they end those of chat completions.
    if (text === '' || text === '[DONE]') return
    let event: unknown
    try {
      event = JSON.parse(text)
    } catch {
      // Words after `event: error` are still the error.
      event = name === 'error' ? text : undefined
      // Half an event at the end is a cut.
      if (event === undefined && this.#ended) return
    }
    this.#parts.push(...(event === undefined ? this.#reader.fail('malformed') : this.#reader.readEvent(event, name)))
  }

  #taken(): Part[] {
    const parts = this.#parts
    this.#parts = []
    return parts
  }
}
