import { homeOf, type Places, placesOf } from '../catalog/places.ts'
import type { EndpointRecord, ModelEntry } from '../catalog/records.ts'
import type { Refusal } from './refusal.ts'
import type { RuleContext } from './rule-context.ts'
import { givenBy, surfaces } from './surfaces.ts'

// What the client reads when a filter removed the last endpoint of a model: the filter, and what would help. The first
// words are those that clients of this API match on; keep them.

export function noEndpoints({ model }: RuleContext): Refusal {
  return { code: 'no_endpoints', message: `No endpoints found for ${model.id}.` }
}

/** Whatever is configured: a model that makes vectors makes none the less of them for a credential. */
export function wrongEndpoint({ model, needs }: RuleContext, removed: readonly EndpointRecord[]): Refusal {
  const outputs = new Set(removed.flatMap((endpoint) => endpoint.outputModalities))
  const own = surfaces.filter(({ output }) => outputs.has(output))
  const made = own.map(({ makes }) => makes).join(' and ')
  const message = `${model.id} makes ${made}, not ${givenBy[needs.route]}.`
  const [first] = own
  if (!first) return { code: 'wrong_endpoint', message }
  const place = first.with ? `${first.path} with ${first.with}` : first.path
  return {
    code: 'wrong_endpoint',
    message: `${message} ${first.served ? `Use ${place}.` : `Its route, ${place}, is not served by this gateway.`}`,
    constraint: { field: 'model', detail: first.served ? place : `${place} (not served by this gateway)` },
  }
}

const weakestFirst = ['minimal', 'low', 'medium', 'high', 'xhigh', 'max']

export function mandatoryReasoning({ model, needs }: RuleContext): Refusal {
  const field = needs.reasoningOff ?? 'reasoning'
  const { efforts } = model.reasoning
  const least = weakestFirst.find((effort) => efforts?.includes(effort)) ?? 'low'
  return {
    code: 'constraint_filtered',
    type: 'invalid_request',
    message: `Reasoning is mandatory for this endpoint and cannot be disabled. ${model.id} reasons always: instead of ${field}, set reasoning.effort to "${least}" for as little as it can, reasoning.exclude to true to have it hidden, or choose another model.`,
    constraint: { field, detail: `${model.id} reasons always` },
  }
}

export function notConfigured(context: RuleContext, removed: readonly EndpointRecord[], entry: ModelEntry): Refusal {
  // To configure any other would not help on this host.
  if (context.region !== 'global') return dataRegion(context, removed, entry)
  const { model, speaks } = context
  const within = speaks ? removed.filter(speaks) : removed
  const { refused, missing } = byCause(within, context)
  const why =
    refused.length > 0
      ? `${addressRefused(refused)}${missing.length > 0 ? ` Or configure another: ${credentialNames(missing)}.` : ''}`
      : missing.length > 0
        ? `no provider of this model is configured on this gateway. Configure one: ${credentialNames(missing)}.`
        : `its providers (${tags(removed)}) have it on an API of their own, which this gateway does not speak. Choose another model.`
  return { code: 'no_endpoints', message: `No endpoints found for ${model.id}: ${why}` }
}

export function dataRegion(context: RuleContext, _: unknown, entry: ModelEntry): Refusal {
  const { model, region, usable, speaks } = context
  const place = region.toUpperCase()
  const dormant = entry.endpoints.filter(
    (endpoint) => region === 'eu' && endpoint.eu === 'yes' && !usable(endpoint) && speaks?.(endpoint) !== false,
  )
  const { refused, missing } = byCause(dormant, context)
  const remedy =
    refused.length > 0
      ? `Of those that are, ${addressRefused(refused)}`
      : missing.length > 0
        ? `The operator can configure one that is: ${credentialNames(missing)}.`
        : 'Choose another model, or the global host if the data may leave the region.'
  return {
    code: 'constraint_filtered',
    message: `No endpoints found for ${model.id} in the region of this host: none that is configured is tied to the ${place}. ${remedy}`,
    excludedBy: 'data_region',
    constraint: { field: 'data_region', detail: `no endpoint of ${model.id} is tied to the ${place}` },
  }
}

