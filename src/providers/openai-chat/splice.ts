import type { Envelope } from '../../chat/envelope.ts'
import type { AttemptFailure } from '../../chat/failure.ts'
import type { Part } from '../../chat/parts.ts'
import { newProgress, noteFailure, notePart, type PartEncoder, type StreamStage } from '../../chat/stream-stage.ts'
import { ByteBuilder } from '../../edge/byte-builder.ts'
import { isSpace, isWord, MemberCursor, skipSpace } from '../../edge/json-scan.ts'
import { SseEvents } from '../../edge/sse-events.ts'
import { ownFields } from './own-fields.ts'

export interface SpliceOptions {
  envelope: Envelope
  /** Turns one parsed upstream event into parts, with whatever it keeps of the stream. */
  decode(event: unknown, name: string | null): Part[]
  /** What the decoder still holds back at the end of the stream. */
  decodeEnd(): Part[]
  encoder: PartEncoder
  excludeReasoning: boolean
  /** Set where the provider hides meaning in its text (`<think>` tags): every event is then decoded. */
  decodeEverything: boolean
}

const utf8 = new TextEncoder()
const bytesOf = (text: string) => utf8.encode(text)

const KEY = {
  choices: bytesOf('choices'),
  index: bytesOf('index'),
  delta: bytesOf('delta'),
  logprobs: bytesOf('logprobs'),
  role: bytesOf('role'),
  content: bytesOf('content'),
  reasoning: bytesOf('reasoning'),
  reasoningContent: bytesOf('reasoning_content'),
}
const parsedChunkFields = ['usage', 'error', 'x_groq']
const PARSED_CHUNK_KEYS = parsedChunkFields.map(bytesOf)
const OWN_KEYS = ownFields.filter((field) => !parsedChunkFields.includes(field)).map(bytesOf)
const PARSED_CHOICE_KEYS = ['finish_reason', 'native_finish_reason', 'error'].map(bytesOf)
/** Parts of a delta that have rules of their own; anything else unknown goes along as it is. */
const PARSED_DELTA_KEYS = [
  'tool_calls',
  'function_call',
  'refusal',
  'annotations',
  'images',
  'audio',
  'reasoning_details',
].map(bytesOf)
const NULL = bytesOf('null')
const DONE = bytesOf('[DONE]')
const LF = 0x0a
const QUOTE = 0x22
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const COMMA = bytesOf(',')

const AFTER_INDEX = bytesOf(',"delta":{"role":"assistant","content":')
const EMPTY_STRING = bytesOf('""')
const REASONING = bytesOf(',"reasoning":')
const DETAILS = bytesOf(',"reasoning_details":[{"type":"reasoning.text","text":')
const AFTER_DETAILS = bytesOf(',"format":"unknown","index":0}]')
const AFTER_DELTA = bytesOf('},"finish_reason":null,"native_finish_reason":null,"logprobs":')
const AFTER_CHOICES = bytesOf('}]')
const AFTER_CHUNK = bytesOf('}\n\n')

const truncated: AttemptFailure = { kind: 'truncated', message: 'The stream ended before it was finished.' }

/** A stream event larger than this is a fault of the upstream; generated images come in events of a few megabytes. */
const maxEventBytes = 24 * 1024 * 1024

/**
 * The straight-through stage: OpenAI-shaped chunks in, chat completion chunks out. An ordinary content or reasoning
 * delta is never parsed: its bytes go between an envelope of ours and a tail of ours. Everything else (the finish, the
 * usage, tool calls, errors, unusual shapes) is parsed and goes through the common tongue.
 */
export class ChatSplice implements StreamStage {
  readonly progress = newProgress()
  #out = new ByteBuilder()
  #head: Uint8Array
  #options: SpliceOptions
  #events: SseEvents
  #finished = new Set<number>()
  // What the scan of one chunk found: ranges of the values, 0 where there is none.
  #choicesStart = 0
  #choicesEnd = 0
  #indexStart = 0
  #indexEnd = 0
  #deltaStart = 0
  #deltaEnd = 0
  #logprobsStart = 0
  #logprobsEnd = 0
  #contentStart = 0
  #contentEnd = 0
  #reasoningStart = 0
  #reasoningEnd = 0
  // Unknown members, as pairs of a start and an end.
  #chunkExtras: number[] = []
  #choiceExtras: number[] = []
  #deltaExtras: number[] = []
  #first = true

  constructor(options: SpliceOptions) {
    const { id, created, model, provider } = options.envelope
    this.#options = options
    const head = JSON.stringify({ id, object: 'chat.completion.chunk', created, model, provider })
    this.#head = bytesOf(`data: ${head.slice(0, -1)},"choices":[{"index":`)
    this.#events = new SseEvents((bytes, start, end, name) => this.#onEvent(bytes, start, end, name), maxEventBytes)
  }

