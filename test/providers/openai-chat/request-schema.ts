import { z } from 'zod'

// The request of OpenAI-shaped hosts, stricter than any of them: no unknown key, nothing that some host refuses with a 400
// or 422 (`providers-labs.md`, `providers-hosts.md`). What a provider takes beyond this, or not, is in `dialects`, which
// is written from those pages and not from the facts that the encoder goes by.

const text = z.strictObject({ type: z.literal('text'), text: z.string() })
const parts = z.array(
  z.union([
    text,
    z.strictObject({
      type: z.literal('image_url'),
      image_url: z.strictObject({ url: z.string(), detail: z.string().optional() }),
    }),
    z.strictObject({
      type: z.literal('input_audio'),
      input_audio: z.strictObject({ data: z.string(), format: z.string() }),
    }),
    z.strictObject({ type: z.literal('video_url'), video_url: z.strictObject({ url: z.string() }) }),
    z.strictObject({
      type: z.literal('file'),
      file: z.strictObject({
        filename: z.string().optional(),
        file_data: z.string().optional(),
        file_id: z.string().optional(),
      }),
    }),
  ]),
)
const call = z.strictObject({
  id: z.string().min(1),
  type: z.literal('function'),
  function: z.strictObject({ name: z.string(), arguments: z.string().min(1) }),
})
const name = z.string().optional()

const messages = z
  .array(
    z.discriminatedUnion('role', [
      z.strictObject({ role: z.literal('system'), content: z.union([z.string(), z.array(text)]), name }),
      z.strictObject({ role: z.literal('developer'), content: z.union([z.string(), z.array(text)]), name }),
      z.strictObject({ role: z.literal('user'), content: z.union([z.string(), parts]), name }),
      z.strictObject({
        role: z.literal('assistant'),
        content: z.union([z.string(), parts]).nullish(),
        name,
        tool_calls: z.array(call).min(1).optional(),
        audio: z.strictObject({ id: z.string() }).optional(),
        // Echoes of earlier reasoning, each in the one form that its provider knows.
        reasoning_content: z.string().optional(),
        reasoning: z.string().optional(),
        prefix: z.literal(true).optional(),
        partial: z.literal(true).optional(),
      }),
      z.strictObject({
        role: z.literal('tool'),
        tool_call_id: z.string(),
        content: z.union([z.string(), parts]),
        name,
      }),
    ]),
  )
  .min(1)

const tool = z.strictObject({
  type: z.literal('function'),
  function: z.strictObject({
    name: z.string(),
    description: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()).optional(),
    strict: z.boolean().nullish(),
  }),
})
const number = z.number().optional()

/** Every provider's keys; a dialect adds its own and takes away what its provider refuses. */
const common = {
  model: z.string().min(1),
  messages,
  stream: z.boolean(),
  stream_options: z.looseObject({ include_usage: z.literal(true) }).optional(),
  max_tokens: number,
  max_completion_tokens: number,
  temperature: number,
  top_p: number,
  top_k: number,
  min_p: number,
  top_a: number,
  frequency_penalty: number,
  presence_penalty: number,
  repetition_penalty: number,
  seed: number,
  n: number,
  logit_bias: z.record(z.string(), z.number()).optional(),
  logprobs: z.boolean().optional(),
  top_logprobs: number,
  stop: z.union([z.string(), z.array(z.string())]).optional(),
  tools: z.array(tool).min(1).optional(),
  tool_choice: z
    .union([
      z.enum(['auto', 'none', 'required']),
      z.strictObject({ type: z.literal('function'), function: z.strictObject({ name: z.string() }) }),
    ])
    .optional(),
  parallel_tool_calls: z.boolean().optional(),
  response_format: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('text') }),
      z.strictObject({ type: z.literal('json_object') }),
      z.strictObject({ type: z.literal('grammar'), grammar: z.string() }),
      z.strictObject({
        type: z.literal('json_schema'),
        json_schema: z.strictObject({
          name: z.string(),
          schema: z.record(z.string(), z.unknown()).optional(),
          strict: z.boolean().nullish(),
        }),
      }),
    ])
    .optional(),
  reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']).optional(),
  modalities: z.array(z.string()).optional(),
  audio: z.strictObject({ voice: z.string(), format: z.string() }).optional(),
  web_search_options: z.looseObject({}).optional(),
  service_tier: z.string().optional(),
}

export interface Dialect {
  /** Keys that this provider answers with an error. */
  refuses: readonly string[]
  /** Keys that it refuses on models that reason. */
  refusesReasoning?: readonly string[]
  /** Keys of its own. */
  takes?: Readonly<Record<string, z.ZodType>>
  toolChoice?: readonly string[]
  /** What else is wrong with a body, in words. */
  faults?(body: Body): string[]
}

export interface Body {
  stream: boolean
  messages: { role: string; name?: string; tool_call_id?: string; tool_calls?: { id: string }[]; content?: unknown }[]
  response_format?: { type: string }
  [key: string]: unknown
}

