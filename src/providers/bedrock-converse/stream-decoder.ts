import type { AttemptFailure } from '../../chat/failure.ts'
import type { Part } from '../../chat/parts.ts'
import { asRecord, asText, type JsonRecord } from '../foreign-json.ts'
import { plainFailure } from '../openai-chat/classify.ts'
import type { StreamDecoder } from '../wire.ts'
import { classifyException } from './classify.ts'
import {
  Answer,
  type DecodeOptions,
  finishOf,
  isServerTool,
  openCall,
  pushCitations,
  pushImage,
  pushText,
  startOf,
} from './decode.ts'
import { type EventFrame, EventFrames } from './event-frames.ts'
import { readReasoning, readRedacted } from './reasoning-blocks.ts'
import { readUsage } from './usage.ts'

/** What is open of one content block. Text has no start event, so a block opens with whatever comes first. */
interface OpenBlock {
  /** Where the block's text begins in the answer's. */
  from: number
  call?: { index: number; empty: boolean }
  /** Its input is the text of the answer. */
  isAnswer: boolean
  /** A tool that Amazon runs itself. */
  skipped: boolean
  thought?: number
  sealed: string[]
  citations: unknown[]
  image?: { format: string; pieces: string[] }
}

/** ConverseStream's binary events to parts. `metadata` with the usage comes after `messageStop`. */
export class BedrockStreamDecoder implements StreamDecoder {
  #options: DecodeOptions
  #frames = new EventFrames()
  #answer = new Answer()
  #blocks = new Map<number, OpenBlock>()
  #parts: Part[] = []
  #finished = false
  #failed = false

  constructor(options: DecodeOptions) {
    this.#options = options
  }

  push(bytes: Uint8Array): Part[] {
    if (this.#failed) return []
    for (const frame of this.#frames.push(bytes)) {
      this.#onFrame(frame)
      if (this.#failed) break
    }
    if (this.#frames.broken) this.#fail(plainFailure('malformed'))
    return this.#taken()
  }

  end(): Part[] {
    this.#fail(plainFailure('truncated'))
    return this.#taken()
  }

  #taken(): Part[] {
    const parts = this.#parts
    this.#parts = []
    return parts
  }

  /** Once the model has finished, nothing that goes wrong takes its answer back. */
  #fail(failure: AttemptFailure): void {
    if (this.#finished || this.#failed) return
    this.#failed = true
    this.#parts.push({ type: 'error', failure })
  }

  #onFrame({ headers, body }: EventFrame): void {
    let payload: unknown
    try {
      payload = body === '' ? {} : JSON.parse(body)
    } catch {
      payload = undefined
    }
    switch (headers[':message-type']) {
      case 'exception':
        this.#fail(classifyException(headers[':exception-type'] ?? '', payload ?? body, this.#options.secrets))
        return
      case 'error': {
        const words = { message: headers[':error-message'] ?? '' }
        this.#fail(classifyException(headers[':error-code'] ?? '', words, this.#options.secrets))
        return
      }
      default: {
        const event = asRecord(payload)
        if (event) this.#onEvent(headers[':event-type'] ?? '', event)
        else this.#fail(plainFailure('malformed'))
      }
    }
  }

  #onEvent(type: string, event: JsonRecord): void {
    switch (type) {
      case 'messageStart':
        this.#parts.push({ type: 'start' })
        break
      case 'contentBlockStart':
        this.#onStart(this.#blockOf(event), asRecord(event.start) ?? {})
        break
      case 'contentBlockDelta':
        this.#onDelta(this.#blockOf(event), asRecord(event.delta) ?? {})
        break
      case 'contentBlockStop':
        this.#close(indexOf(event))
        break
      case 'messageStop':
        this.#finish(asText(event.stopReason) ?? null)
        break
      case 'metadata':
        this.#onMetadata(event)
        break
      default:
        // Kinds of events grow with time; one that nobody knows says nothing that could be told.
        break
    }
  }

  #blockOf(event: JsonRecord): OpenBlock {
    const index = indexOf(event)
    let block = this.#blocks.get(index)
    if (!block) {
      block = { from: this.#answer.textLength, isAnswer: false, skipped: false, sealed: [], citations: [] }
      this.#blocks.set(index, block)
    }
    return block
  }

