import { describe, expect, it } from 'vitest'
import type { FunctionTool } from '../../../src/chat/request.ts'
import { reasoning } from '../openai-chat/encode-input.ts'
import { encoded, pro } from './encode-request.ts'

const weather: FunctionTool = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'Tells the weather.',
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
  },
}
const flatWeather = { type: 'function', ...weather.function, strict: false }
const xai = { format: 'xai-responses-v1', efforts: [] } as const

describe('a request for the Responses API', () => {
  it('is complete in itself: nothing is stored there', () => {
    expect(encoded({})).toEqual({
      body: { model: 'm1', input: [{ role: 'user', content: 'Hello' }], store: false, stream: false },
      notes: [],
      url: 'https://api.acme.example/v1/responses',
    })
  })

  it('stores nothing even when the client wants it stored', () => {
    expect(encoded({ store: true, metadata: { a: 'b' }, user: 'ada' }).body).toEqual(encoded({}).body)
  })

  it('streams without padding', () => {
    expect(encoded({}, { stream: true }).body).toMatchObject({
      stream: true,
      stream_options: { include_obfuscation: false },
    })
    expect(encoded({}, { stream: true }, xai).body).not.toHaveProperty('stream_options')
  })

  it('names the end user by a hash', () => {
    expect(encoded({ user: 'ada' }, { userHash: 'h' }).body.safety_identifier).toBe('h')
    expect(encoded({ user: 'ada', safety_identifier: 'ada' }, { userHash: 'h' }, xai).body).not.toHaveProperty('user')
  })

  it.each([
    [{ max_tokens: 50 }, 50, []],
    [{ max_tokens: 50, max_completion_tokens: 60 }, 60, []],
    [{ max_tokens: 1 }, 16, ['max_tokens changed minimum-of-provider']],
  ])('limits the output of %j to %d tokens', (request, want, notes) => {
    expect(encoded(request)).toMatchObject({ body: { max_output_tokens: want }, notes })
  })

  it('drops and notes what the API has no word for, and leaves out what is the default anyhow', () => {
    const { body, notes } = encoded({
      n: 1,
      modalities: ['text'],
      service_tier: 'flex',
      stop: 'x',
      seed: 1,
      frequency_penalty: 1,
      logit_bias: { 1: 1 },
      safe_prompt: true,
      'a secret in a name': 1,
      temperature: null,
    })
    expect(body).toEqual(encoded({}).body)
    expect(notes).toEqual([
      'service_tier dropped no-such-tier',
      'stop dropped not-supported-by-provider',
      'seed dropped not-supported-by-provider',
      'frequency_penalty dropped not-supported-by-provider',
      'logit_bias dropped not-supported-by-provider',
      'safe_prompt dropped not-supported-by-provider',
      'extra dropped not-supported-by-provider',
    ])
  })

  it('asks for the tier that the endpoint is priced for', () => {
    const flex = { endpoint: { tag: 'openai/flex' } }
    expect(encoded({ service_tier: 'flex' }, flex)).toMatchObject({ body: { service_tier: 'flex' }, notes: [] })
    expect(encoded({ service_tier: 'default' }).body).toMatchObject({ service_tier: 'default' })
  })

  it('does not change the request', () => {
    const request = {
      messages: [
        { role: 'user' as const, name: 'Ada', content: [{ type: 'text' as const, text: 'Hi' }] },
        { role: 'assistant' as const, content: 'Ho', reasoning_details: [] },
      ],
      tools: [weather],
    }
    const before = structuredClone(request)
    encoded(request)
    expect(request).toEqual(before)
  })
})

describe('tools', () => {
  it('are flat, and strict only when asked to be', () => {
    const strict = { ...weather, function: { ...weather.function, strict: true } }
    expect(encoded({ tools: [weather, strict] }).body.tools).toEqual([flatWeather, { ...flatWeather, strict: true }])
  })

  it('have an empty object of parameters where they have none, and no marks of other providers', () => {
    const bare: FunctionTool = { type: 'function', function: { name: 'f' }, cache_control: { type: 'ephemeral' } }
    expect(encoded({ tools: [bare] })).toMatchObject({
      body: {
        tools: [{ type: 'function', name: 'f', parameters: { type: 'object', properties: {} }, strict: false }],
      },
      notes: ['tools.cache_control dropped no-cache-control'],
    })
  })

  it.each(['none', 'auto', 'required'] as const)('can be chosen: %s', (choice) => {
    expect(encoded({ tools: [weather], tool_choice: choice }).body.tool_choice).toBe(choice)
  })

  it('can be forced by name, and one at a time', () => {
    const request = { tools: [weather], tool_choice: { type: 'function', function: { name: 'weather' } } } as const
    expect(encoded({ ...request, tools: [weather], parallel_tool_calls: false }).body).toMatchObject({
      tool_choice: { type: 'function', name: 'weather' },
      parallel_tool_calls: false,
    })
  })

  it('cannot be chosen from when there are none', () => {
    const { body } = encoded({ tools: [], tool_choice: 'auto', parallel_tool_calls: true })
    expect(body).toEqual(encoded({}).body)
  })
})

