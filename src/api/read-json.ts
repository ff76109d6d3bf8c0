import { FailureError } from '../chat/failure.ts'
import { readBody } from '../edge/body.ts'
import { findJsonFault } from '../edge/json-fault.ts'
import type { SurfaceContext } from './surface.ts'

// Bytes that are no UTF-8 are refused, not replaced in silence.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

/** @throws FailureError 400 that says where the body stops being JSON, 413 for one that is too large */
export async function readJson(c: SurfaceContext): Promise<unknown> {
  const body = await readBody(c.req.raw, c.get('gateway').settings.maxBodyBytes)
  let text: string
  try {
    text = utf8.decode(body)
  } catch {
    throw invalid('The request body is not valid UTF-8.')
  }
  try {
    return JSON.parse(text)
  } catch {
    const fault = findJsonFault(text)
    const place = fault ? `: expected ${fault.expected} at line ${fault.line}, column ${fault.column}` : ''
    throw invalid(`The request body is not valid JSON${place}.`)
  }
}

function invalid(message: string): FailureError {
  return new FailureError({ type: 'invalid_request', message })
}
