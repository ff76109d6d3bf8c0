import type { TokenUsage } from '../../chat/usage.ts'
import { noUsage } from '../../chat/usage.ts'
import { asList, asRecord, type JsonRecord } from '../foreign-json.ts'
import { tokenCount } from '../token-count.ts'

/**
 * Bedrock counts what it read from a cache and wrote into one beside `inputTokens`, not inside (`providers.md` §3).
 * Reasoning is part of `outputTokens` and not told apart. Null where nothing is counted.
 */
export function readUsage(value: unknown): TokenUsage | null {
  const usage = asRecord(value)
  if (!usage) return null
  const input = count(usage, 'inputTokens')
  const output = count(usage, 'outputTokens')
  if (input === undefined && output === undefined) return null
  const cachedTokens = count(usage, 'cacheReadInputTokens', 'cacheReadInputTokenCount') ?? 0
  const cacheWriteTokens = count(usage, 'cacheWriteInputTokens', 'cacheWriteInputTokenCount') ?? 0
  const anHour = Math.min(writtenForAnHour(usage.cacheDetails), cacheWriteTokens)
  return {
    ...noUsage,
    promptTokens: (input ?? 0) + cachedTokens + cacheWriteTokens,
    completionTokens: output ?? 0,
    cachedTokens,
    cacheWriteTokens,
    ...(anHour > 0 ? { cacheWrite1hTokens: anHour } : {}),
  }
}

function writtenForAnHour(value: unknown): number {
  let tokens = 0
  for (const item of asList(value)) {
    const detail = asRecord(item)
    if (detail?.ttl === '1h') tokens += count(detail, 'inputTokens') ?? 0
  }
  return tokens
}

function count(from: JsonRecord, ...names: string[]): number | undefined {
  for (const name of names) {
    const tokens = tokenCount(from[name])
    // Three of these are added up, and the sum has to stay exact.
    if (tokens !== undefined) return Math.min(tokens, 2 ** 50)
  }
  return undefined
}