describe('the form of the answer', () => {
  const schema = { type: 'object', properties: {} }

  it('is a schema, flat', () => {
    const { body } = encoded({
      response_format: { type: 'json_schema', json_schema: { name: 'a', description: 'd', schema, strict: true } },
    })
    expect(body.text).toEqual({
      format: { type: 'json_schema', name: 'a', description: 'd', schema, strict: true },
    })
  })

  it('is JSON, or text when nothing is said', () => {
    expect(encoded({ response_format: { type: 'json_object' } }).body.text).toEqual({ format: { type: 'json_object' } })
    expect(encoded({ response_format: { type: 'text' } }).body).not.toHaveProperty('text')
  })

  it('is any JSON where the schema is missing, and nothing where it is a grammar', () => {
    expect(encoded({ response_format: { type: 'json_schema', json_schema: { name: 'a' } } })).toMatchObject({
      body: { text: { format: { type: 'json_object' } } },
      notes: ['response_format changed schema-missing'],
    })
    expect(encoded({ response_format: { type: 'grammar', grammar: 'g' } })).toMatchObject({
      notes: ['response_format dropped not-supported-by-provider'],
    })
  })

  it('is as wordy as the provider can be told', () => {
    expect(encoded({ verbosity: 'low' })).toMatchObject({ body: { text: { verbosity: 'low' } }, notes: [] })
    expect(encoded({ verbosity: 'max' })).toMatchObject({
      body: { text: { verbosity: 'high' } },
      notes: ['verbosity changed nearest-level'],
    })
    expect(encoded({ verbosity: 'low' }, {}, xai).notes).toEqual(['verbosity dropped not-supported-by-provider'])
  })
})

describe('reasoning', () => {
  const everything = ['reasoning.encrypted_content']

  it('comes back summarised and encrypted without being asked for', () => {
    expect(encoded({}, pro).body).toMatchObject({ include: everything, reasoning: { summary: 'auto' } })
    expect(encoded({}).body).not.toHaveProperty('include')
  })

  it('stays away when it is excluded', () => {
    const { body } = encoded({ reasoning: { effort: 'high', exclude: true } }, pro)
    expect(body.reasoning).toEqual({ effort: 'high' })
    expect(body).not.toHaveProperty('include')
    expect(encoded({ include_reasoning: false }, pro).body).not.toHaveProperty('include')
  })

  it('is summarised as asked, but not by models that cannot', () => {
    expect(encoded({ reasoning: { summary: 'detailed' } }, pro).body.reasoning).toEqual({ summary: 'detailed' })
    const o1 = { ...reasoning(), endpoint: { upstreamId: 'o1-pro', parameters: null } }
    expect(encoded({ reasoning: { effort: 'low' } }, o1).body.reasoning).toEqual({ effort: 'low' })
    expect(encoded({ reasoning: { summary: 'detailed' } }, o1).notes).toEqual([
      'reasoning.summary dropped not-supported-by-provider',
    ])
  })

  it.each([
    [{ reasoning: { effort: 'high' } }, 'high', []],
    [{ reasoning_effort: 'medium' }, 'medium', []],
    [{ reasoning: { effort: 'low' } }, 'medium', ['reasoning.effort changed nearest-effort']],
    [{ reasoning: { max_tokens: 900 }, max_tokens: 1000 }, 'high', ['reasoning.max_tokens changed nearest-effort']],
    [{ reasoning: { enabled: false } }, 'medium', ['reasoning changed cannot-be-turned-off']],
  ] as const)('is told %j as %s', (request, effort, notes) => {
    expect(encoded(request, pro)).toMatchObject({ body: { reasoning: { effort } }, notes })
  })

  it('can be told its context and mode where that is known', () => {
    const wish = { reasoning: { context: 'all_turns', mode: 'pro' as const } }
    expect(encoded(wish, pro).body.reasoning).toEqual({ summary: 'auto', context: 'all_turns', mode: 'pro' })
    expect(encoded(wish, pro, xai).notes).toEqual([
      'reasoning.context dropped not-supported-by-provider',
      'reasoning.mode dropped not-supported-by-provider',
    ])
  })

  it('is not to be had of a model without it', () => {
    expect(encoded({ reasoning: { effort: 'high' } })).toMatchObject({
      notes: ['reasoning dropped not-a-reasoning-model'],
    })
  })

  it('refuses to be sampled unless it is off', () => {
    const request = { temperature: 0.5, top_p: 0.5, logprobs: true, top_logprobs: 3 }
    const { body, notes } = encoded(request, pro)
    for (const field of ['temperature', 'top_p', 'top_logprobs']) expect(body).not.toHaveProperty(field)
    expect(body.include).toEqual(everything)
    expect(notes).toEqual([
      'temperature dropped reasoning-model',
      'top_p dropped reasoning-model',
      'logprobs dropped reasoning-model',
    ])
    const off = { ...pro, ...reasoning(['high', 'none']) }
    expect(encoded({ ...request, reasoning: { effort: 'none' } }, off).body).toMatchObject({
      temperature: 0.5,
      top_logprobs: 3,
      include: [...everything, 'message.output_text.logprobs'],
      reasoning: { effort: 'none' },
    })
    expect(encoded(request, pro, xai).body).toMatchObject({ temperature: 0.5, top_p: 0.5 })
  })

  it('leaves out what the endpoint is known not to take', () => {
    const { body, notes } = encoded({ temperature: 1, top_p: 1 }, { endpoint: { parameters: ['top_p'] } })
    expect(body).toMatchObject({ top_p: 1 })
    expect(body).not.toHaveProperty('temperature')
    expect(notes).toEqual(['temperature dropped not-supported-by-endpoint'])
  })
})

describe('deep research', () => {
  it('is given the search it cannot do without, and no functions', () => {
    const { body, notes } = encoded(
      { tools: [weather], tool_choice: 'auto', parallel_tool_calls: true },
      { ...reasoning(), endpoint: { upstreamId: 'o3-deep-research', parameters: null } },
    )
    expect(body.tools).toEqual([{ type: 'web_search_preview' }])
    expect(body).not.toHaveProperty('tool_choice')
    expect(notes).toEqual(['tools dropped refused-by-model'])
  })
})
