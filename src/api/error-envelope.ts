import { errorJson, retryAfterSeconds } from '../chat/error-json.ts'
import { type Failure, statusOf } from '../chat/failure.ts'
import { stampedHeaders } from './stamp.ts'
import type { SurfaceContext } from './surface.ts'

/** The error body of every JSON route but those that speak another dialect, which have an encoder of their own. */
export function errorBody(failure: Failure, origin = ''): Record<string, unknown> {
  return { error: errorJson(failure, origin) }
}

/** A failure as a response in the chat dialect. */
export function errorResponse(c: SurfaceContext, failure: Failure): Response {
  return failureResponse(c, failure, errorBody(failure, c.get('gateway')?.settings.origin))
}

/**
 * A failure as a response with the body of any dialect: status, waiting time and the headers that belong to the
 * failure are the same in all of them.
 */
export function failureResponse(c: SurfaceContext, failure: Failure, body: Record<string, unknown>): Response {
  const status = statusOf(failure)
  const headers = stampedHeaders(c)
  headers.set('Content-Type', 'application/json')
  if (status !== 500) for (const [name, value] of Object.entries(failure.headers ?? {})) headers.set(name, value)
  const retryAfter = failure.availability?.retry_after ?? retryAfterSeconds(failure)
  if (retryAfter !== undefined && (status === 429 || status === 503))
    headers.set('Retry-After', String(Math.max(1, Math.ceil(retryAfter))))
  return new Response(JSON.stringify(body), { status, headers })
}
