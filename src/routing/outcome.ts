import type { EndpointRecord } from '../catalog/records.ts'
import type { AttemptFailure, Availability, AvailabilityCode, ErrorType, Failure } from '../chat/failure.ts'
import type { HealthOutcome } from './health.ts'
import type { Plan } from './plan.ts'
import { randomOf } from './random.ts'

/** What follows from a failed upstream call, for the next attempt, for the endpoint's health and for the client. */
export interface Verdict {
  /** Whether another endpoint of the same model may answer. `no-smaller-context`: see `mayFollow`. */
  nextEndpoint: boolean | 'no-smaller-context'
  /** Whether the next model of the request may answer, when this one's endpoints are used up. */
  nextModel: boolean
  health: HealthOutcome
  /** What the client is told where this was the only attempt. Never 500: an upstream's fault is not the gateway's. */
  status: number
  type: ErrorType
  /** Whether the same request may go well later. */
  retryable: boolean
}

const elsewhere = { nextEndpoint: true, nextModel: true } as const
/** Another endpoint of the model would say the same. */
const otherModel = { nextEndpoint: false, nextModel: true } as const

/** The outcome table of `openrouter-routing.md` §3.7 and §3.13. */
export function verdictOf(failure: AttemptFailure): Verdict {
  switch (failure.kind) {
    case 'network':
    case 'malformed':
    case 'truncated':
    case 'stream-error':
      return { ...elsewhere, health: 'error', status: 502, type: 'provider_unavailable', retryable: true }
    case 'timeout':
      return { ...elsewhere, health: 'error', status: 504, type: 'timeout', retryable: true }
    case 'out-of-time':
      return { ...elsewhere, health: 'excluded', status: 504, type: 'timeout', retryable: true }
    case 'server-error':
      return { ...elsewhere, health: 'error', ...gatewayStatusOf(failure.upstreamStatus), retryable: true }
    case 'overloaded':
      return { ...elsewhere, health: 'error', status: 503, type: 'provider_overloaded', retryable: true }
    case 'rate-limited':
      return { ...elsewhere, health: 'rate-limited', status: 429, type: 'rate_limit_exceeded', retryable: true }
    // The operator's credential was refused, or the operator's account is empty. As a 401 or 402 the client would take it
    // for its own key or credit and make its user replace the wrong one.
    case 'credential':
    case 'payment':
      return { ...elsewhere, health: 'error', status: 502, type: 'provider_unavailable', retryable: false }
    case 'not-found':
      return { ...elsewhere, health: 'error', status: 404, type: 'not_found', retryable: false }
    // The provider works; it is the model that stumbled, often over what the client sent. It must not open a breaker for all.
    case 'generation-failed':
      return { ...elsewhere, health: 'excluded', ...stumbleOf(failure.upstreamStatus), retryable: true }
    case 'unsupported':
      return { ...elsewhere, health: 'excluded', status: 400, type: 'invalid_request', retryable: false }
    case 'context-length':
      return {
        // It may hold less than it advertises; one that advertises less still holds no more.
        nextEndpoint: 'no-smaller-context',
        nextModel: true,
        health: 'excluded',
        status: 400,
        type: 'context_length_exceeded',
        retryable: false,
      }
    case 'geo':
      return { ...elsewhere, health: 'excluded', status: 403, type: 'permission_denied', retryable: false }
    case 'bad-request':
      return { ...otherModel, health: 'excluded', status: 400, type: 'invalid_request', retryable: false }
    case 'too-large':
      return { ...otherModel, health: 'excluded', status: 413, type: 'payload_too_large', retryable: false }
    case 'unprocessable':
      return { ...otherModel, health: 'excluded', status: 422, type: 'unprocessable', retryable: false }
    case 'content-policy':
      return { ...otherModel, health: 'excluded', status: 400, type: 'content_policy_violation', retryable: false }
    case 'cancelled':
      return {
        nextEndpoint: false,
        nextModel: false,
        health: 'excluded',
        // Nobody is there to read it; the number is what proxies log for it.
        status: 499,
        type: 'unmapped',
        retryable: false,
      }
  }
}

