import type { ChatRequest, FunctionTool } from '../../chat/request.ts'
import { inputSchemaOf, strictSchemaOf } from '../anthropic-messages/schema.ts'
import { asRecord, type JsonRecord } from '../foreign-json.ts'
import type { Note } from '../openai-chat/provider-facts.ts'
import type { ToolConfig, ToolSpec, Turn } from './format.ts'
import type { ModelFacts } from './model-facts.ts'
import type { FormatPlan } from './response-format.ts'
import { bedrockName } from './tool-names.ts'

export interface ToolFields {
  toolConfig?: ToolConfig
  /** Claude's own choice of tools, which replaces Bedrock's: only there can parallel calls be turned off. */
  claudeChoice?: JsonRecord
  /** The model has to call a tool. */
  forced: boolean
  /** What the choice of tools could not say, for the system prompt. */
  words?: string
}

/**
 * `toolConfig` of a request. Bedrock wants one wherever the conversation holds a call or a result, even when the client
 * gives no tools any more: then those of the history are told, by their names.
 */
export function encodeTools(
  request: ChatRequest,
  turns: readonly Turn[],
  format: FormatPlan,
  facts: ModelFacts,
  note: Note,
): ToolFields {
  if (format.by === 'tool') return { toolConfig: answerTool(format, turns), forced: true }
  const history = namesIn(turns)
  const { tools } = request
  const choice = request.tool_choice ?? 'auto'
  if (!tools?.length || (choice === 'none' && history.size === 0)) {
    if (tools?.length) note('tool_choice', 'emulated', 'tools-left-out')
    if (history.size === 0) return { forced: false }
    note('tools', 'emulated', 'tools-of-the-history')
    return { toolConfig: { tools: bareTools(history) }, forced: false, words: withoutTools }
  }
  if (choice === 'none') {
    note('tool_choice', 'emulated', 'asked-in-the-prompt')
    return { toolConfig: { tools: specsOf(tools, facts, note) }, forced: false, words: withoutTools }
  }
  return offered(request, tools, choice, facts, note)
}

const withoutTools = 'Do not call any tool in your next answer.'

function offered(
  request: ChatRequest,
  tools: FunctionTool[],
  choice: Exclude<NonNullable<ChatRequest['tool_choice']>, 'none'>,
  facts: ModelFacts,
  note: Note,
): ToolFields {
  const named = typeof choice === 'object' ? choice.function.name : null
  const way = named === null ? 'any' : facts.forces.includes('tool') ? 'tool' : 'any'
  const forced = choice !== 'auto' && facts.forces.includes(way)
  // Where no tool can be named, only the named one is offered.
  const few =
    named !== null && !(forced && way === 'tool') ? tools.filter((tool) => tool.function.name === named) : tools
  if (choice !== 'auto' && !forced) note('tool_choice', 'changed', 'offered-not-forced')
  else if (few !== tools) note('tool_choice', 'emulated', 'only-the-named-tool')
  const config: ToolConfig = { tools: specsOf(few.length > 0 ? few : tools, facts, note) }
  const alone = request.parallel_tool_calls === false
  if (alone && facts.claude) {
    const type = !forced ? 'auto' : way
    const name = type === 'tool' && named !== null ? { name: bedrockName(named) } : {}
    return { toolConfig: config, claudeChoice: { type, ...name, disable_parallel_tool_use: true }, forced }
  }
  if (alone) note('parallel_tool_calls', 'dropped', 'no-such-control')
  if (forced)
    config.toolChoice = way === 'tool' && named !== null ? { tool: { name: bedrockName(named) } } : { any: {} }
  return { toolConfig: config, forced }
}

function answerTool(format: Extract<FormatPlan, { by: 'tool' }>, turns: readonly Turn[]): ToolConfig {
  const { name, description, schema } = format
  const others = namesIn(turns)
  others.delete(name)
  return {
    tools: [
      { toolSpec: { name, description: description ?? 'Gives the answer.', inputSchema: { json: schema } } },
      ...bareTools(others),
    ],
    toolChoice: { tool: { name } },
  }
}

function specsOf(tools: readonly FunctionTool[], facts: ModelFacts, note: Note): ToolConfig['tools'] {
  const specs: ToolConfig['tools'] = []
  for (const tool of tools) {
    specs.push(specOf(tool, facts, note))
    if (tool.cache_control == null) continue
    if (!facts.caching.tools) note('tools.cache_control', 'dropped', 'no-cache-control')
    else {
      const anHour = tool.cache_control.ttl === '1h' && facts.caching.anHour
      specs.push({ cachePoint: { type: 'default', ...(anHour ? { ttl: '1h' as const } : {}) } })
    }
  }
  return specs
}

function specOf({ function: tool }: FunctionTool, facts: ModelFacts, note: Note): ToolSpec {
  const name = bedrockName(tool.name)
  if (name !== tool.name) note('tools.function.name', 'changed', 'renamed-and-back')
  const schema = facts.claude ? claudeSchema(tool.parameters, note) : objectSchema(asRecord(tool.parameters))
  const description = tool.description?.trim() ? { description: tool.description } : {}
  if (tool.strict !== true) return { toolSpec: { name, ...description, inputSchema: { json: schema } } }
  const strict = facts.structured ? strictSchemaOf(schema) : null
  if (!strict || strict.changed) {
    note('tools.function.strict', 'dropped', strict ? 'schema-not-strict' : 'not-supported-by-model')
    return { toolSpec: { name, ...description, inputSchema: { json: schema } } }
  }
  return { toolSpec: { name, ...description, inputSchema: { json: strict.schema }, strict: true } }
}

function claudeSchema(parameters: JsonRecord | undefined, note: Note): JsonRecord {
  const { schema, changed } = inputSchemaOf(parameters)
  if (changed) note('tools.function.parameters', 'changed', 'schema-subset')
  return schema
}

/** The input of a tool is an object, even where its schema forgot to say so. */
function objectSchema(schema: JsonRecord | undefined): JsonRecord {
  if (!schema || Object.keys(schema).length === 0) return { type: 'object', properties: {} }
  return schema.type === undefined ? { type: 'object', ...schema } : schema
}

function bareTools(names: Iterable<string>): ToolSpec[] {
  return Array.from(names, (name) => ({ toolSpec: { name, inputSchema: { json: { type: 'object' } } } }))
}

/** The tools that a conversation has called. A result without its call has a tool too, though nobody knows which. */
function namesIn(turns: readonly Turn[]): Set<string> {
  const names = new Set<string>()
  let results = false
  for (const { content } of turns) {
    for (const block of content) {
      if ('toolUse' in block) names.add(block.toolUse.name)
      results ||= 'toolResult' in block
    }
  }
  if (results && names.size === 0) names.add('unknown_tool')
  return names
}
