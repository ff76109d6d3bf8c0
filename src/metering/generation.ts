/** One upstream call of a generation, as stored and as shown in `provider_responses`. */
export interface AttemptRecord {
  endpointId: string
  provider: string
  providerName: string
  model: string
  /** The upstream's HTTP status; null when there was no answer. */
  status: number | null
  /** `ok` or the kind of the failure. */
  outcome: string
  /** Milliseconds from the call to its outcome or first content. */
  latencyMs: number
  isByok: boolean
  /** The provider forwards to somebody else, and that is all that is known of where the answer was made. */
  router?: true
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
  /** Why other endpoints were out: rule codes by endpoint id, for the explanation of the decision. */
  excluded: { endpointId: string; rule: string }[]
  /** What an encoder dropped or changed for the provider. */
  translation: { field: string; action: string; reason: string }[]
  catalogVersion: string
  seed: number
  appReferer: string | null
  appTitle: string | null
  userAgent: string | null
  origin: string | null
  /** The hash of the client's `user`. */
  externalUser: string | null
  sessionId: string | null
  numMediaPrompt: number
}
