import { FailureError, invalidRequest } from '../chat/failure.ts'

/** The largest request body where `MAX_BODY_BYTES` does not say otherwise. */
export const defaultMaxBodyBytes = 20 * 1024 * 1024

/**
 * The whole body, at most `maxBytes` of it. The content type does not matter: what counts is whether it parses.
 *
 * @throws FailureError 413 when it is larger, told by its length before a byte is read or counted while reading;
 *   400 when it is empty, compressed or breaks off.
 */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array> {
  const encoding = request.headers.get('Content-Encoding')
  if (encoding !== null && encoding !== '' && encoding.toLowerCase() !== 'identity')
    throw invalidRequest('Compressed request bodies are not accepted: send the JSON without a Content-Encoding.')
  const announced = Number(request.headers.get('Content-Length') ?? Number.NaN)
  if (announced > maxBytes) throw tooLarge(maxBytes)
  // With a length the runtime never delivers more than it, so one native read is enough.
  const bytes = Number.isNaN(announced) ? await readCounted(request, maxBytes) : await readAll(request)
  if (bytes.length > maxBytes) throw tooLarge(maxBytes)
  if (bytes.length === 0) throw invalidRequest('The request body is empty: send a JSON object.')
  return bytes
}

async function readAll(request: Request): Promise<Uint8Array> {
  try {
    return new Uint8Array(await request.arrayBuffer())
  } catch {
    throw brokenOff()
  }
}

async function readCounted(request: Request, maxBytes: number): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array(0)
  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader()
  const pieces: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw brokenOff()
    })
    if (done) break
    length += value.length
    if (length > maxBytes) {
      // Not awaited: a client that keeps sending must not keep its answer waiting.
      reader.cancel().catch(() => {})
      throw tooLarge(maxBytes)
    }
    pieces.push(value)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}

function tooLarge(maxBytes: number): FailureError {
  return new FailureError({
    type: 'payload_too_large',
    message: `The request body is larger than this gateway's limit of ${maxBytes} bytes (its variable MAX_BODY_BYTES).`,
    metadata: { limit_bytes: maxBytes },
  })
}

function brokenOff(): FailureError {
  return invalidRequest('The request body broke off before its end.')
}