/** Whether the next planned endpoint is worth a call after this failure. */
export function mayFollow(failed: FailedCall, next: EndpointRecord): boolean {
  const { nextEndpoint, nextModel } = verdictOf(failed.failure)
  if (next.model !== failed.endpoint.model) return nextModel
  return nextEndpoint === 'no-smaller-context' ? roomOf(next) >= roomOf(failed.endpoint) : nextEndpoint
}

function roomOf({ contextLength, maxPromptTokens }: EndpointRecord): number {
  return Math.min(contextLength ?? Number.POSITIVE_INFINITY, maxPromptTokens ?? Number.POSITIVE_INFINITY)
}

/** Groq words it as the client's fault, and then it stays below 500; inside a 200 it can only be the provider's. */
function stumbleOf(upstreamStatus: number | undefined): Pick<Verdict, 'status' | 'type'> {
  return upstreamStatus === 400 || upstreamStatus === 422
    ? { status: 422, type: 'unprocessable' }
    : { status: 502, type: 'provider_unavailable' }
}

function gatewayStatusOf(upstreamStatus: number | undefined): Pick<Verdict, 'status' | 'type'> {
  switch (upstreamStatus) {
    case 503:
    case 529:
      return { status: 503, type: 'provider_overloaded' }
    case 408:
    case 504:
    case 522:
    case 524:
      return { status: 504, type: 'timeout' }
    default:
      return { status: 502, type: 'provider_unavailable' }
  }
}

/** An upstream call that did not answer. */
export interface FailedCall {
  endpoint: EndpointRecord
  failure: AttemptFailure
  isByok?: boolean
}

/**
 * What the client is told when no attempt of a plan answered (`openrouter-routing.md` §3.13 rule 5): of one call its own
 * failure, of several that all came to the same the same, of a client's error the error, and of a mixture that the model
 * is unavailable for now. Without any call, why the planned ones were not made.
 */
export function finalFailure(calls: readonly FailedCall[], plan: Plan, now: number): Failure {
  const last = calls.at(-1)
  if (!last) return blockedFailure(plan, now)
  const verdict = verdictOf(last.failure)
  const verdicts = calls.map((call) => verdictOf(call.failure))
  const alike = verdicts.every(({ status, type }) => status === verdict.status && type === verdict.type)
  // Several endpoints that were all down say more than one of them: it is the model that is gone for now.
  const down = calls.length > 1 && !(alike && !isOutage(verdict)) && !isClientError(verdict)
  const told = down ? unavailable : verdict
  return describe(calls, last, told, plan.requestedModels)
}

/** What a client is told inside a stream that broke after its first content. */
export function streamFailure(failure: AttemptFailure, endpoint: EndpointRecord): Failure {
  const call = { endpoint, failure }
  return describe([call], call, verdictOf(failure), [endpoint.model])
}

type Told = Pick<Verdict, 'status' | 'type' | 'retryable'>

const unavailable: Told = { status: 503, type: 'provider_overloaded', retryable: true }

function isOutage({ status, retryable }: Verdict): boolean {
  return status >= 500 && retryable
}

/** The request itself is at fault, wherever it goes. */
function isClientError({ status }: Verdict): boolean {
  return status === 400 || status === 413 || status === 422
}

function describe(
  calls: readonly FailedCall[],
  last: FailedCall,
  told: Told,
  requestedModels: readonly string[],
): Failure {
  const { failure, endpoint } = last
  const retryAfterMs = told.status === 429 || told.status === 503 ? shortestWaitMs(calls) : null
  const metadata: Record<string, unknown> = {
    error_type: told.type,
    provider_name: endpoint.provider.name,
    raw: failure.raw ?? failure.message,
    is_byok: last.isByok ?? false,
  }
  if (failure.providerCode !== undefined) metadata.provider_code = failure.providerCode
  if (calls.length > 1) metadata.previous_errors = calls.slice(0, -1).map(previousError)
  const described: Failure = { type: told.type, status: told.status, message: messageOf(last), metadata }
  if (retryAfterMs !== null) described.retryAfterMs = retryAfterMs
  const code = availabilityOf(told)
  if (code) described.availability = availability(code, told.retryable, requestedModels, calls, retryAfterMs)
  return described
}

