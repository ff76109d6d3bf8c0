import type { Part } from '../../chat/parts.ts'
import { SseEvents } from '../../edge/sse-events.ts'
import { parseExactJson } from '../exact-json.ts'
import { plainError } from '../openai-chat/classify.ts'
import type { StreamDecoder } from '../wire.ts'
import { type DecodeOptions, decodeDocument, endAnswer, newAnswerState, readChunk } from './decode.ts'

/** An event larger than this is a fault of the upstream; generated images come in events of a few megabytes. */
const maxEventBytes = 24 * 1024 * 1024

const openBracket = 0x5b
const openBrace = 0x7b

/** A stream of `streamGenerateContent` to parts. Its end is the end of the connection: there is no `[DONE]`. */
export class GeminiStreamDecoder implements StreamDecoder {
  readonly #options: DecodeOptions
  readonly #state
  readonly #events: SseEvents
  readonly #text = new TextDecoder()
  #parts: Part[] = []
  /** What the body turned out to be, with its first byte that is no white space. */
  #form: 'unknown' | 'events' | 'document' = 'unknown'
  #document = ''

  constructor(options: DecodeOptions) {
    this.#options = options
    this.#state = newAnswerState(options)
    this.#events = new SseEvents((bytes, start, end) => this.#onEvent(bytes, start, end), maxEventBytes)
  }

  push(bytes: Uint8Array): Part[] {
    if (this.#state.failed) return []
    if (this.#form === 'unknown') this.#form = formOf(bytes)
    if (this.#form === 'document') {
      this.#document += this.#text.decode(bytes, { stream: true })
      return this.#document.length > maxEventBytes ? this.#fail() : []
    }
    this.#events.push(bytes)
    if (this.#events.overflowed) this.#parts.push(...this.#fail())
    return this.#taken()
  }

  end(): Part[] {
    if (this.#state.failed) return []
    if (this.#form === 'document') return this.#endDocument(this.#document + this.#text.decode())
    this.#events.end()
    this.#parts.push(...endAnswer(this.#state, false))
    return this.#taken()
  }

  /** A list that was cut is no document; it is told as what it is. */
  #endDocument(document: string): Part[] {
    this.#state.failed = true
    const parts = decodeDocument(document, this.#options)
    const [only] = parts
    return parts.length === 1 && only?.type === 'error' && !/[\]}]\s*$/.test(document) ? plainError('truncated') : parts
  }

  #onEvent(bytes: Uint8Array, start: number, end: number): void {
    if (this.#state.failed) return
    const text = this.#text.decode(bytes.subarray(start, end)).trim()
    // Not Google's, but what proxies in front of it like to add.
    if (text === '' || text === '[DONE]') return
    try {
      for (const part of readChunk(parseExactJson(text), this.#state)) this.#parts.push(part)
    } catch {
      // It is no JSON, or it nests too deep to be written again, which no model's arguments do.
      this.#parts.push(...this.#fail())
    }
  }

  #fail(): Part[] {
    this.#state.failed = true
    return plainError('malformed')
  }

  #taken(): Part[] {
    const parts = this.#parts
    this.#parts = []
    return parts
  }
}

function formOf(bytes: Uint8Array): 'unknown' | 'events' | 'document' {
  for (const byte of bytes) {
    if (byte === openBracket || byte === openBrace) return 'document'
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return 'events'
  }
  return 'unknown'
}
