import type { AttemptFailure } from '../chat/failure.ts'
import { retryHints } from '../edge/retry-hints.ts'
import { redact } from '../privacy/redact.ts'
import { AuthorizeError } from './authorize-error.ts'
import { asRecord, asText, type JsonRecord } from './foreign-json.ts'

const maxAnswerBytes = 64 * 1024

/** What an OAuth token endpoint answered. */
export interface TokenAnswer {
  token: string
  /** Milliseconds, `undefined` where it says nothing sensible. */
  lastsMs: number | undefined
}

/**
 * Reads the answer of a token endpoint (RFC 6749 §5).
 *
 * @param whose who asked, for the client's eyes
 * @param secret is taken out of what the endpoint says
 * @throws AuthorizeError where there is no token in it
 */
export async function readTokenAnswer(response: Response, whose: string, secret: string): Promise<TokenAnswer> {
  const text = (await response.text()).slice(0, maxAnswerBytes)
  const answer = recordIn(text)
  const token = asText(answer?.access_token)
  const seconds = Number(answer?.expires_in)
  if (response.ok && token !== undefined) return { token, lastsMs: seconds > 0 ? seconds * 1_000 : undefined }
  const { status } = response
  const failure: AttemptFailure = {
    kind: status === 429 ? 'rate-limited' : status >= 500 || status === 408 ? 'server-error' : 'credential',
    message: `The provider gave no access token for the ${whose}.`,
    upstreamStatus: status,
  }
  const code = asText(answer?.error)
  if (code !== undefined) failure.providerCode = code.slice(0, 100)
  // A 200 without a token may hold another secret.
  if (!response.ok) {
    const retryAfterMs = retryHints(response.headers)
    if (retryAfterMs !== undefined) failure.retryAfterMs = retryAfterMs
    failure.raw = redact(text, [secret])
  }
  throw new AuthorizeError(failure)
}

function recordIn(text: string): JsonRecord | undefined {
  try {
    return asRecord(JSON.parse(text))
  } catch {
    return undefined
  }
}