export function freePool({ model }: RuleContext): Refusal {
  return {
    code: 'free_variant_ended',
    message: `No endpoints found for ${model.id}:free: no configured provider serves it for free. Use ${model.id} instead.`,
    fallbackModels: [model.id],
  }
}

export function accountProviders({ model }: RuleContext): Refusal {
  return {
    code: 'no_endpoints',
    message: `No allowed providers are available for the selected model. The settings of this account or key exclude every provider of ${model.id}.`,
    excludedBy: 'allowed_providers',
  }
}

export function zeroRetention({ model }: RuleContext): Refusal {
  return {
    code: 'privacy_restricted',
    message: `No endpoints found matching your data policy (Zero data retention). No provider of ${model.id} is on record as keeping nothing; choose another model or lift provider.zdr where it is set.`,
    excludedBy: 'data_policy:zdr',
    constraint: { field: 'zdr', detail: 'no remaining endpoint is on record with zero data retention' },
  }
}

export function dataCollection({ model }: RuleContext): Refusal {
  return {
    code: 'privacy_restricted',
    message: `No endpoints found matching your data policy (Data collection). No provider of ${model.id} is on record as neither training on prompts nor storing them; choose another model or set provider.data_collection to "allow".`,
    excludedBy: 'data_policy:training',
    constraint: { field: 'data_collection', detail: 'no remaining endpoint is on record as not collecting prompts' },
  }
}

export function directOnly({ model }: RuleContext, removed: readonly EndpointRecord[]): Refusal {
  return confined(
    'direct_only',
    `No endpoints found for ${model.id} that are not a router's: only ${tags(removed)} would be left, and routers forward to somebody else. Choose another model, or lift provider.direct_only where it is set.`,
    'only routers are left',
  )
}

export function jurisdictions({ model, jurisdictions }: RuleContext, removed: readonly EndpointRecord[]): Refusal {
  const homes = known(removed.map(({ provider }) => homeOf(provider)))
  return confined(
    'jurisdictions',
    `No endpoints found for ${model.id} of an operator whose legal home is allowed (${wantedPlaces(jurisdictions)}). Those left are at home in: ${homes.text}. ${remedyOf(homes, 'provider.jurisdictions')}`,
    `operators left are at home in: ${homes.text}`,
  )
}

export function regions({ model, regions }: RuleContext, removed: readonly EndpointRecord[]): Refusal {
  const places = known(removed.map((endpoint) => placesOf(endpoint)?.join('/') ?? null))
  return confined(
    'regions',
    `No endpoints found for ${model.id} that process in an allowed region (${wantedPlaces(regions)}). Those left process in: ${places.text}. ${remedyOf(places, 'provider.regions')}`,
    `endpoints left process in: ${places.text}`,
  )
}

/** Places of which some may not be on record, each once. */
function known(places: readonly (string | null)[]): { text: string; any: boolean } {
  const each = new Set(places)
  return { text: list([...each].map((place) => place ?? 'unknown')), any: each.size > 1 || !each.has(null) }
}

function remedyOf(places: { any: boolean }, field: string): string {
  return places.any ? `Choose another model, or add one of these to ${field} where it is set.` : 'Choose another model.'
}

/** Where both the account and the request have a list, both have to be met. */
function wantedPlaces(lists: readonly Places[]): string {
  return lists.map(({ named }) => list(named)).join(' and ')
}

function confined(field: 'direct_only' | 'jurisdictions' | 'regions', message: string, detail: string): Refusal {
  return { code: 'privacy_restricted', message, excludedBy: field, constraint: { field, detail } }
}

export function distillation({ model }: RuleContext): Refusal {
  const detail = `no record says that the author of ${model.id} allows distillation`
  return constrained('enforce_distillable_text', `No endpoints found that allow distillation: ${detail}.`, detail)
}

