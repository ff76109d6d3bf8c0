import type { GenerationRow } from './generation.ts'
import { type Reservation, reservationTtlMs } from './reservations.ts'

/** The `error_type` of a request whose reservation expired before anybody told what became of it. */
export const unsettledType = 'unsettled'

/**
 * The account of a request whose isolate died: nobody knows what the client was told (status 0) or what the provider
 * metered. It is charged nothing, as any answer that failed; what was reserved stands as the marked estimate of what it
 * cost upstream. A settlement that comes after all takes this row's place.
 */
export function unsettledRow({ id, nanoUsd, expiresAt }: Reservation, keyHash: string, region: string): GenerationRow {
  return {
    id,
    requestId: '',
    keyHash,
    createdAt: createdAtIn(id) ?? expiresAt - reservationTtlMs,
    model: '',
    router: null,
    canonicalSlug: '',
    requestedModel: '',
    endpointId: null,
    provider: null,
    providerName: null,
    upstreamId: null,
    apiType: 'completions',
    streamed: false,
    cancelled: false,
    status: 0,
    errorType: unsettledType,
    finishReason: null,
    nativeFinishReason: null,
    latencyMs: null,
    generationMs: null,
    promptTokens: 0,
    completionTokens: 0,
    cachedTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    imageOutputTokens: 0,
    usageEstimated: true,
    costNanoUsd: 0,
    upstreamCostNanoUsd: nanoUsd,
    cacheDiscountNanoUsd: 0,
    isByok: false,
    serviceTier: null,
    region,
    attempts: [],
    excluded: [],
    decision: null,
    translation: [],
    catalogVersion: '',
    seed: 0,
    appReferer: null,
    appTitle: null,
    userAgent: null,
    origin: null,
    externalUser: null,
    sessionId: null,
    numMediaPrompt: 0,
  }
}

/** A generation id tells when its request began, to the second. */
function createdAtIn(id: string): number | null {
  const seconds = /^gen-(\d{1,12})-/.exec(id)?.[1]
  return seconds === undefined ? null : Number(seconds) * 1_000
}
