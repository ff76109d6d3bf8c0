import type { Part } from '../../chat/parts.ts'
import { SseEvents } from '../../edge/sse-events.ts'
import { plainFailure } from '../openai-chat/classify.ts'
import type { StreamDecoder } from '../wire.ts'
import { type AnswerState, type DecodeOptions, newAnswerState, readEvent } from './decode.ts'

/** An event larger than this is a fault of the upstream; citations quote whole documents. */
const maxEventBytes = 8 * 1024 * 1024

/** Cohere's events to parts. The kind of an event stands in its JSON, so the `event:` lines are not needed. */
export class CohereStreamDecoder implements StreamDecoder {
  readonly #state: AnswerState
  readonly #events: SseEvents
  readonly #text = new TextDecoder()
  #parts: Part[] = []
  /** An error was told: whatever follows means nothing. */
  #failed = false

  constructor(options: DecodeOptions) {
    this.#state = newAnswerState(options)
    this.#events = new SseEvents((bytes, start, end) => this.#onEvent(bytes.subarray(start, end)), maxEventBytes)
  }

  push(bytes: Uint8Array): Part[] {
    this.#events.push(bytes)
    if (this.#events.overflowed) this.#fail('malformed')
    return this.#taken()
  }

  end(): Part[] {
    this.#events.end()
    if (!this.#state.finished) this.#fail('truncated')
    return this.#taken()
  }

  #onEvent(bytes: Uint8Array): void {
    const text = this.#text.decode(bytes).trim()
    if (text === '' || text.startsWith('[DONE]') || this.#failed) return
    let event: unknown
    try {
      event = JSON.parse(text)
    } catch {
      this.#fail('malformed')
      return
    }
    for (const part of readEvent(event, this.#state)) {
      this.#parts.push(part)
      if (part.type === 'error') this.#failed = true
    }
  }

  #fail(kind: 'malformed' | 'truncated'): void {
    if (this.#failed) return
    this.#failed = true
    this.#parts.push({ type: 'error', failure: plainFailure(kind) })
  }

  #taken(): Part[] {
    const parts = this.#parts
    this.#parts = []
    return parts
  }
}