export function only({ needs, model }: RuleContext, removed: readonly EndpointRecord[]): Refusal {
  return {
    code: 'no_endpoints',
    message: `No allowed providers are available for the selected model. provider.only allows ${list(needs.preferences.only ?? [])}; ${model.id} is available here from ${tags(removed)}.`,
    excludedBy: 'allowed_providers',
  }
}

export function ignore({ model }: RuleContext, removed: readonly EndpointRecord[]): Refusal {
  return {
    code: 'no_endpoints',
    message: `No allowed providers are available for the selected model. All providers have been ignored: provider.ignore excludes ${tags(removed)}, and nobody else serves ${model.id} here.`,
    excludedBy: 'allowed_providers',
  }
}

export function notListed({ needs, model }: RuleContext, kept: readonly { endpoint: EndpointRecord }[]): Refusal {
  const served = tags(kept.map(({ endpoint }) => endpoint))
  return {
    code: 'no_endpoints',
    message: `No allowed providers are available for the selected model. provider.order lists ${list(needs.preferences.order ?? [])} and allow_fallbacks is false; ${model.id} is available here from ${served}.`,
    excludedBy: 'allowed_providers',
  }
}

export function serviceTier({ model }: RuleContext, removed: readonly EndpointRecord[]): Refusal {
  return {
    code: 'no_endpoints',
    message: `No endpoints found for ${model.id} in the default service tier. Name one of ${tags(removed)} in provider.only, or set service_tier.`,
    excludedBy: 'allowed_providers',
  }
}

export function quantization({ quantizations }: RuleContext, removed: readonly EndpointRecord[]): Refusal {
  const declared = list([...new Set(removed.map((endpoint) => endpoint.quantization ?? 'unknown'))])
  const wanted = quantizations.map(list).join(' and ')
  return constrained(
    'quantizations',
    `No endpoints found with the requested quantization (${wanted}). Those left declare ${declared}.`,
    `endpoints declare ${declared}`,
    'quantization',
  )
}

export function inputModality({ needs, model }: RuleContext): Refusal {
  const kinds = needs.inputModalities.join(' and ')
  return constrained(
    'messages',
    `No endpoints found that support ${kinds} input. Choose a model that does, or leave it out of the messages.`,
    `${model.id} is not served with ${kinds} input`,
  )
}

export function outputModality({ needs, model }: RuleContext): Refusal {
  const kinds = needs.outputModalities.join(', ')
  return constrained(
    'modalities',
    `No endpoints found that support the requested output modalities: ${kinds}.`,
    `${model.id} is not served with output modalities ${kinds}`,
  )
}

export function tools({ model }: RuleContext): Refusal {
  return constrained(
    'tools',
    `No endpoints found that support tool use. Choose another model than ${model.id}, or send the request without tools (or with tool_choice "none").`,
    `no remaining endpoint of ${model.id} supports tools`,
  )
}

export function requireParameters({ needs }: RuleContext): Refusal {
  const parameters = list(needs.parameters.map((need) => need.parameter))
  return constrained(
    'require_parameters',
    `No endpoints found that can handle the requested parameters (${parameters}). Leave one out, or set provider.require_parameters to false to let providers that do not list it take or leave it.`,
    `no remaining endpoint supports all of ${parameters}`,
    'require_parameters',
  )
}

export function maxOutputTokens({ needs, model }: RuleContext, removed: readonly EndpointRecord[]): Refusal {
  const most = Math.max(...removed.map((endpoint) => endpoint.maxOutputTokens ?? 0))
  return constrained(
    'max_tokens',
    `No endpoints found that can produce ${needs.maxOutputTokens} tokens: ${model.id} is limited to ${most} output tokens here. Lower max_tokens.`,
    `the largest output limit is ${most} tokens`,
    'context_length',
  )
}

