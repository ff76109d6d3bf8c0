import { isAtHomeIn, isProcessedIn } from '../catalog/places.ts'
import type { EndpointRecord, ModelEntry } from '../catalog/records.ts'
import { isSavedByCompression } from './compression.ts'
import { type EndpointFacts, endpointsOf, type KnownEndpoint } from './endpoint-facts.ts'
import { isFree } from './model-id.ts'
import type { ParameterNeed } from './needs.ts'
import { isWithin } from './price.ts'
import type { Refusal } from './refusal.ts'
import * as refusals from './refusals.ts'
import type { RuleContext } from './rule-context.ts'
import { matchesAny } from './slugs.ts'
import { answersOn } from './surfaces.ts'

/**
 * One reason for an endpoint to be out. A `soft` rule is a preference: where no endpoint is left that satisfies it, it
 * removes none. `empties` says what the client is told when this rule removed the last endpoint of its model.
 */
export interface Rule {
  code: string
  applies(context: RuleContext): boolean
  keeps(endpoint: EndpointRecord, context: RuleContext, facts: EndpointFacts): boolean
  soft?: true
  empties?(context: RuleContext, removed: readonly EndpointRecord[], entry: ModelEntry): Refusal
}

/** Whether parameters are supported; an endpoint of which nobody says is taken not to support any. */
function supports(facts: EndpointFacts, need: ParameterNeed): boolean {
  const { parameters } = facts
  return parameters !== null && need.anyOf.some((key) => parameters.has(key))
}

const always = () => true

