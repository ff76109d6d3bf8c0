import { placesOf } from '../catalog/places.ts'
import type { MaxPrice, PerformanceThreshold, ProviderPreferences } from '../chat/request.ts'
import type { DecisionRecord, RecordedHealth, RecordedModel, RecordedNeeds } from '../metering/decision-record.ts'
import type { Candidate } from './balance.ts'
import { promptBudgetTokens } from './compression.ts'
import { endpointsOf } from './endpoint-facts.ts'
import { refOf } from './endpoint-refs.ts'
import type { Percentiles } from './health.ts'
import type { CandidateModel } from './model-id.ts'
import { nameOfNeed } from './needs.ts'
import type { Plan } from './plan.ts'
import { matchesSlug, wantedSlugs } from './slugs.ts'

/** More endpoints than this are not kept with a request: it would be heavier than all else that is. */
const maxEndpoints = 200
/** The values of `service_tier` that mean something to routing; any other is the client's own word. */
const tiers: readonly (string | null)[] = ['default', 'priority', 'fast', 'flex']

/** The record of a decision. For whoever settles the request: it is work that no client should wait for. */
export function recordOf(plan: Plan): DecisionRecord {
  const { input, candidates } = plan
  const { needs, entries } = input
  const modelIds = entries.map(({ entry }) => entry.model.id)
  let room = maxEndpoints
  const refsOf = (planned: readonly { endpoint: { id: string } }[]) =>
    planned.slice(0, Math.max(0, room)).map(({ endpoint }) => {
      room--
      return refOf(endpoint.id, modelIds)
    })
  const record: DecisionRecord = {
    seed: plan.seed,
    at: input.now,
    catalog: plan.catalogVersion,
    region: input.region,
    models: entries.map(recordedModel),
    needs: recordedNeeds(plan),
    order: refsOf(plan.attempts),
    chances: [],
    out: {},
  }
  if (plan.overflow.length > 0) record.beyond = refsOf(plan.overflow)
  for (const { probability } of [...plan.attempts, ...plan.overflow]) {
    if (probability > 0) record.chances.push(Math.round(probability * 1e4) / 1e4)
    else break
  }
  for (const { endpointId, rule } of plan.out) {
    if (room-- <= 0) break
    const group = record.out[rule]
    if (group) group.push(refOf(endpointId, modelIds))
    else record.out[rule] = [refOf(endpointId, modelIds)]
  }
  if (room < 0) record.cut = true

  const preferences = recordedPreferences(needs.preferences, entries)
  if (preferences) record.preferences = preferences
  const account = input.policy && recordedPreferences(input.policy, entries)
  if (account) record.account = account
  const sticky = plan.attempts.find((planned) => planned.sticky)
  if (sticky) record.sticky = refOf(sticky.endpoint.id, modelIds)
  for (const { skipped, endpoint } of plan.attempts) {
    if (skipped === undefined) continue
    const field = skipped === 'untold' ? 'untold' : 'skipped'
    record[field] ??= []
    record[field].push(refOf(endpoint.id, modelIds))
  }
  const measured = measuredBy(plan)
  for (const candidate of candidates) {
    if (candidate.health === undefined) continue
    const health = recordedHealth(candidate, input.now, measured)
    const isProbe = candidate.health.openUntil !== 0 && candidate.blocked === null
    if (!health || record.cut) continue
    const ref = refOf(candidate.endpoint.id, modelIds)
    if (isProbe) record.probe = ref
    record.health ??= {}
    record.health[ref] = health
  }
  return record
}

function recordedModel({ requestedId, entry, freeOnly, dynamics }: CandidateModel): RecordedModel {
  const model: RecordedModel = { asked: requestedId }
  if (entry.model.id !== requestedId) model.id = entry.model.id
  if (freeOnly) model.freeOnly = true
  if (dynamics) model.dynamics = [...dynamics]
  return model
}

function recordedNeeds({ input: { needs, entries } }: Plan): RecordedNeeds {
  const recorded: RecordedNeeds = { promptTokens: needs.promptTokensEstimate, minPromptTokens: needs.minPromptTokens }
  if (needs.route !== 'chat') recorded.route = needs.route
  if (needs.inputModalities.length > 0) recorded.input = needs.inputModalities
  if (needs.outputModalities.length > 0) recorded.output = needs.outputModalities
  if (needs.tools) recorded.tools = true
  if (needs.verbosity) recorded.verbosity = true
  if (needs.reasoningOff !== null) recorded.reasoningOff = needs.reasoningOff
  if (needs.parameters.length > 0) recorded.parameters = needs.parameters.map(nameOfNeed)
  if (needs.maxOutputTokens !== null) recorded.maxOutputTokens = needs.maxOutputTokens
  if (needs.serviceTier !== null && tiers.includes(needs.serviceTier)) recorded.serviceTier = needs.serviceTier
  if (needs.legacyRoute !== null) recorded.legacyRoute = needs.legacyRoute
  if (needs.compression !== null) recorded.compression = needs.compression
  const isShort = ({ entry }: CandidateModel) =>
    entry.endpoints.some((endpoint) => promptBudgetTokens(needs, endpoint) !== undefined)
  if (entries.some(isShort)) {
    recorded.messages = needs.messageCount
    recorded.systemTokens = needs.systemTokens
    recorded.outsideMessagesTokens = needs.outsideMessagesTokens
  }
  return recorded
}

/**
 * Field by field, so that nothing is kept that a client added to an object. Slugs and regions are any text: what no
 * endpoint is called has had no effect but that of a list being there, and is left out.
 */
