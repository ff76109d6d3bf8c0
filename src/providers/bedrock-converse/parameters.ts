import type { ChatRequest } from '../../chat/request.ts'
import { encodeSampling } from '../anthropic-messages/sampling.ts'
import { asRecord, type JsonRecord } from '../foreign-json.ts'
import type { Note } from '../openai-chat/provider-facts.ts'
import type { EncodeInput } from '../wire.ts'
import type { ConverseBody } from './format.ts'
import type { ModelFacts } from './model-facts.ts'
import type { ReasoningFields } from './reasoning.ts'

type InferenceConfig = NonNullable<ConverseBody['inferenceConfig']>

/** What Claude on Bedrock knows of Anthropic's betas; any other is an error there. */
const betas: ReadonlySet<string> = new Set([
  'computer-use-2024-10-22',
  'computer-use-2025-01-24',
  'context-1m-2025-08-07',
  'context-management-2025-06-27',
  'dev-full-thinking-2025-05-14',
  'fine-grained-tool-streaming-2025-05-14',
  'interleaved-thinking-2025-05-14',
  'output-128k-2025-02-19',
  'token-efficient-tools-2025-02-19',
  'tool-examples-2025-10-29',
  'tool-search-tool-2025-10-19',
])

/** The parameters that Converse has fields for, as far as the model takes them. */
export function inferenceConfig(
  input: EncodeInput,
  facts: ModelFacts,
  reasoning: ReasoningFields,
  note: Note,
): InferenceConfig {
  const { request } = input
  const config: InferenceConfig = {}
  const maxTokens = request.max_completion_tokens ?? request.max_tokens
  if (maxTokens != null) config.maxTokens = maxTokens
  if (facts.claude) {
    const { temperature, top_p: topP } = encodeSampling(input, facts.claude, reasoning.thinking, note)
    if (temperature !== undefined) config.temperature = temperature
    if (topP !== undefined) config.topP = topP
  } else sampling(config, input, reasoning, note)
  const stops = typeof request.stop === 'string' ? [request.stop] : (request.stop ?? [])
  // Claude refuses white space alone, everybody an empty text.
  const kept = stops.filter((stop) => (facts.claude ? stop.trim() !== '' : stop !== ''))
  if (kept.length < stops.length) note('stop', 'changed', 'empty-stop')
  if (kept.length > 0) config.stopSequences = kept
  return config
}

function sampling(
  config: InferenceConfig,
  { request, target }: EncodeInput,
  { excludes }: ReasoningFields,
  note: Note,
): void {
  for (const field of ['temperature', 'top_p'] as const) {
    const value = request[field]
    if (value == null) continue
    if (excludes.includes(field)) note(field, 'dropped', 'excluded-by-reasoning')
    else if (target.endpoint.parameters?.includes(field) === false) note(field, 'dropped', 'not-supported-by-endpoint')
    else {
      if (value > 1) note(field, 'changed', 'at-most-one')
      config[field === 'top_p' ? 'topP' : 'temperature'] = Math.min(value, 1)
    }
  }
}

/** The parameters that only some models know, by the names that they know them by. */
export function additionalFields(
  input: EncodeInput,
  { claude, topK }: ModelFacts,
  { fields, thinking }: ReasoningFields,
  claudeChoice: JsonRecord | undefined,
  note: Note,
): JsonRecord {
  const { request, betas: asked = [] } = input
  const additional: JsonRecord = { ...asRecord(request.additionalModelRequestFields) }
  if (claude) {
    // Told of once already, with the other parameters.
    const { top_k: topKOfClaude } = encodeSampling(input, claude, thinking, () => {})
    if (topKOfClaude !== undefined) additional.top_k = topKOfClaude
  } else if (request.top_k != null) {
    if (topK === 'nested') additional.inferenceConfig = { topK: request.top_k }
    else note('top_k', 'dropped', 'refused-by-model')
  }
  if (claude) {
    const known = asked.filter((beta) => betas.has(beta))
    if (known.length < asked.length) note('betas', 'dropped', 'unknown-to-provider')
    if (known.length > 0) additional.anthropic_beta = known
    if (claudeChoice) additional.tool_choice = claudeChoice
  }
  return Object.assign(additional, fields)
}

/** The tiers that cost or wait differently; the default needs no word. */
export function serviceTier({ service_tier: tier }: ChatRequest, note: Note): string | null {
  if (tier === 'priority' || tier === 'flex' || tier === 'reserved') return tier
  if (tier != null && tier !== 'auto' && tier !== 'default') note('service_tier', 'dropped', 'no-such-tier')
  return null
}
