import type { Json } from './claude-target.ts'

/** The events inside the frames of Bedrock's InvokeModel stream, without a look at their checksums. */
export function framesIn(bytes: Uint8Array): Json[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const events: Json[] = []
  for (let at = 0; at < bytes.length; at += view.getUint32(at)) {
    const start = at + 12 + view.getUint32(at + 4)
    const payload = JSON.parse(new TextDecoder().decode(bytes.subarray(start, at + view.getUint32(at) - 4)))
    const text = atob(payload.bytes)
    const inner = Uint8Array.from(text, (character) => character.charCodeAt(0))
    events.push(JSON.parse(new TextDecoder().decode(inner)))
  }
  return events
}
