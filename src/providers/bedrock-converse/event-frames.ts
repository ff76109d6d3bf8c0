import { EventStreamCodec } from '@smithy/eventstream-codec'

/** Two length fields, two checksums: nothing is shorter. */
const minFrameBytes = 16
/** A frame larger than this is a fault of the upstream (`providers-clouds.md`, bedrock). */
const maxFrameBytes = 16 * 1024 * 1024

/** One message of `application/vnd.amazon.eventstream`. */
export interface EventFrame {
  /** Text headers by name, e.g. `:message-type`. */
  headers: Readonly<Record<string, string>>
  /** The payload as text; JSON in all that Bedrock sends. */
  body: string
}

const utf8 = new TextDecoder()
const codec = new EventStreamCodec(
  (bytes) => (typeof bytes === 'string' ? bytes : utf8.decode(bytes)),
  (text) => new TextEncoder().encode(text),
)

/** Puts the frames of a stream together again, wherever the network has cut it. Keeps nothing of what it is given. */
export class EventFrames {
  #held = new Uint8Array(0)
  #heldBytes = 0
  /** A checksum or a length was wrong: from here on nobody knows where a frame begins. */
  broken = false

  /** Whether the stream has ended inside a frame. */
  get incomplete(): boolean {
    return this.#heldBytes > 0
  }

  push(bytes: Uint8Array): EventFrame[] {
    if (this.broken) return []
    const frames: EventFrame[] = []
    const data = this.#heldBytes === 0 ? bytes : this.#joined(bytes)
    let at = 0
    while (data.length - at >= 4) {
      const length = new DataView(data.buffer, data.byteOffset + at, 4).getUint32(0)
      if (length < minFrameBytes || length > maxFrameBytes) {
        this.broken = true
        break
      }
      if (data.length - at < length) break
      const frame = decodeFrame(data.subarray(at, at + length))
      if (frame === null) {
        this.broken = true
        break
      }
      frames.push(frame)
      at += length
    }
    this.#hold(data, this.broken ? data.length : at)
    return frames
  }

  #joined(bytes: Uint8Array): Uint8Array {
    const length = this.#heldBytes + bytes.length
    if (length > this.#held.length) {
      const larger = new Uint8Array(Math.max(length, this.#held.length * 2, 1024))
      larger.set(this.#held.subarray(0, this.#heldBytes))
      this.#held = larger
    }
    this.#held.set(bytes, this.#heldBytes)
    this.#heldBytes = length
    return this.#held.subarray(0, length)
  }

  #hold(data: Uint8Array, from: number): void {
    const rest = data.subarray(from)
    if (data.buffer === this.#held.buffer) this.#held.copyWithin(0, from, data.length)
    else if (rest.length > 0) {
      if (rest.length > this.#held.length) this.#held = new Uint8Array(Math.max(rest.length * 2, 1024))
      this.#held.set(rest)
    }
    this.#heldBytes = rest.length
  }
}

/** Null where a checksum does not fit, or the headers are none. */
function decodeFrame(bytes: Uint8Array): EventFrame | null {
  try {
    const message = codec.decode(bytes)
    const headers: Record<string, string> = {}
    for (const [name, { type, value }] of Object.entries(message.headers)) if (type === 'string') headers[name] = value
    return { headers, body: utf8.decode(message.body) }
  } catch {
    return null
  }
}
