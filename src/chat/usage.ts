/**
 * Tokens as the provider metered them with the model's own tokenizer, normalised so that
 * `promptTokens = uncached + cached + cache write` and `completionTokens = visible + reasoning`
 * (`providers.md` §3). All are non-negative integers.
 */
export interface TokenUsage {
  promptTokens: number
  completionTokens: number
  cachedTokens: number
  cacheWriteTokens: number
  /** The part of `cacheWriteTokens` written for one hour, where the provider tells. */
  cacheWrite1hTokens?: number
  reasoningTokens: number
  audioInputTokens: number
  audioOutputTokens: number
  imageOutputTokens: number
  /** Of a `prediction`, where the provider tells: completion tokens that it foretold, and that were made for nothing. */
  acceptedPredictionTokens?: number
  rejectedPredictionTokens?: number
  /** True when nothing was metered and the counts are our estimate. */
  estimated?: boolean
  /** What the provider charges for, where it says that this is not what it metered (Cohere). */
  billedPromptTokens?: number
  billedCompletionTokens?: number
  /** What the provider says it charged, in nano-dollars, where it says so (routers, Perplexity, xAI). */
  reportedCostNanoUsd?: number
}

export const noUsage: TokenUsage = {
  promptTokens: 0,
  completionTokens: 0,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  audioInputTokens: 0,
  audioOutputTokens: 0,
  imageOutputTokens: 0,
}
