import { errorJson, retryAfterSeconds } from '../chat/error-json.ts'
import { type Failure, statusOf } from '../chat/failure.ts'

/** The error body of every JSON route but those that speak another dialect, which have an encoder of their own. */
export function errorBody(failure: Failure, origin = ''): Record<string, unknown> {
  return { error: errorJson(failure, origin) }
}

/** A failure as a response in the chat dialect; `origin` for its links. */
export function errorResponse(failure: Failure, origin?: string): Response {
  return failureResponse(failure, errorBody(failure, origin))
}

/**
 * A failure as a response with the body of any dialect: status, waiting time and the headers that belong to the
 * failure are the same in all of them.
 */
export function failureResponse(failure: Failure, body: Record<string, unknown>): Response {
  const status = statusOf(failure)
  const headers = new Headers({ 'Content-Type': 'application/json' })
  if (status !== 500) for (const [name, value] of Object.entries(failure.headers ?? {})) headers.set(name, value)
  const retryAfter = failure.availability?.retry_after ?? retryAfterSeconds(failure)
  if (retryAfter !== undefined && (status === 429 || status === 503))
    headers.set('Retry-After', String(Math.max(1, Math.ceil(retryAfter))))
  return new Response(JSON.stringify(body), { status, headers })
}
