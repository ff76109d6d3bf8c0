import type { TokenUsage } from '../../chat/usage.ts'
import { asList, asRecord, asText, type JsonRecord } from '../foreign-json.ts'
import { tokenCount } from '../token-count.ts'

/**
 * Tokens of a `usageMetadata` (`providers.md` §3), or null where it counts nothing. What tools were given as input is
 * beside the prompt and thoughts are beside the candidates; the cached content is inside the prompt.
 */
export function readUsage(value: unknown): TokenUsage | null {
  const usage = asRecord(value)
  if (!usage) return null
  const prompt = tokenCount(usage.promptTokenCount)
  const candidates = tokenCount(usage.candidatesTokenCount)
  if (prompt === undefined && candidates === undefined && usage.thoughtsTokenCount === undefined) return null
  const promptTokens = (prompt ?? 0) + (tokenCount(usage.toolUsePromptTokenCount) ?? 0)
  const reasoningTokens = tokenCount(usage.thoughtsTokenCount) ?? 0
  const completionTokens = (candidates ?? 0) + reasoningTokens
  return {
    promptTokens,
    completionTokens,
    cachedTokens: Math.min(tokenCount(usage.cachedContentTokenCount) ?? 0, promptTokens),
    cacheWriteTokens: 0,
    reasoningTokens,
    audioInputTokens: Math.min(ofModality(usage, 'promptTokensDetails', 'AUDIO'), promptTokens),
    audioOutputTokens: Math.min(ofModality(usage, 'candidatesTokensDetails', 'AUDIO'), completionTokens),
    imageOutputTokens: Math.min(ofModality(usage, 'candidatesTokensDetails', 'IMAGE'), completionTokens),
  }
}

function ofModality(usage: JsonRecord, details: string, modality: string): number {
  let sum = 0
  for (const item of asList(usage[details])) {
    const detail = asRecord(item)
    if (asText(detail?.modality) === modality) sum += tokenCount(detail?.tokenCount) ?? 0
  }
  return sum
}
