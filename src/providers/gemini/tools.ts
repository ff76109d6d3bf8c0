import type { ChatRequest, FunctionTool } from '../../chat/request.ts'
import type { JsonRecord } from '../foreign-json.ts'
import type { Note } from '../openai-chat/provider-facts.ts'
import { geminiName } from './function-names.ts'
import { geminiSchema } from './schema.ts'

export interface ToolFields {
  tools?: ({ functionDeclarations: FunctionDeclaration[] } | { googleSearch: Record<string, never> })[]
  toolConfig?: {
    functionCallingConfig: { mode: 'AUTO' | 'ANY' | 'NONE' | 'VALIDATED'; allowedFunctionNames?: string[] }
  }
}

interface FunctionDeclaration {
  name: string
  description?: string
  parametersJsonSchema?: JsonRecord
}

/** `tools` and `toolConfig`; empty where the client gave no tools. */
export function encodeTools(request: ChatRequest, generation: number, note: Note): ToolFields {
  const { tools, web_search_options: search } = request
  if (!tools?.length) {
    if (search == null) return {}
    if (Object.keys(search).length > 0) note('web_search_options', 'changed', 'without-options')
    return { tools: [{ googleSearch: {} }] }
  }
  if (search != null) note('web_search_options', 'dropped', 'not-beside-functions')
  if (request.parallel_tool_calls === false) note('parallel_tool_calls', 'dropped', 'no-such-control')
  if (tools.some((tool) => tool.cache_control != null)) note('tools.cache_control', 'dropped', 'no-cache-control')
  const mode = modeOf(request, tools, generation)
  return {
    tools: [{ functionDeclarations: tools.map((tool) => declarationOf(tool, note)) }],
    ...(mode ? { toolConfig: { functionCallingConfig: mode } } : {}),
  }
}

function declarationOf({ function: tool }: FunctionTool, note: Note): FunctionDeclaration {
  const schema =
    tool.parameters && geminiSchema(tool.parameters, () => note('tools.parameters', 'changed', 'schema-subset'))
  return {
    name: geminiName(tool.name),
    ...(tool.description ? { description: tool.description } : {}),
    // A function's parameters are an object, even where the schema forgot to say so.
    ...(schema && Object.keys(schema).length > 0
      ? { parametersJsonSchema: schema.type === undefined && !schema.$ref ? { type: 'object', ...schema } : schema }
      : {}),
  }
}

function modeOf(
  request: ChatRequest,
  tools: readonly FunctionTool[],
  generation: number,
): NonNullable<ToolFields['toolConfig']>['functionCallingConfig'] | undefined {
  const choice = request.tool_choice
  // Any other mode but AUTO holds the model to the schema by itself.
  const strict = generation >= 2.5 && tools.some((tool) => tool.function.strict === true)
  if (choice === 'none') return { mode: 'NONE' }
  if (choice === 'required') return { mode: 'ANY' }
  if (typeof choice === 'object' && choice !== null)
    return { mode: 'ANY', allowedFunctionNames: [geminiName(choice.function.name)] }
  return strict ? { mode: 'VALIDATED' } : choice === 'auto' ? { mode: 'AUTO' } : undefined
}
