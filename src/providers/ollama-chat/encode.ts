import type { ChatRequest, FunctionTool } from '../../chat/request.ts'
import type { JsonRecord } from '../foreign-json.ts'
import { jsonRequest } from '../json-request.ts'
import type { Note } from '../openai-chat/provider-facts.ts'
import { levelOf, nearestLevel, outputLimitOf, reasoningWishOf } from '../openai-chat/reasoning-control.ts'
import { noteStrangers, translationNotes } from '../translation-notes.ts'
import type { EncodedRequest, EncodeInput } from '../wire.ts'
import { encodeMessages } from './messages.ts'

/** Parameters and what they are called among Ollama's `options`. */
const options = {
  temperature: 'temperature',
  top_p: 'top_p',
  top_k: 'top_k',
  min_p: 'min_p',
  seed: 'seed',
  repetition_penalty: 'repeat_penalty',
  frequency_penalty: 'frequency_penalty',
  presence_penalty: 'presence_penalty',
} as const satisfies Record<string, string>

const known: ReadonlySet<string> = new Set([...Object.keys(options), 'stop'])

/** A chat completion request as `POST /api/chat` takes it; what had to be dropped or changed is in `translation`. */
export function encode(input: EncodeInput): EncodedRequest {
  const { request, target, stream } = input
  const { translation, note } = translationNotes()
  const tools = encodeTools(request, note)
  const format = encodeFormat(request, note)
  const think = encodeThink(input, note)
  const body: JsonRecord = {
    model: target.endpoint.upstreamId,
    messages: encodeMessages(request.messages, note),
    stream,
    options: encodeOptions(request, target.endpoint.contextLength),
    ...(tools ? { tools } : {}),
    ...(format === undefined ? {} : { format }),
    ...(think === undefined ? {} : { think }),
  }
  noteStrangers(request, known, note)
  // The address of its OpenAI-shaped door is the one that people have at hand.
  const url = `${target.baseUrl.replace(/\/(v1|api)$/, '')}/api/chat`
  return jsonRequest(url, 'application/json', body, translation)
}

/**
 * @param contextLength tokens. Without it Ollama takes a few thousand and cuts off what is longer without a word. Always
 *   the same number, because another one makes Ollama load the model again.
 */
function encodeOptions(request: ChatRequest, contextLength: number | null): JsonRecord {
  const encoded: JsonRecord = {}
  for (const [field, name] of Object.entries(options)) if (request[field] != null) encoded[name] = request[field]
  const maxTokens = request.max_completion_tokens ?? request.max_tokens
  if (maxTokens != null) encoded.num_predict = maxTokens
  if (request.stop != null) encoded.stop = typeof request.stop === 'string' ? [request.stop] : request.stop
  if (contextLength !== null) encoded.num_ctx = contextLength
  return encoded
}

/** The model decides about calls by itself; all that can be chosen is that there are none. */
function encodeTools({ tools, tool_choice: choice }: ChatRequest, note: Note): unknown[] | null {
  if (!tools?.length) return null
  if (choice === 'none') {
    note('tool_choice', 'emulated', 'tools-left-out')
    return null
  }
  if (choice != null && choice !== 'auto') note('tool_choice', 'dropped', 'no-such-control')
  if (tools.some((tool) => tool.function.strict === true)) note('tools.strict', 'dropped', 'no-such-control')
  if (tools.some((tool) => tool.cache_control != null)) note('tools.cache_control', 'dropped', 'no-cache-control')
  return tools.map(({ function: { name, description, parameters } }: FunctionTool) => ({
    type: 'function',
    function: { name, description: description ?? '', parameters: parameters ?? { type: 'object', properties: {} } },
  }))
}

function encodeFormat({ response_format: format }: ChatRequest, note: Note): 'json' | JsonRecord | undefined {
  if (format == null || format.type === 'text') return undefined
  if (format.type === 'json_schema') return format.json_schema.schema ?? 'json'
  if (format.type === 'json_object') return 'json'
  note('response_format', 'dropped', 'not-supported-by-provider')
  return undefined
}

/** On or off; a level only for the models that have them, because others refuse it. */
function encodeThink(input: EncodeInput, note: Note): boolean | string | undefined {
  const wish = reasoningWishOf(input.request)
  if (!wish) return undefined
  const { reasoning } = input.target.model
  if (!reasoning.supported) {
    if (wish.on) note('reasoning', 'dropped', 'not-a-reasoning-model')
    return undefined
  }
  const hasLevels = /gpt-oss/.test(input.target.endpoint.upstreamId)
  if (!hasLevels) {
    if (wish.level !== undefined || wish.budget !== undefined) note('reasoning', 'changed', 'only-on-or-off')
    return wish.on
  }
  if (!wish.on) note('reasoning', 'changed', 'cannot-be-turned-off')
  const wanted = wish.on ? (wish.level ?? levelOf(wish.budget, outputLimitOf(input))) : 'low'
  const nearest = nearestLevel(wanted, ['low', 'medium', 'high'])
  if (wish.on && nearest !== wish.level) note('reasoning', 'changed', 'nearest-effort')
  return nearest
}