  push(bytes: Uint8Array): void {
    this.#events.push(bytes)
    if (this.#events.overflowed) this.#fail({ kind: 'malformed', message: 'A stream event was too large.' })
  }

  end(): void {
    this.#events.end()
    if (this.progress.failure === null) this.#encode(this.#options.decodeEnd())
    // A finish reason followed by EOF is clean without `[DONE]`; EOF before one is a cut, whatever came before.
    if (!this.progress.done) this.#fail(truncated)
  }

  take(): Uint8Array | null {
    return this.#out.take()
  }

  #fail(failure: AttemptFailure): void {
    noteFailure(this.progress, failure)
  }

  #onEvent(bytes: Uint8Array, from: number, to: number, name: string | null): void {
    const progress = this.progress
    if (progress.failure !== null || progress.done) return
    const start = skipSpace(bytes, from, to)
    let end = to
    while (end > start && isSpace(bytes[end - 1])) end--
    if (start === end) return
    if (isWord(bytes, start, Math.min(end, start + DONE.length), DONE)) {
      progress.done = true
      // LiteLLM says the finish of one choice only, but it does say one.
      if (progress.finish === null) this.#fail(truncated)
      return
    }
    // The first event is decoded for what it tells of the stream: the upstream's id, the service tier.
    const ordinary = name === null && !this.#first && !this.#options.decodeEverything
    this.#first = false
    if (!ordinary || !this.#splice(bytes, start, end)) this.#decode(bytes, start, end, name)
  }

