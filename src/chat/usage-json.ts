import type { TokenUsage } from './usage.ts'

/** What an answer cost, in nano-dollars. */
export interface Cost {
  /** Charged to the account. */
  costNanoUsd: number
  promptNanoUsd: number
  completionNanoUsd: number
  /** What the provider takes at list price, where it differs from the charge: with a key of the account's own. */
  upstreamNanoUsd?: number
}

/**
 * `usage` of a chat body and of the last chunk (`openrouter-normalisation.md` §4.5). Complete on purpose: strict
 * clients reject a details object with a missing count, and any null in `cost`.
 */
export interface UsageJson {
  prompt_tokens: number
  completion_tokens: number
  total_tokens: number
  cost: number
  is_byok: boolean
  prompt_tokens_details: {
    cached_tokens: number
    cache_write_tokens: number
    audio_tokens: number
    video_tokens: number
  }
  cost_details: {
    upstream_inference_cost: number
    upstream_inference_prompt_cost: number
    upstream_inference_completions_cost: number
  }
  completion_tokens_details: {
    reasoning_tokens: number
    image_tokens: number
    audio_tokens: number
    accepted_prediction_tokens?: number
    rejected_prediction_tokens?: number
  }
}

export function usageJson(usage: TokenUsage, cost: Cost, isByok: boolean): UsageJson {
  const { acceptedPredictionTokens: accepted, rejectedPredictionTokens: rejected } = usage
  const listNanoUsd = isByok ? cost.promptNanoUsd + cost.completionNanoUsd : cost.costNanoUsd
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    cost: usdOf(cost.costNanoUsd),
    is_byok: isByok,
    prompt_tokens_details: {
      cached_tokens: usage.cachedTokens,
      cache_write_tokens: usage.cacheWriteTokens,
      audio_tokens: usage.audioInputTokens,
      // No provider meters video apart from its frames' and sound's tokens.
      video_tokens: 0,
    },
    cost_details: {
      upstream_inference_cost: usdOf(cost.upstreamNanoUsd ?? listNanoUsd),
      upstream_inference_prompt_cost: usdOf(cost.promptNanoUsd),
      upstream_inference_completions_cost: usdOf(cost.completionNanoUsd),
    },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoningTokens,
      image_tokens: usage.imageOutputTokens,
      audio_tokens: usage.audioOutputTokens,
      ...(accepted === undefined ? {} : { accepted_prediction_tokens: accepted }),
      ...(rejected === undefined ? {} : { rejected_prediction_tokens: rejected }),
    },
  }
}

/** One division is correctly rounded, so up to a million dollars it prints as the exact decimal: 12_300 → 0.0000123. */
function usdOf(nanoUsd: number): number {
  return nanoUsd / 1e9
}
