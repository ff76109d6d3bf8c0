import { type Places, placesNamed } from '../catalog/places.ts'
import type { EndpointRecord, ModelRecord } from '../catalog/records.ts'
import type { Failure } from '../chat/failure.ts'
import type { ProviderPreferences, ProviderSort } from '../chat/request.ts'
import type { CandidateModel } from './model-id.ts'
import type { RequestNeeds } from './needs.ts'
import { type PriceCaps, priceCaps } from './price.ts'
import { type ServiceTier, type WantedSlug, wantedSlugs } from './slugs.ts'

/**
 * The account's own lists, which a request can only narrow; `sort` alone is a default, behind the suffix of a model.
 * What else an account says is merged into the request's preferences (`mergePreferences`).
 */
export type RoutingPolicy = Pick<
  ProviderPreferences,
  'only' | 'ignore' | 'quantizations' | 'jurisdictions' | 'regions' | 'sort'
>

/** A request's wishes in the form in which rules and orders ask for them; read once a request. */
export interface Wishes {
  needs: RequestNeeds
  accountOnly: readonly WantedSlug[] | null
  accountIgnore: readonly WantedSlug[] | null
  only: readonly WantedSlug[] | null
  ignore: readonly WantedSlug[] | null
  order: readonly WantedSlug[] | null
  /** What every `only` and `order` names: the opt-in to a service tier, where it has a qualifier. */
  named: readonly WantedSlug[]
  zdr: boolean
  denyCollection: boolean
  directOnly: boolean
  /** Every list has to allow an endpoint: the account's, and the request's. */
  jurisdictions: readonly Places[]
  regions: readonly Places[]
  quantizations: readonly (readonly string[])[]
  caps: PriceCaps | null
  /** Of the request itself; a model's suffix gives way to it. */
  sort: ProviderSort | null
  /** The account's, where neither the request nor a suffix says one. */
  defaultSort: ProviderSort | null
  /** One list over all models, not one model after the other. */
  oneList: boolean
  allowFallbacks: boolean
}

/** What a rule may ask: the wishes, and the model that is being looked at. */
export interface RuleContext extends Wishes {
  model: ModelRecord
  /** The region of the request's host. */
  region: string
  usable(endpoint: EndpointRecord): boolean
  speaks?: ((endpoint: EndpointRecord) => boolean) | undefined
  egress?: { refusesAddress(endpoint: EndpointRecord): boolean } | undefined
  freeOnly: boolean
  /** The client named a router or an alias, and the model was chosen for it. */
  chosen: boolean
  /** Tiers that a suffix or `service_tier` opens. */
  admitted: readonly ServiceTier[]
}

export function wishesOf(needs: RequestNeeds, policy: RoutingPolicy): Wishes | { failure: Failure } {
  const { preferences } = needs
  const caps = priceCaps(preferences.max_price)
  if (caps && 'failure' in caps) return caps
  const only = wantedSlugs(preferences.only)
  const order = wantedSlugs(preferences.order)
  const accountOnly = wantedSlugs(policy.only)
  const { sort } = preferences
  return {
    needs,
    accountOnly,
    accountIgnore: wantedSlugs(policy.ignore),
    only,
    ignore: wantedSlugs(preferences.ignore),
    order,
    named: [...(only ?? []), ...(order ?? []), ...(accountOnly ?? [])].filter((slug) => slug.qualifier !== null),
    zdr: preferences.zdr === true,
    denyCollection: preferences.data_collection === 'deny',
    directOnly: preferences.direct_only === true,
    jurisdictions: given(policy.jurisdictions, preferences.jurisdictions).map(placesNamed),
    regions: given(policy.regions, preferences.regions).map(placesNamed),
    quantizations: given(policy.quantizations, preferences.quantizations),
    caps,
    sort: metricOf(sort),
    defaultSort: metricOf(policy.sort),
    oneList: isOneList(needs, policy),
    allowFallbacks: preferences.allow_fallbacks !== false,
  }
}

/** Whether all models stand in one list, not one model after the other. */
export function isOneList({ preferences: { sort }, legacyRoute }: RequestNeeds, policy?: RoutingPolicy): boolean {
  return (partitionOf(sort) ?? partitionOfRoute[legacyRoute ?? 'none'] ?? partitionOf(policy?.sort)) === 'none'
}

const partitionOfRoute = { sort: 'none', fallback: 'model', none: null } as const

function metricOf(sort: ProviderPreferences['sort']): ProviderSort | null {
  return (typeof sort === 'object' ? sort?.by : sort) ?? null
}

function partitionOf(sort: ProviderPreferences['sort']): 'model' | 'none' | null {
  return (typeof sort === 'object' ? sort?.partition : null) ?? null
}

const nothing: readonly never[] = []

/** The lists that say something: absent and empty ones are no wish, and nearly always there is none. */
function given(...lists: readonly (readonly string[] | null | undefined)[]): readonly (readonly string[])[] {
  const said = lists.filter((list) => list && list.length > 0) as (readonly string[])[]
  return said.length > 0 ? said : nothing
}

/** The tiers that a request opens for one of its models (`openrouter-routing.md` §3.9). */
export function admittedTiers(wishes: Wishes, { dynamics }: CandidateModel): ServiceTier[] {
  const admitted: ServiceTier[] = []
  const { serviceTier } = wishes.needs
  const bySuffix = wishes.order === null && serviceTier !== 'default'
  if (serviceTier === 'priority' || serviceTier === 'fast' || (bySuffix && dynamics?.includes('nitro')))
    admitted.push('priority')
  if (serviceTier === 'flex' || (bySuffix && dynamics?.includes('floor'))) admitted.push('flex')
  return admitted
}
