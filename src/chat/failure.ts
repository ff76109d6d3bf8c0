/** Every error type of the contract with its HTTP status (`openrouter-api.md` §1.8). */
export const statusOfErrorType = {
  context_length_exceeded: 400,
  max_tokens_exceeded: 400,
  token_limit_exceeded: 400,
  string_too_long: 400,
  authentication: 401,
  permission_denied: 403,
  payment_required: 402,
  rate_limit_exceeded: 429,
  provider_overloaded: 503,
  provider_unavailable: 502,
  invalid_request: 400,
  invalid_prompt: 400,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  precondition_failed: 412,
  payload_too_large: 413,
  unprocessable: 422,
  content_policy_violation: 400,
  refusal: 400,
  invalid_image: 400,
  image_too_large: 400,
  image_too_small: 400,
  unsupported_image_format: 400,
  image_not_found: 404,
  image_download_failed: 400,
  server: 500,
  timeout: 504,
  unmapped: 500,
} as const

export type ErrorType = keyof typeof statusOfErrorType

/** The availability codes of `openrouter-api.md` §1.9: why no endpoint could be used. */
export type AvailabilityCode =
  | 'model_not_found'
  | 'wrong_endpoint'
  | 'no_endpoints'
  | 'model_deprecated'
  | 'model_unavailable_upstream'
  | 'capacity_exhausted'
  | 'temporarily_unavailable'
  | 'region_restricted'
  | 'privacy_restricted'
  | 'constraint_filtered'
  | 'free_variant_ended'

export interface Availability {
  code: AvailabilityCode
  retryable: boolean
  requested_models: string[]
  /** Seconds. */
  retry_after?: number
  affected_providers?: string[]
  excluded_by?: string[]
  fallback_models?: string[]
  constraint?: { field: string; detail: string }
}

/**
 * Why a request did not get its answer, before it is put into a surface's dialect. `status` is given only where it
 * differs from the type's own. `message` and `metadata` are seen by the client; `cause` never is.
 */
export interface Failure {
  type: ErrorType
  message: string
  status?: number
  retryAfterMs?: number
  metadata?: Record<string, unknown>
  availability?: Availability
  /** Response headers that belong to this failure (`X-RateLimit-*`). */
  headers?: Record<string, string>
  cause?: unknown
}

/** A `Failure` that travels as an exception from a border parse to the surface; nothing deeper throws it. */
export class FailureError extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.failure = failure
  }
}

export function statusOf(failure: Failure): number {
  return failure.status ?? statusOfErrorType[failure.type]
}

/** What one upstream call came to when it did not answer; `routing/outcome.ts` says what follows from each. */
export type AttemptFailureKind =
  /** refused, reset, TLS, DNS: no answer at all */
  | 'network'
  /** silence past a deadline */
  | 'timeout'
  /** what earlier attempts had left of the request's time was over before this provider's own */
  | 'out-of-time'
  /** 5xx, 408 and the like */
  | 'server-error'
  /** 529, 503 with a "busy" meaning */
  | 'overloaded'
  | 'rate-limited'
  /** 401 or 403 to the credential in use, however the provider words it */
  | 'credential'
  /** the provider wants money */
  | 'payment'
  /** the model or deployment is not there */
  | 'not-found'
  /** a 200 that is not an answer: HTML, half a body, no choices, an unknown shape */
  | 'malformed'
  /** the stream ended without a finish */
  | 'truncated'
  /** the provider said so inside a 200 */
  | 'stream-error'
  /** the model's own output could not be used (tool_use_failed, MALFORMED_FUNCTION_CALL) */
  | 'generation-failed'
  /** 400 that another endpoint would answer alike */
  | 'bad-request'
  /** 400 that only this endpoint gives: an unsupported parameter, an image limit */
  | 'unsupported'
  | 'context-length'
  | 'too-large'
  | 'unprocessable'
  | 'content-policy'
  /** geo-blocked for this caller */
  | 'geo'
  /** the client went away */
  | 'cancelled'

export interface AttemptFailure {
  kind: AttemptFailureKind
  /** For people; never holds the upstream's words. */
  message: string
  upstreamStatus?: number
  /** Only from error answers: some providers send `retry-after` on a 200. */
  retryAfterMs?: number
  /** The provider's own code, e.g. `context_length_exceeded`. */
  providerCode?: string
  /** The upstream's words, credentials stripped, at most 8 kB. Goes into `metadata.raw` and nowhere else. */
  raw?: string
}

/** What is thrown for a request that cannot be served as it is: a 400. `field` where one is to blame. */
export function invalidRequest(message: string, metadata: { field?: string } = {}): FailureError {
  return new FailureError({ type: 'invalid_request', message, metadata })
}
