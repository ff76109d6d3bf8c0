// A frame is its length, the headers' length, a checksum of both, headers, payload, and a checksum of all before it.

/** Two lengths and their checksum. */
const preludeBytes = 12
const checksumBytes = 4
/** Nothing is shorter. */
const minFrameBytes = preludeBytes + checksumBytes
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
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const end = bytes.length - checksumBytes
  const bodyAt = preludeBytes + view.getUint32(4)
  if (bodyAt > end || view.getUint32(8) !== crc32(bytes.subarray(0, 8)) || view.getUint32(end) !== crc32(bytes, end))
    return null
  const headers = headersIn(new DataView(bytes.buffer, bytes.byteOffset + preludeBytes, bodyAt - preludeBytes))
  return headers && { headers, body: utf8.decode(bytes.subarray(bodyAt, end)) }
}

const textType = 7
/** What a value takes up, by its type: two booleans, four integers, bytes and text with a length, a time, a UUID. */
const valueBytes = [0, 0, 1, 2, 4, 8, null, null, 8, 16]

/** The text headers: nothing that Bedrock says is in another. Null where they do not add up. */
function headersIn(view: DataView): Record<string, string> | null {
  const headers: Record<string, string> = {}
  let at = 0
  const take = (length: number) => {
    at += length
    return at <= view.byteLength ? new Uint8Array(view.buffer, view.byteOffset + at - length, length) : null
  }
  while (at < view.byteLength) {
    const name = take(view.getUint8(at++))
    const type = take(1)?.[0] ?? valueBytes.length
    let length = valueBytes[type]
    if (length === null && at + 2 <= view.byteLength) {
      length = view.getUint16(at)
      at += 2
    }
    const value = typeof length === 'number' ? take(length) : null
    if (name === null || value === null) return null
    if (type === textType) headers[utf8.decode(name)] = utf8.decode(value)
  }
  return headers
}

let crcTable: Uint32Array | undefined

/** The usual checksum, as in zip files, of the bytes up to `end`. */
function crc32(bytes: Uint8Array, end = bytes.length): number {
  crcTable ??= Uint32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0)
    return remainder
  })
  let checksum = 0xffffffff
  for (let at = 0; at < end; at++) {
    checksum = (checksum >>> 8) ^ (crcTable[(checksum ^ (bytes[at] ?? 0)) & 0xff] ?? 0)
  }
  return ~checksum >>> 0
}
