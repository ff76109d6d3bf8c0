import type { AttemptFailure, AttemptFailureKind } from '../../chat/failure.ts'
import { retryHints } from '../../edge/retry-hints.ts'
import { classifyInside, classify as classifyOpenAiChat, lostReference } from '../openai-chat/classify.ts'
import type { ErrorDetails } from '../openai-chat/error-details.ts'
import type { ErrorAnswer } from '../wire.ts'

/** What an error answer of Google means (`providers.md` §5). */
export function classify(answer: ErrorAnswer): AttemptFailure {
  const failure = classifyOpenAiChat(answer, kindOf)
  // A day's quota is not back in the seconds that the body names.
  if (failure.kind === 'rate-limited' && /"quotaId":\s*"[^"]*PerDay/.test(answer.body)) {
    const { retryAfterMs: _, ...rest } = failure
    const retryAfterMs = retryHints(answer.headers)
    return retryAfterMs === undefined ? rest : { ...rest, retryAfterMs }
  }
  return failure
}

/** What an error inside a 200 means. */
export function classifyEvent(value: unknown, secrets: readonly string[]): AttemptFailure {
  return classifyInside(value, secrets, kindOf)
}

/** Where Google's words mean something else than the same words of others. */
function kindOf(status: number, { message, type }: ErrorDetails): AttemptFailureKind | undefined {
  const words = message.toLowerCase()
  // "You exceeded your current quota" is said of a minute's requests as of a day's.
  if (status === 429) return 'rate-limited'
  if (status === 503) return 'overloaded'
  if ((status === 403 || status === 404) && lostReference.test(words)) return 'unsupported'
  // "… is not found …, or is not supported for generateContent"
  if (status === 404) return 'not-found'
  if (words.includes('user location is not supported')) return 'geo'
  if (status === 400 && words.includes('request payload size exceeds')) return 'too-large'
  // The message of a refusal may quote the request: what it says of the account is at its start, or beside another status.
  if (status === 400 && /^api key (not valid|expired)\. please /.test(words)) return 'credential'
  if (
    (status === 403 || (status === 400 && type === 'FAILED_PRECONDITION')) &&
    /billing (account|to be enabled|has not been|is disabled)|enable billing/.test(words)
  )
    return 'payment'
  // Signatures are only good where they were made, and pages only fetched where they may be.
  if (status === 400 && /thought[_ ]signature|cannot fetch content/.test(words)) return 'unsupported'
  if (status === 400 && type === 'FAILED_PRECONDITION') return 'unsupported'
  return undefined
}
