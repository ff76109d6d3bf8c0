import { Hono } from 'hono/tiny'
import { FailureError, invalidRequest } from '../chat/failure.ts'
import type { AttemptRecord, GenerationRow } from '../metering/generation.ts'
import { usdOf } from '../metering/usd.ts'
import { excludedBy } from '../routing/excluded-by.ts'
import { anyCaller } from './authenticate.ts'
import { dataRegionOf } from './data-region.ts'
import type { SurfaceContext, SurfaceEnv } from './surface.ts'

/** Clients ask right after an answer has ended, sometimes before its row is written: 2 s of patience in all. */
const pausesMs = [40, 80, 160, 320, 600, 800]

/** Longer ago than this a request can't have begun and still be without its row. */
const freshMs = 15 * 60_000

/** `GET /generation?id=` (`openrouter-endpoints-inference.md` §2A.14): what is known of one request, never its content. */
export const generation = new Hono<SurfaceEnv>().get('/generation', async (c) => {
  const caller = await anyCaller(c)
  return c.json({ data: present(await findGeneration(c, caller.hash, 'id')) })
})

/**
 * The row that a query parameter names, with some patience for one that is being written.
 *
 * @throws FailureError 400 without the parameter, 404 where there is no such row
 */
export async function findGeneration(
  c: SurfaceContext,
  keyHash: string | null,
  parameter: string,
): Promise<GenerationRow> {
  const id = c.req.query(parameter)
  if (id === undefined || id === '') {
    throw invalidRequest(`The query parameter "${parameter}" is required.`)
  }
  const gateway = c.env.gateway
  let row = await gateway.keys.generation(keyHash, id)
  for (const pauseMs of isFresh(id, gateway.now()) ? pausesMs : []) {
    if (row !== null) break
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
    row = await gateway.keys.generation(keyHash, id)
  }
  if (row === null) throw new FailureError({ type: 'not_found', message: `Generation ${id.slice(0, 100)} not found` })
  return row
}

/** The id tells when its request began: `gen-<unix seconds>-…`. */
function isFresh(id: string, now: number): boolean {
  const seconds = /^gen-(\d{1,12})-/.exec(id)?.[1]
  return seconds !== undefined && Math.abs(now - Number(seconds) * 1000) < freshMs
}

function present(row: GenerationRow) {
  return {
    id: row.id,
    request_id: row.requestId,
    upstream_id: row.upstreamId,
    model: row.model,
    provider_name: row.providerName,
    provider_responses: row.attempts.map((attempt) => presentAttempt(attempt, row)),
    router: row.router,
    preset_id: null,
    api_type: row.apiType,
    created_at: new Date(row.createdAt).toISOString(),
    streamed: row.streamed,
    cancelled: row.cancelled,
    finish_reason: row.finishReason,
    native_finish_reason: row.nativeFinishReason,
    latency: row.latencyMs,
    moderation_latency: null,
    generation_time: row.generationMs,
    tokens_prompt: row.promptTokens,
    tokens_completion: row.completionTokens,
    native_tokens_prompt: row.promptTokens,
    native_tokens_completion: row.completionTokens,
    native_tokens_cached: row.cachedTokens,
    native_tokens_reasoning: row.reasoningTokens,
    native_tokens_completion_images: row.imageOutputTokens,
    num_media_prompt: row.numMediaPrompt,
    num_media_completion: null,
    num_input_audio_prompt: null,
    num_search_results: null,
    num_fetches: null,
    web_search_engine: null,
    usage: usdOf(row.costNanoUsd),
    total_cost: usdOf(row.costNanoUsd),
    cache_discount: row.cacheDiscountNanoUsd === null ? null : usdOf(row.cacheDiscountNanoUsd),
    upstream_inference_cost: row.isByok ? usdOf(row.upstreamCostNanoUsd) : null,
    is_byok: row.isByok,
    service_tier: row.serviceTier,
    data_region: dataRegionOf(row.region),
    app_id: null,
    http_referer: row.appReferer,
    user_agent: row.userAgent,
    origin: row.origin ?? '',
    external_user: row.externalUser,
    session_id: row.sessionId,
    response_cache_source_id: null,
    workspace_id: null,
    // Ours, beyond the contract: why the request went where it went.
    status: row.status,
    error_type: row.errorType,
    requested_model: row.requestedModel,
    endpoint_id: row.endpointId,
    provider: row.provider,
    usage_estimated: row.usageEstimated,
    attempts: row.attempts.map((attempt) => ({
      ...presentAttempt(attempt, row),
      outcome: attempt.outcome,
      router: attempt.router === true,
      sticky: attempt.sticky === true,
      ...(attempt.costNanoUsd !== undefined && {
        cost: usdOf(attempt.costNanoUsd),
        cost_estimated: attempt.costEstimated === true,
      }),
      ...(attempt.costIsMinimum && { cost_is_minimum: true }),
    })),
    excluded: excludedOf(row).map(({ endpointId, rule }) => ({ endpoint_id: endpointId, rule })),
    translation: row.translation,
    catalog_version: row.catalogVersion,
    routing_seed: row.seed,
  }
}

function excludedOf({ decision, attempts, excluded }: GenerationRow): GenerationRow['excluded'] {
  return decision ? excludedBy(decision, new Set(attempts.map(({ endpointId }) => endpointId))) : excluded
}

function presentAttempt(attempt: AttemptRecord, row: GenerationRow) {
  return {
    ...(attempt.outcome === 'ok' && row.upstreamId !== null && { id: row.upstreamId }),
    endpoint_id: attempt.endpointId,
    provider_name: attempt.providerName,
    model_permaslug: attempt.model,
    status: attempt.status,
    latency: attempt.latencyMs,
    is_byok: attempt.isByok,
  }
}
