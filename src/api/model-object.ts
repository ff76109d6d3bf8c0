import type { EndpointRecord, ModelEntry, ModelRecord, PriceRecord, ProviderRecord } from '../catalog/records.ts'
import { hasZeroRetention } from '../catalog/zero-retention.ts'
import type { EndpointHealth } from '../routing/health.ts'

/** `pricing` of the contract: dollars a single unit, as decimal strings (`openrouter-privacy-money-limits.md` §6.1). */
export function pricingObject(endpoint: EndpointRecord) {
  const overrides = endpoint.tiers.map(({ abovePromptTokens, ...price }) => ({
    min_prompt_tokens: abovePromptTokens,
    ...priceKeys(price),
  }))
  const { prompt, completion } = endpoint.price
  return { prompt, completion, ...priceKeys(endpoint.price), ...(overrides.length > 0 && { overrides }) }
}

/** A component without a price has no key. */
function priceKeys(price: Partial<PriceRecord>) {
  return {
    ...(price.prompt !== undefined && { prompt: price.prompt }),
    ...(price.completion !== undefined && { completion: price.completion }),
    ...(price.request !== undefined && { request: price.request }),
    ...(price.image !== undefined && { image: price.image }),
    ...(price.imageOutput !== undefined && { image_output: price.imageOutput }),
    ...(price.audioInput !== undefined && { audio: price.audioInput }),
    ...(price.audioOutput !== undefined && { audio_output: price.audioOutput }),
    ...(price.cacheRead !== undefined && { input_cache_read: price.cacheRead }),
    ...(price.cacheWrite !== undefined && { input_cache_write: price.cacheWrite }),
    ...(price.cacheWrite1h !== undefined && { input_cache_write_1h: price.cacheWrite1h }),
    ...(price.reasoning !== undefined && { internal_reasoning: price.reasoning }),
  }
}

/** Dollars a million units of a decimal price, correctly rounded: no multiplication in floating point. */
export function perMillion(price: string): number {
  return Number(`${price}e6`)
}

/**
 * The endpoint whose price and limits a model is listed with: the cheapest by the mean of prompt and completion price.
 * Free offers and deprecated ones are passed over while there is another: nobody can rely on them.
 */
export function leadingEndpoint(endpoints: readonly EndpointRecord[]): EndpointRecord | null {
  const pools = [
    endpoints.filter((endpoint) => !endpoint.free && endpoint.status !== 'deprecated'),
    endpoints.filter((endpoint) => !endpoint.free),
    endpoints,
  ]
  const pool = pools.find((candidates) => candidates.length > 0) ?? []
  const sum = ({ price }: EndpointRecord) => perMillion(price.prompt) + perMillion(price.completion)
  return pool.reduce<EndpointRecord | null>((best, next) => (best && sum(best) <= sum(next) ? best : next), null)
}

/** The largest context that any of these endpoints takes. */
export function contextLength({ model }: ModelEntry, endpoints: readonly EndpointRecord[]): number | null {
  const known = endpoints.flatMap((endpoint) => endpoint.contextLength ?? [])
  return known.length > 0 ? Math.max(...known) : model.contextLength
}

/** Every parameter that some of these endpoints is known to take. */
export function supportedParameters(endpoints: readonly EndpointRecord[]): string[] {
  return [...new Set(endpoints.flatMap((endpoint) => endpoint.parameters ?? []))].sort()
}

export interface ModelFacts {
  entry: ModelEntry
  /** The endpoints that this view of the model covers: those of a region, or the usable ones. */
  endpoints: readonly EndpointRecord[]
  /** Whether this deployment can route to one of them. */
  usable: boolean
  /** Another id than the model's own, for a variant of it. */
  id?: string
}

/** `Model` of `openrouter-endpoints-inference.md` §2A.12, with every field that the official SDK demands. */
export function modelObject({ entry, endpoints, usable, id = entry.model.id }: ModelFacts) {
  const { model } = entry
  const leading = leadingEndpoint(endpoints)
  return {
    id,
    canonical_slug: model.canonicalSlug,
    hugging_face_id: model.huggingFaceId,
    name: model.name,
    // What Anthropic's clients look for in a list of models.
    display_name: model.name,
    type: 'model',
    created: model.created,
    description: model.description,
    context_length: contextLength(entry, endpoints),
    architecture: architectureObject(model),
    // A model whose endpoints have all gone has no price; -1 is what clients know for "not fixed".
    pricing: leading ? pricingObject(leading) : { prompt: '-1', completion: '-1' },
    top_provider: {
      context_length: leading?.contextLength ?? null,
      max_completion_tokens: leading?.maxOutputTokens ?? null,
      is_moderated: model.moderated,
    },
    per_request_limits: null,
    supported_parameters: supportedParameters(endpoints),
    default_parameters: null,
    supported_voices: null,
    expiration_date: null,
    knowledge_cutoff: calendarDay(model.knowledgeCutoff),
    links: { details: `/api/v1/models/${id}/endpoints` },
    ...(model.reasoning.supported && {
      reasoning: { mandatory: model.reasoning.mandatory, supported_efforts: model.reasoning.efforts },
    }),
    usable,
  }
}

