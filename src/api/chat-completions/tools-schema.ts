import {
  anyObject,
  boolean,
  type Check,
  isObject,
  list,
  nullable,
  object,
  problem,
  quote,
  stringOr,
  tagged,
  text,
  under,
} from '../../edge/check.ts'
import { cacheControl, toolName } from './messages-schema.ts'

const functionFields = {
  name: toolName,
  description: text,
  parameters: anyObject,
  strict: nullable(boolean),
}
const shared = { cache_control: cacheControl, eager_input_streaming: boolean }

const nested = object({ function: object(functionFields, ['name']), ...shared }, ['function'])
/** The Responses API's form, and the deprecated `functions`: the same without the box around it. */
export const flatFunction = object({ ...functionFields, ...shared }, ['name'])
/** Anthropic's and MCP's form of a tool. */
const described = object(
  { name: toolName, description: text, input_schema: anyObject, inputSchema: anyObject, ...shared },
  ['name'],
)

const webSearchTypes = ['web_search', 'web_search_preview', 'web_search_preview_2025_03_11', 'web_search_2025_08_26']

export const tool: Check = (value) => {
  if (!isObject(value)) return nested(value)
  const { type } = value
  if (typeof type === 'string' && (type.startsWith('openrouter:') || webSearchTypes.includes(type)))
    return under(
      'type',
      problem(`asks for the server tool ${quote(type)}, which is not supported yet: use function tools`),
    )
  if (isDescribed(value)) return described(value)
  if (type === 'function' || type === undefined || type === null)
    return value.function === undefined && value.name !== undefined ? flatFunction(value) : nested(value)
  return under(
    'type',
    problem(`must be "function"${typeof type === 'string' ? `: ${quote(type)} tools are not supported` : ''}`),
  )
}

/** Whether a tool is defined as Anthropic or MCP do: with an input schema and no box around it. */
export function isDescribed(value: Record<string, unknown>): boolean {
  if (value.type === 'custom') return value.custom === undefined
  return value.type === undefined && ('input_schema' in value || 'inputSchema' in value)
}

export const tools = list(tool, { what: 'an array of tools' })

const modes = ['none', 'auto', 'required', 'any']
const flatChoice = object({ name: toolName })
const boxedChoice = object({ function: object({ name: toolName }, ['name']) }, ['function'])
const noMoreFields = object({ disable_parallel_tool_use: boolean })
const namedChoice = tagged('type', {
  // The Responses API's form has no box.
  function: (value) =>
    (isObject(value) && value.function === undefined && value.name !== undefined ? flatChoice : boxedChoice)(value),
  // Anthropic's forms.
  auto: noMoreFields,
  any: noMoreFields,
  none: noMoreFields,
  tool: object({ name: toolName, disable_parallel_tool_use: boolean }, ['name']),
})

export const toolChoice: Check = (value) => {
  if (typeof value === 'string')
    return modes.includes(value)
      ? null
      : problem('must be "none", "auto", "required" or an object that names a function')
  if (isObject(value) && typeof value.type === 'string' && value.type.startsWith('openrouter:'))
    return under('type', problem(`asks for the server tool ${quote(value.type)}, which is not supported yet`))
  // Some clients leave the type out where only one is possible.
  if (isObject(value) && value.type === undefined && value.function !== undefined) return boxedChoice(value)
  return stringOr(namedChoice, 'an object that names a function')(value)
}
