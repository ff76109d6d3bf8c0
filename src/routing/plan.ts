import type { EndpointRecord, ModelRecord } from '../catalog/records.ts'
import type { Failure } from '../chat/failure.ts'
import {
  type Candidate,
  compareCandidates,
  comparePlaces,
  missesThresholds,
  noteProbabilities,
  placeOf,
  type Strategy,
} from './balance.ts'
import { promptBudgetTokens, shortfallOf } from './compression.ts'
import { eligible } from './eligibility.ts'
import type { KnownEndpoint } from './endpoint-facts.ts'
import { exactoTiers } from './exacto.ts'
import type { EndpointHealth } from './health.ts'
import type { CandidateModel } from './model-id.ts'
import type { RequestNeeds } from './needs.ts'
import { randomOf } from './random.ts'
import { noModelsMatch, type Refusal, refuse } from './refusal.ts'
import { notListed } from './refusals.ts'
import { routedBy } from './router-ids.ts'
import { admittedTiers, type RoutingPolicy, type RuleContext, type Wishes, wishesOf } from './rule-context.ts'
import { matchesAny, type WantedSlug } from './slugs.ts'

/** Upstream calls of one request at most, and of each of its models where there are several. */
export const maxAttempts = 6
export const maxAttemptsPerModel = 3

export interface PlanInput {
  needs: RequestNeeds
  /** The request's models, in its order. */
  entries: readonly CandidateModel[]
  /** The region of the request's host: `global`, `eu`. */
  region: string
  /** What the account or key allows. */
  policy?: RoutingPolicy
  /** Whether a credential and an address are configured for the endpoint. */
  usable(endpoint: EndpointRecord): boolean
  /** Whether this gateway could call it at all, whatever is configured. Asked only for the words of a refusal. */
  speaks?: (endpoint: EndpointRecord) => boolean
  /** Who says that an endpoint is configured at an address which may not be called. Asked only for the same words. */
  egress?: { refusesAddress(endpoint: EndpointRecord): boolean }
  health(endpoint: EndpointRecord): EndpointHealth | undefined
  /** 32 bits. The same seed and inputs give the same plan. */
  seed: number
  /** Epoch milliseconds. */
  now: number
  /**
   * Whether this request is the one that may try an endpoint whose breaker is open. Asked only where `probeReady` says
   * so and the endpoint would go first, and no more after one yes: so a yes may use the permission up.
   */
  takeProbe?(endpoint: EndpointRecord): boolean
}

export interface PlannedAttempt {
  endpoint: EndpointRecord
  model: ModelRecord
  /** The id by which the client asked for the model. */
  requestedId: string
  /** The chance that this endpoint had of being tried first. */
  probability: number
  /** Set where the endpoint should not be called now. Such attempts come last. */
  blocked: 'open' | 'cooldown' | null
  /** Epoch milliseconds until which it is blocked; 0 where it is not. */
  blockedUntil: number
  /** It goes first because it has answered this conversation before. */
  sticky?: true
  /** Set where messages are to be left out for this endpoint: what they may weigh together. */
  promptBudgetTokens?: number | undefined
  /** Set where its turn came and it was not called: for the sake of all, or as it could not be told what was asked. */
  skipped?: 'retry_budget' | 'untold'
}

export interface Plan {
  /** In the order in which they are tried; at most `maxAttempts`. */
  attempts: PlannedAttempt[]
  /** Eligible too, but beyond the bound of attempts; in their order. */
  overflow: PlannedAttempt[]
  /** Every other endpoint of every model, with the one rule that removed it. */
  out: { endpointId: string; rule: string }[]
  /** The first place was kept for the endpoint that answered this conversation before. */
  sticky: boolean
  /** What the client is told; set exactly when there are no attempts. */
  failure: Failure | null
  /** The models as the client named them. */
  requestedModels: string[]
  seed: number
  catalogVersion: string
  /** What it was made from, and every endpoint that no rule removed, in order. What `recordOf` keeps of them is made later. */
  input: PlanInput
  candidates: readonly Candidate[]
}

/**
 * Decides which endpoints a request is sent to, in which order, and why not to the others. Pure: the same input gives
 * the same plan (`openrouter-routing.md` §3.2 to §3.7).
 */
