import { z } from 'zod'

// The request format of the Messages API, strictly: as its documentation and the types of its SDK have it, with what
// single models refuse. Written without a look at the code under test.

const cacheControl = z.strictObject({ type: z.literal('ephemeral'), ttl: z.enum(['5m', '1h']).optional() })
const cached = { cache_control: cacheControl.optional() }
const words = z.string().regex(/\S/, 'text content blocks must contain non-whitespace text')
const text = z.strictObject({ type: z.literal('text'), text: words, ...cached })
const base64 = z.base64()
const image = z.strictObject({
  type: z.literal('image'),
  source: z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('base64'),
      media_type: z.enum(['image/jpeg', 'image/png', 'image/gif', 'image/webp']),
      data: base64,
    }),
    z.strictObject({ type: z.literal('url'), url: z.url({ protocol: /^https$/ }) }),
  ]),
  ...cached,
})
const document = z.strictObject({
  type: z.literal('document'),
  source: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('base64'), media_type: z.literal('application/pdf'), data: base64 }),
    z.strictObject({ type: z.literal('text'), media_type: z.literal('text/plain'), data: words }),
    z.strictObject({ type: z.literal('url'), url: z.url({ protocol: /^https$/ }) }),
  ]),
  title: z.string().min(1).optional(),
  ...cached,
})
const id = z.string().regex(/^[a-zA-Z0-9_-]+$/)
const name = z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/)
const unmarked = { cache_control: z.undefined().optional() }
const toolResult = z.strictObject({
  type: z.literal('tool_result'),
  tool_use_id: id,
  content: z
    .union([
      z.string(),
      z.array(z.union([text.extend(unmarked), image.extend(unmarked), document.extend(unmarked)])).min(1),
    ])
    .optional(),
  is_error: z.boolean().optional(),
  ...cached,
})
const toolUse = z.strictObject({ type: z.literal('tool_use'), id, name, input: z.record(z.string(), z.unknown()) })
const thinking = z.strictObject({ type: z.literal('thinking'), thinking: z.string(), signature: z.string().min(1) })
const redacted = z.strictObject({ type: z.literal('redacted_thinking'), data: z.string().min(1) })

const user = z.strictObject({
  role: z.literal('user'),
  content: z.union([words, z.array(z.union([toolResult, text, image, document])).min(1)]),
})
const assistant = z.strictObject({
  role: z.literal('assistant'),
  content: z.union([words, z.array(z.union([thinking, redacted, text, toolUse.extend(cached)])).min(1)]),
})

const tool = z.strictObject({
  name,
  description: z.string().optional(),
  input_schema: z
    .looseObject({ type: z.literal('object') })
    .refine((schema) => !['anyOf', 'oneOf', 'allOf', '$ref'].some((key) => key in schema), 'alternatives at the root'),
  strict: z.literal(true).optional(),
  eager_input_streaming: z.boolean().optional(),
  ...cached,
})
const single = { disable_parallel_tool_use: z.boolean().optional() }
const toolChoice = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('auto'), ...single }),
  z.strictObject({ type: z.literal('any'), ...single }),
  z.strictObject({ type: z.literal('tool'), name, ...single }),
  z.strictObject({ type: z.literal('none') }),
])
const display = z.enum(['summarized', 'omitted']).optional()

export const messagesRequest = z.strictObject({
  model: z.string(),
  max_tokens: z.int().min(1),
  system: z.union([words, z.array(text).min(1)]).optional(),
  messages: z.array(z.discriminatedUnion('role', [user, assistant])).min(1),
  tools: z.array(tool).min(1).optional(),
  tool_choice: toolChoice.optional(),
  thinking: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('enabled'), budget_tokens: z.int().min(1024) }),
      z.strictObject({ type: z.literal('disabled') }),
      z.strictObject({ type: z.literal('adaptive'), display }),
      z.strictObject({ type: z.literal('between_tools') }),
    ])
    .optional(),
  output_config: z
    .strictObject({
      effort: z.enum(['low', 'medium', 'high', 'xhigh', 'max']).optional(),
      format: z.strictObject({ type: z.literal('json_schema'), schema: z.record(z.string(), z.unknown()) }).optional(),
    })
    .optional(),
  temperature: z.number().min(0).max(1).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: z.int().min(1).optional(),
  stop_sequences: z.array(words).min(1).optional(),
  metadata: z.strictObject({ user_id: z.string() }).optional(),
  service_tier: z.enum(['auto', 'standard_only']).optional(),
  stream: z.literal(true).optional(),
})