const thinking = z.strictObject({ type: z.enum(['enabled', 'disabled']) })
const named = ({ messages: all }: Body) =>
  all.filter((message) => message.name !== undefined && message.role !== 'tool')
const noNames = (body: Body) => (named(body).length > 0 ? ['a name on a message'] : [])

export const dialects: Readonly<Record<string, Dialect>> = {
  openai: {
    refuses: ['max_tokens', 'top_k', 'min_p', 'top_a', 'repetition_penalty'],
    refusesReasoning: [
      'temperature',
      'top_p',
      'frequency_penalty',
      'presence_penalty',
      'logprobs',
      'top_logprobs',
      'logit_bias',
    ],
    takes: { safety_identifier: z.string() },
  },
  groq: {
    refuses: ['logprobs', 'top_logprobs', 'logit_bias', 'n'],
    takes: { reasoning_format: z.enum(['parsed', 'raw', 'hidden']), user: z.string() },
    faults: noNames,
  },
  cerebras: {
    refuses: ['frequency_penalty', 'presence_penalty', 'logit_bias'],
    takes: { reasoning_format: z.string() },
  },
  mistral: {
    refuses: [
      'max_completion_tokens',
      'seed',
      'logprobs',
      'top_logprobs',
      'logit_bias',
      'stream_options',
      'user',
      'top_k',
      'min_p',
      'top_a',
      'repetition_penalty',
    ],
    takes: { random_seed: z.number() },
    faults: ({ messages: all }) =>
      all
        .flatMap(({ tool_call_id: id, tool_calls: calls }) => [...(id ? [id] : []), ...(calls ?? []).map((c) => c.id)])
        .filter((id) => !/^[a-zA-Z0-9]{9}$/.test(id)),
  },
  deepseek: {
    refuses: ['max_completion_tokens'],
    takes: { thinking },
    faults: ({ response_format: format }) => (format?.type === 'json_schema' ? ['a schema'] : []),
  },
  xai: {
    refuses: [],
    refusesReasoning: ['presence_penalty', 'frequency_penalty', 'stop'],
  },
  moonshotai: {
    refuses: [],
    takes: { thinking },
    toolChoice: ['auto', 'none'],
    faults: ({ thinking: on, reasoning_effort: effort }) => (on && effort !== undefined ? ['two controls'] : []),
  },
  'z-ai': {
    refuses: ['n'],
    takes: { thinking, tool_stream: z.literal(true) },
    toolChoice: ['auto'],
  },
  alibaba: {
    refuses: [],
    takes: { enable_thinking: z.boolean(), thinking_budget: z.number() },
  },
  siliconflow: { refuses: [], takes: { enable_thinking: z.boolean(), thinking_budget: z.number() } },
  volcengine: { refuses: [], takes: { thinking } },
  xiaomi: { refuses: [], takes: { thinking } },
  perplexity: { refuses: ['tools', 'tool_choice', 'parallel_tool_calls', 'n'], faults: noNames },
  fireworks: { refuses: ['top_a'], takes: { user: z.string() } },
  sambanova: { refuses: ['n', 'frequency_penalty', 'presence_penalty', 'logit_bias'] },
  scaleway: { refuses: ['n', 'logit_bias', 'user'] },
  minimax: { refuses: ['n', 'logit_bias'] },
}

const schemas = new Map<string, z.ZodType>()

function schemaOf(slug: string, { takes = {} }: Dialect): z.ZodType {
  const known = schemas.get(slug)
  if (known) return known
  const own = Object.fromEntries(Object.entries(takes).map(([key, type]) => [key, type.optional()]))
  const schema = z.strictObject({ ...common, ...own })
  schemas.set(slug, schema)
  return schema
}

/** What a provider would object to in a body that is sent to it; nothing, when all is well. */
export function objectionsOf(slug: string, body: unknown, reasoning: boolean): string[] {
  const dialect: Dialect = dialects[slug] ?? { refuses: [] }
  const parsed = schemaOf(slug, dialect).safeParse(body)
  if (!parsed.success) return parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  const sent = body as Body
  const objections = dialect.refuses.filter((key) => sent[key] !== undefined)
  const silenced = sent.reasoning_effort === 'none'
  if (reasoning && !silenced)
    objections.push(...(dialect.refusesReasoning ?? []).filter((key) => sent[key] !== undefined))
  const choice = typeof sent.tool_choice === 'object' ? 'named' : sent.tool_choice
  if (typeof choice === 'string' && dialect.toolChoice?.includes(choice) === false) objections.push(`choice ${choice}`)
  if (sent.max_tokens !== undefined && sent.max_completion_tokens !== undefined) objections.push('two limits')
  if (sent.tools === undefined && (sent.tool_choice ?? sent.parallel_tool_calls) !== undefined)
    objections.push('a tool choice without tools')
  return [...objections, ...(dialect.faults?.(sent) ?? [])]
}
