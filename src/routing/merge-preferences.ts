import type { MaxPrice, ProviderPreferences } from '../chat/request.ts'
import type { RoutingPolicy } from './rule-context.ts'

/** What of `provider` an account can set for all its requests. */
export const accountPreferences = [
  'order',
  'only',
  'ignore',
  'allow_fallbacks',
  'require_parameters',
  'data_collection',
  'zdr',
  'quantizations',
  'sort',
  'max_price',
  'preferred_min_throughput',
  'preferred_max_latency',
  'enforce_distillable_text',
  'direct_only',
  'jurisdictions',
  'regions',
] as const satisfies (keyof ProviderPreferences)[]

export type AccountPreferences = Pick<ProviderPreferences, (typeof accountPreferences)[number]>

export interface MergedPreferences {
  /** What the request asks for, as far as the account lets it, with the account's defaults where it says nothing. */
  preferences: ProviderPreferences
  /** The account's own lists. They stay apart: what fits two lists is only known endpoint by endpoint. */
  policy: RoutingPolicy
}

/**
 * Joins the account's preferences with a request's (`openrouter-routing.md` §3.2, `openrouter-privacy-money-limits.md`
 * §5). What restricts cannot be widened: either one's `zdr`, `direct_only`, `enforce_distillable_text` or
 * `data_collection: "deny"` holds, of every price cap the lower one; endpoints have to be in both lists of `only`,
 * `quantizations`, `jurisdictions` and `regions`, and in neither of `ignore`. The rest are defaults that a request
 * replaces field by field, but for the order: a request that gives `order` or `sort` has said how to order, so the
 * account's `order` gives way to both. Null and empty lists say nothing.
 */
export function mergePreferences(account: AccountPreferences, request: ProviderPreferences): MergedPreferences {
  const policy: RoutingPolicy = {}
  for (const list of ['only', 'ignore', 'quantizations', 'jurisdictions', 'regions'] as const) {
    const named = account[list]
    if (named && named.length > 0) policy[list] = named
  }
  const ordered = request.order !== null && request.order !== undefined && request.order.length > 0
  const sorted = request.sort !== null && request.sort !== undefined
  if (account.sort && !sorted) policy.sort = account.sort
  const merged: ProviderPreferences = { ...request }
  if (account.order && !ordered && !sorted) merged.order = account.order
  merged.allow_fallbacks = request.allow_fallbacks ?? account.allow_fallbacks
  merged.require_parameters = request.require_parameters ?? account.require_parameters
  merged.preferred_min_throughput = request.preferred_min_throughput ?? account.preferred_min_throughput
  merged.preferred_max_latency = request.preferred_max_latency ?? account.preferred_max_latency
  if (account.data_collection === 'deny') merged.data_collection = 'deny'
  for (const flag of ['zdr', 'enforce_distillable_text', 'direct_only'] as const)
    if (account[flag] === true) merged[flag] = true
  if (account.max_price) merged.max_price = lowerCaps(account.max_price, request.max_price ?? {})
  for (const key of Object.keys(merged) as (keyof ProviderPreferences)[])
    if (merged[key] === undefined || merged[key] === null) delete merged[key]
  return { preferences: merged, policy }
}

function lowerCaps(account: MaxPrice, request: MaxPrice): MaxPrice {
  const lower: MaxPrice = { ...request }
  for (const component of ['prompt', 'completion', 'request', 'image', 'audio'] as const) {
    const own = account[component]
    const asked = request[component]
    if (own !== undefined && own !== null && !(asked !== undefined && asked !== null && Number(asked) < Number(own)))
      lower[component] = own
  }
  return lower
}
