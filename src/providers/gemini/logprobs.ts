import type { Logprobs } from '../../chat/parts.ts'
import { asList, asRecord, asText } from '../foreign-json.ts'

/** `logprobsResult` in OpenAI's shape, or null where there is none. */
export function readLogprobs(value: unknown): Logprobs | null {
  const result = asRecord(value)
  const chosen = asList(result?.chosenCandidates)
  if (chosen.length === 0) return null
  const tops = asList(result?.topCandidates)
  return {
    content: chosen.map((candidate, at) => ({
      ...tokenOf(candidate),
      top_logprobs: asList(asRecord(tops[at])?.candidates).map(tokenOf),
    })),
  }
}

function tokenOf(value: unknown): { token: string; logprob: number; bytes: number[] } {
  const candidate = asRecord(value)
  const token = asText(candidate?.token) ?? ''
  const logprob = candidate?.logProbability
  // A certain token comes without the number: protocol buffers leave zeros out.
  return { token, logprob: typeof logprob === 'number' ? logprob : 0, bytes: [...new TextEncoder().encode(token)] }
}
