import { describe, expect, it } from 'vitest'
import type { ChatRequest, FunctionTool } from '../../../src/chat/request.ts'
import { encode } from '../../../src/providers/bedrock-converse/encode.ts'
import { type Changes, encoded, encodeInput, hello, ids } from './converse.ts'

const schema = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
}
const tool = (name: string, more: Partial<FunctionTool['function']> = {}): FunctionTool => ({
  type: 'function',
  function: { name, description: `Does ${name}.`, parameters: schema, ...more },
})
const tools = [tool('add'), tool('sub')]
const named = { type: 'function' as const, function: { name: 'sub' } }
const format = (of: Record<string, unknown> = schema): Partial<ChatRequest> => ({
  response_format: {
    type: 'json_schema',
    json_schema: { name: 'City', description: 'A city.', schema: of, strict: true },
  },
})
const efforts = (...levels: string[]): Changes => ({
  model: { reasoning: { supported: true, mandatory: false, efforts: levels.length > 0 ? levels : null } },
})

describe('a request', () => {
  it('goes to the model’s own path, encoded once', () => {
    const whole = encode(encodeInput(ids.claude45, {}))
    expect(whole).toMatchObject({
      method: 'POST',
      url: 'https://bedrock-runtime.eu-central-1.amazonaws.com/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse',
      translation: [],
    })
    expect(whole.headers).toMatchObject({ 'content-type': 'application/json', accept: 'application/json' })
    const arn = 'arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0'
    const stream = encode(encodeInput(arn, {}, { stream: true }))
    expect(stream.url).toMatch(/\/model\/arn%3Aaws%3Abedrock%3A[^/]+%2Feu\.anthropic[^/]+%3A0\/converse-stream$/)
    expect(stream.headers.accept).toBe('application/vnd.amazon.eventstream')
    expect(encode(encodeInput(ids.gptOss, {})).url).toContain('/model/openai.gpt-oss-120b-1%3A0/')
  })

  it('says no more than it has to', () => {
    expect(encoded(ids.nova, { temperature: null, stop: null, max_tokens: null }).body).toEqual({
      messages: [{ role: 'user', content: [{ text: 'Hello' }] }],
    })
  })

  it('carries the parameters that Converse has, within its bounds', () => {
    const { body, notes } = encoded(ids.nova, {
      max_tokens: 5,
      max_completion_tokens: 7,
      temperature: 1.5,
      top_p: 0.9,
      top_k: 40,
      stop: ['END', ''],
    })
    expect(body.inferenceConfig).toEqual({ maxTokens: 7, temperature: 1, topP: 0.9, stopSequences: ['END'] })
    expect(body.additionalModelRequestFields).toEqual({ inferenceConfig: { topK: 40 } })
    expect(notes).toEqual(['temperature changed at-most-one', 'stop changed empty-stop'])
  })

  it('drops what nobody there knows, and says so by name only', () => {
    const strange = {
      seed: 7,
      n: 2,
      logprobs: true,
      frequency_penalty: 1,
      stream_options: {},
      store: false,
      'a prompt, perhaps': 1,
    }
    const { body, notes } = encoded(ids.llama, { ...strange, user: 'ada', metadata: { a: 'b' }, top_k: 3 } as never)
    expect(Object.keys(body)).toEqual(['messages'])
    expect(notes.sort()).toEqual([
      'extra dropped not-supported-by-provider',
      'frequency_penalty dropped not-supported-by-provider',
      'logprobs dropped not-supported-by-provider',
      'n dropped not-supported-by-provider',
      'seed dropped not-supported-by-provider',
      'top_k dropped refused-by-model',
    ])
  })

  it('leaves sampling to the endpoint’s list and to Claude’s habits', () => {
    const sampling = { temperature: 0.5, top_p: 0.5, top_k: 5 }
    expect(encoded(ids.nova, sampling, { endpoint: { parameters: ['top_p'] } }).body.inferenceConfig).toEqual({
      topP: 0.5,
    })
    const { body, notes } = encoded(ids.claude45, sampling)
    expect(body.inferenceConfig).toEqual({ temperature: 0.5 })
    expect(body.additionalModelRequestFields).toEqual({ top_k: 5 })
    expect(notes).toEqual(['top_p dropped excluded-by-temperature'])
    expect(encoded(ids.claude48, sampling).body).not.toHaveProperty('inferenceConfig')
    expect(encoded(ids.claude48, sampling).notes).toHaveLength(3)
  })

  it('passes on what is Bedrock’s own, as far as it is known', () => {
    const own = {
      guardrailConfig: {
        guardrailIdentifier: 'g',
        guardrailVersion: '2',
        trace: 'enabled',
        streamProcessingMode: 'async',
      },
      performanceConfig: { latency: 'optimized', more: 1 },
      additionalModelRequestFields: { reasoning_config: 'low' },
      service_tier: 'flex',
    }
    const endpoint = { tag: 'amazon-bedrock/flex' }
    expect(encoded(ids.qwen, own, { stream: true, endpoint }).body).toMatchObject({
      guardrailConfig: { guardrailIdentifier: 'g', guardrailVersion: '2', streamProcessingMode: 'async' },
      performanceConfig: { latency: 'optimized' },
      additionalModelRequestFields: { reasoning_config: 'low' },
      serviceTier: { type: 'flex' },
    })
    expect(encoded(ids.qwen, own).body.guardrailConfig).toEqual({ guardrailIdentifier: 'g', guardrailVersion: '2' })
    expect(encoded(ids.qwen, { service_tier: 'auto' }).body).not.toHaveProperty('serviceTier')
  })

  it('is guarded by the operator, whatever the client says', () => {
    const extra = { GUARDRAIL_ID: 'ours' }
    const { body } = encoded(ids.nova, { guardrailConfig: { guardrailIdentifier: 'theirs' } }, { extra })
    expect(body.guardrailConfig).toEqual({ guardrailIdentifier: 'ours', guardrailVersion: 'DRAFT' })
  })

  it('names the betas that Claude on Bedrock knows', () => {
    const betas = ['context-1m-2025-08-07', 'files-api-2025-04-14']
    const { body, notes } = encoded(ids.claude45, {}, { betas })
    expect(body.additionalModelRequestFields).toEqual({ anthropic_beta: ['context-1m-2025-08-07'] })
    expect(notes).toEqual(['betas dropped unknown-to-provider'])
    expect(encoded(ids.nova, {}, { betas }).body).not.toHaveProperty('additionalModelRequestFields')
  })
})