export type MessagesRequest = z.infer<typeof messagesRequest>

/** What one model refuses, for whatever of it the schema above cannot say. */
interface Refusals {
  thinking: readonly string[]
  efforts: readonly string[]
  sampling: boolean
  both: boolean
  forced: boolean
  prefill: boolean
  schemas: boolean
}

const none: Refusals = {
  thinking: [],
  efforts: [],
  sampling: false,
  both: false,
  forced: false,
  prefill: false,
  schemas: false,
}
const four = ['low', 'medium', 'high', 'max']
const five = [...four, 'xhigh']
const newest: Refusals = { ...none, efforts: five, sampling: true, forced: true, prefill: true }

export const refusals: Record<string, Refusals> = {
  'claude-3-5-haiku-20241022': { ...none, thinking: ['enabled', 'disabled', 'adaptive'], schemas: true },
  'claude-3-7-sonnet-20250219': { ...none, thinking: ['adaptive', 'between_tools'], schemas: true },
  'claude-opus-4-20250514': { ...none, thinking: ['adaptive', 'between_tools'], schemas: true },
  'claude-opus-4-1-20250805': { ...none, thinking: ['adaptive', 'between_tools'], both: true },
  'claude-haiku-4-5': { ...none, thinking: ['adaptive', 'between_tools'], both: true },
  'claude-opus-4-5': {
    ...none,
    thinking: ['adaptive', 'between_tools'],
    efforts: ['low', 'medium', 'high'],
    both: true,
  },
  'claude-sonnet-4-6': { ...none, thinking: ['between_tools'], efforts: four, both: true, prefill: true },
  'claude-opus-4-8': { ...newest, thinking: ['enabled', 'between_tools'], forced: false },
  'claude-opus-5': { ...newest, thinking: ['enabled', 'between_tools'], forced: false },
  'claude-haiku-5-5': { ...newest, thinking: ['enabled', 'between_tools'], forced: false },
  'claude-opus-5-5': { ...newest, thinking: ['enabled', 'disabled', 'between_tools'] },
  'claude-sonnet-5-5': { ...newest, thinking: ['enabled', 'disabled'] },
  'claude-fable-5': { ...newest, thinking: ['enabled', 'disabled', 'between_tools'], forced: false },
  'claude-fable-5-1': { ...newest, thinking: ['enabled', 'disabled', 'between_tools'] },
}

/** Rules between fields and those of the model; empty when the request would be taken. */
export function complaints(request: MessagesRequest): string[] {
  const model = refusals[request.model]
  if (!model) return ['unknown model']
  return [
    ...turnComplaints(request, model),
    ...toolComplaints(request, model),
    ...thinkingComplaints(request, model),
    ...cacheComplaints(request),
    ...(request.output_config?.format ? schemaComplaints(request.output_config.format.schema, model) : []),
  ]
}

type Block = Exclude<MessagesRequest['messages'][number]['content'], string>[number]

function blocksOf({ content }: MessagesRequest['messages'][number]): Block[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content
}

function turnComplaints({ messages, thinking }: MessagesRequest, model: Refusals): string[] {
  const found: string[] = []
  if (messages[0]?.role !== 'user') found.push('the first message has to be the user’s')
  const ids = new Set<string>()
  for (const [i, message] of messages.entries()) {
    const before = messages[i - 1]
    if (before?.role === message.role) found.push('roles have to alternate')
    const blocks = blocksOf(message)
    const lastResult = blocks.findLastIndex(({ type }) => type === 'tool_result')
    if (blocks.slice(0, lastResult + 1).some(({ type }) => type !== 'tool_result')) found.push('results come first')
    const asked = before ? blocksOf(before).flatMap((block) => (block.type === 'tool_use' ? [block.id] : [])) : []
    const answered = blocks.flatMap((block) => (block.type === 'tool_result' ? [block.tool_use_id] : []))
    if ([...asked].sort().join() !== [...answered].sort().join()) found.push(`${asked} asked, ${answered} answered`)
    for (const block of blocks) {
      if (block.type !== 'tool_use') continue
      if (ids.has(block.id)) found.push('ids of calls have to be unique')
      ids.add(block.id)
    }
    if (blocks.at(-1)?.type === 'thinking') found.push('a turn may not end with thoughts')
  }
  const last = messages.at(-1)
  if (last?.role === 'assistant') {
    const block = blocksOf(last).at(-1)
    if (model.prefill) found.push('the conversation must end with a user message')
    if (thinking && thinking.type !== 'disabled') found.push('thinking and a prefill exclude each other')
    if (block?.type === 'text' && /\s$/.test(block.text)) found.push('trailing white space')
  }
  return found
}