/** Every hard filter and preference of `openrouter-routing.md` §3.2 in its order. One rule, one entry. */
export const rules: readonly Rule[] = [
  {
    code: 'wrong_endpoint',
    applies: always,
    keeps: (endpoint, { needs }) => answersOn(needs.route, endpoint, needs.outputModalities),
    empties: refusals.wrongEndpoint,
  },
  {
    // Whoever leaves the choice of a model to us cannot know: there as little is thought as can be (§3.1).
    code: 'mandatory_reasoning',
    applies: ({ needs, model, chosen }) => needs.reasoningOff !== null && model.reasoning.mandatory && !chosen,
    keeps: () => false,
    empties: refusals.mandatoryReasoning,
  },
  {
    code: 'not_configured',
    applies: always,
    keeps: (endpoint, { usable }, facts) => facts.priced && usable(endpoint),
    empties: refusals.notConfigured,
  },
  {
    code: 'data_region',
    applies: ({ region }) => region !== 'global',
    // Only for the EU does the catalogue hold proof; of any other region nothing is known, so nothing is kept.
    keeps: (endpoint, { region }) => region === 'eu' && endpoint.eu === 'yes',
    empties: refusals.dataRegion,
  },
  {
    code: 'free_pool',
    applies: ({ freeOnly }) => freeOnly,
    keeps: (endpoint) => isFree(endpoint),
    empties: refusals.freePool,
  },
  {
    code: 'account_only',
    applies: ({ accountOnly }) => accountOnly !== null,
    keeps: (_, { accountOnly }, { tag }) => accountOnly !== null && matchesAny(accountOnly, tag),
    empties: refusals.accountProviders,
  },
  {
    code: 'account_ignore',
    applies: ({ accountIgnore }) => accountIgnore !== null,
    keeps: (_, { accountIgnore }, { tag }) => accountIgnore === null || !matchesAny(accountIgnore, tag),
    empties: refusals.accountProviders,
  },
  {
    code: 'data_policy:zdr',
    applies: ({ zdr }) => zdr,
    keeps: (_endpoint, _context, { zeroRetention }) => zeroRetention,
    empties: refusals.zeroRetention,
  },
  {
    code: 'data_policy:training',
    applies: ({ denyCollection }) => denyCollection,
    keeps: (_endpoint, _context, facts) => facts.neverCollects,
    empties: refusals.dataCollection,
  },
  {
    code: 'direct_only',
    applies: ({ directOnly }) => directOnly,
    keeps: ({ provider }) => provider.direct,
    empties: refusals.directOnly,
  },
  {
    code: 'jurisdictions',
    applies: ({ jurisdictions }) => jurisdictions.length > 0,
    keeps: ({ provider }, { jurisdictions }) => jurisdictions.every((places) => isAtHomeIn(provider, places)),
    empties: refusals.jurisdictions,
  },
  {
    code: 'regions',
    applies: ({ regions }) => regions.length > 0,
    keeps: (endpoint, { regions }) => regions.every((places) => isProcessedIn(endpoint, places)),
    empties: refusals.regions,
  },
  {
    code: 'distillation',
    applies: ({ needs }) => needs.preferences.enforce_distillable_text === true,
    // The catalogue has no record of what authors allow, and unknown is not allowed.
    keeps: () => false,
    empties: refusals.distillation,
  },
  {
    code: 'only',
    applies: ({ only }) => only !== null,
    keeps: (_, { only }, { tag }) => only !== null && matchesAny(only, tag),
    empties: refusals.only,
  },
  {
    code: 'ignore',
    applies: ({ ignore }) => ignore !== null,
    keeps: (_, { ignore }, { tag }) => ignore === null || !matchesAny(ignore, tag),
    empties: refusals.ignore,
  },
  {
    code: 'service_tier',
    applies: always,
    keeps: (_, { admitted, named }, { tag }) =>
      tag.tier === null || admitted.includes(tag.tier) || matchesAny(named, tag),
    empties: refusals.serviceTier,
  },
  {
    // `service_tier: "flex"` means flex where there is any (§3.9).
    code: 'flex_tier',
    soft: true,
    applies: ({ needs }) => needs.serviceTier === 'flex',
    keeps: (_endpoint, _context, { tag }) => tag.tier === 'flex',
  },
  {
    code: 'quantization',
    applies: ({ quantizations }) => quantizations.length > 0,
    keeps: (endpoint, { quantizations }) =>
      quantizations.every((allowed) => allowed.includes(endpoint.quantization ?? 'unknown')),
    empties: refusals.quantization,
  },
  {
    code: 'input_modality',
    applies: ({ needs }) => needs.inputModalities.length > 0,
    keeps: (endpoint, { needs }) =>
      endpoint.inputModalities.length === 0 ||
      needs.inputModalities.every((modality) => endpoint.inputModalities.includes(modality)),
    empties: refusals.inputModality,
  },
  {
    code: 'output_modality',
    applies: ({ needs }) => needs.outputModalities.length > 0,
    keeps: (endpoint, { needs }) =>
      endpoint.outputModalities.length === 0 ||
      needs.outputModalities.every((modality) => endpoint.outputModalities.includes(modality)),
    empties: refusals.outputModality,
  },
  {
    code: 'tools',
    applies: ({ needs }) => needs.tools,
    keeps: (_endpoint, _context, { parameters }) => parameters === null || parameters.has('tools'),
    empties: refusals.tools,
  },
  {
    code: 'require_parameters',
    applies: ({ needs }) => needs.preferences.require_parameters === true && needs.parameters.length > 0,
    keeps: (_, { needs }, facts) => needs.parameters.every((need) => supports(facts, need)),
    empties: refusals.requireParameters,
  },
  {
    code: 'prefer_tools',
    soft: true,
    applies: ({ needs }) => needs.tools,
    keeps: (_endpoint, _context, { parameters }) => parameters?.has('tools') === true,
  },
  {
    code: 'prefer_response_format',
    soft: true,
    applies: ({ needs }) => needs.responseFormat !== null,
    keeps: (_, { needs }, facts) => needs.responseFormat !== null && supports(facts, needs.responseFormat),
  },
  {
    code: 'prefer_verbosity',
    soft: true,
    applies: ({ needs }) => needs.verbosity,
    keeps: (_endpoint, _context, { parameters }) => parameters?.has('verbosity') === true,
  },
  {
    code: 'max_output_tokens',
    applies: ({ needs }) => needs.maxOutputTokens !== null,
    keeps: (endpoint, { needs }) =>
      (needs.maxOutputTokens ?? 0) <= (endpoint.maxOutputTokens ?? Number.POSITIVE_INFINITY),
    empties: refusals.maxOutputTokens,
  },
  {
    code: 'context_length',
    applies: always,
    keeps: (endpoint, { needs }) =>
      (needs.minPromptTokens + (needs.maxOutputTokens ?? 0) <= (endpoint.contextLength ?? Number.POSITIVE_INFINITY) &&
        needs.minPromptTokens <= (endpoint.maxPromptTokens ?? Number.POSITIVE_INFINITY)) ||
      isSavedByCompression(needs, endpoint),
    empties: refusals.contextLength,
  },
  {
    code: 'max_price',
    applies: ({ caps }) => caps !== null,
    keeps: (endpoint, { caps }) => caps === null || isWithin(caps, endpoint.price),
    empties: refusals.maxPrice,
  },
  {
    // A deployment that its provider has announced to end is used when nothing else is left.
    code: 'status',
    soft: true,
    applies: always,
    keeps: (endpoint) => endpoint.status !== 'deprecated',
  },
]

export interface Eligible {
  /** In the catalogue's order. */
  kept: readonly KnownEndpoint[]
  out: { endpointId: string; rule: string }[]
  /** Null while something is kept. */
  refusal: Refusal | null
}

/** Applies all rules to a model's endpoints. Every endpoint that is not kept is out by exactly one rule. */
export function eligible(entry: ModelEntry, context: RuleContext): Eligible {
  let kept = endpointsOf(entry)
  const out: Eligible['out'] = []
  for (const rule of rules) {
    if (!rule.applies(context)) continue
    // Most rules remove nothing: then there is nothing to copy.
    let passed: KnownEndpoint[] | null = null
    const removed: EndpointRecord[] = []
    for (let index = 0; index < kept.length; index++) {
      const known = kept[index] as KnownEndpoint
      if (rule.keeps(known.endpoint, context, known.facts)) passed?.push(known)
      else {
        passed ??= kept.slice(0, index)
        removed.push(known.endpoint)
      }
    }
    if (!passed || (rule.soft && passed.length === 0)) continue
    for (const { id } of removed) out.push({ endpointId: id, rule: rule.code })
    if (passed.length === 0) {
      return { kept: passed, out, refusal: rule.empties?.(context, removed, entry) ?? refusals.noEndpoints(context) }
    }
    kept = passed
  }
  return { kept, out, refusal: kept.length > 0 ? null : refusals.noEndpoints(context) }
}
