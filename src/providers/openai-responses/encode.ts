import type { ChatRequest, FunctionTool, ToolChoice } from '../../chat/request.ts'
import type { JsonRecord } from '../foreign-json.ts'
import { jsonRequest, sseOrJson } from '../json-request.ts'
import type { Note } from '../openai-chat/provider-facts.ts'
import { encodeReasoning as encodeEffort } from '../openai-chat/reasoning-control.ts'
import { serviceTierOf } from '../service-tier.ts'
import { noteStrangers, translationNotes } from '../translation-notes.ts'
import type { EncodedRequest, EncodeInput } from '../wire.ts'
import { encodeInput } from './input.ts'
import type { ResponsesFacts } from './responses-facts.ts'

/** The fields of a chat request that are written below in the API's words. */
const known: readonly string[] = ['logprobs', 'top_logprobs', 'parallel_tool_calls', 'verbosity']

/**
 * A chat completion request as the Responses API takes it, on its own: nothing is stored there, and the reasoning comes
 * back encrypted. What had to be dropped or changed is in `translation`.
 *
 * @throws FailureError for media that the API has no way to take.
 */
export function encode(input: EncodeInput, facts: ResponsesFacts): EncodedRequest {
  const { request, target, stream } = input
  const { translation, note } = translationNotes()
  const include: string[] = []
  const body: JsonRecord = {
    model: target.endpoint.upstreamId,
    input: encodeInput(request.messages, facts, note),
    store: false,
    stream,
  }
  if (stream && facts.streamOptions) body.stream_options = facts.streamOptions
  const maxTokens = request.max_completion_tokens ?? request.max_tokens
  if (maxTokens != null) {
    body.max_output_tokens = Math.max(maxTokens, facts.minOutputTokens ?? 1)
    if (body.max_output_tokens !== maxTokens) note('max_tokens', 'changed', 'minimum-of-provider')
  }
  const effort = encodeReasoning(body, include, input, facts, note)
  encodeSampling(body, include, input, effort, facts, note)
  encodeTools(body, request, note)
  encodeText(body, request, facts, note)
  if (facts.userField && input.userHash !== undefined) body[facts.userField] = input.userHash
  if (include.length > 0) body.include = include
  const takes = facts.takes ?? []
  for (const field of takes) {
    const value = field === 'service_tier' ? serviceTierOf(request, target.endpoint, note) : request[field]
    if (value != null) body[field] = value
  }
  noteStrangers(request, new Set([...known, ...takes]), note)
  facts.adapt?.(body, input, note)

  return jsonRequest(`${target.baseUrl}/responses`, sseOrJson(stream), body, translation)
}

/** Answers the effort that the model is told, undefined where that is left to it. */
function encodeReasoning(
  body: JsonRecord,
  include: string[],
  input: EncodeInput,
  facts: ResponsesFacts,
  note: Note,
): string | undefined {
  const { request, target } = input
  const wish = request.reasoning
  const told: { reasoning_effort?: string } = {}
  encodeEffort(told, input, facts.efforts ? { efforts: facts.efforts } : {}, note)
  if (!target.model.reasoning.supported) return undefined
  const effort = told.reasoning_effort
  const shown = wish?.exclude !== true && request.include_reasoning !== false
  if (shown) include.push('reasoning.encrypted_content')
  const summarises = facts.summaries?.(target.endpoint.upstreamId) === true
  if (wish?.summary != null && !summarises) note('reasoning.summary', 'dropped', 'not-supported-by-provider')
  const reasoning: JsonRecord = {
    ...(effort === undefined ? {} : { effort }),
    ...(summarises && shown && effort !== 'none' ? { summary: wish?.summary ?? 'auto' } : {}),
  }
  for (const field of ['context', 'mode'] as const) {
    if (wish?.[field] == null) continue
    if (facts.reasoningModes) reasoning[field] = wish[field]
    else note(`reasoning.${field}`, 'dropped', 'not-supported-by-provider')
  }
  if (Object.keys(reasoning).length > 0) body.reasoning = reasoning
  return effort
}

function encodeSampling(
  body: JsonRecord,
  include: string[],
  input: EncodeInput,
  effort: string | undefined,
  facts: ResponsesFacts,
  note: Note,
): void {
  const { request, target } = input
  const refused = facts.refusesSampling?.(input, effort) === true
  const listed = target.endpoint.parameters
  for (const field of ['temperature', 'top_p'] as const) {
    const value = request[field]
    if (value == null) continue
    if (refused) note(field, 'dropped', 'reasoning-model')
    else if (listed && !listed.includes(field)) note(field, 'dropped', 'not-supported-by-endpoint')
    else body[field] = value
  }
  if (request.logprobs !== true) return
  if (refused) {
    note('logprobs', 'dropped', 'reasoning-model')
    return
  }
  include.push('message.output_text.logprobs')
  if (request.top_logprobs != null) body.top_logprobs = request.top_logprobs
}

function encodeTools(body: JsonRecord, request: ChatRequest, note: Note): void {
  const { tools, tool_choice: choice, parallel_tool_calls: parallel } = request
  // A choice among no tools is an error.
  if (!tools?.length) return
  body.tools = tools.map((tool) => flatTool(tool, note))
  if (choice != null) body.tool_choice = flatChoice(choice)
  if (parallel != null) body.parallel_tool_calls = parallel
}

/** Here a tool is strict unless it says that it isn't; on chat completions it is the other way round. */
function flatTool({ function: tool, cache_control }: FunctionTool, note: Note): JsonRecord {
  if (cache_control != null) note('tools.cache_control', 'dropped', 'no-cache-control')
  return {
    type: 'function',
    name: tool.name,
    ...(tool.description === undefined ? {} : { description: tool.description }),
    parameters: tool.parameters ?? { type: 'object', properties: {} },
    strict: tool.strict === true,
  }
}

function flatChoice(choice: ToolChoice): unknown {
  return typeof choice === 'string' ? choice : { type: 'function', name: choice.function.name }
}

/** `text`: the format of the answer and how wordy it is. */
function encodeText(body: JsonRecord, request: ChatRequest, facts: ResponsesFacts, note: Note): void {
  const format = formatOf(request, note)
  const { verbosity } = request
  const text: JsonRecord = { ...(format ? { format } : {}) }
  if (verbosity != null) {
    if (facts.verbosity) {
      text.verbosity = verbosity === 'xhigh' || verbosity === 'max' ? 'high' : verbosity
      if (text.verbosity !== verbosity) note('verbosity', 'changed', 'nearest-level')
    } else note('verbosity', 'dropped', 'not-supported-by-provider')
  }
  if (Object.keys(text).length > 0) body.text = text
}

function formatOf({ response_format: format }: ChatRequest, note: Note): JsonRecord | null {
  switch (format?.type) {
    case undefined:
    case 'text':
      return null
    case 'json_object':
      return { type: 'json_object' }
    case 'json_schema': {
      const { name, description, schema, strict } = format.json_schema
      if (!schema) {
        note('response_format', 'changed', 'schema-missing')
        return { type: 'json_object' }
      }
      return {
        type: 'json_schema',
        name,
        ...(description === undefined ? {} : { description }),
        schema,
        ...(strict == null ? {} : { strict }),
      }
    }
    default:
      note('response_format', 'dropped', 'not-supported-by-provider')
      return null
  }
}
