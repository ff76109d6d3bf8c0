import type { ChatRequest } from '../../chat/request.ts'
import { asRecord, asText, type JsonRecord } from '../foreign-json.ts'
import { formatWords } from '../format-words.ts'
import { jsonRequest } from '../json-request.ts'
import type { Note } from '../openai-chat/provider-facts.ts'
import { serviceTierOf } from '../service-tier.ts'
import { noteStrangers, translationNotes } from '../translation-notes.ts'
import type { EncodedRequest, EncodeInput } from '../wire.ts'
import type { Block, CachePoint, ConverseBody, SystemBlock, ToolConfig } from './format.ts'
import { encodeMessages } from './messages.ts'
import { type ModelFacts, modelFactsOf } from './model-facts.ts'
import { additionalFields, inferenceConfig, samplingOf } from './parameters.ts'
import { encodeReasoning } from './reasoning.ts'
import { type FormatPlan, formatPlanOf } from './response-format.ts'
import { encodeTools } from './tools.ts'
import { endTurns } from './turns.ts'

/** Fields that are written in Bedrock's words below. */
const handled: ReadonlySet<string> = new Set([
  'top_k',
  'stop',
  'parallel_tool_calls',
  'verbosity',
  'service_tier',
  'guardrailConfig',
  'performanceConfig',
  'additionalModelRequestFields',
])

/** Anthropic's own words for reasoning, which some clients put into a chat request. */
const handledForClaude: ReadonlySet<string> = new Set([...handled, 'thinking', 'output_config'])

/** Bedrock takes as many cache points as Anthropic does. */
const maxCachePoints = 4

/**
 * A chat completion request as Converse or ConverseStream. What had to be dropped or changed is in `translation`.
 *
 * @throws FailureError for media that this endpoint cannot take, e.g. an image that would have to be fetched.
 */
export function encode(input: EncodeInput): EncodedRequest {
  const { request, target, stream } = input
  const facts = modelFactsOf(target)
  const { translation, note } = translationNotes()
  const body = bodyOf(input, facts, note)
  noteStrangers(request, facts.claude ? handledForClaude : handled, note)
  const path = `/model/${encodeURIComponent(facts.modelId)}/${stream ? 'converse-stream' : 'converse'}`
  return jsonRequest(
    target.baseUrl + path,
    stream ? 'application/vnd.amazon.eventstream' : 'application/json',
    body,
    translation,
  )
}

function bodyOf(input: EncodeInput, facts: ModelFacts, note: Note): ConverseBody {
  const { request } = input
  const format = formatPlanOf(request, facts)
  noteFormat(request, format, note)
  const { system, turns } = encodeMessages(request, facts, note)
  const tools = encodeTools(request, turns, format, facts, note)
  const reasoning = encodeReasoning(input, facts, turns, tools.forced, note)
  // The beginning of an answer is no place to think, and none to call a tool.
  endTurns(turns, facts.prefill && reasoning.thinking.mode === 'off' && format.by !== 'tool', note)
  if (format.by === 'words') system.push({ text: formatWords(format.schema) })
  if (tools.words !== undefined) system.push({ text: tools.words })
  const cacheable = [tools.toolConfig?.tools ?? [], system, ...turns.map(({ content }) => content)]
  limitCachePoints(cacheable, note)
  shortenCachePoints(cacheable.flat(), note)

  const sampling = samplingOf(input, facts, reasoning, note)
  const inference = inferenceConfig(request, facts, sampling, note)
  const additional = additionalFields(input, facts, sampling, reasoning, note)
  if (tools.claudeChoice) additional.tool_choice = tools.claudeChoice
  const guardrail = guardrailConfig(input)
  const latency = asText(asRecord(request.performanceConfig)?.latency)
  const tier = serviceTierOf(request, input.target.endpoint, note)
  return {
    messages: turns,
    ...(system.length > 0 ? { system } : {}),
    ...(Object.keys(inference).length > 0 ? { inferenceConfig: inference } : {}),
    ...(tools.toolConfig ? { toolConfig: tools.toolConfig } : {}),
    ...(Object.keys(additional).length > 0 ? { additionalModelRequestFields: additional } : {}),
    ...(format.by === 'schema' ? { outputConfig: outputConfig(format) } : {}),
    ...(guardrail ? { guardrailConfig: guardrail } : {}),
    ...(latency === 'optimized' || latency === 'standard' ? { performanceConfig: { latency } } : {}),
    ...(tier !== null && tier !== 'default' ? { serviceTier: { type: tier } } : {}),
  }
}

function noteFormat({ response_format: wanted }: ChatRequest, plan: FormatPlan, note: Note): void {
  if (plan.by === 'tool') note('response_format', 'emulated', 'schema-as-tool')
  else if (plan.by === 'words') note('response_format', 'emulated', 'schema-in-the-prompt')
  else if (plan.by === 'schema') {
    if (plan.changed) note('response_format', 'changed', 'schema-subset')
  } else if (wanted && wanted.type !== 'text') note('response_format', 'dropped', 'no-such-format')
}

/** The operator's guardrail is for everybody; a client may name one only where there is none. */
function guardrailConfig({ request, stream, target: { credential } }: EncodeInput): JsonRecord | undefined {
  const { GUARDRAIL_ID: id, GUARDRAIL_VERSION: version } = credential?.extra ?? {}
  if (id) return { guardrailIdentifier: id, guardrailVersion: version ?? 'DRAFT' }
  const asked = asRecord(request.guardrailConfig)
  const identifier = asText(asked?.guardrailIdentifier)
  if (identifier === undefined) return undefined
  const mode = asText(asked?.streamProcessingMode)
  return {
    guardrailIdentifier: identifier,
    guardrailVersion: asText(asked?.guardrailVersion) ?? 'DRAFT',
    ...(stream && (mode === 'sync' || mode === 'async') ? { streamProcessingMode: mode } : {}),
  }
}

function outputConfig({
  name,
  description,
  schema,
}: Extract<FormatPlan, { by: 'schema' }>): NonNullable<ConverseBody['outputConfig']> {
  const jsonSchema = { schema: JSON.stringify(schema), name, ...(description ? { description } : {}) }
  return { textFormat: { type: 'json_schema', structure: { jsonSchema } } }
}

/** The last points cover what the first ones do, so the first ones go. */
function limitCachePoints(lists: (Block[] | SystemBlock[] | ToolConfig['tools'])[], note: Note): void {
  let excess = lists.flat().filter((item) => 'cachePoint' in item).length - maxCachePoints
  if (excess <= 0) return
  note('messages.cache_control', 'dropped', 'more-than-four')
  for (const list of lists) {
    for (let i = 0; i < list.length && excess > 0; i++) {
      const item = list[i]
      if (!item || !('cachePoint' in item)) continue
      list.splice(i--, 1)
      excess--
    }
  }
}

/** A point that lives for an hour behind one that lives for five minutes is an error there. */
function shortenCachePoints(items: readonly object[], note: Note): void {
  let isShort = false
  for (const item of items) {
    if (!('cachePoint' in item)) continue
    const { cachePoint } = item as CachePoint
    if (cachePoint.ttl !== '1h') isShort = true
    else if (isShort) {
      delete cachePoint.ttl
      note('messages.cache_control', 'changed', 'behind-a-shorter-one')
    }
  }
}
