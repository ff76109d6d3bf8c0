import { invalidRequest } from '../chat/failure.ts'
import { type Environment, refusalOf } from './address.ts'

export type Egress = (url: string, init: RequestInit) => Promise<Response>

/** Distinct upstream origins an isolate is asked for are few; anything beyond this is somebody probing. */
const maxOrigins = 1_000

/**
 * The one function that opens upstream connections. It refuses an address before anything is sent (`FailureError`),
 * follows no redirect, because the credential would travel along and residency could not be told any more, and leaves
 * the answer's headers to `retryHints`: no upstream header is ever handed to a client.
 */
export function openEgress(options: { environment: Environment; fetch: Egress }): Egress {
  const { environment, fetch } = options
  const allowed = new Set<string>()
  return async (url, init) => {
    const origin = originIn(url)
    if (!allowed.has(origin)) {
      const refusal = refusalOf(url, environment)
      if (refusal !== null) throw invalidRequest(refusal)
      if (allowed.size >= maxOrigins) allowed.clear()
      allowed.add(origin)
    }
    return fetch(url, { ...init, redirect: 'manual' })
  }
}

/**
 * Everything before the path, as it is written. The parser reads this text alike whatever follows it, so that what was
 * allowed once holds for every address that starts with it; user names and odd spellings are part of it.
 */
function originIn(url: string): string {
  const scheme = url.indexOf('://')
  if (scheme < 0) return url
  for (let i = scheme + 3; i < url.length; i++) {
    const character = url[i]
    if (character === '/' || character === '?' || character === '#' || character === '\\') return url.slice(0, i)
  }
  return url
}
