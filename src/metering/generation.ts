import type { DecisionRecord } from './decision-record.ts'

/** One upstream call of a generation, as stored and as shown in `provider_responses`. */
export interface AttemptRecord {
  endpointId: string
  provider: string
  providerName: string
  model: string
  /** The upstream's HTTP status; null when there was no answer. */
  status: number | null
  /** `ok`, the kind of the failure, or `hedged`: given up because another call was quicker. */
  outcome: string
  /** Milliseconds from the call to its outcome or first content. */
  latencyMs: number
  isByok: boolean
  /** What a `hedged` call cost beside the one that answered; part of what its generation costs. */
  costNanoUsd?: number
  /** Nobody metered it. */
  costEstimated?: true
  /** The provider forwards to somebody else, and that is all that is known of where the answer was made. */
  router?: true
  /** It went first because it had answered this conversation before. */
  sticky?: true
  /** The client went, and the provider neither stops then nor bills less: what is accounted for is the least it cost. */
  costIsMinimum?: true
}

/**
 * What is kept of one request: metadata, never content. Money is an integer of nano-dollars, times are epoch
 * milliseconds, durations milliseconds.
 */
export interface GenerationRow {
  id: string
  requestId: string
  keyHash: string
  createdAt: number
  model: string
  canonicalSlug: string
  /** What the client asked for, before routing. */
  requestedModel: string
  /** The router or alias that chose the model, e.g. `openrouter/auto`; null where the client named it. */
  router: string | null
  /** Null when no endpoint answered. */
  endpointId: string | null
  provider: string | null
  providerName: string | null
  upstreamId: string | null
  apiType: 'completions' | 'embeddings' | 'rerank'
  streamed: boolean
  cancelled: boolean
  /** HTTP status told to the client. */
  status: number
  /** The `error_type` of a failed request. */
  errorType: string | null
  finishReason: string | null
  nativeFinishReason: string | null
  /** To the first content; null when there was none. */
  latencyMs: number | null
  generationMs: number | null
  promptTokens: number
  completionTokens: number
  cachedTokens: number
  cacheWriteTokens: number
  reasoningTokens: number
  imageOutputTokens: number
  usageEstimated: boolean
  costNanoUsd: number
  upstreamCostNanoUsd: number
  cacheDiscountNanoUsd: number | null
  isByok: boolean
  serviceTier: string | null
  region: string
  attempts: AttemptRecord[]
  /** Of rows from before there was a `decision`: why other endpoints were out. Empty in all others. */
  excluded: { endpointId: string; rule: string }[]
  /** What an encoder dropped or changed for the provider. */
  translation: { field: string; action: string; reason: string }[]
  catalogVersion: string
  seed: number
  /** Why the request went where it went; null where it never came to a decision, and in older rows. */
  decision: DecisionRecord | null
  appReferer: string | null
  appTitle: string | null
  userAgent: string | null
  origin: string | null
  /** The hash of the client's `user`. */
  externalUser: string | null
  sessionId: string | null
  numMediaPrompt: number
}
