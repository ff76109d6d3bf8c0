import type { EndpointRecord, ModelEntry } from '../catalog/records.ts'
import { isInRegion } from '../catalog/region.ts'
import type { Failure } from '../chat/failure.ts'
import type { ChatRequest } from '../chat/request.ts'
import { classify, reasoningWanted } from '../routing/auto/classify.ts'
import { autoSettings } from '../routing/auto/settings.ts'
import { type AutoTiers, defaultTiers, nearestTiers } from '../routing/auto/tiers.ts'
import { drawn, freeModels } from '../routing/free-models.ts'
import { latestOf } from '../routing/latest.ts'
import { after, type CandidateModel, type Resolution, resolveModel } from '../routing/model-id.ts'
import { needsOf } from '../routing/needs.ts'
import { randomOf } from '../routing/random.ts'
import { emptyFamily, noModelLeft } from '../routing/refusal.ts'
import type { RouterId } from '../routing/router-ids.ts'
import { type RoutingPolicy, wishesOf } from '../routing/rule-context.ts'
import { type Sibling, siblingId } from '../routing/siblings.ts'
import { routerChoices, survivors } from '../routing/survivors.ts'
import type { Gateway } from './gateway.ts'

/** What choosing a model takes of the gateway. */
export interface RouterGateway extends Pick<Gateway, 'catalog' | 'access'> {
  settings: Pick<Gateway['settings'], 'region' | 'autoRouterTiers'>
}

/** Sets the draw of a model apart from the draw of its endpoints, which has the same seed. */
const freeSalt = 0x66726565

/**
 * The models that a router chooses for a request, best first, or why there are none. All of it comes from the catalogue's
 * list in isolate memory: a warm isolate asks nobody.
 *
 * @param policy what the account or key allows, where it is known by now
 * @param seed of the request's plan: the same seed draws the same free models
 */
export function chooseModels(
  router: RouterId,
  requestedId: string,
  request: ChatRequest,
  gateway: RouterGateway,
  seed: number,
  policy: RoutingPolicy = {},
): Chosen | Promise<Chosen> {
  return after(gateway.catalog.models(), (list) =>
    chooseAmong(list, router, requestedId, request, gateway, seed, policy),
  )
}

type Chosen = CandidateModel[] | { failure: Failure }

function chooseAmong(
  list: readonly ModelEntry[],
  router: RouterId,
  requestedId: string,
  request: ChatRequest,
  gateway: RouterGateway,
  seed: number,
  policy: RoutingPolicy,
): Chosen {
  const requestNeeds = needsOf(request)
  const wishes = wishesOf(requestNeeds, policy)
  if ('failure' in wishes) return wishes
  const { region } = gateway.settings
  const usable = (endpoint: EndpointRecord) => gateway.access(endpoint) !== null
  const freeOnly = router.kind === 'free'
  const needs = { wishes, region, usable, freeOnly, reasons: reasoningWanted(request) > 0 }
  const { byId, pools } = knownOf(list)
  let chosen: ModelEntry[] = []
  if (freeOnly) {
    const pool = kept(pools, `free ${region}`, () => freeModels(list, isOpenAt(gateway)))
    chosen = survivors(drawn(pool, randomOf(seed ^ freeSalt)), needs)
  } else {
    const tiers = tiersOf(gateway, list)
    const { allows, tier, pinned } = autoSettings(request, router.plugin)
    const survivorsOf = (ids: readonly string[]) => {
      const entries = ids.flatMap((id) => byId.get(id) ?? [])
      return survivors(
        entries.filter(({ model }) => allows(model)),
        needs,
      )
    }
    for (const near of nearestTiers(tier ?? classify(request, requestNeeds).tier)) {
      chosen = survivorsOf(tiers[near])
      if (chosen.length > 0) break
    }
    if (pinned !== null) chosen = [...new Set([...survivorsOf([pinned]), ...chosen])].slice(0, routerChoices)
  }
  if (chosen.length === 0) return { failure: noModelLeft(requestedId) }
  const { dynamics } = router
  return chosen.map((entry) => ({
    requestedId,
    entry,
    ...(freeOnly ? { freeOnly } : {}),
    ...(dynamics.length > 0 ? { dynamics } : {}),
  }))
}

/** The model that `~author/family-latest` means here, suffixes included: the newest that can be called, if one can. */
export function resolveAlias(requestedId: string, gateway: RouterGateway): Resolution | Promise<Resolution> {
  return after(gateway.catalog.models(), (list): Resolution | Promise<Resolution> => {
    const colon = requestedId.indexOf(':')
    const alias = colon < 0 ? requestedId : requestedId.slice(0, colon)
    const { byId, pools } = knownOf(list)
    const key = `${alias} ${gateway.settings.region}`
    let latest = pools.get(key) as ModelEntry | undefined
    if (!latest) {
      const isOpen = isOpenAt(gateway)
      // A router upstream lists aliases of its own as models: what has no family here is left to it.
      latest = latestOf(alias, list, ({ endpoints }) => endpoints.some(isOpen)) ?? byId.get(alias)
      // Families are few; what clients make up is none.
      if (latest) pools.set(key, latest)
    }
    if (!latest) return { failure: emptyFamily(requestedId) }
    const id = latest.model.id + requestedId.slice(alias.length)
    return after(
      resolveModel(id, (known) => byId.get(known) ?? null),
      (found) => ('failure' in found ? found : { ...found, requestedId }),
    )
  })
}

/** The candidate's `-pro` or `-fast` sibling, where there is one that can be called here; the candidate where not. */
export function withSibling(
  candidate: CandidateModel,
  wanted: Sibling,
  gateway: RouterGateway,
): CandidateModel | Promise<CandidateModel> {
  const id = siblingId(candidate.entry.model, wanted)
  if (id === null) return candidate
  return after(gateway.catalog.models(), (list) => {
    const entry = knownOf(list).byId.get(id)
    return entry?.endpoints.some(isOpenAt(gateway)) ? { ...candidate, entry } : candidate
  })
}

function isOpenAt(gateway: RouterGateway): (endpoint: EndpointRecord) => boolean {
  return (endpoint) => isInRegion(endpoint, gateway.settings.region) && gateway.access(endpoint) !== null
}

interface Known {
  /** By public id, and by canonical slug where that is no other model's id. */
  byId: ReadonlyMap<string, ModelEntry>
  pools: Map<string, unknown>
}

// Made once for every reading of the catalogue. What can be called is the same for an isolate's whole life.
const knownByList = new WeakMap<readonly ModelEntry[], Known>()

function knownOf(list: readonly ModelEntry[]): Known {
  let known = knownByList.get(list)
  if (!known) {
    const byId = new Map(list.map((entry) => [entry.model.canonicalSlug, entry]))
    for (const entry of list) byId.set(entry.model.id, entry)
    known = { byId, pools: new Map() }
    knownByList.set(list, known)
  }
  return known
}

function kept<T>(pools: Map<string, unknown>, key: string, make: () => T): T {
  if (!pools.has(key)) pools.set(key, make())
  return pools.get(key) as T
}

function tiersOf(gateway: RouterGateway, list: readonly ModelEntry[]): AutoTiers {
  const { region, autoRouterTiers } = gateway.settings
  return autoRouterTiers ?? kept(knownOf(list).pools, `auto ${region}`, () => defaultTiers(list, isOpenAt(gateway)))
}
