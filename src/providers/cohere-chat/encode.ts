import type { ChatRequest } from '../../chat/request.ts'
import type { JsonRecord } from '../foreign-json.ts'
import { formatWords } from '../format-words.ts'
import { jsonRequest, sseOrJson } from '../json-request.ts'
import type { Note } from '../openai-chat/provider-facts.ts'
import { budgetOf, outputLimitOf, reasoningWishOf } from '../openai-chat/reasoning-control.ts'
import { noteStrangers, translationNotes } from '../translation-notes.ts'
import type { EncodedRequest, EncodeInput } from '../wire.ts'
import { encodeMessages } from './messages.ts'
import { encodeTools } from './tools.ts'

/** Cohere's own parameters, taken as a client that knows them wrote them. */
const own = ['safety_mode', 'citation_options', 'priority'] as const

const known: ReadonlySet<string> = new Set([...own, 'top_k', 'frequency_penalty', 'presence_penalty', 'seed', 'stop'])

/** More stop sequences than this are an error there. */
const maxStops = 5

/** A chat completion request as `POST /v2/chat` takes it; what had to be dropped or changed is in `translation`. */
export function encode(input: EncodeInput): EncodedRequest {
  const { request, target, stream } = input
  const { translation, note } = translationNotes()
  const tools = encodeTools(request, target.endpoint.upstreamId, note)
  const format = encodeFormat(request, tools.tools !== undefined, note)
  const body: JsonRecord = {
    model: target.endpoint.upstreamId,
    messages: encodeMessages(request.messages, format.instruction, target.model.reasoning.supported, note),
    stream,
    ...encodeSampling(request, note),
    ...tools,
    ...format.field,
    ...encodeThinking(input, note),
  }
  for (const field of own) if (request[field] != null) body[field] = request[field]
  noteStrangers(request, known, note)
  return jsonRequest(`${target.baseUrl}/chat`, sseOrJson(stream), body, translation)
}

/** Sampling in Cohere's words and within its limits: what is beyond them is an error there, so the nearest goes. */
function encodeSampling(request: ChatRequest, note: Note): JsonRecord {
  const fields: JsonRecord = {}
  const within = (field: string, as: string, least: number, most: number) => {
    const value = request[field]
    if (typeof value !== 'number') return
    const nearest = Math.min(Math.max(value, least), most)
    if (nearest !== value) note(field, 'changed', 'nearest-allowed')
    fields[as] = nearest
  }
  const maxTokens = request.max_completion_tokens ?? request.max_tokens
  if (maxTokens != null) fields.max_tokens = maxTokens
  if (request.temperature != null) fields.temperature = request.temperature
  within('top_p', 'p', 0.01, 0.99)
  within('top_k', 'k', 0, 500)
  within('frequency_penalty', 'frequency_penalty', 0, 1)
  within('presence_penalty', 'presence_penalty', 0, 1)
  if (request.seed != null) {
    if (request.seed >= 0) fields.seed = request.seed
    else note('seed', 'dropped', 'negative')
  }
  const stops = typeof request.stop === 'string' ? [request.stop] : (request.stop ?? [])
  if (stops.length > maxStops) note('stop', 'changed', 'first-five')
  if (stops.length > 0) fields.stop_sequences = stops.slice(0, maxStops)
  return fields
}

/** JSON natively, but beside tools, where Cohere refuses it, in the words of a system message. */
function encodeFormat(
  request: ChatRequest,
  withTools: boolean,
  note: Note,
): { field: JsonRecord; instruction: string | null } {
  const format = request.response_format
  if (format == null || format.type === 'text') return { field: {}, instruction: null }
  if (format.type !== 'json_object' && format.type !== 'json_schema') {
    note('response_format', 'dropped', 'not-supported-by-provider')
    return { field: {}, instruction: null }
  }
  const schema = format.type === 'json_schema' ? format.json_schema.schema : undefined
  if (!withTools)
    return {
      field: { response_format: { type: 'json_object', ...(schema ? { json_schema: schema } : {}) } },
      instruction: null,
    }
  note('response_format', 'emulated', schema ? 'schema-in-the-prompt' : 'json-in-the-prompt')
  return { field: {}, instruction: `Unless you call a tool: ${formatWords(schema)}` }
}

/** Levels become a budget of tokens, the only measure that Cohere has (`openrouter-normalisation.md` §4.4). */
function encodeThinking(input: EncodeInput, note: Note): JsonRecord {
  const wish = reasoningWishOf(input.request)
  if (!wish) return {}
  if (!input.target.model.reasoning.supported) {
    if (wish.on) note('reasoning', 'dropped', 'not-a-reasoning-model')
    return {}
  }
  // No tokens to think with is no thinking.
  if (!wish.on || wish.budget === 0) return { thinking: { type: 'disabled' } }
  const budget = wish.budget ?? budgetOf(wish.level, outputLimitOf(input))
  return { thinking: { type: 'enabled', ...(budget === undefined ? {} : { token_budget: budget }) } }
}
