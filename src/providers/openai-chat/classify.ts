import type { AttemptFailure, AttemptFailureKind } from '../../chat/failure.ts'
import type { Part } from '../../chat/parts.ts'
import { retryHints } from '../../edge/retry-hints.ts'
import { redact } from '../../privacy/redact.ts'
import { jsonTextOf } from '../foreign-json.ts'
import type { ErrorAnswer } from '../wire.ts'
import { type ErrorDetails, errorDetailsOf, readErrorBody } from './error-details.ts'

/** A provider's own reading of its errors, asked before the common one. */
export type KindOf = (status: number, error: ErrorDetails) => AttemptFailureKind | undefined

/** What an error answer of an OpenAI-shaped provider means (`providers.md` §5). The upstream's words go into `raw` only. */
export function classify(answer: ErrorAnswer, kindOf?: KindOf): AttemptFailure {
  const error = readErrorBody(answer.body)
  const kind = kindOf?.(answer.status, error) ?? commonKindOf(answer.status, error)
  const retryAfterMs = retryHints(answer.headers) ?? error.retryAfterMs
  return {
    ...describe(kind, error, answer.body, answer.secrets ?? []),
    upstreamStatus: answer.status,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

/** What an error inside a 200 means: an error object in a body, in a stream's chunk, or in an `event: error`. */
export function classifyInside(value: unknown, secrets: readonly string[], kindOf?: KindOf): AttemptFailure {
  const error = errorDetailsOf(value)
  // Without a status only the words tell. A refusal of the request is the client's affair, as it is with a status.
  const status = error.status ?? (refusalCode.test(codesOf(error)) ? 400 : 0)
  const kind = kindOf?.(status, error) ?? commonKindOf(status, error)
  const raw = typeof value === 'string' ? value : jsonTextOf(value)
  return {
    ...describe(kind === 'server-error' ? 'stream-error' : kind, error, raw, secrets),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  }
}

function describe(
  kind: AttemptFailureKind,
  error: ErrorDetails,
  raw: string,
  secrets: readonly string[],
): AttemptFailure {
  const code = error.code || error.type
  return {
    kind,
    message: messages[kind],
    // Some have whole sentences for a code; those are words and belong into `raw`.
    ...(isCode(code) ? { providerCode: code } : {}),
    ...(raw === '' ? {} : { raw: redact(raw, secrets) }),
  }
}

function isCode(text: string): boolean {
  return /^[\w.:/-]{1,64}$/.test(text)
}

/** What an error says, in lower case. */
interface Words {
  /** Code, type and message. */
  all: string
  /**
   * What the provider itself says of its own state. A refused request is often quoted in the message, in words that the
   * client chose; only code and type may then tell what counts against the provider for everybody.
   */
  own: string
  /** The message without what it quotes. */
  plain: string
}

/** Statuses that say of the request that it is refused. */
const refusals: ReadonlySet<number> = new Set([400, 413, 415, 422])

/** The same, said without a status. */
const refusalCode = /invalid_?request|bad_?request|invalid_?argument|\bvalidation/

function codesOf({ code, type }: ErrorDetails): string {
  return [code, type].filter(isCode).join(' ').toLowerCase()
}

function wordsOf(status: number, error: ErrorDetails): Words {
  const { code, type, message } = error
  const all = `${code} ${type} ${message}`.toLowerCase()
  const own = refusals.has(status) ? codesOf(error) : all
  return { all, own, plain: message.replace(/(['"`]).*?\1/g, '').toLowerCase() }
}

/** The first rule that fits decides. */
const rules: readonly [AttemptFailureKind, (status: number, words: Words, error: ErrorDetails) => boolean][] = [
  // Something in front of the provider answered with a page: that says nothing about request or credential.
  ['server-error', (status, _, error) => error.html && (status === 400 || status === 403)],
  ['generation-failed', has(/tool_use_failed|json_validate_failed|output_parse_failed|malformed_function_call/)],
  ['content-policy', (status, { all }) => status === 446 || (status < 500 && contentPolicy.test(all))],
  ['content-policy', has(/\bcontent_filter\b|responsibleaipolicyviolation|content_policy_violation/)],
  ['payment', (status, { own }) => status === 402 || payment.test(own)],
  ['context-length', (status, { all }) => status !== 401 && status !== 429 && contextLength.test(all)],
  ['geo', has(/unsupported_country|country, region,? or territory|not available in your (country|region)/)],
  // Groq refuses with 413 what would not fit a minute's tokens there; another host may well take it.
  ['unsupported', (status, { all }) => status === 413 && /tokens per minute|rate_limit/.test(all)],
  ['overloaded', (status, { own }) => status === 498 || status === 529 || overloaded.test(own)],
  ['rate-limited', (status, { own }) => status === 429 || (status !== 401 && throttled.test(own))],
  ['unsupported', (status, { plain }) => (status === 403 || status === 404) && lostReference.test(plain)],
  ['not-found', (status, { own, plain }) => status < 500 && (gone.test(own) || goneMessage.test(plain))],
  ['credential', (status, { own }) => status === 401 || (status < 500 && wrongKey.test(own))],
  // Its words say "not supported", but no endpoint takes a contradiction.
  ['bad-request', has(/invalid_parameter_combination/)],
  ['unsupported', (status, { all }) => status < 500 && status !== 403 && unsupported.test(all)],
  ['credential', (status) => status === 403 || status === 407],
  ['not-found', (status) => status === 404 || status === 405 || status === 410],
  ['too-large', (status) => status === 413],
  ['unprocessable', (status) => status === 422],
  ['payment', (status) => status === 412],
  // A conflict, "too early", a failed dependency, a timeout: all of them passing, like a redirect nobody expects.
  ['server-error', (status) => [408, 409, 423, 424, 425, 499].includes(status) || status < 400 || status >= 500],
]

function commonKindOf(status: number, error: ErrorDetails): AttemptFailureKind {
  const words = wordsOf(status, error)
  return rules.find(([, fits]) => fits(status, words, error))?.[0] ?? 'bad-request'
}

function has(pattern: RegExp): (status: number, words: Words) => boolean {
  return (_, { all }) => pattern.test(all)
}

const contentPolicy =
  /data_?inspection_?failed|content violates|usage (guidelines|policies)|content management policy|moderation_blocked|flagged (by|for|as)|safety system|requires moderation/
const payment =
  /insufficient_quota|insufficient[_ ](account )?(balance|credits?|funds)|exceeded_current_quota|exceeded your current quota|not_enough_balance|arrearage|billing_error|billing_hard_limit|billing_not_active|credit balance is too low|out of credits|payment[_ ]required|account (is )?(suspended|overdue)|spending limit/
const contextLength =
  /context_length_exceeded|context length|context window|maximum context|max(imum)? context|prompt (is )?too long|input (is )?too long|too[_ ]many[_ ](prompt[_ ]|input[_ ])?tokens|maximum number of (input )?tokens|input tokens? exceed|token count exceeds|total length of all messages|reduce the length of the (messages|input|prompt)|longer than the model's|string_above_max_length/
const overloaded =
  /overloaded|queue_exceeded|capacity_exceeded|at capacity|out of capacity|no capacity|server is busy|is currently busy|loading model|model is loading|modelnotready|flex_unavailable/
const throttled =
  /rate_?limit(_?(reached|exceeded|error))|rate[_ ]limited|rate limit|throttl|too[_ ]many[_ ]requests|resource_exhausted/
const gone =
  /model_not_found|model_decommissioned|deploymentnotfound|model_not_available|(model|deployment)\b.{0,120}(does not exist|not found|was deprecated|has been (decommissioned|removed|retired)|is not available|no longer available)|no such model|unknown model|invalid model\b|not a valid model/
/** The whole message is about the model: a parameter that is "not found" is somebody's own affair. */
const goneMessage =
  /^(?!.*\b(field|parameter|argument|input)s?\b)((the )?(requested )?(model|deployment)\b.{0,120}(does not exist|not found|was deprecated|has been (decommissioned|removed|retired)|is not available|no longer available)|(no such|unknown|invalid) model\b|\S* ?is not a valid model\b)/
/**
 * Something that the client refers to by its id, and that this provider never had or has no more. It says nothing of the
 * model, and must not open a breaker for all.
 */
export const lostReference =
  /no such file object|file not found: \S|permission to access the file\b|cached ?content not found|\b(file|item|response|conversation|container|prompt|vector store) with id\b.{0,200}\bnot found/
const wrongKey =
  /invalid[_ ]api[_ -]?key|incorrect api key|api[_ -]?key[_ ](not valid|invalid|is invalid|expired)|invalid x-api-key|authentication_error|invalid_authentication|unauthorized|invalid (access )?token|missing authentication/
const unsupported =
  /unsupported|not supported|only supported|(does not|doesn't|do not) support|not enabled for|unrecognized request argument|extra (inputs|fields) (are )?not permitted|unknown (parameter|field|argument)|is not permitted|not allowed for this model|only \S+ is allowed for this model|reasoning_content\b.{0,80}(is missing|must be passed back)|template[_ ]error|no endpoints found that support|max_(completion_)?tokens.{0,80}(too large|at most|less than|exceed|maximum)|images?\b.{0,60}(too (large|small|many)|exceed|format|dimension)|too many images/

/** For people. Never the upstream's words: those may quote the prompt or the key. */
const messages: Record<AttemptFailureKind, string> = {
  network: 'The connection to the provider failed.',
  timeout: 'The provider did not answer in time.',
  'out-of-time': 'The time of the request was over before the provider had answered.',
  'server-error': 'The provider failed.',
  overloaded: 'The provider is overloaded.',
  'rate-limited': 'The provider limits the rate of requests.',
  credential: 'The provider refused the credential.',
  payment: 'The provider wants a payment.',
  'not-found': 'The provider does not serve this model.',
  malformed: 'The provider sent something that is not an answer.',
  truncated: 'The stream ended before it was finished.',
  'stream-error': 'The provider reported an error while answering.',
  'generation-failed': 'The model produced output that could not be used.',
  'bad-request': 'The provider refused the request.',
  unsupported: 'The provider does not support something in this request.',
  'context-length': "The request is longer than the model's context.",
  'too-large': 'The request is too large for the provider.',
  unprocessable: 'The provider could not process the request.',
  'content-policy': "The provider's content policy refused the request.",
  geo: 'The provider does not serve this region.',
  cancelled: 'The client has gone.',
}

/** A failure that has no words of an upstream. */
export function plainFailure(kind: 'malformed' | 'truncated'): AttemptFailure {
  return { kind, message: messages[kind] }
}

/** The same as the one part of a stream or a body. */
export function plainError(kind: 'malformed' | 'truncated'): [Part] {
  return [{ type: 'error', failure: plainFailure(kind) }]
}
