import { noUsage, type TokenUsage } from '../../chat/usage.ts'
import { asRecord } from '../foreign-json.ts'
import { tokenCount } from '../token-count.ts'

/**
 * Cohere's `usage`, or null when it counts nothing. `tokens` are what the model read and wrote, its own preamble of
 * more than a thousand included; `billed_units`, where given, are what Cohere charges for (`providers.md` §3).
 */
export function readUsage(value: unknown): TokenUsage | null {
  const usage = asRecord(value)
  const tokens = asRecord(usage?.tokens)
  const billed = asRecord(usage?.billed_units)
  const billedPrompt = tokenCount(billed?.input_tokens)
  const billedCompletion = tokenCount(billed?.output_tokens)
  const promptTokens = tokenCount(tokens?.input_tokens) ?? billedPrompt
  const completionTokens = tokenCount(tokens?.output_tokens) ?? billedCompletion
  if (promptTokens === undefined && completionTokens === undefined) return null
  return {
    ...noUsage,
    promptTokens: promptTokens ?? 0,
    completionTokens: completionTokens ?? 0,
    cachedTokens: Math.min(tokenCount(usage?.cached_tokens) ?? 0, promptTokens ?? 0),
    reasoningTokens: Math.min(tokenCount(tokens?.reasoning_tokens) ?? 0, completionTokens ?? 0),
    ...(billedPrompt === undefined ? {} : { billedPromptTokens: billedPrompt }),
    ...(billedCompletion === undefined ? {} : { billedCompletionTokens: billedCompletion }),
  }
}
