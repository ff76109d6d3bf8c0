import * as z from 'zod/mini'

const Content = z.union([
  z.string(),
  z.array(z.looseObject({ type: z.string(), text: z.optional(z.string()) })),
  z.null(),
])

const Message = z.looseObject({ role: z.string(), content: z.optional(Content) })

const Tool = z.looseObject({
  type: z.literal('function'),
  function: z.looseObject({ name: z.string(), parameters: z.optional(z.record(z.string(), z.unknown())) }),
})

const ToolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.looseObject({ type: z.literal('function'), function: z.looseObject({ name: z.string() }) }),
])

const ResponseFormat = z.union([
  z.looseObject({
    type: z.literal('json_schema'),
    json_schema: z.looseObject({ schema: z.optional(z.record(z.string(), z.unknown())) }),
  }),
  z.looseObject({ type: z.string() }),
])

/** Chat completions as the sandbox reads them: only what changes its answer. */
export const SandboxRequest = z.looseObject({
  model: z.string(),
  messages: z.array(Message).check(z.minLength(1)),
  stream: z.nullish(z.boolean()),
  stream_options: z.nullish(z.looseObject({ include_usage: z.nullish(z.boolean()) })),
  n: z.nullish(z.int().check(z.minimum(1), z.maximum(8))),
  max_tokens: z.nullish(z.int().check(z.minimum(1))),
  max_completion_tokens: z.nullish(z.int().check(z.minimum(1))),
  stop: z.nullish(z.union([z.string(), z.array(z.string())])),
  tools: z.nullish(z.array(Tool)),
  tool_choice: z.nullish(ToolChoice),
  parallel_tool_calls: z.nullish(z.boolean()),
  response_format: z.nullish(ResponseFormat),
  reasoning_effort: z.nullish(z.string()),
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