function architectureObject(model: ModelRecord) {
  return {
    modality: `${model.inputModalities.join('+')}->${model.outputModalities.join('+')}`,
    input_modalities: model.inputModalities,
    output_modalities: model.outputModalities,
    instruct_type: null,
    // Here an unknown tokenizer must be left out, a null is refused; in the list of endpoints it is the other way round.
    ...(model.tokenizer !== null && { tokenizer: model.tokenizer }),
  }
}

/** What stands above the endpoints of a model. */
export function modelHeading(model: ModelRecord, id: string) {
  return {
    id,
    name: model.name,
    created: model.created,
    description: model.description,
    architecture: { ...architectureObject(model), tokenizer: model.tokenizer },
  }
}

/** The contract has whole days only; of some models just the month is known, and then its first day stands for it. */
function calendarDay(date: string | null): string | null {
  if (date === null) return null
  return /^\d{4}-\d{2}$/.test(date) ? `${date}-01` : /^\d{4}-\d{2}-\d{2}$/.test(date) ? date : null
}

export interface EndpointFacts {
  entry: ModelEntry
  endpoint: EndpointRecord
  usable: boolean
  health: EndpointHealth | undefined
  /** Whether the caller may see latency and throughput. */
  withPerformance: boolean
  /** Epoch milliseconds. */
  now: number
}

/** `PublicEndpoint` of `openrouter-endpoints-inference.md` §2A.12, then what our users ask of an endpoint besides. */
export function endpointObject({ entry, endpoint, usable, health, withPerformance, now }: EndpointFacts) {
  const { model } = entry
  const { provider } = endpoint
  return {
    name: `${provider.name} | ${model.canonicalSlug}`,
    model_id: model.id,
    model_name: model.name,
    // The contract has no "unknown" here.
    context_length: endpoint.contextLength ?? model.contextLength ?? 0,
    pricing: { ...pricingObject(endpoint), discount: 0 },
    provider_name: provider.name,
    tag: endpoint.tag,
    quantization: endpoint.quantization,
    max_completion_tokens: endpoint.maxOutputTokens,
    max_prompt_tokens: endpoint.maxPromptTokens,
    supported_parameters: endpoint.parameters ?? [],
    status: healthStatus(health, now),
    uptime_last_5m: health?.uptime5m ?? null,
    uptime_last_30m: health?.uptime30m ?? null,
    uptime_last_1d: health?.uptime1d ?? null,
    latency_last_30m: withPerformance ? (health?.latency ?? null) : null,
    throughput_last_30m: withPerformance ? (health?.throughput ?? null) : null,
    supports_implicit_caching: endpoint.implicitCaching,
    supports_tool_choice: toolChoiceSupport(endpoint.parameters),
    // Ours, beyond the contract.
    id: endpoint.id,
    provider: provider.slug,
    usable,
    region: endpoint.region,
    eu: endpoint.eu,
    variant: endpoint.variant,
    is_free: endpoint.free,
    release_status: endpoint.status,
    router: !provider.direct,
    self_hosted: provider.engine != null,
    headquarters: provider.headquarters,
    datacenters: provider.datacenters,
    data_policy: dataPolicyObject(provider),
  }
}

/** What is on record about a provider's handling of prompts: a declaration with its date, audited by nobody. */
export function dataPolicyObject(provider: ProviderRecord) {
  const { dataPolicy: policy } = provider
  return {
    trains: policy.trains,
    retains_prompts: policy.retainsPrompts,
    retention_days: policy.retentionDays,
    zdr: policy.zdr,
    zero_retention: hasZeroRetention(provider),
    zero_retention_stated_by: policy.zeroRetentionStatedBy ?? null,
    conflict: policy.conflict ?? false,
    as_of: policy.asOf,
    sources: policy.sources ?? [],
  }
}

/** 0 normal, -1 degraded, -2 down, -5 rate-limited. */
function healthStatus(health: EndpointHealth | undefined, now: number): 0 | -1 | -2 | -5 {
  if (!health) return 0
  if (health.openUntil > now || health.band === 'down') return -2
  if (health.cooldownUntil > now) return -5
  return health.unstable || health.band === 'degraded' ? -1 : 0
}

/** Which values of `tool_choice` work. A provider with tools but without the parameter decides for itself: `auto`. */
function toolChoiceSupport(parameters: string[] | null) {
  const choice = parameters?.includes('tool_choice') ?? false
  return {
    auto: choice || (parameters?.includes('tools') ?? false),
    none: choice,
    required: choice,
    function: choice,
  }
}
