import {
  anyObject,
  boolean,
  type Check,
  integer,
  list,
  nullable,
  object,
  oneOf,
  stringOr,
  text,
} from '../edge/check.ts'

export interface SandboxMessage {
  role: string
  content?: string | { type: string; text?: string }[] | null
}

export interface SandboxTool {
  type: 'function'
  function: { name: string; parameters?: Record<string, unknown> }
}

/** Chat completions as the sandbox reads them: only what changes its answer. */
export interface SandboxRequest {
  model: string
  messages: SandboxMessage[]
  stream?: boolean
  stream_options?: { include_usage?: boolean }
  n?: number
  max_tokens?: number
  max_completion_tokens?: number
  stop?: string | string[]
  tools?: SandboxTool[]
  tool_choice?: 'none' | 'auto' | 'required' | { function: { name: string } }
  parallel_tool_calls?: boolean
  response_format?: { type: string; json_schema?: unknown }
  reasoning_effort?: string
}

const part = object({ type: text, text }, ['type'])
const message = object(
  { role: text, content: nullable(stringOr(list(part, { what: 'an array of parts' }), 'an array of parts')) },
  ['role'],
)
const isFunction = oneOf(['function'])
const tool = object({ type: isFunction, function: object({ name: text, parameters: anyObject }, ['name']) }, [
  'type',
  'function',
])
const toolModes = oneOf(['none', 'auto', 'required'])
const namedTool = object({ type: isFunction, function: object({ name: text }, ['name']) }, ['type', 'function'])
const toolChoice: Check = (value) => (typeof value === 'string' ? toolModes : namedTool)(value)

/** The body of a `SandboxRequest`. */
export const sandboxRequest = object(
  {
    model: text,
    messages: list(message, { min: 1, what: 'an array of messages' }),
    stream: boolean,
    stream_options: object({ include_usage: boolean }),
    n: integer(1, 8),
    max_tokens: integer(1),
    max_completion_tokens: integer(1),
    stop: stringOr(list(text, { max: 4 }), 'an array of strings'),
    tools: list(tool, { what: 'an array of tools' }),
    tool_choice: toolChoice,
    parallel_tool_calls: boolean,
    response_format: object({ type: text }, ['type']),
    reasoning_effort: text,
  },
  ['model', 'messages'],
)

/** The text of a message, its parts joined; images and the like have none. */
export function textOf(message: SandboxMessage | undefined): string {
  const content = message?.content ?? ''
  return typeof content === 'string' ? content : content.map((part) => part.text ?? '').join(' ')
}

export function lastUserText(request: SandboxRequest): string {
  return textOf(request.messages.findLast((message) => message.role === 'user'))
}
