import { z } from 'zod'

const content = z.union([
  z.string(),
  z.array(
    z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('text'), text: z.string() }),
      z.strictObject({ type: z.literal('thinking'), thinking: z.string() }),
      z.strictObject({
        type: z.literal('image_url'),
        image_url: z.strictObject({ url: z.string(), detail: z.enum(['auto', 'low', 'high']).optional() }),
      }),
    ]),
  ),
])

const call = z.strictObject({
  id: z.string(),
  type: z.literal('function'),
  function: z.strictObject({ name: z.string(), arguments: z.string().min(1) }),
})

/** `POST /v2/chat` as Cohere's reference and its SDK's types describe it; nothing else is taken. */
export const chatV2Request = z
  .strictObject({
    model: z.string(),
    messages: z
      .array(
        z.discriminatedUnion('role', [
          z.strictObject({ role: z.literal('system'), content }),
          z.strictObject({ role: z.literal('user'), content }),
          z.strictObject({
            role: z.literal('assistant'),
            content: content.optional(),
            tool_calls: z.array(call).min(1).optional(),
            tool_plan: z.string().optional(),
          }),
          z.strictObject({ role: z.literal('tool'), tool_call_id: z.string(), content }),
        ]),
      )
      .min(1),
    stream: z.boolean(),
    tools: z
      .array(
        z.strictObject({
          type: z.literal('function'),
          function: z.strictObject({
            name: z.string(),
            description: z.string().optional(),
            parameters: z.record(z.string(), z.unknown()),
          }),
        }),
      )
      .min(1)
      .optional(),
    tool_choice: z.enum(['REQUIRED', 'NONE']).optional(),
    strict_tools: z.boolean().optional(),
    response_format: z
      .strictObject({ type: z.literal('json_object'), json_schema: z.record(z.string(), z.unknown()).optional() })
      .optional(),
    safety_mode: z.enum(['CONTEXTUAL', 'STRICT', 'OFF']).optional(),
    citation_options: z.record(z.string(), z.unknown()).optional(),
    priority: z.int().optional(),
    max_tokens: z.int().optional(),
    stop_sequences: z.array(z.string()).min(1).max(5).optional(),
    temperature: z.number().nonnegative().optional(),
    seed: z.int().nonnegative().optional(),
    frequency_penalty: z.number().min(0).max(1).optional(),
    presence_penalty: z.number().min(0).max(1).optional(),
    k: z.number().min(0).max(500).optional(),
    p: z.number().min(0.01).max(0.99).optional(),
    thinking: z
      .strictObject({ type: z.enum(['enabled', 'disabled']), token_budget: z.int().positive().optional() })
      .optional(),
  })
  .refine(({ tools, tool_choice }) => tools !== undefined || tool_choice === undefined, 'a choice without tools')
  .refine(({ tools, response_format }) => tools === undefined || response_format === undefined, 'JSON beside tools')
