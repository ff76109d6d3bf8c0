import { EventStreamCodec } from '@smithy/eventstream-codec'
import type { Part } from '../../../src/chat/parts.ts'
import type { ChatRequest } from '../../../src/chat/request.ts'
import { bedrockConverse } from '../../../src/providers/bedrock-converse/wire.ts'
import { encodeInput } from './converse.ts'

const codec = new EventStreamCodec(
  (bytes) => (typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes)),
  (text) => new TextEncoder().encode(text),
)

/** One binary frame with text headers and a JSON payload. */
export function frame(headers: Record<string, string>, payload: unknown): Uint8Array {
  const typed = Object.entries(headers).map(([name, value]) => [name, { type: 'string' as const, value }] as const)
  const body = new TextEncoder().encode(typeof payload === 'string' ? payload : JSON.stringify(payload))
  return codec.encode({ headers: Object.fromEntries(typed), body })
}

export function event(type: string, payload: unknown): Uint8Array {
  return frame({ ':message-type': 'event', ':event-type': type, ':content-type': 'application/json' }, payload)
}

export function joined(frames: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(frames.reduce((length, { length: more }) => length + more, 0))
  let at = 0
  for (const one of frames) {
    bytes.set(one, at)
    at += one.length
  }
  return bytes
}

/** The parts of a stream that arrives in these pieces. The reader uses the memory of a piece again. */
export function decode(pieces: Iterable<Uint8Array>, upstreamId = 'x.y', request: Partial<ChatRequest> = {}): Part[] {
  const decoder = bedrockConverse.decodeStream(encodeInput(upstreamId, request))
  const parts: Part[] = []
  for (const piece of pieces) {
    parts.push(...decoder.push(piece))
    piece.fill(0x78)
  }
  parts.push(...decoder.end())
  return parts
}
