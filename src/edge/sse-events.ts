import { ByteBuilder } from './byte-builder.ts'

const LF = 0x0a
const CR = 0x0d
const COLON = 0x3a
const SPACE = 0x20
const DATA = Uint8Array.from([0x64, 0x61, 0x74, 0x61])
const EVENT = Uint8Array.from([0x65, 0x76, 0x65, 0x6e, 0x74])
const NEWLINE = Uint8Array.from([LF])
const BOM = Uint8Array.from([0xef, 0xbb, 0xbf])

/** A buffer larger than this is given away with what it holds instead of being used again. */
const keptBytes = 64 * 1024

/** Receives one event: its payload is `bytes[start, end)`, `name` the value of `event:` or null. */
export type OnEvent = (bytes: Uint8Array, start: number, end: number, name: string | null) => void

/**
 * Cuts a byte stream into server-sent events without decoding it: eventsource-parser works on strings, which would
 * cost a decode and an encode of every token on the straight-through path. Takes LF, CRLF and CR, reads cut anywhere,
 * comments, several `data:` lines an event, and an unterminated last event. Nothing is kept of a chunk but copies.
 */
export class SseEvents {
  #onEvent: OnEvent
  #maxEventBytes: number
  /** The start of a line whose end has not come yet, */
  #line: ByteBuilder | null = null
  #lineLength = 0
  /** and the lines of a payload that has several: collected, because a copy a line would take hours for a long one. */
  #lines: ByteBuilder | null = null
  #afterCr = false
  #firstLine = true
  /** The payload of the event, or its first line where `#lines` has them all. */
  #data: Uint8Array | null = null
  #start = 0
  #end = 0
  #dataLength = 0
  #name: string | null = null
  /** An event grew past the limit: the rest of the stream is ignored. */
  overflowed = false

  constructor(onEvent: OnEvent, maxEventBytes: number) {
    this.#onEvent = onEvent
    this.#maxEventBytes = maxEventBytes
  }

  push(chunk: Uint8Array): void {
    if (this.overflowed || chunk.length === 0) return
    this.#cut(chunk)
    if (this.#data === chunk) this.#keepData(chunk)
  }

  #cut(chunk: Uint8Array): void {
    let at = 0
    if (this.#afterCr) {
      this.#afterCr = false
      if (chunk[0] === LF) at = 1
    }
    let nextLf = chunk.indexOf(LF, at)
    let nextCr = chunk.indexOf(CR, at)
    while (at < chunk.length) {
      if (nextLf !== -1 && nextLf < at) nextLf = chunk.indexOf(LF, at)
      if (nextCr !== -1 && nextCr < at) nextCr = chunk.indexOf(CR, at)
      const lineEnd = nextCr === -1 || (nextLf !== -1 && nextLf < nextCr) ? nextLf : nextCr
      if (lineEnd === -1) {
        this.#line ??= new ByteBuilder()
        this.#line.addRange(chunk, at, chunk.length)
        this.#lineLength += chunk.length - at
        if (this.#lineLength > this.#maxEventBytes) this.overflowed = true
        return
      }
      if (this.#lineLength === 0) this.#takeLine(chunk, at, lineEnd)
      else this.#takeHeldLine(chunk, at, lineEnd)
      if (this.overflowed) return
      at = lineEnd + 1
      if (lineEnd === nextCr) {
        if (at === chunk.length) this.#afterCr = true
        else if (chunk[at] === LF) at++
      }
    }
  }

  /** The stream is over: delivers a last event that nobody terminated. */
  end(): void {
    if (this.overflowed) return
    if (this.#lineLength > 0) this.#takeHeldLine(NEWLINE, 0, 0)
    this.#deliver()
  }

  /** The line that was held, with `rest[start, end)` as its end. */
  #takeHeldLine(rest: Uint8Array, start: number, end: number): void {
    this.#line?.addRange(rest, start, end)
    const line = this.#line?.take() ?? rest
    this.#lineLength = 0
    this.#takeLine(line, 0, line.length)
    if (line.length > keptBytes) this.#line = null
    else if (this.#data === line) this.#keepData(line)
  }

  /** The memory that the payload is in will be used again, and the event may still go on. */
  #keepData(bytes: Uint8Array): void {
    this.#data = bytes.slice(this.#start, this.#end)
    this.#start = 0
    this.#end = this.#data.length
  }

  #takeLine(bytes: Uint8Array, lineStart: number, end: number): void {
    let start = lineStart
    if (this.#firstLine) {
      this.#firstLine = false
      if (startsWith(bytes, start, end, BOM)) start += BOM.length
    }
    if (start === end) {
      this.#deliver()
      return
    }
    if (startsWith(bytes, start, end, DATA)) {
      const value = valueAfter(bytes, start + DATA.length, end)
      if (value === -1) return
      if (this.#data === null) {
        this.#data = bytes
        this.#start = value
        this.#end = end
        this.#dataLength = end - value
      } else {
        if (this.#lines === null) {
          this.#lines = new ByteBuilder()
          this.#lines.addRange(this.#data, this.#start, this.#end)
        }
        this.#lines.add(NEWLINE)
        this.#lines.addRange(bytes, value, end)
        this.#dataLength += end - value + 1
      }
      if (this.#dataLength > this.#maxEventBytes) this.overflowed = true
    } else if (startsWith(bytes, start, end, EVENT)) {
      const value = valueAfter(bytes, start + EVENT.length, end)
      if (value !== -1) this.#name = new TextDecoder().decode(bytes.subarray(value, end))
    }
    // Comments, `id:`, `retry:` and unknown fields mean nothing here.
  }

  #deliver(): void {
    const data = this.#data
    const name = this.#name
    this.#data = null
    this.#name = null
    if (data === null) return
    const lines = this.#lines?.take()
    if (lines === undefined || lines === null) this.#onEvent(data, this.#start, this.#end, name)
    else {
      this.#lines = null
      this.#onEvent(lines, 0, lines.length, name)
    }
  }
}

function startsWith(bytes: Uint8Array, start: number, end: number, prefix: Uint8Array): boolean {
  if (end - start < prefix.length) return false
  for (let i = 0; i < prefix.length; i++) if (bytes[start + i] !== prefix[i]) return false
  return true
}

/** Where the value of a field begins, -1 when what stands before `at` was only the start of another field's name. */
function valueAfter(bytes: Uint8Array, at: number, end: number): number {
  if (at === end) return end
  if (bytes[at] !== COLON) return -1
  return bytes[at + 1] === SPACE && at + 1 < end ? at + 2 : at + 1
}
