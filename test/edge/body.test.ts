import { describe, expect, it } from 'vitest'
import { FailureError } from '../../src/chat/failure.ts'
import { readBody } from '../../src/edge/body.ts'

const url = 'https://gw.example/api/v1/chat/completions'
const post = (body: BodyInit | null, headers: Record<string, string> = {}) =>
  new Request(url, { method: 'POST', body, headers, duplex: 'half' } as RequestInit)

/** A body of unknown length, as a chunked upload has. `onCancel` hears when nobody reads on. */
function chunked(pieces: string[], onCancel = () => {}): ReadableStream<Uint8Array> {
  let next = 0
  return new ReadableStream({
    pull(controller) {
      const piece = pieces[next++]
      if (piece === undefined) controller.close()
      else controller.enqueue(new TextEncoder().encode(piece))
    },
    cancel: onCancel,
  })
}

async function failureOf(reading: Promise<unknown>) {
  const error = await reading.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (error instanceof FailureError) return error.failure
  throw new Error(`no failure: ${error}`)
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

describe('a body', () => {
  it('is read whole, with and without a length, whatever its content type', async () => {
    expect(textOf(await readBody(post('{"a":1}', { 'Content-Type': 'text/plain' }), 7))).toBe('{"a":1}')
    expect(textOf(await readBody(post('{"a":1}', { 'Content-Length': '7' }), 7))).toBe('{"a":1}')
    expect(textOf(await readBody(post(chunked(['{"a"', '', ':1}'])), 7))).toBe('{"a":1}')
    expect(textOf(await readBody(post('{}', { 'Content-Encoding': 'identity' }), 7))).toBe('{}')
  })

  it('that announces too much is refused before it is read', async () => {
    const request = post('{"a":1}', { 'Content-Length': '1000000' })
    expect(await failureOf(readBody(request, 100))).toMatchObject({
      type: 'payload_too_large',
      message: expect.stringMatching(/100 bytes.*MAX_BODY_BYTES/),
    })
    expect(request.bodyUsed).toBe(false)
  })

  it('that grows too large is refused as soon as it does, and read no further', async () => {
    let cancelled = false
    const endless = chunked(Array(1_000).fill('x'.repeat(60)), () => {
      cancelled = true
    })
    expect(await failureOf(readBody(post(endless), 100))).toMatchObject({ type: 'payload_too_large' })
    await new Promise((resolve) => setTimeout(resolve))
    expect(cancelled).toBe(true)
  })

  it('that lies about its length is refused all the same', async () => {
    expect(await failureOf(readBody(post('x'.repeat(200), { 'Content-Length': '3' }), 100))).toMatchObject({
      type: 'payload_too_large',
    })
  })

  it.each<[string, Request]>([
    ['empty', post('')],
    ['missing', post(null)],
    ['empty by its length', post(null, { 'Content-Length': '0' })],
    ['an empty stream', post(chunked([]))],
    ['compressed', post('{}', { 'Content-Encoding': 'gzip' })],
    ['broken off', post(new ReadableStream({ pull: (controller) => controller.error(new Error('reset')) }))],
  ])('that is %s is refused with a 400', async (_, request) => {
    expect(await failureOf(readBody(request, 100))).toMatchObject({ type: 'invalid_request' })
  })
})
