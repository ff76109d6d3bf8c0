import { EventStreamCodec, Int64 } from '@smithy/eventstream-codec'
import { describe, expect, it } from 'vitest'
import { EventFrames } from '../../../src/providers/bedrock-converse/event-frames.ts'

const codec = new EventStreamCodec(
  (bytes) => (typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes)),
  (text) => new TextEncoder().encode(text),
)
const body = new TextEncoder().encode('{"text":"wörld 🌍"}')

/** Every type that the format has. */
const whole = codec.encode({
  headers: {
    yes: { type: 'boolean', value: true },
    no: { type: 'boolean', value: false },
    byte: { type: 'byte', value: -1 },
    short: { type: 'short', value: -2 },
    ':event-type': { type: 'string', value: 'contentBlockDelta' },
    integer: { type: 'integer', value: 3 },
    long: { type: 'long', value: Int64.fromNumber(4) },
    binary: { type: 'binary', value: new Uint8Array(300) },
    time: { type: 'timestamp', value: new Date(5) },
    id: { type: 'uuid', value: '01234567-89ab-cdef-0123-456789abcdef' },
    ':message-type': { type: 'string', value: 'événement' },
  },
  body,
})

function read(...pieces: Uint8Array[]) {
  const frames = new EventFrames()
  return { seen: pieces.flatMap((piece) => frames.push(piece)), frames }
}

/** With both checksums right, whatever else is wrong. */
function frameOf(headers: number[], headersLength = headers.length) {
  const frame = codec.encode({ headers: {}, body: Uint8Array.from(headers) })
  const view = new DataView(frame.buffer)
  view.setUint32(4, headersLength)
  view.setUint32(8, crc32(frame.subarray(0, 8)))
  view.setUint32(frame.length - 4, crc32(frame.subarray(0, -4)))
  return frame
}

function crc32(bytes: Uint8Array): number {
  let checksum = -1
  for (const byte of bytes) {
    checksum ^= byte
    for (let bit = 0; bit < 8; bit++) checksum = (checksum >>> 1) ^ (checksum & 1 ? 0xedb88320 : 0)
  }
  return ~checksum >>> 0
}

describe('a frame', () => {
  it('has its text headers and its payload, whatever other headers it has', () => {
    const { seen, frames } = read(whole)
    expect(seen).toEqual([
      { headers: { ':event-type': 'contentBlockDelta', ':message-type': 'événement' }, body: '{"text":"wörld 🌍"}' },
    ])
    expect(frames).toMatchObject({ broken: false, incomplete: false })
  })

  it('is the same wherever it is cut', () => {
    for (let at = 0; at <= whole.length; at++) {
      expect(read(whole.slice(0, at), whole.slice(at)).seen).toEqual(read(whole).seen)
    }
  })

  it('may have neither headers nor payload', () => {
    expect(read(codec.encode({ headers: {}, body: new Uint8Array(0) })).seen).toEqual([{ headers: {}, body: '' }])
  })

  it('is broken by any bit that is another', () => {
    for (let at = 0; at < whole.length; at++) {
      const other = whole.slice()
      other[at] = (other[at] ?? 0) ^ 1
      const { seen, frames } = read(other, new Uint8Array(whole.length))
      expect({ at, seen }).toEqual({ at, seen: [] })
      // A longer length waits for more.
      expect(frames.broken || frames.incomplete).toBe(true)
    }
  })

  it.each([
    ['a length of headers that is beyond the frame', frameOf([1, 97, 0], 400)],
    ['a length of headers that is beyond the payload', frameOf([], 1)],
    ['a name that is cut', frameOf([9, 97])],
    ['no type', frameOf([1, 97])],
    ['a type that nobody knows', frameOf([1, 97, 10])],
    ['a number that is cut', frameOf([1, 97, 5, 0, 0])],
    ['a length that is cut', frameOf([1, 97, 7, 0])],
  ])('is broken by %s', (_, frame) => {
    expect(read(frame)).toMatchObject({ seen: [], frames: { broken: true } })
  })
})
