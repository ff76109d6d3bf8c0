import type { ReasoningDetail } from '../../chat/parts.ts'
import type { CacheControl, ContentPart, FunctionTool, ToolCall, ToolChoice } from '../../chat/request.ts'
import type { JsonObject } from '../../edge/check.ts'
import { isDescribed } from './tools-schema.ts'

// A chat request may be worded in part as OpenAI once did, as Anthropic, as MCP or as the Responses API do. Whatever
// comes in here has passed `schema.ts`, so shapes are known; it leaves in the one form of `chat/request.ts`. A request
// that uses none of it is looked through and left alone.

/** Rewrites a checked request in place. */
export function adoptForeignForms(request: JsonObject): void {
  if (request.messages === undefined) request.messages = [{ role: 'user', content: request.prompt }]
  delete request.prompt
  adoptTools(request)
  adoptMessages(request)
}

function adoptTools(request: JsonObject): void {
  const functions = request.functions as JsonObject[] | undefined
  if (functions !== undefined) {
    request.tools = [...((request.tools as JsonObject[] | undefined) ?? []), ...functions]
    delete request.functions
  }
  if (request.function_call !== undefined) {
    const chosen = request.function_call as string | { name: string }
    request.tool_choice ??= typeof chosen === 'string' ? chosen : { type: 'function', function: { name: chosen.name } }
    delete request.function_call
  }
  const tools = request.tools as JsonObject[] | undefined
  if (tools !== undefined) for (const [i, tool] of tools.entries()) tools[i] = functionTool(tool)
  if (tools === undefined || tools.length === 0) {
    // OpenAI refuses an empty list, and a choice among no tools; both mean that there are none.
    delete request.tools
    delete request.tool_choice
    delete request.parallel_tool_calls
  } else if (request.tool_choice !== undefined) adoptToolChoice(request, request.tool_choice as string | JsonObject)
}

function functionTool(tool: JsonObject): JsonObject {
  const { type, name, description, parameters, strict, input_schema, inputSchema, ...rest } = tool
  if (isDescribed(tool)) return functionToolOf({ name, description, parameters: input_schema ?? inputSchema }, rest)
  if (tool.function !== undefined) {
    if (type !== 'function') tool.type = 'function'
    return tool
  }
  return functionToolOf({ name, description, parameters, strict }, rest)
}

function functionToolOf(fields: JsonObject, rest: JsonObject): JsonObject {
  const { cache_control, eager_input_streaming } = rest as Pick<FunctionTool, 'cache_control' | 'eager_input_streaming'>
  return {
    type: 'function',
    function: withoutUndefined(fields),
    ...withoutUndefined({ cache_control, eager_input_streaming }),
  }
}

function adoptToolChoice(request: JsonObject, choice: string | JsonObject): void {
  if (choice === 'any') request.tool_choice = 'required'
  if (typeof choice === 'string') return
  if (choice.function !== undefined) choice.type = 'function'
  const named = (name: unknown): ToolChoice => ({ type: 'function', function: { name: String(name) } })
  switch (choice.type) {
    case 'auto':
    case 'none':
      request.tool_choice = choice.type
      break
    case 'any':
      request.tool_choice = 'required'
      break
    case 'tool':
      request.tool_choice = named(choice.name)
      break
    case 'function':
      if (choice.function === undefined) request.tool_choice = named(choice.name)
      break
  }
  if (choice.disable_parallel_tool_use === true) request.parallel_tool_calls ??= false
}

function adoptMessages(request: JsonObject): void {
  const messages = request.messages as JsonObject[]
  // Made only when a message becomes several.
  let adopted: JsonObject[] | null = null
  let lastFunctionCall = ''
  const failed: unknown[] = []
  for (const [i, message] of messages.entries()) {
    let several: JsonObject[] | null = null
    if (message.role === 'assistant') {
      if (message.function_call !== undefined) {
        lastFunctionCall = `call_${i}`
        message.tool_calls = [toolCall(lastFunctionCall, message.function_call as { name: string; arguments?: string })]
        delete message.function_call
      } else if (message.tool_calls !== undefined) for (const call of message.tool_calls as ToolCall[]) finishCall(call)
      if (Array.isArray(message.content)) adoptAssistantParts(message, message.content)
    } else if (message.role === 'function') {
      message.role = 'tool'
      message.tool_call_id = lastFunctionCall
      message.content ??= ''
    } else if (Array.isArray(message.content)) several = adoptUserParts(message, message.content, failed)
    if (several !== null) adopted ??= messages.slice(0, i)
    if (adopted !== null) for (const one of several ?? [message]) adopted.push(one)
  }
  if (adopted !== null) request.messages = adopted
  delete request.failed_tool_calls
  if (failed.length > 0) request.failed_tool_calls = failed
}

