import type { ProviderPreferences } from '../chat/request.ts'
import type { DecisionRecord, RecordedHealth, RecordedNeeds } from '../metering/decision-record.ts'
import type { Candidate } from '../routing/balance.ts'
import { idOfRef, modelIdsOf } from '../routing/endpoint-refs.ts'
import type { EndpointHealth } from '../routing/health.ts'
import { accountPreferences } from '../routing/merge-preferences.ts'
import type { Plan } from '../routing/plan.ts'
import { reasonOf } from '../routing/rule-reasons.ts'

/**
 * A decision as people and tests read it: every endpoint of every model in the order in which it is tried, or out by
 * the one rule that removed it. With the plan it is exact; from the record alone prices and calm health are missing.
 */
export function presentDecision(record: DecisionRecord, plan: Plan | null) {
  const modelIds = modelIdsOf(record)
  return {
    seed: record.seed,
    catalog_version: record.catalog,
    decided_at: isoTime(record.at),
    region: record.region,
    policy: (plan && inForce(plan.input.needs.preferences)) ?? record.preferences ?? {},
    account_policy: plan?.input.policy ?? record.account ?? {},
    needs: presentNeeds(record.needs),
    models: record.models.map(({ asked, id, freeOnly, dynamics }) => ({
      requested: asked,
      model: id ?? asked,
      ...(freeOnly ? { free_only: true } : {}),
      ...(dynamics ? { suffixes: dynamics } : {}),
    })),
    endpoints: plan ? plannedEndpoints(plan) : recordedEndpoints(record, modelIds),
    out: plan
      ? plan.out.map(({ endpointId, rule }) => presentOut(endpointId, rule, modelIds))
      : Object.entries(record.out).flatMap(([rule, refs]) =>
          refs.map((ref) => presentOut(idOfRef(ref, modelIds), rule, modelIds)),
        ),
    ...(plan === null && record.cut ? { cut: true } : {}),
  }
}

const preferences: readonly string[] = [
  ...accountPreferences,
  'hedge',
  'strict',
] satisfies (keyof ProviderPreferences)[]

/** A preference that nobody knows decides nothing: listed here, a misspelt one would pass for one that holds. */
function inForce(wished: ProviderPreferences): ProviderPreferences {
  return Object.fromEntries(Object.entries(wished).filter(([field]) => preferences.includes(field)))
}

function presentNeeds(needs: RecordedNeeds) {
  return {
    route: needs.route ?? 'chat',
    prompt_tokens_estimate: needs.promptTokens,
    prompt_tokens_at_least: needs.minPromptTokens,
    max_output_tokens: needs.maxOutputTokens ?? null,
    input_modalities: needs.input ?? [],
    output_modalities: needs.output ?? [],
    tools: needs.tools === true,
    parameters: needs.parameters ?? [],
    service_tier: needs.serviceTier ?? null,
  }
}

function plannedEndpoints({ attempts, overflow, candidates }: Plan) {
  const known = new Map<string, Candidate>(candidates.map((candidate) => [candidate.endpoint.id, candidate]))
  return [...attempts, ...overflow].map((planned, index) => {
    const { endpoint, requestedId, probability, blocked, blockedUntil, sticky } = planned
    const candidate = known.get(endpoint.id)
    const health = candidate?.health
    return {
      position: index + 1,
      endpoint_id: endpoint.id,
      tag: endpoint.tag,
      provider: endpoint.provider.slug,
      provider_name: endpoint.provider.name,
      model: endpoint.model,
      requested_model: requestedId,
      probability,
      sticky: sticky === true,
      attempt_limit: index >= attempts.length,
      blocked,
      blocked_until: isoTime(blockedUntil),
      probe: blocked === null && health !== undefined && health.openUntil !== 0,
      price_per_token: candidate?.facts.price ?? null,
      health: presentHealth(health),
    }
  })
}

function recordedEndpoints(record: DecisionRecord, modelIds: readonly string[]) {
  const { order, beyond = [], chances, health, probe, sticky } = record
  return [...order, ...beyond].map((ref, index) => {
    const known = health?.[ref]
    const open = known?.openUntil !== undefined && ref !== probe
    const blockedUntil = open ? known.openUntil : known?.cooldownUntil
    return {
      position: index + 1,
      ...named(idOfRef(ref, modelIds), modelIds),
      provider_name: null,
      probability: chances[index] ?? 0,
      sticky: ref === sticky,
      attempt_limit: index >= order.length,
      blocked: open ? ('open' as const) : blockedUntil !== undefined && ref !== probe ? ('cooldown' as const) : null,
      blocked_until: ref === probe ? null : isoTime(blockedUntil ?? 0),
      probe: ref === probe,
      price_per_token: null,
      health: presentRecordedHealth(known),
    }
  })
}

function presentOut(endpointId: string, rule: string, modelIds: readonly string[]) {
  return { ...named(endpointId, modelIds), rule, reason: reasonOf(rule) }
}

/** What an endpoint's id says: `provider[/region][/variant]:author/slug`. */
function named(id: string, modelIds: readonly string[]) {
  const model = modelIds.find((one) => id.endsWith(`:${one}`)) ?? null
  const tag = model === null ? id : id.slice(0, -model.length - 1)
  return { endpoint_id: id, tag, provider: tag.split('/')[0] ?? tag, model }
}

function presentHealth(health: EndpointHealth | undefined) {
  return {
    band: health?.band ?? 'normal',
    unstable: health?.unstable === true,
    open_until: isoTime(health?.openUntil ?? 0),
    cooldown_until: isoTime(health?.cooldownUntil ?? 0),
    uptime_last_5m: health?.uptime5m ?? null,
    latency_p50_ms: health?.latency?.p50 ?? null,
    throughput_p50: health?.throughput?.p50 ?? null,
  }
}

function presentRecordedHealth(health: RecordedHealth | undefined) {
  const [latency] = health?.latency ?? []
  const [throughput] = health?.throughput ?? []
  return {
    ...presentHealth(undefined),
    band: health?.band ?? 'normal',
    unstable: health?.unstable === true,
    open_until: isoTime(health?.openUntil ?? 0),
    cooldown_until: isoTime(health?.cooldownUntil ?? 0),
    latency_p50_ms: latency ?? null,
    throughput_p50: throughput ?? null,
  }
}

function isoTime(epochMs: number): string | null {
  return epochMs === 0 ? null : new Date(epochMs).toISOString()
}
