import { z } from 'zod'
import { asRecord, type JsonRecord } from '../../../src/providers/foreign-json.ts'

// Converse's request as the SDK's types and Amazon's reference describe it, stricter than the service where recorded
// errors say so: no unknown key, no empty text, alternating turns that begin with the user, calls only beside a toolConfig.

const bytes = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/)
const source = z.strictObject({ bytes })
const text = z.strictObject({ text: z.string().min(1) })
const image = z.strictObject({
  image: z.strictObject({ format: z.enum(['png', 'jpeg', 'gif', 'webp']), source }),
})
const document = z.strictObject({
  document: z.strictObject({
    format: z.enum(['pdf', 'csv', 'doc', 'docx', 'xls', 'xlsx', 'html', 'txt', 'md']),
    name: z
      .string()
      .min(1)
      .max(200)
      .regex(/^[A-Za-z0-9\-()[\]]+( [A-Za-z0-9\-()[\]]+)*$/),
    source,
  }),
})
const video = z.strictObject({
  video: z.strictObject({
    format: z.enum(['mkv', 'mov', 'mp4', 'webm', 'flv', 'mpeg', 'mpg', 'wmv', 'three_gp']),
    source,
  }),
})
const audio = z.strictObject({
  audio: z.strictObject({
    format: z.enum(['mp3', 'opus', 'wav', 'aac', 'flac', 'mp4', 'ogg', 'mkv', 'm4a', 'webm', 'pcm']),
    source,
  }),
})
const cachePoint = z.strictObject({
  cachePoint: z.strictObject({ type: z.literal('default'), ttl: z.enum(['5m', '1h']).optional() }),
})
const id = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/)
const name = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/)
const object = z.record(z.string(), z.unknown())
const toolUse = z.strictObject({ toolUse: z.strictObject({ toolUseId: id, name, input: object }) })
const toolResult = z.strictObject({
  toolResult: z.strictObject({
    toolUseId: id,
    content: z.array(z.union([text, z.strictObject({ json: object }), image, document])).min(1),
    status: z.enum(['success', 'error']).optional(),
  }),
})
const reasoningContent = z.strictObject({
  reasoningContent: z.union([
    z.strictObject({ reasoningText: z.strictObject({ text: z.string(), signature: z.string().min(1) }) }),
    z.strictObject({ redactedContent: bytes }),
  ]),
})

const turn = z.discriminatedUnion('role', [
  z.strictObject({
    role: z.literal('user'),
    content: z.array(z.union([text, image, document, video, audio, cachePoint, toolResult])).min(1),
  }),
  z.strictObject({
    role: z.literal('assistant'),
    content: z.array(z.union([text, cachePoint, toolUse, reasoningContent])).min(1),
  }),
])

const toolSpec = z.strictObject({
  toolSpec: z.strictObject({
    name,
    description: z.string().min(1).optional(),
    inputSchema: z.strictObject({ json: z.looseObject({ type: z.literal('object') }) }),
    strict: z.boolean().optional(),
  }),
})
const nothing = z.strictObject({})

export const converseRequest = z
  .strictObject({
    messages: z.array(turn).min(1),
    system: z.array(z.union([text, cachePoint])).optional(),
    inferenceConfig: z
      .strictObject({
        maxTokens: z.int().min(1).optional(),
        temperature: z.number().min(0).max(1).optional(),
        topP: z.number().min(0).max(1).optional(),
        stopSequences: z.array(z.string().min(1)).max(2500).optional(),
      })
      .optional(),
    toolConfig: z
      .strictObject({
        tools: z.array(z.union([toolSpec, cachePoint])).min(1),
        toolChoice: z
          .union([
            z.strictObject({ auto: nothing }),
            z.strictObject({ any: nothing }),
            z.strictObject({ tool: z.strictObject({ name }) }),
          ])
          .optional(),
      })
      .optional(),
    additionalModelRequestFields: object.optional(),
    outputConfig: z
      .strictObject({
        textFormat: z.strictObject({
          type: z.literal('json_schema'),
          structure: z.strictObject({
            jsonSchema: z.strictObject({
              schema: z.string(),
              name: z.string().optional(),
              description: z.string().min(1).optional(),
            }),
          }),
        }),
      })
      .optional(),
    guardrailConfig: z
      .strictObject({
        guardrailIdentifier: z.string(),
        guardrailVersion: z.string(),
        trace: z.enum(['enabled', 'disabled', 'enabled_full']).optional(),
        streamProcessingMode: z.enum(['sync', 'async']).optional(),
      })
      .optional(),
    performanceConfig: z.strictObject({ latency: z.enum(['standard', 'optimized']) }).optional(),
    serviceTier: z.strictObject({ type: z.enum(['priority', 'default', 'flex', 'reserved']) }).optional(),
  })
  .superRefine((body, context) => {
    const wrong = (message: string) => context.addIssue({ code: 'custom', message })
    const blocks = body.messages.flatMap(({ content }) => content as object[])
    const count = (key: string, list: readonly object[] = blocks) => list.filter((block) => key in block).length
    if (body.messages[0]?.role !== 'user') wrong('The first turn is not the user’s.')
    if (body.messages.some(({ role }, i) => role === body.messages[i - 1]?.role))
      wrong('There are two turns of one role.')
    if (count('toolUse') + count('toolResult') > 0 && !body.toolConfig) wrong('Calls without a toolConfig.')
    const all: object[] = [...blocks, ...(body.system ?? []), ...(body.toolConfig?.tools ?? [])]
    if (count('cachePoint', all) > 4) wrong('More than four cache points.')
    const documents = blocks.flatMap((block) =>
      'document' in block ? [(block.document as { name: string }).name] : [],
    )
    if (new Set(documents).size < documents.length) wrong('Two documents of one name.')
    for (const { role, content } of body.messages) {
      if (role === 'user' && count('document', content) > 0 && count('text', content) === 0)
        wrong('A document without text.')
      const kinds = content.map((block) => ('toolResult' in block ? 'r' : 'cachePoint' in block ? '' : 'o')).join('')
      if (!/^r*o*$/.test(kinds)) wrong('Results that do not come first.')
      if (content[0] && 'cachePoint' in content[0]) wrong('A cache point with nothing before it.')
    }
  })

