// Any page may call with its user's key: there are no cookies here to protect (`openrouter-api.md` §1.13).

const exposed = [
  'X-Generation-Id',
  'X-Provider-Name',
  'X-Request-Id',
  'Request-Id',
  'Retry-After',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'X-OpenRouter-Cache-Status',
  'X-OpenRouter-Cache-Age',
  'X-OpenRouter-Cache-TTL',
  'X-OpenRouter-Cache-Source-Id',
  'cf-ray',
].join(', ')

/** On every response, errors and streams included. */
export const corsHeaders: Readonly<Record<string, string>> = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': exposed,
}

/** The answer to `OPTIONS`, for any path. The requested headers come back: SDKs send many of their own. */
export function preflight(request: Request): Response {
  const headers = new Headers(corsHeaders)
  headers.set('Access-Control-Allow-Methods', 'GET, POST, PUT, PATCH, DELETE, OPTIONS')
  headers.set(
    'Access-Control-Allow-Headers',
    request.headers.get('Access-Control-Request-Headers') ?? 'Authorization, Content-Type',
  )
  headers.set('Access-Control-Max-Age', '86400')
  headers.set('Vary', 'Access-Control-Request-Headers')
  return new Response(null, { status: 204, headers })
}