/**
 * Rewrites the parts of a message in place, and answers several messages where the results of tools were among them.
 * The calls whose results are errors are added to `failed`.
 */
function adoptUserParts(message: JsonObject, parts: JsonObject[], failed: unknown[]): JsonObject[] | null {
  const results: JsonObject[] = []
  const rest: JsonObject[] = []
  for (const part of parts) {
    if (part.type !== 'tool_result') rest.push(contentPart(part))
    else {
      results.push(toolMessage(part))
      if (part.is_error === true) failed.push(part.tool_use_id)
    }
  }
  message.content = rest
  if (results.length === 0) return null
  return rest.length === 0 ? results : [...results, message]
}

function toolMessage(part: JsonObject): JsonObject {
  const parts = typeof part.content === 'object' ? (part.content as JsonObject[]).map(contentPart) : null
  // Only a part can carry a cache breakpoint.
  const breakpoint = part.cache_control as CacheControl | undefined
  const text = (part.content as string | undefined) ?? ''
  const content = parts ?? (breakpoint === undefined ? text : [{ type: 'text', text }])
  const last = Array.isArray(content) ? content.at(-1) : undefined
  if (breakpoint !== undefined && last !== undefined) last.cache_control ??= breakpoint
  return { role: 'tool', tool_call_id: part.tool_use_id, content }
}

function adoptAssistantParts(message: JsonObject, parts: JsonObject[]): void {
  const calls: ToolCall[] = []
  const details: ReasoningDetail[] = []
  const rest: JsonObject[] = []
  for (const part of parts) {
    switch (part.type) {
      case 'tool_use':
        calls.push(toolCall(String(part.id), { name: String(part.name), arguments: JSON.stringify(part.input) }))
        break
      case 'thinking':
      case 'redacted_thinking':
        details.push(reasoningDetail(part, details.length))
        break
      case 'refusal':
        message.refusal ??= part.refusal
        break
      default:
        rest.push(contentPart(part))
    }
  }
  message.content = rest.length > 0 || parts.length === 0 ? rest : null
  if (calls.length > 0) message.tool_calls = [...((message.tool_calls as ToolCall[] | undefined) ?? []), ...calls]
  if (details.length > 0) message.reasoning_details ??= details
}

function reasoningDetail(part: JsonObject, index: number): ReasoningDetail {
  const format = 'anthropic-claude-v1'
  if (part.type === 'redacted_thinking')
    return { type: 'reasoning.encrypted', data: (part.data as string | undefined) ?? '', format, index }
  const { thinking, signature } = part as { thinking: string; signature?: string }
  return { type: 'reasoning.text', text: thinking, ...(signature === undefined ? {} : { signature }), format, index }
}

function toolCall(id: string, call: { name: string; arguments?: string }): ToolCall {
  return { id, type: 'function', function: { name: call.name, arguments: call.arguments || '{}' } }
}

/** Fills in what some clients leave out of a call, and writes its arguments as the text that they have to be. */
function finishCall(call: { type?: string; function: { arguments?: unknown } }): void {
  call.type = 'function'
  const given = call.function.arguments
  if (typeof given !== 'string') call.function.arguments = given === undefined ? '{}' : JSON.stringify(given)
  else if (given === '') call.function.arguments = '{}'
}

function contentPart(part: JsonObject): JsonObject {
  const { cache_control } = part as { cache_control?: CacheControl }
  switch (part.type) {
    case 'image_url':
      if (typeof part.image_url === 'string') part.image_url = { url: part.image_url }
      return part
    case 'input_video':
      part.type = 'video_url'
      return part
    case 'image':
    case 'document':
      return { ...sourcePart(part), ...withoutUndefined({ cache_control }) }
    default:
      return part
  }
}

/** Anthropic's images and documents hold a source of bytes, a URL or plain text. */
function sourcePart(part: JsonObject): ContentPart {
  const source = part.source as { type: string; media_type?: string; data?: string; url?: string }
  if (source.type === 'text') return { type: 'text', text: source.data ?? '' }
  const url = source.type === 'url' ? (source.url ?? '') : `data:${source.media_type};base64,${source.data}`
  if (part.type === 'image') return { type: 'image_url', image_url: { url } }
  const { title } = part as { title?: string }
  return { type: 'file', file: { ...(title === undefined ? {} : { filename: title }), file_data: url } }
}

function withoutUndefined(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
