import type { ChatRequest, FunctionTool } from '../../chat/request.ts'
import { asList, asRecord } from '../foreign-json.ts'
import type { Note } from '../openai-chat/provider-facts.ts'

export interface ToolFields {
  tools?: { type: 'function'; function: { name: string; description?: string; parameters: Record<string, unknown> } }[]
  tool_choice?: 'REQUIRED' | 'NONE'
  strict_tools?: true
}

/** Command R of 2024 and what came before it know tools, but no choice about them. */
const withoutChoice = /^(command|command-light|command-nightly|command-r(-plus)?(-\d\d-2024)?|c4ai-aya-.*)$/

/** `tools`, `tool_choice` and `strict_tools`; empty where the client gave no tools. */
export function encodeTools(request: ChatRequest, upstreamId: string, note: Note): ToolFields {
  const { tools, tool_choice: choice } = request
  if (!tools?.length) return {}
  if (tools.some((tool) => tool.cache_control != null)) note('tools.cache_control', 'dropped', 'no-cache-control')
  const hasChoice = !withoutChoice.test(upstreamId)
  if (choice === 'none' && !hasChoice) {
    note('tool_choice', 'emulated', 'tools-left-out')
    return {}
  }
  const name = typeof choice === 'object' ? choice.function.name : undefined
  const named = tools.filter((tool) => tool.function.name === name)
  const chosen = named.length > 0 ? named : tools
  const fields: ToolFields = { tools: chosen.map(encodeTool) }
  if (choice === 'none') fields.tool_choice = 'NONE'
  else if (choice != null && choice !== 'auto') {
    if (hasChoice) fields.tool_choice = 'REQUIRED'
    if (named.length > 0) note('tool_choice', 'emulated', 'only-the-named-tool')
    else if (!hasChoice) note('tool_choice', 'dropped', 'not-supported-by-model')
  }
  if (tools.some((tool) => tool.function.strict === true)) {
    // One switch for all of them; and a tool without a required parameter cannot be held to its schema.
    if (chosen.every(hasRequired)) fields.strict_tools = true
    else note('tools.strict', 'dropped', 'no-required-parameter')
    if (tools.some((tool) => tool.function.strict !== true)) note('tools.strict', 'changed', 'all-or-none')
  }
  return fields
}

function encodeTool({ function: { name, description, parameters } }: FunctionTool) {
  return {
    type: 'function' as const,
    function: {
      name,
      ...(description ? { description } : {}),
      parameters: parameters ?? { type: 'object', properties: {} },
    },
  }
}

function hasRequired({ function: { parameters } }: FunctionTool): boolean {
  return asList(asRecord(parameters)?.required).length > 0
}
