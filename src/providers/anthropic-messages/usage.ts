import { noUsage, type TokenUsage } from '../../chat/usage.ts'
import { asList, asRecord, asText, type JsonRecord } from '../foreign-json.ts'

const counted = [
  'input_tokens',
  'output_tokens',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
  'ephemeral_5m_input_tokens',
  'ephemeral_1h_input_tokens',
  'thinking_tokens',
] as const

type Counted = (typeof counted)[number]

/**
 * Tokens of one message, told in two halves: the prompt when it starts, the answer when it ends, where the prompt may
 * be corrected. Counts only grow, so a count that is missing or 0 in the second half leaves the first one standing.
 */
export class MessageUsage {
  #counts: Partial<Record<Counted, number>> = {}
  #compactions: JsonRecord[] = []
  serviceTier: string | undefined

  add(value: unknown): void {
    const usage = asRecord(value)
    if (!usage) return
    this.serviceTier = asText(usage.service_tier) ?? this.serviceTier
    const flat = { ...asRecord(usage.cache_creation), ...asRecord(usage.output_tokens_details), ...usage }
    for (const name of counted) {
      const count = countOf(flat[name])
      if (count !== undefined && (count > 0 || this.#counts[name] === undefined)) this.#counts[name] = count
    }
    // A conversation that was shortened on the way was read once more; the totals leave that out.
    const iterations = asList(usage.iterations).map(asRecord)
    if (iterations.length > 0)
      this.#compactions = iterations.filter((iteration) => iteration?.type === 'compaction') as JsonRecord[]
  }

  /** Null where nothing was counted. What was read from a cache or written into one is counted beside the input. */
  read(): TokenUsage | null {
    const counts = this.#counts
    if (counts.input_tokens === undefined && counts.output_tokens === undefined) return null
    const anHour = counts.ephemeral_1h_input_tokens ?? 0
    let input = counts.input_tokens ?? 0
    let output = counts.output_tokens ?? 0
    let cachedTokens = counts.cache_read_input_tokens ?? 0
    let cacheWriteTokens = counts.cache_creation_input_tokens ?? (counts.ephemeral_5m_input_tokens ?? 0) + anHour
    const cacheWrite1hTokens = Math.min(anHour, cacheWriteTokens)
    for (const compaction of this.#compactions) {
      input += countOf(compaction.input_tokens) ?? 0
      output += countOf(compaction.output_tokens) ?? 0
      cachedTokens += countOf(compaction.cache_read_input_tokens) ?? 0
      cacheWriteTokens += countOf(compaction.cache_creation_input_tokens) ?? 0
    }
    return {
      ...noUsage,
      promptTokens: input + cachedTokens + cacheWriteTokens,
      completionTokens: output,
      cachedTokens,
      cacheWriteTokens,
      ...(cacheWrite1hTokens > 0 ? { cacheWrite1hTokens } : {}),
      reasoningTokens: Math.min(counts.thinking_tokens ?? 0, output),
    }
  }
}

function countOf(value: unknown): number | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined
  // Several of these are added up, and the sum has to stay exact.
  return Math.min(Math.max(0, Math.floor(value)), 2 ** 48)
}