export function plan(input: PlanInput): Plan {
  const { needs, entries, seed } = input
  const made: Plan = {
    attempts: [],
    overflow: [],
    out: [],
    sticky: false,
    failure: null,
    requestedModels: [...new Set(entries.map((entry) => entry.requestedId))],
    seed,
    catalogVersion: entries[0]?.entry.version ?? '',
    input,
    candidates: [],
  }
  const wishes = wishesOf(needs, input.policy ?? {})
  if ('failure' in wishes) {
    made.failure = wishes.failure
    return made
  }
  const random = randomOf(seed)
  const refusals: Refusal[] = []
  const candidates: Candidate[] = []
  // Two ids of a request may mean the same model.
  const seen = entries.length > 1 ? new Set<string>() : null
  entries.forEach((candidate, index) => {
    const { entry } = candidate
    const context: RuleContext = {
      ...wishes,
      model: entry.model,
      region: input.region,
      usable: input.usable,
      speaks: input.speaks,
      egress: input.egress,
      freeOnly: candidate.freeOnly === true,
      chosen: routedBy(candidate.requestedId) !== null,
      admitted: admittedTiers(wishes, candidate),
    }
    const { kept, out, refusal } = eligible(entry, context)
    for (const one of out) made.out.push(one)
    const listed = wishes.order && !wishes.allowFallbacks ? keepListed(kept, wishes.order, made) : kept
    if (refusal) refusals.push(refusal)
    else if (listed.length === 0) refusals.push(notListed(context, kept))
    const strategy = strategyOf(wishes, candidate, listed)
    const qualities =
      strategy.sort === 'exacto' && strategy.order === null
        ? exactoTiers(listed, ({ endpoint }) => input.health(endpoint))
        : null
    for (let place = 0; place < listed.length; place++) {
      const known = listed[place] as KnownEndpoint
      if (seen?.has(known.endpoint.id)) continue
      seen?.add(known.endpoint.id)
      const quality = qualities === null ? 0 : (qualities[place] ?? 0)
      candidates.push(candidateOf(known, candidate, wishes.oneList ? 0 : index, quality, strategy, input, random))
    }
  })
  if (candidates.length === 0) {
    const filters = refusals.flatMap((refusal) => refusal.excludedBy ?? [])
    made.failure = refuse(refusals[0] ?? noModel, made.requestedModels, filters)
    return made
  }

  candidates.sort(compareCandidates)
  promoteProbe(candidates, wishes, input)
  noteProbabilities(candidates)
  made.candidates = candidates
  limit(candidates, wishes, entries.length > 1, made)
  if (entries.length > 1) forgetTwins(made)
  return made
}

const noModel: Refusal = { code: 'no_endpoints', message: noModelsMatch }

/** With `allow_fallbacks: false` an order is a closed list. */
function keepListed(kept: readonly KnownEndpoint[], order: readonly WantedSlug[], made: Plan): KnownEndpoint[] {
  return kept.filter(({ endpoint, facts }) => {
    const listed = matchesAny(order, facts.tag)
    if (!listed) made.out.push({ endpointId: endpoint.id, rule: 'no_fallback' })
    return listed
  })
}

/** The decision table of §3.3; the first match wins. */
function strategyOf(wishes: Wishes, { dynamics }: CandidateModel, kept: readonly KnownEndpoint[]): Strategy {
  const { order, sort } = wishes
  const { serviceTier } = wishes.needs
  const suffixSort = dynamics?.includes('floor') ? 'price' : dynamics?.includes('nitro') ? 'throughput' : null
  // Calling tools is where providers of one model differ most, so there quality counts unasked (§3.10).
  const unasked = wishes.needs.tools ? 'exacto' : null
  const defaultSort = dynamics?.includes('exacto') ? 'exacto' : (wishes.defaultSort ?? unasked)
  const strategy: Strategy = { order, sort: sort ?? suffixSort ?? defaultSort, tierFirst: null }
  if (order !== null) return strategy
  if (serviceTier === 'priority' || serviceTier === 'fast') {
    return { order, sort: 'throughput', tierFirst: 'priority' }
  }
  if (serviceTier === 'flex' && kept.some(({ facts }) => facts.tag.tier === 'flex')) {
    return { order, sort: 'price', tierFirst: null }
  }
  return strategy
}

