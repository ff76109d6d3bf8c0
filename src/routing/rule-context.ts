import type { EndpointRecord, ModelRecord } from '../catalog/records.ts'
import type { Failure } from '../chat/failure.ts'
import type { ProviderSort } from '../chat/request.ts'
import type { CandidateModel } from './model-id.ts'
import type { RequestNeeds } from './needs.ts'
import { type PriceCaps, priceCaps } from './price.ts'
import { type ServiceTier, type WantedSlug, wantedSlugs } from './slugs.ts'

/** What an account or key allows, whatever the request says. A request can only narrow it. */
export interface RoutingPolicy {
  only?: readonly string[] | null
  ignore?: readonly string[] | null
  zdr?: boolean
  dataCollection?: 'allow' | 'deny'
}

/** A request's wishes in the form in which rules and orders ask for them; read once a request. */
export interface Wishes {
  needs: RequestNeeds
  accountOnly: readonly WantedSlug[] | null
  accountIgnore: readonly WantedSlug[] | null
  only: readonly WantedSlug[] | null
  ignore: readonly WantedSlug[] | null
  order: readonly WantedSlug[] | null
  /** What `only` and `order` name: the opt-in to a service tier, where it has a qualifier. */
  named: readonly WantedSlug[]
  zdr: boolean
  denyCollection: boolean
  caps: PriceCaps | null
  /** Of the request itself; a model's suffix gives way to it. */
  sort: ProviderSort | null
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
  freeOnly: boolean
  /** Tiers that a suffix or `service_tier` opens. */
  admitted: readonly ServiceTier[]
}

export function wishesOf(needs: RequestNeeds, policy: RoutingPolicy): Wishes | { failure: Failure } {
  const { preferences } = needs
  const caps = priceCaps(preferences.max_price)
  if (caps && 'failure' in caps) return caps
  const only = wantedSlugs(preferences.only)
  const order = wantedSlugs(preferences.order)
  const { sort } = preferences
  return {
    needs,
    accountOnly: wantedSlugs(policy.only),
    accountIgnore: wantedSlugs(policy.ignore),
    only,
    ignore: wantedSlugs(preferences.ignore),
    order,
    named: [...(only ?? []), ...(order ?? [])].filter((slug) => slug.qualifier !== null),
    zdr: preferences.zdr === true || policy.zdr === true,
    denyCollection: preferences.data_collection === 'deny' || policy.dataCollection === 'deny',
    caps,
    sort: (typeof sort === 'object' ? sort?.by : sort) ?? null,
    oneList: isOneList(needs),
    allowFallbacks: preferences.allow_fallbacks !== false,
  }
}

/** Whether all models stand in one list, not one model after the other. */
export function isOneList({ preferences: { sort }, legacyRoute }: RequestNeeds): boolean {
  const partition = typeof sort === 'object' && sort !== null ? sort.partition : null
  return (partition ?? (legacyRoute === 'sort' ? 'none' : 'model')) === 'none'
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