/** What families of models refuse, beyond the format. */
export function refusedBy(upstreamId: string, body: z.infer<typeof converseRequest>): string[] {
  const refused: string[] = []
  const additional = body.additionalModelRequestFields ?? {}
  const { inferenceConfig: config = {}, toolConfig, messages, outputConfig } = body
  const last = messages.at(-1)
  const isClaude = upstreamId.includes('anthropic.')
  const allowed = isClaude
    ? /^(thinking|top_k|output_config|anthropic_beta|tool_choice)$/
    : /amazon\.nova-2/.test(upstreamId)
      ? /^(reasoningConfig|inferenceConfig)$/
      : /amazon\.nova/.test(upstreamId)
        ? /^inferenceConfig$/
        : /openai\.gpt-oss|deepseek\.v3/.test(upstreamId)
          ? /^reasoning_effort$/
          : /openai\.gpt/.test(upstreamId)
            ? /^reasoning$/
            : /qwen/.test(upstreamId)
              ? /^reasoning_config$/
              : /^$/
  for (const key of Object.keys(additional)) if (!allowed.test(key)) refused.push(`additional ${key}`)
  if (/meta\.|writer\.|pixtral|openai\.gpt-oss|qwen|r1/.test(upstreamId) && toolConfig?.toolChoice)
    refused.push('choice')
  if (/meta\.|writer\.|mistral\./.test(upstreamId)) {
    for (const { content } of messages) {
      const kinds = new Set(content.map((block) => 'toolResult' in block))
      if (kinds.size > 1) refused.push('something beside a result')
    }
  }
  if (!/anthropic\.claude-(3|sonnet-4-5)|nova/.test(upstreamId) && last?.role === 'assistant') refused.push('prefill')
  if (outputConfig && /nova|claude-(3|opus-4-8|opus-5|sonnet-5|fable)|meta|gpt/.test(upstreamId)) refused.push('schema')
  if (!/anthropic|nova/.test(upstreamId) && JSON.stringify(body).includes('"cachePoint"')) refused.push('cache point')
  if (!isClaude) {
    if (JSON.stringify(body).includes('"reasoningContent"')) refused.push('thoughts')
    return refused
  }
  const thinking = (additional.thinking as { type?: string; budget_tokens?: number } | undefined) ?? {}
  const thinks = thinking.type === 'enabled' || thinking.type === 'adaptive'
  const choice: JsonRecord = { ...toolConfig?.toolChoice, ...asRecord(additional.tool_choice) }
  const forced = 'any' in choice || 'tool' in choice || choice.type === 'any' || choice.type === 'tool'
  const sampled = config.temperature !== undefined || config.topP !== undefined || additional.top_k !== undefined
  if (thinking.type === 'enabled' && forced) refused.push('forced tool beside thinking')
  const narrow = (config.temperature ?? 1) !== 1 || (config.topP ?? 1) < 0.95 || additional.top_k !== undefined
  if (thinks && narrow) refused.push('sampling beside thinking')
  if (thinks && last?.role === 'assistant') refused.push('prefill beside thinking')
  if (additional.tool_choice && toolConfig?.toolChoice) refused.push('two choices')
  if (thinking.budget_tokens !== undefined) {
    if (thinking.budget_tokens < 1024) refused.push('budget too small')
    if (config.maxTokens !== undefined && thinking.budget_tokens >= config.maxTokens) refused.push('budget too large')
  }
  if (thinking.type === 'enabled' && /claude-(opus-4-[7-9]|opus-5|sonnet-5|fable)/.test(upstreamId))
    refused.push('budget')
  if (thinking.type === 'disabled' && /5-5|fable/.test(upstreamId)) refused.push('disabled thinking')
  if (/claude-(opus-4-8|opus-5|sonnet-5|fable)/.test(upstreamId) && sampled) refused.push('sampling')
  if (/5-5|fable-5-1/.test(upstreamId) && forced) refused.push('forced tool')
  if (/claude-sonnet-4-5/.test(upstreamId) && config.temperature !== undefined && config.topP !== undefined)
    refused.push('temperature beside top_p')
  if (last?.role === 'assistant') {
    const block = last.content.at(-1)
    if (block && 'text' in block && /\s$/.test(block.text)) refused.push('white space at the end')
  }
  return refused
}