describe('tools', () => {
  const toolsOf = (id: string, request: Partial<ChatRequest>) => {
    const { body, notes } = encoded(id, { tools, ...request })
    const offered = body.toolConfig?.tools.map((item: { toolSpec: { name: string } }) => item.toolSpec.name)
    return { offered, choice: body.toolConfig?.toolChoice, more: body.additionalModelRequestFields, notes, body }
  }

  it('are told with their schemas', () => {
    const bare = [
      tool('a', { description: ' ', parameters: {} }),
      tool('b', { parameters: { properties: {} } }),
      tool('files.read'),
    ]
    expect(encoded(ids.nova, { tools: bare }).body.toolConfig.tools).toEqual([
      { toolSpec: { name: 'a', inputSchema: { json: { type: 'object', properties: {} } } } },
      { toolSpec: { name: 'b', description: 'Does b.', inputSchema: { json: { type: 'object', properties: {} } } } },
      {
        toolSpec: {
          name: expect.stringMatching(/^files_read_/),
          description: 'Does files.read.',
          inputSchema: { json: schema },
        },
      },
    ])
  })

  it.each<[string, string, ChatRequest['tool_choice'], object | undefined, string[], string[]]>([
    ['auto', ids.claude45, 'auto', undefined, ['add', 'sub'], []],
    ['required', ids.claude45, 'required', { any: {} }, ['add', 'sub'], []],
    ['named', ids.nova, named, { tool: { name: 'sub' } }, ['add', 'sub'], []],
    [
      'named, where none can be named',
      ids.deepseek,
      named,
      { any: {} },
      ['sub'],
      ['tool_choice emulated only-the-named-tool'],
    ],
    [
      'required, where none can be forced',
      ids.llama,
      'required',
      undefined,
      ['add', 'sub'],
      ['tool_choice changed offered-not-forced'],
    ],
    [
      'named, where none can be forced',
      ids.qwen,
      named,
      undefined,
      ['sub'],
      ['tool_choice changed offered-not-forced'],
    ],
    [
      'required, for the newest Claude',
      ids.claude55,
      'required',
      undefined,
      ['add', 'sub'],
      ['tool_choice changed offered-not-forced'],
    ],
    ['required, for Mistral Large', ids.mistralLarge, 'required', { any: {} }, ['add', 'sub'], []],
  ])('are chosen: %s', (_, id, tool_choice, choice, offered, notes) => {
    expect(toolsOf(id, tool_choice === undefined ? {} : { tool_choice })).toMatchObject({ choice, offered, notes })
  })

  it('are left out, or the model is asked not to call them, for "none"', () => {
    expect(toolsOf(ids.nova, { tool_choice: 'none' })).toMatchObject({
      offered: undefined,
      notes: ['tool_choice emulated tools-left-out'],
    })
    const messages: ChatRequest['messages'] = [
      { role: 'user', content: 'x' },
      { role: 'assistant', tool_calls: [{ id: 'c', type: 'function', function: { name: 'add', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 'c', content: '1' },
    ]
    const { offered, body, notes } = toolsOf(ids.nova, { tool_choice: 'none', messages })
    expect(offered).toEqual(['add', 'sub'])
    expect(body.system).toEqual([{ text: 'Do not call any tool in your next answer.' }])
    expect(notes).toEqual(['tool_choice emulated asked-in-the-prompt'])
  })

  it('of the history are told where the client gives none any more', () => {
    const messages: ChatRequest['messages'] = [
      { role: 'user', content: 'x' },
      { role: 'assistant', tool_calls: [{ id: 'c', type: 'function', function: { name: 'add', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 'c', content: '1' },
    ]
    const { body, notes } = encoded(ids.claude45, { messages })
    expect(body.toolConfig).toEqual({
      tools: [{ toolSpec: { name: 'add', inputSchema: { json: { type: 'object' } } } }],
    })
    expect(notes).toEqual(['tools emulated tools-of-the-history'])
  })

  it('are called one at a time where Claude is told so', () => {
    const alone = { parallel_tool_calls: false }
    const { choice, more } = toolsOf(ids.claude45, { ...alone, tool_choice: named })
    expect(choice).toBeUndefined()
    expect(more).toEqual({ tool_choice: { type: 'tool', name: 'sub', disable_parallel_tool_use: true } })
    expect(toolsOf(ids.claude45, alone).more.tool_choice.type).toBe('auto')
    expect(toolsOf(ids.nova, alone).notes).toEqual(['parallel_tool_calls dropped no-such-control'])
  })

  it('are strict where the model can be and the schema is', () => {
    const strict = (id: string, parameters: Record<string, unknown>) => {
      const { body, notes } = encoded(id, { tools: [tool('a', { strict: true, parameters })] })
      return [body.toolConfig.tools[0].toolSpec.strict, ...notes]
    }
    expect(strict(ids.claude45, schema)).toEqual([true])
    expect(
      strict(ids.claude45, { type: 'object', properties: { n: { type: 'integer', minimum: 1 } }, required: ['n'] }),
    ).toEqual([undefined, 'tools.function.strict dropped schema-not-strict'])
    expect(strict(ids.claude48, schema)).toEqual([undefined, 'tools.function.strict dropped not-supported-by-model'])
  })
})

describe('a format for the answer', () => {
  it('is a schema where the model takes one', () => {
    const { body, notes } = encoded(ids.kimi, format())
    const { jsonSchema } = body.outputConfig.textFormat.structure
    expect(body.outputConfig.textFormat.type).toBe('json_schema')
    expect({ ...jsonSchema, schema: JSON.parse(jsonSchema.schema) }).toEqual({
      name: 'City',
      description: 'A city.',
      schema,
    })
    expect(notes).toEqual([])
  })

  it('loses limits that the schema may not have there', () => {
    const limited = { type: 'object', properties: { n: { type: 'integer', minimum: 1 } }, required: ['n'] }
    const { body, notes } = encoded(ids.claude45, format(limited))
    expect(JSON.parse(body.outputConfig.textFormat.structure.jsonSchema.schema)).toMatchObject({
      additionalProperties: false,
    })
    expect(notes).toEqual(['response_format changed schema-subset'])
  })

  it('is a tool that has to be called where the model takes no schema', () => {
    const { body, notes } = encoded(ids.nova, format())
    expect(body.toolConfig).toEqual({
      tools: [{ toolSpec: { name: 'City', description: 'A city.', inputSchema: { json: schema } } }],
      toolChoice: { tool: { name: 'City' } },
    })
    expect(notes).toEqual(['response_format emulated schema-as-tool'])
  })

  it.each<[string, string, Partial<ChatRequest>]>([
    ['beside tools', ids.nova, { ...format(), tools }],
    ['beside thinking', ids.claude48, { ...format(), reasoning: { effort: 'high' } }],
    ['where none can be forced', ids.llama, format()],
    ['for a list', ids.nova, format({ type: 'array', items: {} })],
    ['for open objects', ids.llama, format({ type: 'object', additionalProperties: true })],
    ['for any object', ids.claude45, { response_format: { type: 'json_object' } }],
  ])('is asked for in words %s', (_, id, request) => {
    const { body, notes } = encoded(id, request)
    expect(body.system.at(-1).text).toMatch(/^Answer with one JSON/)
    expect(body.toolConfig?.toolChoice).toBeUndefined()
    expect(body.outputConfig).toBeUndefined()
    expect(notes).toContain('response_format emulated schema-in-the-prompt')
  })

  it('that nobody has is dropped', () => {
    expect(encoded(ids.nova, { response_format: { type: 'python' } }).notes).toEqual([
      'response_format dropped no-such-format',
    ])
  })
})

describe('reasoning', () => {
  const fields = (id: string, request: Partial<ChatRequest>, changes: Changes = {}) => {
    const { body, notes } = encoded(id, request, changes)
    return [body.additionalModelRequestFields, ...notes]
  }

  it.each<[string, string, Partial<ChatRequest>, unknown[]]>([
    [
      'a budget',
      ids.claude37,
      { reasoning: { max_tokens: 2000 } },
      [{ thinking: { type: 'enabled', budget_tokens: 2000 } }],
    ],
    [
      'a share of the limit',
      ids.claude45,
      { reasoning: { effort: 'high' }, max_tokens: 10_000 },
      [{ thinking: { type: 'enabled', budget_tokens: 8000 } }],
    ],
    [
      'no room for thoughts',
      ids.claude45,
      { reasoning: { effort: 'high' }, max_tokens: 1000 },
      [undefined, 'reasoning dropped max-tokens-too-small'],
    ],
    [
      'an effort',
      ids.claude46,
      { reasoning: { effort: 'high' } },
      [{ thinking: { type: 'adaptive' }, output_config: { effort: 'high' } }],
    ],
    [
      'an effort, and its thoughts shown',
      ids.claude48,
      { reasoning: { effort: 'xhigh' } },
      [{ thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'xhigh' } }],
    ],
    [
      'on, and no more',
      ids.claude48,
      { reasoning: { enabled: true } },
      [{ thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'medium' } }],
    ],
    ['off', ids.claude5, { reasoning: { effort: 'none' } }, [{ thinking: { type: 'disabled' } }]],
    ['gpt-oss', ids.gptOss, { reasoning_effort: 'medium' }, [{ reasoning_effort: 'medium' }]],
    [
      'gpt-oss, off',
      ids.gptOss,
      { reasoning: { enabled: false } },
      [{ reasoning_effort: 'low' }, 'reasoning changed cannot-be-turned-off'],
    ],
    [
      'GPT',
      ids.gpt6,
      { reasoning: { effort: 'max' } },
      [{ reasoning: { effort: 'high' } }, 'reasoning.effort changed nearest-effort'],
    ],
    ['Qwen', ids.qwen, { reasoning: { effort: 'high' } }, [{ reasoning_config: 'high' }]],
    ['Qwen, off', ids.qwen, { reasoning: { enabled: false } }, [undefined]],
    ['DeepSeek', ids.deepseek, { reasoning: { enabled: true } }, [{ reasoning_effort: 'high' }]],
    [
      'Nova 2',
      ids.nova2,
      { reasoning: { effort: 'low' } },
      [{ reasoningConfig: { type: 'enabled', maxReasoningEffort: 'low' } }],
    ],
    ['Kimi', ids.kimi, { reasoning: { effort: 'low' } }, [undefined, 'reasoning dropped no-such-control']],
  ])('is asked for as the family wants: %s', (_, id, request, expected) => {
    expect(fields(id, request)).toEqual(expected)
  })

  it('is as near as the model’s levels are', () => {
    expect(fields(ids.gpt6, { reasoning: { effort: 'none' } }, efforts('none', 'low', 'high'))).toEqual([
      { reasoning: { effort: 'none' } },
    ])
    expect(
      fields(
        ids.kimi,
        { reasoning: { enabled: true } },
        { model: { reasoning: { supported: false, mandatory: false, efforts: null } } },
      ),
    ).toEqual([undefined, 'reasoning dropped not-a-reasoning-model'])
  })

  it('knows only those levels of Qwen that Bedrock does, whatever the catalogue lists', () => {
    expect(fields(ids.qwen, { reasoning: { effort: 'medium' } }, efforts('low', 'medium', 'high'))).toEqual([
      { reasoning_config: 'low' },
      'reasoning.effort changed nearest-effort',
    ])
  })

  it('of Claude may be asked for in Anthropic’s own words', () => {
    const native = { thinking: { type: 'enabled', budget_tokens: 2000 } }
    expect(fields(ids.claude45, native)).toEqual([{ thinking: native.thinking }])
    expect(fields(ids.nova, native)).toEqual([undefined, 'thinking dropped not-supported-by-provider'])
  })

  it('excludes at Nova’s highest level what it cannot be limited by', () => {
    const high = { reasoning: { effort: 'high' as const }, temperature: 0.2 }
    expect(encoded(ids.nova2, high)).toEqual({
      body: {
        messages: [{ role: 'user', content: [{ text: 'Hello' }] }],
        additionalModelRequestFields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'high' } },
      },
      notes: ['temperature dropped excluded-by-reasoning'],
    })
    expect(fields(ids.nova2, { ...high, max_tokens: 500 })).toEqual([
      { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'medium' } },
      'reasoning.effort changed excluded-by-max-tokens',
    ])
  })

  it('gives way to a tool that has to be called, and to thoughts that are missing', () => {
    const budget = { reasoning: { max_tokens: 2000 } }
    expect(fields(ids.claude45, { ...budget, tools, tool_choice: 'required' })).toEqual([
      undefined,
      'reasoning dropped excluded-by-forced-tool',
    ])
    const messages: ChatRequest['messages'] = [
      ...hello.messages,
      { role: 'assistant', tool_calls: [{ id: 'c', type: 'function', function: { name: 'add', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 'c', content: '1' },
    ]
    expect(fields(ids.claude45, { ...budget, tools, messages })).toEqual([
      undefined,
      'reasoning dropped earlier-thoughts-missing',
    ])
    expect(fields(ids.claude48, { reasoning: { effort: 'low' }, tools, messages })[0]).toHaveProperty('thinking')
  })

  it('goes on through a loop of tools that began with thoughts, however many steps it has', () => {
    const thought = {
      type: 'reasoning.text' as const,
      text: 'Hm',
      signature: 's',
      format: 'anthropic-claude-v1' as const,
    }
    const step = (id: string, details: (typeof thought)[] = []): ChatRequest['messages'] => [
      {
        role: 'assistant',
        reasoning_details: details,
        tool_calls: [{ id, type: 'function', function: { name: 'add', arguments: '{}' } }],
      },
      {
        role: 'tool',
        tool_call_id: id,
        content: [{ type: 'text', text: '1', cache_control: { type: 'ephemeral' } }],
      },
    ]
    const asked = (...messages: ChatRequest['messages']) =>
      fields(ids.claude45, { reasoning: { max_tokens: 2000 }, tools, messages: [...hello.messages, ...messages] })
    expect(asked(...step('a', [thought]), ...step('b'))).toEqual([
      { thinking: { type: 'enabled', budget_tokens: 2000 } },
    ])
    expect(asked(...step('a'), ...step('b', [thought]))).toContain('reasoning dropped earlier-thoughts-missing')
    expect(asked(...step('a'), { role: 'user', content: 'And now?' })).toEqual([
      { thinking: { type: 'enabled', budget_tokens: 2000 } },
    ])
  })
})
