import { invalidRequest } from '../chat/failure.ts'
import { type Check, isObject, type JsonObject, maxDepth, mustBe } from './check.ts'
import { nestsDeeperThan } from './json-depth.ts'
import { findJsonFault } from './json-fault.ts'

// Bytes that are no UTF-8 are refused: replaced in silence they would be another text than the one that was sent.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

/** Below this even the deepest nesting parses in no time; above it the text is looked through first. */
const depthScanBytes = 64 * 1024

/**
 * The JSON object in a body, checked: the parsed object itself, changed only where the check does so.
 *
 * @throws FailureError 400 `invalid_request` that names the field and what it must be, never its content
 */
export function parseBody(body: string | Uint8Array, check: Check): JsonObject {
  const parsed = parseJson(body)
  if (!isObject(parsed)) throw invalidRequest(`The request body ${mustBe('a JSON object', parsed).message}.`)
  return checked(parsed, check)
}

/** The object as it was given, where it passes the check. @throws FailureError 400 that names the field */
export function checked<T extends JsonObject>(given: T, check: Check): T {
  const problem = check(given)
  if (problem === null) return given
  const field = problem.path.replace(/^\./, '')
  throw invalidRequest(`${field} ${problem.message}.`, { field })
}

function parseJson(body: string | Uint8Array): unknown {
  if (typeof body !== 'string' && body.length > depthScanBytes && nestsDeeperThan(body, maxDepth))
    throw invalidRequest(`The request body is nested more than ${maxDepth} levels deep.`)
  let text: string
  try {
    text = typeof body === 'string' ? body : utf8.decode(body)
  } catch {
    throw invalidRequest('The request body is not valid UTF-8.')
  }
  try {
    return JSON.parse(text)
  } catch {
    const fault = findJsonFault(text)
    const place = fault ? `: expected ${fault.expected} at line ${fault.line}, column ${fault.column}` : ''
    throw invalidRequest(`The request body is not valid JSON${place}.`)
  }
}