function candidateOf(
  { endpoint, facts }: KnownEndpoint,
  { entry, requestedId }: CandidateModel,
  modelIndex: number,
  quality: number,
  strategy: Strategy,
  input: PlanInput,
  random: () => number,
): Candidate {
  const health = input.health(endpoint)
  const open = health !== undefined && health.openUntil !== 0
  const cooling = health !== undefined && health.cooldownUntil > input.now
  const budgetTokens = promptBudgetTokens(input.needs, endpoint)
  const shortfall = shortfallOf(input.needs, endpoint, budgetTokens)
  return {
    endpoint,
    model: entry.model,
    requestedId,
    facts,
    health,
    // An open breaker stays open past its time until a probe has gone well.
    blocked: open ? 'open' : cooling ? 'cooldown' : null,
    blockedUntil: open ? health.openUntil : cooling ? health.cooldownUntil : 0,
    probability: 0,
    promptBudgetTokens: budgetTokens,
    place: placeOf(strategy, facts, health, {
      misses: (missesThresholds(input.needs.preferences, health) ? 1 : 0) + (shortfall > 1 ? 2 : 0),
      model: modelIndex,
      shortfall,
      quality,
      random,
    }),
  }
}

/**
 * Puts one endpoint with an open breaker first if this request may probe it: behind it stand the healthy ones, so a
 * probe that fails costs the client a moment and no answer. It never changes which model is tried first, and no explicit
 * order: there an endpoint is only probed in the first place that is its own.
 */
function promoteProbe(candidates: Candidate[], wishes: Wishes, { takeProbe }: PlanInput): void {
  const ready = candidates.filter(({ blocked, health }) => blocked === 'open' && health?.probeReady)
  if (ready.length === 0 || !takeProbe) return
  // Without fallbacks the request has one attempt: not to be risked while another endpoint may be called.
  if (!wishes.allowFallbacks && candidates[0]?.blocked === null) return
  const ideal = firstOf(candidates, ready)
  for (const candidate of ready) {
    if (candidate !== ideal && (candidate.place.model !== ideal?.place.model || !ideal.place.drawn)) continue
    if (!takeProbe(candidate.endpoint)) continue
    candidate.blocked = null
    candidate.blockedUntil = 0
    candidate.place.drawn = false
    candidates.splice(candidates.indexOf(candidate), 1)
    candidates.unshift(candidate)
    return
  }
}

/**
 * Who would be first if those that are ready for a probe were well: by its own trouble an endpoint would stay behind the
 * others of a fixed order for ever, and nobody would learn that it has healed. Among equals one that is ready.
 */
function firstOf(candidates: readonly Candidate[], ready: readonly Candidate[]): Candidate | undefined {
  const places = candidates.map((candidate) => {
    const { place } = candidate
    const isReady = ready.includes(candidate)
    // What was measured of one in an outage promises nothing, so no threshold tells it from the others.
    return {
      candidate,
      isReady,
      place: { ...place, misses: place.misses & 2, trouble: isReady ? 0 : place.trouble },
    }
  })
  places.sort((a, b) => comparePlaces(a.place, b.place) || Number(b.isReady) - Number(a.isReady))
  return places[0]?.candidate
}

/** Fills `attempts`, within the bounds; a request without fallbacks and order gets the first endpoint of each model. */
function limit(sorted: readonly Candidate[], wishes: Wishes, severalModels: boolean, made: Plan): void {
  const single = !wishes.allowFallbacks && wishes.order === null
  const perModel = single ? 1 : severalModels ? maxAttemptsPerModel : maxAttempts
  const attemptsOf = new Map<string, number>()
  for (const { endpoint, model, requestedId, probability, blocked, blockedUntil, promptBudgetTokens } of sorted) {
    const attempts = attemptsOf.get(model.id) ?? 0
    if (single && attempts === 1) {
      made.out.push({ endpointId: endpoint.id, rule: 'no_fallback' })
      continue
    }
    const fits = attempts < perModel && made.attempts.length < maxAttempts
    const planned = { endpoint, model, requestedId, probability, blocked, blockedUntil, promptBudgetTokens }
    if (fits) attemptsOf.set(model.id, attempts + 1)
    ;(fits ? made.attempts : made.overflow).push(planned)
  }
}

/** Where two ids mean one model, an endpoint that one of them kept is not out, and none is out twice. */
function forgetTwins(made: Plan): void {
  const told = new Set<string>()
  for (const { endpoint } of made.attempts) told.add(endpoint.id)
  for (const { endpoint } of made.overflow) told.add(endpoint.id)
  made.out = made.out.filter(({ endpointId }) => !told.has(endpointId) && told.add(endpointId))
}
