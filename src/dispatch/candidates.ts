import type { Catalog } from '../catalog/catalog.ts'
import type { ModelEntry } from '../catalog/records.ts'
import { type Failure, FailureError } from '../chat/failure.ts'
import type { ChatRequest } from '../chat/request.ts'
import { type CandidateModel, resolveModel } from '../routing/model-id.ts'
import type { RequestNeeds } from '../routing/needs.ts'

/** More models than this in one request are a mistake, not a plan (`openrouter-endpoints-inference.md` §2A.1). */
const maxModels = 8

/**
 * Finds the models of a request, in order and without duplicates. Answers without a promise when the catalogue has them
 * in memory. Throws (or rejects with) a `FailureError` for a list that is empty, too long, or names an unknown model.
 */
export function resolveModels(request: ChatRequest, catalog: Catalog): CandidateModel[] | Promise<CandidateModel[]> {
  const ids = [...new Set([...(request.model ? [request.model] : []), ...(request.models ?? [])])]
  if (ids.length === 0) throw refused('model', 'No model was named: set `model`, e.g. "sandbox/text".')
  if (ids.length > maxModels) throw refused('models', `At most ${maxModels} models fit one request.`)
  const found = ids.map((id) => resolveModel(id, (known) => catalog.model(known)))
  return found.some((resolution) => resolution instanceof Promise)
    ? Promise.all(found).then(chosen)
    : chosen(found as Exclude<(typeof found)[number], Promise<unknown>>[])
}

function chosen(resolutions: (CandidateModel | { failure: Failure })[]): CandidateModel[] {
  return resolutions.map((resolution) => {
    if ('failure' in resolution) throw new FailureError(resolution.failure)
    return resolution
  })
}

function refused(field: string, message: string): FailureError {
  return new FailureError({ type: 'invalid_request', message, metadata: { field } })
}

interface WorstPrice {
  promptUsd: number
  completionUsd: number
  requestUsd: number
}

const worstPrices = new WeakMap<ModelEntry, WorstPrice>()

/**
 * What the request may cost at most, in nano-dollars, at the dearest endpoint of its models: a reservation, not a
 * price, so floating point is exact enough. Zero-priced models reserve nothing.
 */
export function reserveNanoUsd(needs: RequestNeeds, candidates: CandidateModel[]): number {
  let worstUsd = 0
  for (const { entry } of candidates) {
    const worst = worstPriceOf(entry)
    const output = needs.maxOutputTokens ?? entry.model.maxOutputTokens ?? 4_096
    worstUsd = Math.max(
      worstUsd,
      worst.promptUsd * needs.promptTokensEstimate + worst.completionUsd * output + worst.requestUsd,
    )
  }
  return Math.min(Math.ceil(worstUsd * 1e9), Number.MAX_SAFE_INTEGER)
}

function worstPriceOf(entry: ModelEntry): WorstPrice {
  const known = worstPrices.get(entry)
  if (known) return known
  const worst = { promptUsd: 0, completionUsd: 0, requestUsd: 0 }
  for (const { price, tiers } of entry.endpoints) {
    for (const { prompt, completion, request } of [price, ...tiers]) {
      worst.promptUsd = Math.max(worst.promptUsd, Number(prompt ?? 0))
      worst.completionUsd = Math.max(worst.completionUsd, Number(completion ?? 0))
      worst.requestUsd = Math.max(worst.requestUsd, Number(request ?? 0))
    }
  }
  worstPrices.set(entry, worst)
  return worst
}
