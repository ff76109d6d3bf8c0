import type { EndpointRecord } from '../catalog/records.ts'
import { type Failure, FailureError } from '../chat/failure.ts'
import type { ChatRequest } from '../chat/request.ts'
import { reserveFor } from '../metering/price-usage.ts'
import { after, type CandidateModel, resolveModel } from '../routing/model-id.ts'
import type { RequestNeeds } from '../routing/needs.ts'
import { webPluginMissing } from '../routing/refusal.ts'
import { isAlias, routerOf } from '../routing/router-ids.ts'
import type { RoutingPolicy } from '../routing/rule-context.ts'
import { siblingWanted } from '../routing/siblings.ts'
import { chooseModels, type RouterGateway, resolveAlias, withSibling } from './routers.ts'

/** More models than this in one request are a mistake, not a plan (`openrouter-endpoints-inference.md` §2A.1). */
const maxModels = 8

/**
 * Finds the models of a request, in order and without duplicates: those it names, and those that a router chooses for
 * it. Answers without a promise when the catalogue has them in memory. Throws (or rejects with) a `FailureError` for a
 * list that is empty, too long, or names an unknown model, and for a router that has no model left.
 *
 * @param seed of the plan that is made of them
 * @param policy what the account or key allows, where it is known by now: routers choose within it
 */
export function resolveModels(
  request: ChatRequest,
  gateway: RouterGateway,
  seed: number,
  policy?: RoutingPolicy,
): CandidateModel[] | Promise<CandidateModel[]> {
  const ids = [...new Set([...(request.model ? [request.model] : []), ...(request.models ?? [])])]
  if (ids.length === 0) throw refused('model', 'No model was named: set `model`, e.g. "sandbox/text".')
  if (ids.length > maxModels) throw refused('models', `At most ${maxModels} models fit one request.`)
  const sibling = siblingWanted(request)
  const find = (id: string) => {
    const router = routerOf(id)
    if (router !== null) return chooseModels(router, id, request, gateway, seed, policy)
    const resolution = isAlias(id)
      ? resolveAlias(id, gateway)
      : resolveModel(id, (known) => gateway.catalog.model(known))
    if (sibling === null) return resolution
    return after(resolution, (one) => ('failure' in one ? one : withSibling(one, sibling, gateway)))
  }
  const chosen = (resolutions: Resolution[]) => chosenOf(resolutions, request)
  const [only] = ids
  // Nearly every request.
  if (ids.length === 1 && only !== undefined) return after(find(only), (resolution) => chosen([resolution]))
  const found = ids.map(find)
  return found.some((resolution) => resolution instanceof Promise)
    ? Promise.all(found).then(chosen)
    : chosen(found as Exclude<(typeof found)[number], Promise<unknown>>[])
}

type Resolution = CandidateModel | CandidateModel[] | { failure: Failure }

function chosenOf(resolutions: Resolution[], request: ChatRequest): CandidateModel[] {
  return resolutions.flatMap((resolution) => {
    if ('failure' in resolution) throw new FailureError(namingField(resolution.failure, request))
    const first = Array.isArray(resolution) ? resolution[0] : resolution
    if (first?.dynamics?.includes('online')) throw new FailureError(webPluginMissing(first.requestedId))
    return resolution
  })
}

/** With the field that holds the model that was not found. */
function namingField(failure: Failure, { model }: ChatRequest): Failure {
  const [id] = failure.availability?.requested_models ?? []
  return { ...failure, metadata: { ...failure.metadata, field: id === model ? 'model' : 'models' } }
}

function refused(field: string, message: string): FailureError {
  return new FailureError({ type: 'invalid_request', message, metadata: { field } })
}

/**
 * What the request may cost at most, in nano-dollars: the dearest of the endpoints that could answer it, once for every
 * choice that it asks for.
 */
export function reserveNanoUsd(
  request: ChatRequest,
  needs: Pick<RequestNeeds, 'promptTokensAtMost' | 'maxOutputTokens'>,
  candidates: CandidateModel[],
  usable: (endpoint: EndpointRecord) => boolean,
): number {
  let worstNanoUsd = 0
  for (const { entry } of candidates) {
    for (const endpoint of entry.endpoints) {
      if (!usable(endpoint)) continue
      worstNanoUsd = Math.max(worstNanoUsd, reserveFor(needs.promptTokensAtMost, needs.maxOutputTokens, endpoint))
    }
  }
  return Math.min(worstNanoUsd * (request.n ?? 1), Number.MAX_SAFE_INTEGER)
}

/** The most output tokens a request could ask for (of each choice) and have `reserve` stay within what it can afford. */
export function affordableTokens(affordableNanoUsd: number, reserve: (maxOutputTokens: number) => number): number {
  let fits = 0
  let exceeds = 2 ** 31
  while (exceeds - fits > 1) {
    const middle = Math.floor((fits + exceeds) / 2)
    if (reserve(middle) <= affordableNanoUsd) fits = middle
    else exceeds = middle
  }
  return fits
}
