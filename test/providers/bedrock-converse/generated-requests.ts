import type { ReasoningDetail } from '../../../src/chat/parts.ts'
import type { ChatRequest, ContentPart, FunctionTool, Message } from '../../../src/chat/request.ts'

/** Chooses by the numbers of `random`, so that a seed makes the same requests every time. */
export class Dice {
  constructor(readonly random: () => number) {}

  one<T>(options: readonly T[]): T {
    const chosen = options[Math.floor(this.random() * options.length)]
    if (chosen === undefined) throw new Error('Nothing to choose from.')
    return chosen
  }

  list<T>(most: number, item: (index: number) => T): T[] {
    return Array.from({ length: Math.floor(this.random() * (most + 1)) }, (_, index) => item(index))
  }

  /** The fields, or nothing. */
  some<T extends object>(chance: number, fields: () => T): Partial<T> {
    return this.random() < chance ? fields() : {}
  }
}

const texts = ['Hello', '', ' ', '\n', 'Grüße 🌍\u2028', '{"a": 1}', '\ud800', 'ends with space '] as const
const names = ['get_weather', 'files.read', 'a'.repeat(80), 'söök', 'get-time'] as const
const callIds = ['call_1', 'toolu_01AbC', 'fc_1|call_2', 'x'.repeat(70), 'tooluse_Z-9'] as const

function part(dice: Dice): ContentPart {
  const cached = dice.some(0.2, () => ({
    cache_control: dice.one([{ type: 'ephemeral' }, { type: 'ephemeral', ttl: '1h' }]),
  }))
  const options: (() => ContentPart)[] = [
    () => ({
      type: 'text',
      text: dice.one(texts),
      ...dice.some(0.1, () => ({ prompt_cache_breakpoint: { mode: 'explicit' } })),
    }),
    () => ({
      type: 'image_url',
      image_url: { url: 'data:image/png;base64,iVBORw0K', detail: dice.one(['auto', 'high', 'low']) },
    }),
    () => ({
      type: 'file',
      file: { filename: dice.one(['a.pdf', 'Überblick (1).docx', 'a.pdf', '?.md']), file_data: 'JVBERi0=' },
    }),
    () => ({ type: 'file', file: { file_data: 'data:text/x-python,print(1)' } }),
    () => ({ type: 'video_url', video_url: { url: 'data:video/quicktime;base64,AAAA' } }),
    () => ({ type: 'input_audio', input_audio: { data: 'UklGRg==', format: dice.one(['wav', 'mp3', 'pcm16']) } }),
  ]
  return { ...dice.one([options[0], options[0], ...options])?.(), ...cached } as ContentPart
}

function content(dice: Dice): string | ContentPart[] {
  return dice.random() < 0.5 ? dice.one(texts) : dice.list(4, () => part(dice))
}

function details(dice: Dice): ReasoningDetail[] {
  return dice.list(3, (index) =>
    dice.one<ReasoningDetail>([
      { type: 'reasoning.text', text: 'Hm.', signature: 'c2ln', format: 'anthropic-claude-v1', index },
      { type: 'reasoning.text', text: 'Hm.', format: 'unknown', index },
      { type: 'reasoning.encrypted', data: 'c2VhbGVk', format: 'anthropic-claude-v1', index },
      { type: 'reasoning.encrypted', data: 'b3BlbmFp', format: 'openai-responses-v1', index },
      { type: 'reasoning.summary', summary: 'Hm.', format: 'xai-responses-v1', index },
    ]),
  )
}

/** One message, or a tool loop whose results come back in another order. */
function messages(dice: Dice): Message[] {
  const kind = dice.random()
  if (kind < 0.15) {
    const texts2 = [{ type: 'text' as const, text: dice.one(texts) }]
    return [{ role: dice.one(['system', 'developer']), content: dice.one([dice.one(texts), texts2]) } as Message]
  }
  if (kind < 0.55) return [{ role: 'user', content: content(dice), ...dice.some(0.2, () => ({ name: 'Ada' })) }]
  const assistant: Message = {
    role: 'assistant',
    content: dice.one<Message['content'] | null>([content(dice), null]) as string | null,
    ...dice.some(0.5, () => ({ reasoning_details: details(dice), reasoning: 'Hm.' })),
    ...dice.some(0.1, () => ({ refusal: 'No.' })),
    ...dice.some(0.1, () => ({
      images: [{ type: 'image_url' as const, image_url: { url: 'data:image/png;base64,AA==' } }],
    })),
  }
  if (kind < 0.75) return [assistant]
  const calls = callIds.filter(() => dice.random() < 0.4)
  const given = calls.map((id) => ({
    id,
    type: 'function' as const,
    function: {
      name: dice.one(names),
      arguments: dice.one(['{}', '', '{"id":12345678901234567890}', '[1]', '{"cut":']),
    },
  }))
  const results: Message[] = calls.map((id) => ({ role: 'tool', tool_call_id: id, content: content(dice) }))
  return [{ ...assistant, ...(given.length > 0 ? { tool_calls: given } : {}) }, ...results.reverse()]
}

