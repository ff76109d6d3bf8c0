import { corsHeaders } from '../edge/cors.ts'

/** The headers of every response: CORS, and the generation id under the names where clients' SDKs look for one. */
export function stamp(headers: Headers, generationId: string): void {
  for (const name in corsHeaders) headers.set(name, corsHeaders[name] ?? '')
  headers.set('X-Generation-Id', generationId)
  headers.set('X-Request-Id', generationId)
  headers.set('Request-Id', generationId)
}
