import type { EndpointRecord } from '../catalog/records.ts'
import type { ChatRequest } from '../chat/request.ts'
import { providerOf } from '../providers/registry.ts'
import { type AccountPreferences, mergePreferences } from '../routing/merge-preferences.ts'
import type { CandidateModel } from '../routing/model-id.ts'
import { needsOf, type RequestNeeds } from '../routing/needs.ts'
import { type Plan, plan } from '../routing/plan.ts'
import type { RoutingPolicy } from '../routing/rule-context.ts'
import { resolveModels } from './candidates.ts'
import type { Gateway } from './gateway.ts'

/** What is decided about, with everything read that a decision needs but health. */
export interface Considered {
  candidates: CandidateModel[]
  needs: RequestNeeds
  policy: RoutingPolicy | undefined
  /** Of the plan, and of what a router draws. */
  seed: number
  usable(endpoint: EndpointRecord): boolean
}

/**
 * Joins a request's preferences with the account's, which from here on are the request's own `provider`, and finds its
 * models. Answers without a promise when both are in memory.
 *
 * @throws FailureError (or rejects with it) for models that are not there; rejects with something else where the
 *   catalogue or the settings are out of reach
 */
export function consider(request: ChatRequest, gateway: Gateway, seed: number): Considered | Promise<Considered> {
  const account = gateway.account.routing()
  return account instanceof Promise
    ? considerCold(request, gateway, seed, account)
    : considerFor(request, gateway, seed, account)
}

/** A cold isolate reads the models while it reads the settings, and then has them in memory. */
async function considerCold(
  request: ChatRequest,
  gateway: Gateway,
  seed: number,
  account: Promise<AccountPreferences | null>,
): Promise<Considered> {
  const models = (async () => resolveModels(request, gateway, seed))()
  // What is wrong with them is found again below, by a request that knows what its account allows.
  const [known] = await Promise.all([account, models.catch(() => null)])
  return considerFor(request, gateway, seed, known)
}

function considerFor(
  request: ChatRequest,
  gateway: Gateway,
  seed: number,
  account: AccountPreferences | null,
): Considered | Promise<Considered> {
  const merged = account && mergePreferences(account, request.provider ?? {})
  // Whoever reads the request later, as encoders do for `require_parameters`, has to see what holds.
  if (merged) request.provider = merged.preferences
  const considered = (candidates: CandidateModel[]): Considered => ({
    candidates,
    needs: needsOf(request),
    policy: merged?.policy,
    seed,
    usable: (endpoint) => gateway.access(endpoint) !== null,
  })
  const candidates = resolveModels(request, gateway, seed, merged?.policy)
  return candidates instanceof Promise ? candidates.then(considered) : considered(candidates)
}

/**
 * The plan for a request. `now` in epoch milliseconds. Somebody who only looks (`looking`) gets the plan that the next
 * request with this seed would get, and takes no probe for it.
 */
export function decide(
  { candidates, needs, policy, seed, usable }: Considered,
  gateway: Gateway,
  { now, looking = false }: { now: number; looking?: boolean },
): Plan {
  const { health, settings } = gateway
  return plan({
    needs,
    entries: candidates,
    region: settings.region,
    ...(policy ? { policy } : {}),
    usable,
    speaks,
    egress: gateway,
    health: (endpoint) => health.of(endpoint, looking),
    takeProbe: (endpoint) => looking || health.takeProbe(endpoint),
    seed,
    now,
  })
}

function speaks(endpoint: EndpointRecord): boolean {
  return (providerOf(endpoint.provider)?.wire(endpoint) ?? null) !== null
}
