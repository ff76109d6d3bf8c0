import { invalidRequest } from '../../chat/failure.ts'
import type { ChatRequest, Message } from '../../chat/request.ts'
import type { JsonRecord } from '../foreign-json.ts'
import { formatWords } from '../format-words.ts'
import { jsonRequest } from '../json-request.ts'
import type { Note } from '../openai-chat/provider-facts.ts'
import { reasoningWishOf } from '../openai-chat/reasoning-control.ts'
import { noteStrangers, translationNotes } from '../translation-notes.ts'
import type { EncodedRequest, EncodeInput } from '../wire.ts'
import { promptOf } from './prompt.ts'

/** Inputs that language models there share; every model has a schema of its own, and ignores what is not in it. */
const common = ['temperature', 'top_p'] as const
/** Sent only to endpoints that are known to take them. */
const listed = ['top_k', 'min_p', 'presence_penalty', 'frequency_penalty', 'repetition_penalty', 'seed'] as const

const known: ReadonlySet<string> = new Set([...common, ...listed, 'stop', 'parallel_tool_calls'])

/** Models with an input of its own for the system prompt. */
const withSystemPrompt = /^(meta\/.*(instruct|chat)|anthropic\/|openai\/(?!gpt-oss)|ibm-granite\/|google\/gemini)/
/** Models whose limit is called as OpenAI calls it. */
const withCompletionLimit = /^openai\/(?!gpt-oss)/
/** Models that stop at texts, given as one list with commas. */
const withStops = /^(meta|mistralai)\//

/** A chat completion request as a prediction; what had to be dropped, changed or emulated is in `translation`. */
export function encode(input: EncodeInput): EncodedRequest {
  const { request, target, stream } = input
  const { upstreamId, parameters } = target.endpoint
  const { translation, note } = translationNotes()
  if (request.tools?.length && request.tool_choice !== 'none')
    // An answer that never calls would leave an agent waiting for ever.
    throw invalidRequest('Models on Replicate take no tools.')
  const messages = [...instructionsOf(request, note), ...request.messages]
  const { prompt, systemPrompt } = promptOf(messages, withSystemPrompt.test(upstreamId), note)
  const fields: JsonRecord = { prompt, ...(systemPrompt === null ? {} : { system_prompt: systemPrompt }) }
  const maxTokens = request.max_completion_tokens ?? request.max_tokens
  if (maxTokens != null)
    fields[withCompletionLimit.test(upstreamId) ? 'max_completion_tokens' : 'max_tokens'] = maxTokens
  for (const name of common) if (request[name] != null) fields[name] = request[name]
  for (const name of listed) {
    if (request[name] == null) continue
    if (parameters?.includes(name)) fields[name] = request[name]
    else note(name, 'dropped', 'not-supported-by-endpoint')
  }
  encodeStops(fields, request, upstreamId, note)
  if (reasoningWishOf(request)) note('reasoning', 'dropped', 'no-such-control')
  noteStrangers(request, known, note)
  const { path, version } = addressOf(upstreamId)
  return jsonRequest(
    target.baseUrl + path,
    'application/json',
    { ...(version ? { version } : {}), input: fields, ...(stream ? { stream: true } : {}) },
    translation,
    {
      // Up to a minute; what takes longer is polled for.
      ...(stream ? {} : { prefer: 'wait' }),
    },
  )
}

/** `owner/name` is an official model, `owner/name:version` or a bare version a community's, `deployments/…` one's own. */
function addressOf(upstreamId: string): { path: string; version: string | null } {
  const [name = '', version = null] = upstreamId.split(':')
  if (version !== null || !name.includes('/')) return { path: '/predictions', version: version ?? name }
  const segments = name.split('/').map(encodeURIComponent).join('/')
  return { path: `/${name.startsWith('deployments/') ? '' : 'models/'}${segments}/predictions`, version: null }
}

/** JSON is asked for in words: there is no other way. */
function instructionsOf({ response_format: format }: ChatRequest, note: Note): Message[] {
  if (format == null || format.type === 'text') return []
  if (format.type !== 'json_object' && format.type !== 'json_schema') {
    note('response_format', 'dropped', 'not-supported-by-provider')
    return []
  }
  const schema = format.type === 'json_schema' ? format.json_schema.schema : undefined
  note('response_format', 'emulated', schema ? 'schema-in-the-prompt' : 'json-in-the-prompt')
  return [{ role: 'system', content: formatWords(schema) }]
}

function encodeStops(fields: JsonRecord, { stop }: ChatRequest, upstreamId: string, note: Note): void {
  const stops = typeof stop === 'string' ? [stop] : (stop ?? [])
  if (stops.length === 0) return
  const sayable = withStops.test(upstreamId) ? stops.filter((text) => !text.includes(',')) : []
  if (sayable.length > 0) fields.stop_sequences = sayable.join(',')
  if (sayable.length < stops.length) note('stop', 'dropped', 'not-supported-by-model')
}