  #decode(bytes: Uint8Array, start: number, end: number, name: string | null): void {
    let event: unknown
    try {
      event = JSON.parse(new TextDecoder().decode(bytes.subarray(start, end)))
    } catch {
      this.#fail({ kind: 'malformed', message: 'The stream held an event that is not JSON.' })
      return
    }
    this.#encode(this.#options.decode(event, name))
  }

  #encode(parts: Part[]): void {
    const hidesReasoning = this.#options.excludeReasoning && parts.some(({ type }) => type === 'reasoning-delta')
    for (const part of parts) {
      if (this.progress.failure !== null) return
      // The log probabilities beside a thought spell its tokens.
      if (hidesReasoning && part.type === 'text-delta' && part.text === '') continue
      if (!notePart(this.progress, part, this.#finished)) continue
      const text = this.#options.encoder.push(part)
      if (text === '') continue
      this.#out.add(bytesOf(text))
      if (this.progress.upstreamContent) this.progress.content = true
    }
  }

  /** Sends an ordinary delta on without parsing it. False = not ordinary, nothing was sent. */
  #splice(bytes: Uint8Array, start: number, end: number): boolean {
    // An event of several `data:` lines, joined with line feeds: they would cut our one line into pieces.
    const lineFeed = bytes.indexOf(LF, start)
    if (lineFeed !== -1 && lineFeed < end) return false
    if (!this.#scanChunk(bytes, start, end) || !this.#scanChoice(bytes) || !this.#scanDelta(bytes)) return false
    const hasContent = this.#contentEnd - this.#contentStart > 2
    const hasReasoning = this.#reasoningEnd - this.#reasoningStart > 2
    // A role-only or empty delta is a lifecycle event: every chunk of ours says the role, so nothing is lost with it. But
    // half of a character is a token without text, which only its log probabilities tell.
    if (!hasContent && !hasReasoning) return this.#logprobsEnd === 0
    this.progress.upstreamContent = true
    const choice = numberOf(bytes, this.#indexStart, this.#indexEnd)
    if (!this.#finished.has(choice)) this.progress.open.add(choice)
    this.progress.contentBytes += Math.max(0, this.#contentEnd - this.#contentStart - 2)
    this.progress.contentBytes += Math.max(0, this.#reasoningEnd - this.#reasoningStart - 2)
    const showReasoning = hasReasoning && !this.#options.excludeReasoning
    if (!hasContent && !showReasoning) return true
    this.progress.content = true

    const out = this.#out
    out.add(this.#head)
    out.addRange(bytes, this.#indexStart, this.#indexEnd)
    out.add(AFTER_INDEX)
    if (this.#contentEnd > 0) out.addRange(bytes, this.#contentStart, this.#contentEnd)
    else out.add(EMPTY_STRING)
    if (showReasoning) {
      out.add(REASONING)
      out.addRange(bytes, this.#reasoningStart, this.#reasoningEnd)
      out.add(DETAILS)
      out.addRange(bytes, this.#reasoningStart, this.#reasoningEnd)
      out.add(AFTER_DETAILS)
    }
    this.#addExtras(bytes, this.#deltaExtras)
    out.add(AFTER_DELTA)
    if (this.#logprobsEnd > 0) out.addRange(bytes, this.#logprobsStart, this.#logprobsEnd)
    else out.add(NULL)
    this.#addExtras(bytes, this.#choiceExtras)
    out.add(AFTER_CHOICES)
    this.#addExtras(bytes, this.#chunkExtras)
    out.add(AFTER_CHUNK)
    return true
  }

  #addExtras(bytes: Uint8Array, ranges: number[]): void {
    for (let i = 0; i < ranges.length; i += 2) {
      this.#out.add(COMMA)
      this.#out.addRange(bytes, ranges[i] as number, ranges[i + 1] as number)
    }
  }

  /** The top level: finds `choices`, collects fields the gateway does not know, refuses what must be parsed. */
  #scanChunk(bytes: Uint8Array, start: number, end: number): boolean {
    this.#choicesEnd = 0
    this.#chunkExtras.length = 0
    const member = new MemberCursor(bytes, start, end)
    while (member.next()) {
      const { keyStart, keyEnd } = member
      const isNull = isWord(bytes, member.start, member.end, NULL)
      if (isWord(bytes, keyStart, keyEnd, KEY.choices)) {
        this.#choicesStart = member.start
        this.#choicesEnd = member.end
      } else if (isNull || isOneOf(bytes, keyStart, keyEnd, OWN_KEYS)) {
        // Ours to tell, or nobody's business; a null tells nothing, and a null `system_fingerprint` breaks strict clients.
      } else if (isOneOf(bytes, keyStart, keyEnd, PARSED_CHUNK_KEYS)) return false
      else this.#chunkExtras.push(keyStart - 1, member.end)
    }
    return !member.failed && this.#choicesEnd > 0 && skipSpace(bytes, member.behind, end) === end
  }

  /** The one choice of an ordinary chunk. */
  #scanChoice(bytes: Uint8Array): boolean {
    this.#indexEnd = 0
    this.#deltaEnd = 0
    this.#logprobsEnd = 0
    this.#choiceExtras.length = 0
    if (bytes[this.#choicesStart] !== OPEN_BRACKET) return false
    const member = new MemberCursor(bytes, skipSpace(bytes, this.#choicesStart + 1, this.#choicesEnd), this.#choicesEnd)
    while (member.next()) {
      const { keyStart, keyEnd } = member
      if (isWord(bytes, keyStart, keyEnd, KEY.delta)) {
        this.#deltaStart = member.start
        this.#deltaEnd = member.end
      } else if (isWord(bytes, keyStart, keyEnd, KEY.index)) {
        if (!isDigits(bytes, member.start, member.end)) return false
        this.#indexStart = member.start
        this.#indexEnd = member.end
      } else if (!isWord(bytes, member.start, member.end, NULL)) {
        if (isWord(bytes, keyStart, keyEnd, KEY.logprobs)) {
          this.#logprobsStart = member.start
          this.#logprobsEnd = member.end
        } else if (isOneOf(bytes, keyStart, keyEnd, PARSED_CHOICE_KEYS)) return false
        else this.#choiceExtras.push(keyStart - 1, member.end)
      }
    }
    if (member.failed || this.#deltaEnd === 0 || this.#indexEnd === 0) return false
    const close = skipSpace(bytes, member.behind, this.#choicesEnd)
    return bytes[close] === CLOSE_BRACKET && close + 1 === this.#choicesEnd
  }

  #scanDelta(bytes: Uint8Array): boolean {
    this.#contentStart = 0
    this.#contentEnd = 0
    this.#reasoningStart = 0
    this.#reasoningEnd = 0
    this.#deltaExtras.length = 0
    const member = new MemberCursor(bytes, this.#deltaStart, this.#deltaEnd)
    while (member.next()) {
      const { keyStart, keyEnd } = member
      if (isWord(bytes, keyStart, keyEnd, KEY.role)) continue
      if (isWord(bytes, member.start, member.end, NULL)) continue
      if (isWord(bytes, keyStart, keyEnd, KEY.content)) {
        if (bytes[member.start] !== QUOTE) return false
        this.#contentStart = member.start
        this.#contentEnd = member.end
      } else if (
        isWord(bytes, keyStart, keyEnd, KEY.reasoning) ||
        isWord(bytes, keyStart, keyEnd, KEY.reasoningContent)
      ) {
        // Both at once is somebody's compatibility alias; which one to believe is decided by the decoder.
        if (bytes[member.start] !== QUOTE || this.#reasoningEnd > 0) return false
        this.#reasoningStart = member.start
        this.#reasoningEnd = member.end
      } else {
        if (isOneOf(bytes, keyStart, keyEnd, PARSED_DELTA_KEYS)) return false
        this.#deltaExtras.push(keyStart - 1, member.end)
      }
    }
    return !member.failed
  }
}

function isOneOf(bytes: Uint8Array, start: number, end: number, words: Uint8Array[]): boolean {
  for (const word of words) if (isWord(bytes, start, end, word)) return true
  return false
}

function numberOf(bytes: Uint8Array, start: number, end: number): number {
  let value = 0
  for (let i = start; i < end; i++) value = value * 10 + (bytes[i] as number) - 0x30
  return value
}

function isDigits(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number
    if (byte < 0x30 || byte > 0x39) return false
  }
  return end > start
}