function toolComplaints(
  { tools = [], tool_choice: choice, thinking, messages }: MessagesRequest,
  model: Refusals,
): string[] {
  const found: string[] = []
  const names = tools.map((one) => one.name)
  if (new Set(names).size < names.length) found.push('names of tools have to be unique')
  if (choice && tools.length === 0) found.push('a choice among no tools')
  if (choice?.type === 'tool' && !names.includes(choice.name)) found.push('a choice of a tool that is not there')
  const forced = choice?.type === 'tool' || choice?.type === 'any'
  if (forced && thinking?.type === 'enabled') found.push('thinking may not be enabled when tool_choice forces tool use')
  if (forced && model.forced) found.push('forced tools')
  const called = messages.some((message) => blocksOf(message).some(({ type }) => type === 'tool_use'))
  if (called && tools.length === 0) found.push('requests with tool_use blocks must define tools')
  return found
}

function thinkingComplaints(request: MessagesRequest, model: Refusals): string[] {
  const { thinking, max_tokens, temperature, top_p, top_k, output_config } = request
  const found: string[] = []
  if (thinking && model.thinking.includes(thinking.type)) found.push(`thinking ${thinking.type}`)
  if (thinking?.type === 'enabled' && thinking.budget_tokens >= max_tokens) found.push('the budget exceeds max_tokens')
  const effort = output_config?.effort
  if (effort && !model.efforts.includes(effort)) found.push(`effort ${effort}`)
  if (thinking?.type === 'disabled' && /-5/.test(request.model) && (effort === 'xhigh' || effort === 'max'))
    found.push('this effort needs thinking')
  const isThinking = thinking?.type === 'enabled' || thinking?.type === 'adaptive'
  if (model.sampling && (temperature ?? top_p ?? top_k) !== undefined) found.push('sampling parameters')
  if (model.both && temperature !== undefined && top_p !== undefined) found.push('temperature and top_p')
  if (isThinking && ((temperature ?? 1) !== 1 || top_k !== undefined || (top_p ?? 1) < 0.95))
    found.push('sampling while thinking')
  if (thinking?.type === 'enabled') {
    const turns = request.messages
    const start = turns.findLastIndex(
      ({ role, content }) =>
        role === 'user' && (typeof content === 'string' || content.some(({ type }) => type !== 'tool_result')),
    )
    const begun = turns[start + 1]
    if (begun && !/thinking/.test(blocksOf(begun)[0]?.type ?? '')) found.push('expected thinking in the tool loop')
  }
  return found
}

function cacheComplaints({ tools = [], system = [], messages }: MessagesRequest): string[] {
  const blocks = [...tools, ...(typeof system === 'string' ? [] : system), ...messages.flatMap(blocksOf)]
  const marks = blocks.flatMap((block) =>
    'cache_control' in block && block.cache_control ? [block.cache_control] : [],
  )
  const ttls = marks.map(({ ttl }) => ttl ?? '5m')
  return [
    ...(marks.length > 4 ? ['more than four marks'] : []),
    ...(ttls.lastIndexOf('1h') > ttls.indexOf('5m') && ttls.includes('5m') ? ['1h behind 5m'] : []),
  ]
}

function schemaComplaints(schema: unknown, model: Refusals): string[] {
  const found: string[] = model.schemas ? ['schemas for answers'] : []
  const visit = (value: unknown, isSchema: boolean): void => {
    if (Array.isArray(value)) for (const item of value) visit(item, isSchema)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return
    const record = value as Record<string, unknown>
    if (isSchema) {
      if (record.properties !== undefined && record.additionalProperties !== false) found.push('an open object')
      for (const key of [
        'minimum',
        'maximum',
        'exclusiveMinimum',
        'multipleOf',
        'minLength',
        'maxLength',
        'uniqueItems',
        'oneOf',
      ])
        if (key in record) found.push(key)
    }
    for (const [key, inner] of Object.entries(record)) {
      const named = isSchema && ['properties', '$defs', 'definitions'].includes(key)
      const isData = ['enum', 'const', 'default', 'required'].includes(key) && isSchema
      if (!isData) visit(inner, !named)
    }
  }
  visit(schema, true)
  return found
}
