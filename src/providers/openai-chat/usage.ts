import type { TokenUsage } from '../../chat/usage.ts'
import { asRecord, type JsonRecord } from '../foreign-json.ts'

/**
 * Tokens of every usage shape that OpenAI-like providers send (`providers.md` §3), or null when the value counts
 * nothing. Numbers that cannot be right are taken as the nearest that can: a part is never more than its whole.
 */
export function readUsage(value: unknown): TokenUsage | null {
  const usage = asRecord(value)
  if (!usage) return null
  const promptDetails = asRecord(usage.prompt_tokens_details) ?? asRecord(usage.input_tokens_details) ?? {}
  const completionDetails = asRecord(usage.completion_tokens_details) ?? asRecord(usage.output_tokens_details) ?? {}
  const hit = count(usage, 'prompt_cache_hit_tokens')
  const prompt =
    count(usage, 'prompt_tokens', 'input_tokens') ??
    (hit === undefined ? undefined : hit + (count(usage, 'prompt_cache_miss_tokens') ?? 0))
  const completion = count(usage, 'completion_tokens', 'output_tokens')
  if (prompt === undefined && completion === undefined) return null

  const promptTokens = prompt ?? 0
  const cached =
    count(promptDetails, 'cached_tokens') ||
    hit ||
    count(usage, 'cached_tokens', 'num_cached_tokens', 'cache_read_input_tokens') ||
    0
  const cachedTokens = Math.min(cached, promptTokens)
  const written = count(promptDetails, 'cache_write_tokens') || count(usage, 'cache_creation_input_tokens') || 0
  const cacheWriteTokens = Math.min(written, promptTokens - cachedTokens)

  const visible = completion ?? 0
  const total = count(usage, 'total_tokens') ?? 0
  const reasoning = count(completionDetails, 'reasoning_tokens') ?? count(usage, 'reasoning_tokens') ?? 0
  // xAI (and Azure for it), and Vercel for Gemini, count reasoning beside the completion; the latter's total leaves it
  // out as well, but its price does not. A total is believed for nothing else than telling which of the two it is.
  const outside = reasoning > visible || (reasoning > 0 && total === promptTokens + visible + reasoning)
  const completionTokens = outside ? visible + reasoning : visible
  const accepted = count(completionDetails, 'accepted_prediction_tokens')
  const rejected = count(completionDetails, 'rejected_prediction_tokens')
  const reported = costNanoUsd(usage)
  return {
    promptTokens,
    completionTokens,
    cachedTokens,
    cacheWriteTokens,
    reasoningTokens: reasoning,
    audioInputTokens: Math.min(count(promptDetails, 'audio_tokens') ?? 0, promptTokens),
    audioOutputTokens: Math.min(count(completionDetails, 'audio_tokens') ?? 0, completionTokens),
    imageOutputTokens: Math.min(count(completionDetails, 'image_tokens') ?? 0, completionTokens),
    ...(accepted === undefined ? {} : { acceptedPredictionTokens: Math.min(accepted, completionTokens) }),
    ...(rejected === undefined ? {} : { rejectedPredictionTokens: Math.min(rejected, completionTokens) }),
    ...(reported === undefined ? {} : { reportedCostNanoUsd: reported }),
  }
}

/** The first of the named fields that holds a count: a finite number, not negative, cut to an integer. */
function count(from: JsonRecord, ...names: string[]): number | undefined {
  for (const name of names) {
    const value = from[name]
    if (typeof value !== 'number' || !Number.isFinite(value)) continue
    return Math.min(Math.max(0, Math.floor(value)), Number.MAX_SAFE_INTEGER)
  }
  return undefined
}

/** What the provider says it charges: routers a number, Perplexity an object, DeepInfra an estimate, xAI 1e-10 dollars. */
function costNanoUsd(usage: JsonRecord): number | undefined {
  const ticks = usage.cost_in_usd_ticks
  if (typeof ticks === 'number') return nano(ticks / 10)
  const cost = asRecord(usage.cost)?.total_cost ?? usage.cost ?? usage.estimated_cost
  const dollars = typeof cost === 'string' && cost.trim() !== '' ? Number(cost) : cost
  return typeof dollars === 'number' ? nano(dollars * 1e9) : undefined
}

function nano(amount: number): number | undefined {
  const rounded = Math.round(amount)
  return Number.isSafeInteger(rounded) && rounded >= 0 ? rounded : undefined
}