  #onStart(block: OpenBlock, start: JsonRecord): void {
    const toolUse = asRecord(start.toolUse)
    const image = asRecord(start.image)
    if (image) block.image = { format: asText(image.format) ?? 'png', pieces: [] }
    if (!toolUse || block.call) return
    if (isServerTool(toolUse)) block.skipped = true
    else if (toolUse.name === this.#options.answerTool) block.isAnswer = true
    else {
      const opening = openCall(toolUse, this.#answer, this.#options)
      block.call = { index: opening.index, empty: true }
      this.#parts.push(opening)
    }
  }

  #onDelta(block: OpenBlock, delta: JsonRecord): void {
    if (typeof delta.text === 'string') pushText(delta.text, this.#answer, this.#parts)
    else if (asRecord(delta.toolUse)) this.#onInput(block, asRecord(delta.toolUse)?.input)
    else if (asRecord(delta.reasoningContent)) this.#onReasoning(block, asRecord(delta.reasoningContent) ?? {})
    else if (asRecord(delta.citation)) block.citations.push(delta.citation)
    else if (asRecord(delta.image)) {
      block.image ??= { format: 'png', pieces: [] }
      const bytes = asText(asRecord(asRecord(delta.image)?.source)?.bytes)
      if (bytes !== undefined) block.image.pieces.push(bytes)
    }
  }

  #onInput(block: OpenBlock, input: unknown): void {
    const text = typeof input === 'string' ? input : input == null ? '' : JSON.stringify(input)
    if (text === '' || block.skipped) return
    if (block.isAnswer) pushText(text, this.#answer, this.#parts)
    else if (block.call) {
      block.call.empty &&= text.trim() === ''
      this.#parts.push({ type: 'tool-call-delta', index: block.call.index, arguments: text })
    }
  }

  #onReasoning(block: OpenBlock, delta: JsonRecord): void {
    block.thought ??= this.#answer.thoughts++
    const sealed = asText(delta.redactedContent)
    if (sealed !== undefined) {
      block.sealed.push(sealed)
      return
    }
    const part = readReasoning(delta, block.thought, this.#options.isClaude)
    if (!part) return
    this.#answer.produced = true
    this.#parts.push(part)
  }

  #close(index: number): void {
    const block = this.#blocks.get(index)
    if (!block) return
    this.#blocks.delete(index)
    // A call that was given no arguments has an empty object of them.
    if (block.call?.empty) this.#parts.push({ type: 'tool-call-delta', index: block.call.index, arguments: '{}' })
    if (block.sealed.length > 0) {
      this.#answer.produced = true
      this.#parts.push(readRedacted(block.sealed, block.thought ?? 0, this.#options.isClaude))
    }
    pushCitations(block.citations, block.from, this.#answer, this.#parts)
    if (block.image && block.image.pieces.length > 0)
      pushImage(
        { format: block.image.format, source: { bytes: joined(block.image.pieces) } },
        this.#answer,
        this.#parts,
      )
  }

  #finish(native: string | null): void {
    if (this.#finished) return
    for (const index of [...this.#blocks.keys()]) this.#close(index)
    const end = finishOf(native, this.#answer, this.#options)
    if (end.type === 'error') this.#fail(end.failure)
    else {
      this.#parts.push(end)
      this.#finished = true
    }
  }

  #onMetadata(event: JsonRecord): void {
    const start = startOf(event)
    if (Object.keys(start).length > 1) this.#parts.push(start)
    const usage = readUsage(event.usage)
    if (usage) this.#parts.push({ type: 'usage', usage })
  }
}

function indexOf(event: JsonRecord): number {
  return typeof event.contentBlockIndex === 'number' ? event.contentBlockIndex : 0
}

/** Base64 of bytes that came in pieces: each piece has a padding of its own. */
function joined(pieces: readonly string[]): string {
  if (pieces.length === 1) return pieces[0] ?? ''
  try {
    return btoa(pieces.map((piece) => atob(piece)).join(''))
  } catch {
    return pieces.join('')
  }
}
