import { type ChatRequest, type FunctionTool, gatewayOnlyFields } from '../../chat/request.ts'
import { formatWords } from '../format-words.ts'
import { jsonRequest, sseOrJson } from '../json-request.ts'
import { serviceTierOf } from '../service-tier.ts'
import { translationNotes } from '../translation-notes.ts'
import type { EncodedRequest, EncodeInput } from '../wire.ts'
import { encodeMessages } from './messages.ts'
import type { Note, ProviderFacts } from './provider-facts.ts'
import { encodeReasoning } from './reasoning-control.ts'

/** Fields that never pass as they are: the gateway's own, and those that are written below in the provider's words. */
const handled: ReadonlySet<string> = new Set([
  ...gatewayOnlyFields,
  'model',
  'messages',
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'reasoning_effort',
  'service_tier',
  // Names the end user as `user` does.
  'safety_identifier',
])

/** Parameters for which null means "not set"; several hosts refuse a null. */
const nullable: ReadonlySet<string> = new Set([
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'top_a',
  'frequency_penalty',
  'presence_penalty',
  'repetition_penalty',
  'seed',
  'n',
  'logit_bias',
  'logprobs',
  'top_logprobs',
  'stop',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'response_format',
  'verbosity',
  'modalities',
  'audio',
  'prediction',
  'web_search_options',
])

/** Parameters that may be dropped for an endpoint that does not list them; the rest decides what an answer is. */
const sampling = [
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'top_a',
  'frequency_penalty',
  'presence_penalty',
  'repetition_penalty',
  'seed',
  'logit_bias',
  'logprobs',
  'top_logprobs',
] as const

/** A list worked out from a model's capabilities names no other sampling parameters than these. */
const derivable: ReadonlySet<string> = new Set(['temperature', 'top_p'])

/**
 * A chat completion request in the words of an OpenAI-shaped provider. Every field that the gateway doesn't own goes
 * along, known or not; what had to be dropped or changed is in `translation`.
 */
export function encode(input: EncodeInput, facts: ProviderFacts): EncodedRequest {
  const { request, target, stream } = input
  const { translation, note } = translationNotes()
  const body: Record<string, unknown> = { model: target.endpoint.upstreamId }
  for (const field in request) {
    if (handled.has(field)) continue
    const value = request[field]
    if (value !== undefined && (value !== null || !nullable.has(field))) body[field] = value
  }
  for (const field of facts.passes ?? []) if (request[field] != null) body[field] = request[field]

  body.messages = request.messages
  body.stream = stream
  if (stream && facts.streamUsage !== false)
    body.stream_options = { ...streamOptionsOf(request), ...facts.streamOptions, include_usage: true }
  const maxTokens = request.max_completion_tokens ?? request.max_tokens
  if (maxTokens != null) body[facts.maxTokens ?? 'max_tokens'] = maxTokens
  const tier = serviceTierOf(request, target.endpoint, note)
  if (tier) body.service_tier = tier
  if (facts.userField && input.userHash !== undefined) body[facts.userField] = input.userHash

  encodeTools(body, request, facts, note)
  encodeReasoning(body, input, facts, note)
  body.messages = encodeMessages(request.messages, facts, note, demandsThoughts(body, input, facts))
  if (facts.jsonSchema === false) schemaIntoPrompt(body, request, note)
  dropUnlisted(body, input, note)
  for (const field of facts.refuses ?? []) {
    if (body[field] === undefined) continue
    delete body[field]
    note(field, 'dropped', 'refused-by-provider')
  }
  for (const [from, to] of Object.entries(facts.rename ?? {})) {
    if (body[from] === undefined) continue
    body[to] = body[from]
    delete body[from]
  }
  facts.adapt?.(body, input, note)

  return jsonRequest(`${target.baseUrl}/chat/completions`, sseOrJson(stream), body, translation, facts.headers)
}

/** Such models think unless they are told not to. */
function demandsThoughts(body: Record<string, unknown>, { target }: EncodeInput, facts: ProviderFacts): boolean {
  if (!facts.demandsThoughts || !target.model.reasoning.supported) return false
  return (body.thinking as { type?: string } | undefined)?.type !== 'disabled'
}

function streamOptionsOf(request: ChatRequest): Record<string, unknown> {
  const options = request.stream_options
  return typeof options === 'object' && options !== null ? { ...options } : {}
}

function encodeTools(body: Record<string, unknown>, request: ChatRequest, facts: ProviderFacts, note: Note): void {
  const { tools, tool_choice: choice } = request
  if (!tools?.length) {
    // OpenAI refuses an empty list, and the other two without a list.
    delete body.tools
    delete body.tool_choice
    delete body.parallel_tool_calls
    return
  }
  body.tools = encodeToolList(tools, facts)
  if (!facts.toolChoices || choice == null) return
  const word = typeof choice === 'string' ? choice : 'named'
  if (facts.toolChoices.includes(word)) return
  if (word === 'none') {
    // Without the tools the model cannot call one, which is what was asked for.
    delete body.tools
    delete body.tool_choice
    note('tool_choice', 'emulated', 'tools-left-out')
    return
  }
  if (word === 'named' && facts.toolChoices.includes('required')) {
    const name = (choice as { function?: { name?: string } }).function?.name
    body.tools = (body.tools as FunctionTool[]).filter((tool) => tool.function?.name === name)
    body.tool_choice = 'required'
    note('tool_choice', 'emulated', 'only-the-named-tool')
    return
  }
  delete body.tool_choice
  note('tool_choice', 'dropped', 'refused-by-provider')
}

function encodeToolList(tools: FunctionTool[], facts: ProviderFacts): FunctionTool[] {
  if (facts.cacheControl) return tools
  const marked = tools.some((tool) => tool.cache_control !== undefined || tool.eager_input_streaming !== undefined)
  if (!marked) return tools
  return tools.map(({ cache_control, eager_input_streaming, ...tool }) => tool)
}

/** For providers with a JSON mode and no schemas: the schema is told in words. */
function schemaIntoPrompt(body: Record<string, unknown>, request: ChatRequest, note: Note): void {
  const format = request.response_format
  if (format?.type !== 'json_schema') return
  const content = formatWords(format.json_schema?.schema ?? {})
  // After the client's own system messages, where every chat template takes one.
  const messages = [...(body.messages as { role?: string }[])]
  const first = messages.findIndex(({ role }) => role !== 'system' && role !== 'developer')
  messages.splice(first < 0 ? messages.length : first, 0, { role: 'system', content } as { role: string })
  body.messages = messages
  body.response_format = { type: 'json_object' }
  note('response_format', 'emulated', 'schema-in-the-prompt')
}

/** Drops sampling parameters that the endpoint is known not to take (`openrouter-normalisation.md` §4.1). */
function dropUnlisted(body: Record<string, unknown>, input: EncodeInput, note: Note): void {
  const listed = input.target.endpoint.parameters
  if (!listed) return
  const complete = listed.some((name) => !derivable.has(name) && (sampling as readonly string[]).includes(name))
  for (const name of sampling) {
    if (body[name] === undefined || listed.includes(name)) continue
    if (!complete && !derivable.has(name)) continue
    delete body[name]
    note(name, 'dropped', 'not-supported-by-endpoint')
  }
}
