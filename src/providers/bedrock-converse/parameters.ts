import type { ChatRequest } from '../../chat/request.ts'
import { encodeSampling, type SamplingFields } from '../anthropic-messages/sampling.ts'
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

/** The sampling parameters that the model takes here and now, still by their names in a chat. */
export function samplingOf(
  input: EncodeInput,
  { claude, topK }: ModelFacts,
  { thinking, excludes }: ReasoningFields,
  note: Note,
): SamplingFields {
  if (claude) return encodeSampling(input, claude, thinking, note)
  const { request, target } = input
  const fields: SamplingFields = {}
  for (const field of ['temperature', 'top_p'] as const) {
    const value = request[field]
    if (value == null) continue
    if (excludes.includes(field)) note(field, 'dropped', 'excluded-by-reasoning')
    else if (target.endpoint.parameters?.includes(field) === false) note(field, 'dropped', 'not-supported-by-endpoint')
    else {
      if (value > 1) note(field, 'changed', 'at-most-one')
      fields[field] = Math.min(value, 1)
    }
  }
  // 0 stands for all candidates, which is what holds without it.
  if (request.top_k != null && request.top_k > 0) {
    if (topK === null) note('top_k', 'dropped', 'refused-by-model')
    else fields.top_k = request.top_k
  }
  return fields
}

/** The parameters that Converse has fields for. */
export function inferenceConfig(
  request: ChatRequest,
  { claude }: ModelFacts,
  { temperature, top_p: topP }: SamplingFields,
  note: Note,
): InferenceConfig {
  const maxTokens = request.max_completion_tokens ?? request.max_tokens
  const stops = typeof request.stop === 'string' ? [request.stop] : (request.stop ?? [])
  // Claude refuses white space alone, everybody an empty text.
  const stopSequences = stops.filter((stop) => (claude ? stop.trim() !== '' : stop !== ''))
  if (stopSequences.length < stops.length) note('stop', 'changed', 'empty-stop')
  return {
    ...(maxTokens == null ? {} : { maxTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(stopSequences.length > 0 ? { stopSequences } : {}),
  }
}

/** The parameters that only some models know, by the names that they know them by. */
export function additionalFields(
  { request, betas: asked = [] }: EncodeInput,
  { claude, topK: place }: ModelFacts,
  { top_k: topK }: SamplingFields,
  { fields }: ReasoningFields,
  note: Note,
): JsonRecord {
  const additional: JsonRecord = { ...asRecord(request.additionalModelRequestFields) }
  if (topK !== undefined)
    Object.assign(additional, place === 'nested' ? { inferenceConfig: { topK } } : { top_k: topK })
  if (claude) {
    const known = asked.filter((beta) => betas.has(beta))
    if (known.length < asked.length) note('betas', 'dropped', 'unknown-to-provider')
    if (known.length > 0) additional.anthropic_beta = known
  }
  return Object.assign(additional, fields)
}
