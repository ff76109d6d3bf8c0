import type { ChatRequest } from '../../chat/request.ts'
import type { JsonRecord } from '../foreign-json.ts'
import { formatWords } from '../format-words.ts'
import { jsonRequest, sseOrJson } from '../json-request.ts'
import type { Note } from '../openai-chat/provider-facts.ts'
import { noteStrangers, translationNotes } from '../translation-notes.ts'
import type { EncodedRequest, EncodeInput } from '../wire.ts'
import { dropCallIds, encodeContents } from './contents.ts'
import { encodeGenerationConfig } from './generation-config.ts'
import { type ModelFacts, modelFactsOf } from './model-facts.ts'
import type { GeminiFacts } from './provider-facts.ts'
import { geminiSchema } from './schema.ts'
import { encodeThinking } from './thinking.ts'
import { encodeTools } from './tools.ts'

/** The fields of a chat request that are written below in Google's words. */
const known: readonly string[] = [
  'top_k',
  'frequency_penalty',
  'presence_penalty',
  'seed',
  'n',
  'logprobs',
  'top_logprobs',
  'stop',
  'parallel_tool_calls',
  'modalities',
  'audio',
  'web_search_options',
]

/** A chat completion request as `generateContent` takes it; what had to be dropped or changed is in `translation`. */
export function encode(input: EncodeInput, provider: GeminiFacts): EncodedRequest {
  const { request, target, stream } = input
  const { translation, note } = translationNotes()
  const facts = modelFactsOf(target)
  const format = encodeFormat(request, facts, note)
  const thinkingConfig = encodeThinking(input, facts.thinking, note)
  const generationConfig = {
    ...encodeGenerationConfig(input, facts, provider, note),
    ...format.config,
    ...(thinkingConfig ? { thinkingConfig } : {}),
  }
  const conversation = encodeContents(request.messages, facts, format.instructions, note)
  if (provider.withoutCallIds) dropCallIds(conversation.contents)
  const body: JsonRecord = {
    ...conversation,
    ...encodeTools(request, facts.generation, note),
    ...(Object.keys(generationConfig).length > 0 ? { generationConfig } : {}),
  }
  const own = provider.passes ?? {}
  for (const [field, name] of Object.entries(own)) if (request[field] != null) body[name] = request[field]
  noteStrangers(request, new Set([...known, ...Object.keys(own)]), note)

  const model = encodeURIComponent(target.endpoint.upstreamId.replace(/^models\//, ''))
  return jsonRequest(
    `${target.baseUrl}/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    sseOrJson(stream),
    body,
    translation,
  )
}

/** `response_format` natively where the model has it, and else in words of the system instruction. */
function encodeFormat(
  request: ChatRequest,
  facts: ModelFacts,
  note: Note,
): { config: JsonRecord; instructions: string[] } {
  const format = request.response_format
  if (format == null || format.type === 'text') return { config: {}, instructions: [] }
  if (format.type !== 'json_object' && format.type !== 'json_schema') {
    note('response_format', 'dropped', 'not-supported-by-provider')
    return { config: {}, instructions: [] }
  }
  const schema = format.type === 'json_schema' ? format.json_schema.schema : undefined
  if (!facts.jsonMode || (!facts.jsonWithTools && request.tools?.length)) {
    note('response_format', 'emulated', schema ? 'schema-in-the-prompt' : 'json-in-the-prompt')
    return { config: {}, instructions: [formatWords(schema)] }
  }
  const config: JsonRecord = { responseMimeType: 'application/json' }
  if (schema)
    config.responseJsonSchema = geminiSchema(schema, () =>
      note('response_format.json_schema', 'changed', 'schema-subset'),
    )
  return { config, instructions: [] }
}