function messageOf({ failure, endpoint }: FailedCall): string {
  switch (failure.kind) {
    case 'credential':
      return `Provider returned error: ${endpoint.provider.name} refused the credential that this gateway is configured with. Your own key is fine.`
    case 'payment':
      return `Provider returned error: the account of this gateway at ${endpoint.provider.name} is out of credit. Your own key is fine.`
    case 'unsupported':
      // Nobody was asked: these are the gateway's own words.
      return failure.upstreamStatus === undefined ? failure.message : 'Provider returned error'
    default:
      return 'Provider returned error'
  }
}

/** Slim: no upstream text. */
function previousError({ endpoint, failure }: FailedCall): Record<string, unknown> {
  const upstream = failure.upstreamStatus
  return {
    provider: endpoint.provider.slug,
    code: failure.providerCode ?? failure.kind,
    status: upstream !== undefined && upstream >= 400 ? upstream : verdictOf(failure).status,
  }
}

function availabilityOf({ status, type, retryable }: Told): AvailabilityCode | null {
  if (status === 429) return 'capacity_exhausted'
  if (status === 404) return 'model_unavailable_upstream'
  if (type === 'permission_denied') return 'region_restricted'
  return status >= 500 && retryable ? 'temporarily_unavailable' : null
}

function availability(
  code: AvailabilityCode,
  retryable: boolean,
  requestedModels: readonly string[],
  calls: readonly Pick<FailedCall, 'endpoint'>[],
  retryAfterMs: number | null,
): Availability {
  return {
    code,
    retryable,
    requested_models: [...requestedModels],
    ...(retryAfterMs === null ? {} : { retry_after: Math.ceil(retryAfterMs / 1000) }),
    affected_providers: [...new Set(calls.map(({ endpoint }) => endpoint.provider.slug))],
  }
}

/** The shortest wait that any provider asked for: after it one of them may answer. */
function shortestWaitMs(calls: readonly FailedCall[]): number | null {
  let shortest: number | null = null
  for (const { failure } of calls) {
    if (failure.retryAfterMs !== undefined) shortest = Math.min(shortest ?? failure.retryAfterMs, failure.retryAfterMs)
  }
  return shortest
}

/**
 * Later by up to a quarter, at least by up to two seconds, and never sooner: the clients of an outage would otherwise come
 * back in one wave, on the second.
 */
function spread(ms: number, seed: number): number {
  return ms + Math.floor(randomOf(seed)() * Math.max(2_000, ms / 4))
}

/** Every planned endpoint is in a cooldown or behind an open breaker: nobody was called. */
function blockedFailure(plan: Plan, now: number): Failure {
  const { attempts, requestedModels } = plan
  const cooling = attempts.length > 0 && attempts.every(({ blocked }) => blocked === 'cooldown')
  const waits = attempts.filter(({ blocked }) => blocked !== null).map(({ blockedUntil }) => blockedUntil - now)
  // A breaker whose time has come waits for somebody's probe: soon.
  const soonestMs = waits.length > 0 ? Math.max(1000, Math.min(...waits)) : null
  const retryAfterMs = soonestMs === null || cooling ? soonestMs : spread(soonestMs, plan.seed)
  const providers = [...new Set(attempts.map(({ endpoint }) => endpoint.provider.name))].join(', ')
  const type = cooling ? 'rate_limit_exceeded' : 'provider_overloaded'
  return {
    type,
    message: cooling
      ? `All providers of the requested model are at capacity and asked for a pause: ${providers}. Try again later.`
      : `All providers of the requested model are failing right now: ${providers}. Try again later.`,
    metadata: { error_type: type },
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
    availability: availability(
      cooling ? 'capacity_exhausted' : 'temporarily_unavailable',
      true,
      requestedModels,
      attempts,
      retryAfterMs,
    ),
  }
}
