import { z } from 'zod'

const Content = z.union([
  z.string(),
  z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
  z.null(),
])

const Message = z.looseObject({ role: z.string(), content: Content.optional() })

const Tool = z.looseObject({
  type: z.literal('function'),
  function: z.looseObject({ name: z.string(), parameters: z.record(z.string(), z.unknown()).optional() }),
})

const ToolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.looseObject({ type: z.literal('function'), function: z.looseObject({ name: z.string() }) }),
])

const ResponseFormat = z.union([
  z.looseObject({
    type: z.literal('json_schema'),
    json_schema: z.looseObject({ schema: z.record(z.string(), z.unknown()).optional() }),
  }),
  z.looseObject({ type: z.string() }),
])

/** Chat completions as the sandbox reads them: only what changes its answer. */
export const SandboxRequest = z.looseObject({
  model: z.string(),
  messages: z.array(Message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  n: z.int().min(1).max(8).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  tools: z.array(Tool).nullish(),
  tool_choice: ToolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: ResponseFormat.nullish(),
  reasoning_effort: z.string().nullish(),
})

export type SandboxRequest = z.infer<typeof SandboxRequest>
export type SandboxMessage = z.infer<typeof Message>
export type SandboxTool = z.infer<typeof Tool>

/** The text of a message, its parts joined; images and the like have none. */
export function textOf(message: SandboxMessage | undefined): string {
  const content = message?.content ?? ''
  return typeof content === 'string' ? content : content.map((part) => part.text ?? '').join(' ')
}

export function lastUserText(request: SandboxRequest): string {
  return textOf(request.messages.findLast((message) => message.role === 'user'))
}