const schemas: readonly Record<string, unknown>[] = [
  { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
  { type: 'object', properties: { n: { type: 'integer', minimum: 1 }, list: { type: 'array', minItems: 2 } } },
  { type: 'object', additionalProperties: { type: 'string' } },
  { properties: { minimum: { type: 'string' } } },
  { $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } } } }, $ref: '#/$defs/node' },
  { type: 'array', items: { type: 'string' } },
]

function tool(dice: Dice, index: number): FunctionTool {
  const schema = dice.one(schemas.filter(({ type }) => type !== 'array'))
  return {
    type: 'function',
    function: {
      name: `${dice.one(names)}_${index}`,
      ...dice.some(0.7, () => ({ description: dice.one(['Tells the weather.', '', ' ']) })),
      ...dice.some(0.8, () => ({ parameters: dice.one([schema, {}]) })),
      ...dice.some(0.4, () => ({ strict: dice.one([true, false, null]) })),
    },
    ...dice.some(0.2, () => ({ cache_control: { type: 'ephemeral' as const } })),
  }
}

/** Anything that the border lets through, of what this wire has a word for. */
export function generatedRequest(random: () => number): Partial<ChatRequest> {
  const dice = new Dice(random)
  const tools = dice.list(3, (index) => tool(dice, index))
  const effort = dice.one(['max', 'xhigh', 'high', 'medium', 'low', 'minimal', 'none'] as const)
  return {
    messages: [
      ...dice.list(8, () => messages(dice)).flat(),
      ...dice.one([[], [{ role: 'user' as const, content: 'Hi' }]]),
    ],
    ...dice.some(0.5, () => ({ max_tokens: dice.one([1, 1000, 1025, 50_000]) })),
    ...dice.some(0.2, () => ({ max_completion_tokens: 4000 })),
    ...dice.some(0.4, () => ({ temperature: dice.one([0, 0.7, 1, 2]) })),
    ...dice.some(0.4, () => ({ top_p: dice.one([0, 0.5, 1]) })),
    ...dice.some(0.3, () => ({ top_k: 40, min_p: 0.1, seed: 7, frequency_penalty: 1, logit_bias: { '1': 1 } })),
    ...dice.some(0.3, () => ({ stop: dice.one<string | string[]>(['\n', ['END', '', ' ']]) })),
    ...(tools.length > 0
      ? {
          tools,
          ...dice.some(0.6, () => ({
            tool_choice: dice.one([
              'auto' as const,
              'none' as const,
              'required' as const,
              { type: 'function' as const, function: { name: dice.one(tools).function.name } },
            ]),
          })),
          ...dice.some(0.3, () => ({ parallel_tool_calls: dice.one([true, false]) })),
        }
      : {}),
    ...dice.some(0.3, () => ({
      response_format: dice.one([
        { type: 'json_object' as const },
        { type: 'json_schema' as const, json_schema: { name: 'City', schema: dice.one(schemas) } },
      ]),
    })),
    ...dice.some(0.4, () => ({
      reasoning: dice.one([{ effort }, { max_tokens: 2000 }, { enabled: true }, { enabled: false }]),
    })),
    ...dice.some(0.1, () => ({ reasoning_effort: effort })),
    ...dice.some(0.1, () => ({ verbosity: 'high' as const })),
    ...dice.some(0.1, () => ({ cache_control: { type: 'ephemeral' as const } })),
    ...dice.some(0.1, () => ({ service_tier: dice.one(['flex', 'auto', 'scale']) })),
    ...dice.some(0.1, () => ({ n: 2, logprobs: true, user: 'canary-user', session_id: 'canary-session' })),
    ...dice.some(0.1, () => ({ guardrailConfig: { guardrailIdentifier: 'g', trace: 'enabled', more: 1 } })),
    ...dice.some(0.1, () => ({ metadata: { x: 'canary' }, provider: { only: ['canary'] }, an_extra: 'canary' })),
  }
}
