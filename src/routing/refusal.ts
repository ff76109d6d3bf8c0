import type { Availability, AvailabilityCode, ErrorType, Failure } from '../chat/failure.ts'

const typeOfCode: Readonly<Record<AvailabilityCode, ErrorType>> = {
  model_not_found: 'invalid_request',
  wrong_endpoint: 'invalid_request',
  no_endpoints: 'not_found',
  model_deprecated: 'not_found',
  model_unavailable_upstream: 'not_found',
  capacity_exhausted: 'rate_limit_exceeded',
  temporarily_unavailable: 'provider_overloaded',
  region_restricted: 'permission_denied',
  privacy_restricted: 'not_found',
  constraint_filtered: 'not_found',
  free_variant_ended: 'not_found',
}

/** The values of `excluded_by` (`openrouter-api.md` §1.9). */
export type ExcludedBy =
  | 'data_region'
  | 'data_policy:zdr'
  | 'data_policy:training'
  | 'max_price'
  | 'context_length'
  | 'require_parameters'
  | 'quantization'
  | 'allowed_providers'
  // Beyond the contract, for the fields that are.
  | 'direct_only'
  | 'jurisdictions'
  | 'regions'

/** Why no endpoint of a model is left, before it is put into a `Failure`. */
export interface Refusal {
  code: AvailabilityCode
  message: string
  /** Where it is not the type of the code. */
  type?: ErrorType
  excludedBy?: ExcludedBy
  constraint?: { field: string; detail: string }
  fallbackModels?: string[]
}

/** A refusal as the client sees it. `excludedBy` holds the filters of every model that was asked for. */
export function refuse(
  refusal: Refusal,
  requestedModels: readonly string[],
  excludedBy?: readonly ExcludedBy[],
): Failure {
  const filters = excludedBy ?? (refusal.excludedBy ? [refusal.excludedBy] : [])
  const availability: Availability = { code: refusal.code, retryable: false, requested_models: [...requestedModels] }
  if (filters.length > 0) availability.excluded_by = [...new Set(filters)]
  if (refusal.constraint) availability.constraint = refusal.constraint
  if (refusal.fallbackModels) availability.fallback_models = refusal.fallbackModels
  return { type: refusal.type ?? typeOfCode[refusal.code], message: refusal.message, availability }
}

export function unknownModel(requestedId: string): Failure {
  return refuse({ code: 'model_not_found', message: `${requestedId} is not a valid model ID` }, [requestedId])
}

/** An unknown model's refusal with what may have been meant by it, and which of that a client could ask for at once. */
export function withMeant(failure: Failure, meant: readonly string[], usable: readonly string[]): Failure {
  if (meant.length === 0 || !failure.availability) return failure
  return {
    ...failure,
    message: `${failure.message}. Did you mean ${meant.join(' or ')}?`,
    availability: { ...failure.availability, ...(usable.length > 0 ? { fallback_models: [...usable] } : {}) },
  }
}

export function freeVariantEnded(requestedId: string, paidId: string): Failure {
  const message = `No endpoints found for ${requestedId}: no provider serves it for free. Use ${paidId} instead.`
  return refuse({ code: 'free_variant_ended', message, fallbackModels: [paidId] }, [requestedId])
}

/** What to do instead of asking for a pool that nobody serves. */
const insteadOf = {
  thinking: 'and set "reasoning" (e.g. {"effort": "medium"})',
  extended: 'whose whole context is open to every request',
  batch: 'one request at a time: there is no batch API here',
}

export function noSuchVariant(requestedId: string, suffix: keyof typeof insteadOf, baseId: string): Failure {
  const message = `${requestedId} is not a valid model ID: nobody serves ${baseId} as ":${suffix}". Use ${baseId}, ${insteadOf[suffix]}.`
  return refuse({ code: 'model_not_found', message, fallbackModels: [baseId] }, [requestedId])
}

export function webPluginMissing(requestedId: string): Failure {
  const message = `${requestedId} asks for web search, which this gateway does not have: leave ":online" out, or choose a model that searches by itself.`
  return { type: 'invalid_request', message, metadata: { field: 'model' } }
}

export function emptyFamily(requestedId: string): Failure {
  const message = `${requestedId} is not a valid model ID: an alias is ~author/family-latest, and the catalogue has no model of this family.`
  return refuse({ code: 'model_not_found', message }, [requestedId])
}

/** No model is left that a router could choose (`openrouter-routing.md` §3.11). */
export function noModelLeft(requestedId: string): Failure {
  return refuse({ code: 'no_endpoints', message: noModelsMatch }, [requestedId])
}

export const noModelsMatch = 'No models match your request and model restrictions'
