import type { ChatRequest, FunctionTool } from '../../chat/request.ts'
import { asRecord, type JsonRecord } from '../foreign-json.ts'
import type { Note } from '../openai-chat/provider-facts.ts'
import type { EncodeInput } from '../wire.ts'
import type { AnswerFormat } from './answer-format.ts'
import type { ModelFacts } from './claude.ts'
import type { ToolChoice, ToolSpec, Turn } from './format.ts'
import type { MessagesHost } from './host.ts'
import { inputSchemaOf, strictSchemaOf } from './schema.ts'
import type { ToolNames } from './tool-names.ts'

export interface ToolFields {
  tools?: (ToolSpec | JsonRecord)[]
  tool_choice?: ToolChoice
}

export interface ToolContext {
  facts: ModelFacts
  host: MessagesHost
  names: ToolNames
  format: AnswerFormat
  turns: readonly Turn[]
}

/** `web_search_20250305` and the like: tools that Anthropic runs itself. */
const serverTool = /^[a-z][a-z0-9_]*_\d{8}$/

/** The beta under which `strict` tools are asked for (`openrouter-normalisation.md` §4.3). */
const strictBeta = 'structured-outputs-2025-11-13'

/** Whether the client leaves the model no way around calling a tool. */
export function forcesTool({ tools, tool_choice: choice }: ChatRequest): boolean {
  return (tools?.length ?? 0) > 0 && choice != null && choice !== 'auto' && choice !== 'none'
}

export function encodeTools(input: EncodeInput, context: ToolContext, note: Note): ToolFields {
  const { request } = input
  const { format, turns, names } = context
  const tools = (request.tools ?? []).map((tool) => toolOf(tool, input, context, note))
  if (format.by === 'tool') {
    const { name, description, schema } = format
    const offered = tools.length > 0 && request.tool_choice !== 'none'
    const answer: ToolSpec = { name, description, input_schema: schema }
    return {
      tools: [...tools, answer],
      tool_choice: offered
        ? { type: 'any', ...parallel(request) }
        : { type: 'tool', name, disable_parallel_tool_use: true },
    }
  }
  if (tools.length > 0) {
    const choice = toolChoice(request, context, note)
    return choice ? { tools, tool_choice: choice } : { tools }
  }
  // A conversation that holds calls needs tools, even when the client gives none any more.
  const called = namesIn(turns)
  if (called.length === 0) return {}
  note('tools', 'emulated', 'tools-of-the-history')
  return {
    tools: called.map((name) => ({
      name,
      description: `Earlier in this conversation: ${names.given(name)}`,
      input_schema: { type: 'object', properties: {} },
    })),
    tool_choice: { type: 'none' },
  }
}

function toolOf(tool: FunctionTool, input: EncodeInput, context: ToolContext, note: Note): ToolSpec | JsonRecord {
  const { facts, host, names } = context
  const given = tool as unknown as JsonRecord
  if (asRecord(given.function) === undefined && typeof given.type === 'string' && serverTool.test(given.type))
    return { ...given }
  const { name, description, parameters, strict } = tool.function
  const sent = names.sent(name)
  if (sent !== name) note('tools.function.name', 'changed', 'characters-of-a-name')
  const { schema, changed } = inputSchemaOf(parameters)
  if (changed) note('tools.function.parameters', 'changed', 'object-at-the-root')
  const strictSchema = strict === true ? strictSchemaFor(schema, input, facts, note) : null
  // Arguments then come as the model writes them, and not all at once.
  const eager = tool.eager_input_streaming ?? (input.stream ? true : undefined)
  return {
    name: sent,
    ...(description ? { description } : {}),
    input_schema: strictSchema ?? schema,
    ...(strictSchema ? { strict: true } : {}),
    ...(eager === undefined || host.refuses?.includes('eager_input_streaming') ? {} : { eager_input_streaming: eager }),
    ...(tool.cache_control ? { cache_control: tool.cache_control } : {}),
  }
}

/** Null where arguments cannot be held to the schema. */
function strictSchemaFor(schema: JsonRecord, input: EncodeInput, facts: ModelFacts, note: Note): JsonRecord | null {
  if (!facts.structured || !input.betas?.includes(strictBeta)) {
    note('tools.function.strict', 'dropped', facts.structured ? 'needs-beta' : 'refused-by-model')
    return null
  }
  const strict = strictSchemaOf(schema)
  if (!strict) note('tools.function.strict', 'dropped', 'schema-too-open')
  else if (strict.changed) note('tools.function.parameters', 'changed', 'limits-in-words')
  return strict?.schema ?? null
}

function toolChoice(request: ChatRequest, { facts, names }: ToolContext, note: Note): ToolChoice | null {
  const { tool_choice: choice } = request
  if (choice === 'none') return { type: 'none' }
  const single = parallel(request)
  if (forcesTool(request) && facts.refusesForcedTools) {
    note('tool_choice', 'changed', 'offered-not-forced')
    return { type: 'auto', ...single }
  }
  if (choice === 'required') return { type: 'any', ...single }
  if (typeof choice === 'object' && choice !== null)
    return { type: 'tool', name: names.sent(choice.function.name), ...single }
  return choice === 'auto' || single.disable_parallel_tool_use ? { type: 'auto', ...single } : null
}

function parallel({ parallel_tool_calls }: ChatRequest): { disable_parallel_tool_use?: true } {
  return parallel_tool_calls === false ? { disable_parallel_tool_use: true } : {}
}

function namesIn(turns: readonly Turn[]): string[] {
  const called = new Set<string>()
  for (const { content } of turns) for (const block of content) if (block.type === 'tool_use') called.add(block.name)
  return [...called]
}
