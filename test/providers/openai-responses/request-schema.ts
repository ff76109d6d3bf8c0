import { z } from 'zod'

// The request as OpenAI's SDK types and recorded errors describe it, for a conversation that is stored nowhere: no
// unknown key, no reasoning item without what came of it, no choice among no tools.

const object = z.record(z.string(), z.unknown())
const cached = { prompt_cache_breakpoint: z.strictObject({ mode: z.literal('explicit') }).optional() }
const inputText = z.strictObject({ type: z.literal('input_text'), text: z.string(), ...cached })
const inputImage = z.strictObject({
  type: z.literal('input_image'),
  image_url: z.string().regex(/^(https?:\/\/|data:)/),
  detail: z.enum(['auto', 'low', 'high', 'original']),
  ...cached,
})
const inputFile = z.union([
  z.strictObject({
    type: z.literal('input_file'),
    filename: z.string().min(1),
    file_data: z.string().startsWith('data:'),
    ...cached,
  }),
  z.strictObject({ type: z.literal('input_file'), file_url: z.string().regex(/^https?:\/\//), ...cached }),
  z.strictObject({ type: z.literal('input_file'), file_id: z.string().min(1), ...cached }),
])
const shown = z.array(z.union([inputText, inputImage, inputFile])).min(1)
const callId = z.string().min(1).max(64)
const name = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/)

const asked = z.strictObject({ role: z.enum(['user', 'system', 'developer']), content: z.union([z.string(), shown]) })
const answered = z.strictObject({
  role: z.literal('assistant'),
  content: z.union([
    z.string().min(1),
    z.array(z.strictObject({ type: z.literal('output_text'), text: z.string() })).min(1),
  ]),
})
const called = z.strictObject({
  type: z.literal('function_call'),
  call_id: callId,
  name,
  arguments: z.string().min(1),
})
const returned = z.strictObject({
  type: z.literal('function_call_output'),
  call_id: callId,
  output: z.union([z.string(), shown]),
})
const reasoned = z.strictObject({
  type: z.literal('reasoning'),
  id: z.string().min(1).optional(),
  summary: z.array(z.strictObject({ type: z.literal('summary_text'), text: z.string() })),
  content: z
    .array(z.strictObject({ type: z.literal('reasoning_text'), text: z.string() }))
    .min(1)
    .optional(),
  encrypted_content: z.string().min(1),
})
const item = z.union([asked, answered, called, returned, reasoned])

const tool = z.strictObject({
  type: z.literal('function'),
  name,
  description: z.string().optional(),
  parameters: object,
  strict: z.boolean(),
})
const format = z.union([
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
    description: z.string().optional(),
    schema: object,
    strict: z.boolean().optional(),
  }),
])

export const responsesRequest = z
  .strictObject({
    model: z.string().min(1),
    input: z.array(item).min(1),
    store: z.literal(false),
    stream: z.boolean(),
    stream_options: z.strictObject({ include_obfuscation: z.literal(false) }).optional(),
    include: z
      .array(z.enum(['reasoning.encrypted_content', 'message.output_text.logprobs']))
      .min(1)
      .optional(),
    max_output_tokens: z.int().min(16).optional(),
    temperature: z.number().optional(),
    top_p: z.number().optional(),
    top_logprobs: z.int().min(0).max(20).optional(),
    reasoning: z
      .strictObject({
        effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']).optional(),
        summary: z.enum(['auto', 'concise', 'detailed']).optional(),
        context: z.string().optional(),
        mode: z.enum(['standard', 'pro']).optional(),
      })
      .optional(),
    text: z
      .strictObject({ format: format.optional(), verbosity: z.enum(['low', 'medium', 'high']).optional() })
      .optional(),
    tools: z.array(tool).min(1).optional(),
    tool_choice: z
      .union([z.enum(['none', 'auto', 'required']), z.strictObject({ type: z.literal('function'), name })])
      .optional(),
    parallel_tool_calls: z.boolean().optional(),
    service_tier: z.enum(['auto', 'default', 'flex', 'scale', 'priority', 'fast']).optional(),
    prompt_cache_key: z.string().optional(),
    prompt_cache_retention: z.enum(['in_memory', '24h']).optional(),
    truncation: z.enum(['auto', 'disabled']).optional(),
    safety_identifier: z.string().optional(),
    user: z.string().optional(),
  })
  .superRefine(({ input, tools, tool_choice, parallel_tool_calls, stream, stream_options }, context) => {
    const fault = (message: string) => context.addIssue({ code: 'custom', message })
    input.forEach((current, i) => {
      const next = input[i + 1]
      if (!('type' in current) || current.type !== 'reasoning') return
      const follows = next && ('type' in next ? next.type !== 'function_call_output' : next.role === 'assistant')
      if (!follows) fault('reasoning was provided without its required following item')
    })
    if (!tools && (tool_choice !== undefined || parallel_tool_calls !== undefined)) fault('a choice among no tools')
    if (stream_options && !stream) fault('stream_options without a stream')
  })