export function contextLength({ needs }: RuleContext, removed: readonly EndpointRecord[]): Refusal {
  const most = Math.max(
    ...removed.map((endpoint) =>
      Math.min(
        endpoint.contextLength ?? Number.POSITIVE_INFINITY,
        endpoint.maxPromptTokens ?? Number.POSITIVE_INFINITY,
      ),
    ),
  )
  const output = needs.maxOutputTokens ?? 0
  const total = needs.promptTokensEstimate + output
  // Where it is on, what must stay is too long by itself.
  const remedy =
    needs.compression === true
      ? ''
      : 'use the context-compression plugin to have the middle of the messages left out (plugins: [{"id": "context-compression"}]), '
  return {
    code: 'constraint_filtered',
    type: 'context_length_exceeded',
    message: `This endpoint's maximum context length is ${most} tokens. However, you requested about ${total} tokens (${needs.promptTokensEstimate} of input, ${output} in the output). Please reduce the length of either one, ${remedy}or choose a model with a longer context.`,
    excludedBy: 'context_length',
    constraint: { field: 'messages', detail: `the largest context is ${most} tokens` },
  }
}

export function maxPrice(_: RuleContext, removed: readonly EndpointRecord[]): Refusal {
  const cheapest = removed.reduce((a, b) => (sum(b) < sum(a) ? b : a), removed[0] as EndpointRecord)
  const price = `$${perMillion(cheapest.price.prompt)} prompt and $${perMillion(cheapest.price.completion)} completion per million tokens`
  return constrained(
    'max_price',
    `No endpoints found within provider.max_price. The cheapest is ${cheapest.tag} at ${price}.`,
    `cheapest endpoint is ${price}`,
    'max_price',
  )
}

function constrained(field: string, message: string, detail: string, excludedBy?: Refusal['excludedBy']): Refusal {
  return { code: 'constraint_filtered', message, constraint: { field, detail }, ...(excludedBy ? { excludedBy } : {}) }
}

function sum(endpoint: EndpointRecord): number {
  return Number(endpoint.price.prompt) + Number(endpoint.price.completion)
}

function perMillion(price: string): number {
  return Number((Number(price) * 1e6).toPrecision(6))
}

/** What keeps endpoints from being usable: their address alone, or what is not configured. */
function byCause(
  endpoints: readonly EndpointRecord[],
  { egress }: RuleContext,
): { refused: EndpointRecord[]; missing: EndpointRecord[] } {
  const refused = endpoints.filter((endpoint) => egress?.refusesAddress(endpoint) === true)
  return { refused, missing: endpoints.filter((endpoint) => !refused.includes(endpoint)) }
}

/** The variable and never its value: whoever asks is not the operator, and the address may be one of their network. */
function addressRefused(endpoints: readonly EndpointRecord[]): string {
  return `the address of ${tags(endpoints)} is one that this gateway does not call: plain http and private addresses are only used with ENVIRONMENT=development. Another one is set by ${addressNames(endpoints)}.`
}

/** The variables by which an operator configures these endpoints' providers: `<SLUG>_API_KEY`. */
function credentialNames(endpoints: readonly EndpointRecord[]): string {
  return environmentNames(endpoints, 'API_KEY')
}

/** Both sandboxes are found at one address. */
function addressNames(endpoints: readonly EndpointRecord[]): string {
  return environmentNames(endpoints, 'BASE_URL')
}

function environmentNames(endpoints: readonly EndpointRecord[], setting: string): string {
  const prefixes = endpoints.map(({ provider: { slug, kind } }) => (kind === 'sandbox' ? 'sandbox' : slug))
  return list([...new Set(prefixes)].map((prefix) => `${prefix.replaceAll('-', '_').toUpperCase()}_${setting}`))
}

function tags(endpoints: readonly EndpointRecord[]): string {
  return list([...new Set(endpoints.map((endpoint) => endpoint.tag))])
}

const mostListed = 8

function list(items: readonly string[]): string {
  const shown = items.slice(0, mostListed).join(', ')
  return items.length > mostListed ? `${shown} and ${items.length - mostListed} more` : shown
}
