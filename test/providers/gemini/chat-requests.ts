import type { ChatRequest, ContentPart, FunctionTool, Message, ToolCall } from '../../../src/chat/request.ts'

/** Chooses by the numbers of `random`, so that a seed makes the same requests every time. */
export class Choices {
  constructor(readonly random: () => number) {}

  one<T>(options: readonly T[]): T {
    const chosen = options[Math.floor(this.random() * options.length)]
    if (chosen === undefined) throw new Error('Nothing to choose from.')
    return chosen
  }

  maybe<T>(value: () => T, chance = 0.5): T | undefined {
    return this.random() < chance ? value() : undefined
  }

  upTo(max: number): number {
    return Math.floor(this.random() * (max + 1))
  }

  list<T>(max: number, item: (index: number) => T, min = 0): T[] {
    return Array.from({ length: min + this.upTo(max - min) }, (_, index) => item(index))
  }
}

const texts = ['', 'Hello', 'Grüße 🌍\u2028', '{"a": 1}', ' ', '\u0000x', 'a\nb'] as const
const names = ['add', 'get_weather', '2fa-code', 'a.b', '-dash', '_own'] as const

function part(c: Choices): ContentPart {
  return c.one<() => ContentPart>([
    () => ({
      type: 'text',
      text: c.one(texts),
      ...c.maybe(() => ({ cache_control: { type: 'ephemeral' as const } }), 0.2),
    }),
    () => ({
      type: 'image_url',
      image_url: { url: 'data:image/png;base64,iVBORw0K', detail: c.one(['auto', 'low', 'high']) },
    }),
    () => ({ type: 'image_url', image_url: { url: 'https://x.example/cat.webp' } }),
    () => ({ type: 'input_audio', input_audio: { data: 'UklGRg==', format: c.one(['wav', 'mp3', 'pcm16', 'opus']) } }),
    () => ({ type: 'video_url', video_url: { url: 'https://x.example/film' } }),
    () => ({ type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' } }),
    () => ({ type: 'file', file: { file_id: 'file-123' } }),
  ])()
}

function content(c: Choices): string | ContentPart[] {
  return c.random() < 0.5 ? c.one(texts) : c.list(3, () => part(c))
}

function schema(c: Choices, depth = 0): Record<string, unknown> {
  return c.one<() => Record<string, unknown>>([
    () => ({ type: 'string', minLength: 1, pattern: '^a', format: c.one(['uri', 'date']) }),
    () => ({ type: c.one(['integer', ['number', 'null']]), exclusiveMinimum: 0, minimum: 1 }),
    () => ({ const: c.one<unknown>(['a', 1, true, null]) }),
    () => ({ enum: ['a', null, 2, false] }),
    () => ({ $ref: '#/definitions/Node', description: 'a node' }),
    () => (depth > 2 ? {} : { type: 'array', items: schema(c, depth + 1), uniqueItems: true }),
    () => (depth > 2 ? {} : { oneOf: c.list(2, () => schema(c, depth + 1), 1), discriminator: { propertyName: 'x' } }),
    () => (depth > 2 ? {} : { allOf: c.list(2, () => schema(c, depth + 1), 1) }),
    () => (depth > 2 ? {} : objectSchema(c, depth + 1)),
  ])()
}

function objectSchema(c: Choices, depth = 0): Record<string, unknown> {
  const properties = Object.fromEntries(c.list(3, (i) => [c.one([`p${i}`, 'const', '$ref', 'type']), schema(c, depth)]))
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties,
    required: [...Object.keys(properties), ...(c.maybe(() => ['missing'], 0.2) ?? [])],
    additionalProperties: c.one<unknown>([false, true, { type: 'string' }]),
    ...(depth === 0
      ? { definitions: { Node: { type: 'object', properties: { next: { $ref: '#/definitions/Node' } } } } }
      : {}),
  }
}

function tool(c: Choices, index: number): FunctionTool {
  return {
    type: 'function',
    function: {
      name: `${c.one(names)}${index}`,
      ...c.maybe(() => ({ description: c.one(texts) })),
      ...c.maybe(() => ({ parameters: c.one([{}, { type: 'object', properties: {} }, objectSchema(c)]) }), 0.8),
      ...c.maybe(() => ({ strict: c.one([true, false, null]) })),
    },
    ...c.maybe(() => ({ cache_control: { type: 'ephemeral' as const } }), 0.1),
  }
}

/** A turn of the conversation; a tool loop is whole, its results in any order. */
function turn(c: Choices, at: number): Message[] {
  const kind = c.one(['user', 'user', 'assistant', 'system', 'loop'] as const)
  if (kind === 'system') return [{ role: c.one(['system', 'developer'] as const), content: c.one(texts) }]
  if (kind === 'user') return [{ role: 'user', content: content(c), ...c.maybe(() => ({ name: 'Ada' }), 0.2) }]
  const calls: ToolCall[] =
    kind === 'loop'
      ? c.list(
          3,
          (i) => ({
            id: `call_${at}_${i}`,
            type: 'function',
            function: { name: c.one(names), arguments: c.one(['', '{}', '{"id":123456789012345678}', '[1]', '{"x":']) },
          }),
          1,
        )
      : []
  const assistant: Message = {
    role: 'assistant',
    content: c.one<string | null>([...texts, null]),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    ...c.maybe(() => ({ reasoning: 'Hm.', reasoning_content: 'Hm.' })),
    ...c.maybe(() => ({
      reasoning_details: c.list(4, (i) =>
        c.one([
          { type: 'reasoning.text' as const, text: 'Hm.', format: 'google-gemini-v1' as const, index: i },
          { type: 'reasoning.text' as const, text: 'x', signature: 'sig', format: 'anthropic-claude-v1' as const },
          {
            type: 'reasoning.encrypted' as const,
            data: 'QUJD',
            id: calls[0]?.id ?? null,
            format: 'google-gemini-v1' as const,
          },
          { type: 'reasoning.encrypted' as const, data: 'REVG', format: 'google-gemini-v1' as const, index: i },
          { type: 'reasoning.summary' as const, summary: 'Short.', format: 'google-gemini-v1' as const },
        ]),
      ),
    })),
    ...c.maybe(
      () => ({ images: [{ type: 'image_url' as const, image_url: { url: 'data:image/png;base64,QQ==' } }] }),
      0.2,
    ),
  }
  const results: Message[] = calls.map((call) => ({
    role: 'tool',
    tool_call_id: call.id,
    content: c.one<string | ContentPart[]>([...texts, [part(c)], '[1,2]', '{"ok":true}']),
  }))
  return [assistant, ...results.sort(() => c.random() - 0.5)]
}

/** A chat request of any shape that the border lets in. It always asks something. */
export function chatRequest(random: () => number): ChatRequest {
  const c = new Choices(random)
  const tools = c.maybe(() => c.list(3, (i) => tool(c, i)))
  const number = (...values: number[]) => c.maybe(() => c.one(values), 0.3)
  const request: Record<string, unknown> = {
    messages: [
      ...(c.maybe((): Message[] => [{ role: 'system', content: 'Be kind.' }]) ?? []),
      { role: 'user', content: 'Go' },
      ...c.list(4, (i) => i).flatMap((i) => turn(c, i)),
    ],
    tools,
    tool_choice: c.maybe(() =>
      c.one<unknown>([
        'auto',
        'none',
        'required',
        { type: 'function', function: { name: tools?.[0]?.function.name ?? 'x' } },
      ]),
    ),
    parallel_tool_calls: c.maybe(() => c.one([true, false])),
    temperature: number(0, 0.7, 2, 3),
    top_p: number(0, 0.5, 1),
    top_k: number(-1, 0, 1, 40.5),
    min_p: number(0.1),
    frequency_penalty: number(-2, 0, 2),
    presence_penalty: number(-2, 0, 2),
    repetition_penalty: number(1.1),
    seed: number(-5, 42, 2 ** 53 - 1),
    n: number(1, 2, 50),
    max_tokens: number(1, 500, 10_000_000),
    logprobs: c.maybe(() => c.one([true, false]), 0.3),
    top_logprobs: number(0, 5, 20),
    stop: c.maybe(() => c.one<unknown>([null, '', 'END', ['a', '', 'b', 'c', 'd', 'e', 'f']])),
    response_format: c.maybe(() =>
      c.one<unknown>([
        { type: 'text' },
        { type: 'json_object' },
        { type: 'json_schema', json_schema: { name: 'x', schema: objectSchema(c), strict: true } },
        { type: 'grammar', grammar: 'x' },
      ]),
    ),
    reasoning: c.maybe(() =>
      c.one<unknown>([
        { effort: c.one(['max', 'xhigh', 'high', 'medium', 'low', 'minimal', 'none']) },
        { max_tokens: c.one([0, 1, 2_000, 500_000]) },
        { enabled: c.one([true, false]) },
        { exclude: true },
      ]),
    ),
    include_reasoning: c.maybe(() => c.one([true, false]), 0.2),
    modalities: c.maybe(() => c.one([['text'], ['text', 'image'], ['audio']]), 0.3),
    audio: c.maybe(() => ({ voice: 'Kore', format: 'wav' }), 0.2),
    image_config: c.maybe(() => ({ aspect_ratio: '1:1' }), 0.2),
    web_search_options: c.maybe(() => ({}), 0.1),
    logit_bias: c.maybe(() => ({ 5: 1 }), 0.1),
    provider: c.maybe(() => ({ only: ['x'] }), 0.2),
    user: c.maybe(() => 'ada', 0.2),
    service_tier: c.maybe(() => c.one(['auto', 'flex']), 0.2),
    unheard_of: c.maybe(() => 1, 0.2),
  }
  for (const [field, value] of Object.entries(request)) if (value === undefined) delete request[field]
  return request as unknown as ChatRequest
}