function recordedPreferences(
  wished: ProviderPreferences,
  entries: readonly CandidateModel[],
): ProviderPreferences | null {
  if (isEmpty(wished)) return null
  const recorded: ProviderPreferences = {}
  for (const list of ['order', 'only', 'ignore'] as const) {
    const slugs = effectiveSlugs(wished[list], entries)
    if (slugs) recorded[list] = slugs
  }
  for (const list of ['quantizations', 'jurisdictions'] as const) {
    const named = wished[list]
    if (named && named.length > 0) recorded[list] = [...named]
  }
  const regions = effectiveRegions(wished.regions, entries)
  if (regions) recorded.regions = regions
  for (const flag of ['require_parameters', 'zdr', 'enforce_distillable_text', 'direct_only'] as const)
    if (wished[flag] === true) recorded[flag] = true
  if (wished.allow_fallbacks === false) recorded.allow_fallbacks = false
  if (wished.data_collection === 'deny') recorded.data_collection = 'deny'
  const { sort, max_price, preferred_min_throughput: throughput, preferred_max_latency: latency } = wished
  if (typeof sort === 'string') recorded.sort = sort
  else if (sort) recorded.sort = picked(sort, ['by', 'partition'])
  if (max_price) recorded.max_price = picked<MaxPrice>(max_price, ['prompt', 'completion', 'request', 'image', 'audio'])
  if (throughput !== undefined && throughput !== null) recorded.preferred_min_throughput = threshold(throughput)
  if (latency !== undefined && latency !== null) recorded.preferred_max_latency = threshold(latency)
  return isEmpty(recorded) ? null : recorded
}

function isEmpty(object: object): boolean {
  for (const _ in object) return false
  return true
}

/** No endpoint is called so. */
const nobody = '-'

function effectiveSlugs(
  names: readonly string[] | null | undefined,
  entries: readonly CandidateModel[],
): string[] | null {
  const wanted = wantedSlugs(names)
  if (!wanted) return null
  const effective = wanted.filter((slug) =>
    entries.some(({ entry }) => endpointsOf(entry).some(({ facts }) => matchesSlug(slug, facts.tag))),
  )
  return effective.length === 0
    ? [nobody]
    : effective.map(({ base, qualifier }) => (qualifier === null ? base : `${base}/${qualifier}`))
}

/** A code of a country or bloc, or the name that an endpoint's region has. */
function effectiveRegions(
  names: readonly string[] | null | undefined,
  entries: readonly CandidateModel[],
): string[] | null {
  if (!names || names.length === 0) return null
  const effective = names.filter((name) => {
    const region = name.toUpperCase()
    return (
      region.length <= 3 ||
      entries.some(({ entry }) => entry.endpoints.some((endpoint) => placesOf(endpoint)?.includes(region)))
    )
  })
  return effective.length === 0 ? [nobody] : effective
}

function threshold(value: PerformanceThreshold): PerformanceThreshold {
  return typeof value === 'number' ? value : picked(value, ['p50', 'p75', 'p90', 'p99'])
}

function picked<T extends object>(from: T, keys: readonly (keyof T)[]): T {
  const some: Partial<T> = {}
  for (const key of keys) if (from[key] !== undefined && from[key] !== null) some[key] = from[key]
  return some as T
}

interface Measured {
  latency: 'p50' | 'all' | null
  throughput: 'p50' | 'all' | null
  quality: boolean
}

/** Which measurements the order of these endpoints could depend on. */
function measuredBy({ input: { needs, entries, policy } }: Plan): Measured {
  const { preferred_min_throughput: throughput, preferred_max_latency: latency } = needs.preferences
  const sorts = [needs.preferences.sort, policy?.sort].map((sort) => (typeof sort === 'object' ? sort?.by : sort))
  const byTier = needs.serviceTier === 'priority' || needs.serviceTier === 'fast'
  const byThroughput = byTier || sorts.includes('throughput') || entries.some((one) => one.dynamics?.includes('nitro'))
  const quality =
    needs.tools || sorts.includes('exacto') || entries.some((one) => one.dynamics?.includes('exacto') === true)
  return {
    latency: typeof latency === 'object' && latency ? 'all' : latency || sorts.includes('latency') ? 'p50' : null,
    throughput:
      typeof throughput === 'object' && throughput ? 'all' : throughput || byThroughput || quality ? 'p50' : null,
    quality,
  }
}

function recordedHealth({ health }: Candidate, now: number, measured: Measured): RecordedHealth | null {
  if (!health) return null
  const recorded: RecordedHealth = {}
  if (health.unstable) recorded.unstable = true
  if (health.band !== 'normal') recorded.band = health.band
  if (health.openUntil !== 0) recorded.openUntil = health.openUntil
  if (health.cooldownUntil > now) recorded.cooldownUntil = health.cooldownUntil
  if (measured.latency && health.latency) recorded.latency = figures(health.latency, measured.latency)
  if (measured.throughput && health.throughput) recorded.throughput = figures(health.throughput, measured.throughput)
  if (measured.quality && health.measured) recorded.measured = true
  if (measured.quality && health.toolSuccess !== undefined) recorded.toolSuccess = health.toolSuccess
  return isEmpty(recorded) ? null : recorded
}

function figures({ p50, p75, p90, p99 }: Percentiles, which: 'p50' | 'all'): number[] {
  return which === 'all' ? [p50, p75, p90, p99] : [p50]
}
