import { corsHeaders } from '../edge/cors.ts'
import type { SurfaceContext } from './surface.ts'

/** The headers of every response: CORS, and the generation id under the names where clients' SDKs look for one. */
export function stamp(headers: Headers, c: SurfaceContext): void {
  for (const name in corsHeaders) headers.set(name, corsHeaders[name] ?? '')
  const generationId = c.get('generationId')
  headers.set('X-Generation-Id', generationId)
  headers.set('X-Request-Id', generationId)
  headers.set('Request-Id', generationId)
}

export function stampedHeaders(c: SurfaceContext): Headers {
  const headers = new Headers()
  stamp(headers, c)
  return headers
}
