import type { EndpointRecord } from '../catalog/records.ts'
import type { ChatRequest } from '../chat/request.ts'
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
  usable(endpoint: EndpointRecord): boolean
}

/**
 * Finds a request's models and joins its preferences with the account's, which from here on are the request's own
 * `provider`. Answers without a promise when both are in memory.
 *
 * @throws FailureError (or rejects with it) for models that are not there; rejects with something else where the
 *   catalogue or the settings are out of reach
 */
export function consider(request: ChatRequest, gateway: Gateway): Considered | Promise<Considered> {
  const candidates = resolveModels(request, gateway.catalog)
  const account = gateway.account.routing()
  return candidates instanceof Promise || account instanceof Promise
    ? Promise.all([candidates, account]).then(([found, known]) => considered(request, gateway, found, known))
    : considered(request, gateway, candidates, account)
}

function considered(
  request: ChatRequest,
  gateway: Gateway,
  candidates: CandidateModel[],
  account: AccountPreferences | null,
): Considered {
  const merged = account && mergePreferences(account, request.provider ?? {})
  // Whoever reads the request later, as encoders do for `require_parameters`, has to see what holds.
  if (merged) request.provider = merged.preferences
  return {
    candidates,
    needs: needsOf(request),
    policy: merged?.policy,
    usable: (endpoint) => gateway.access(endpoint) !== null,
  }
}

/**
 * The plan for a request. `now` in epoch milliseconds. Somebody who only looks (`looking`) gets the plan that the next
 * request with this seed would get, and takes no probe for it.
 */
export function decide(
  { candidates, needs, policy, usable }: Considered,
  { health, settings }: Gateway,
  { seed, now, looking = false }: { seed: number; now: number; looking?: boolean },
): Plan {
  return plan({
    needs,
    entries: candidates,
    region: settings.region,
    ...(policy ? { policy } : {}),
    usable,
    health: (endpoint) => health.of(endpoint, looking),
    takeProbe: (endpoint) => looking || health.takeProbe(endpoint),
    seed,
    now,
  })
}
