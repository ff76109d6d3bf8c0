import { describe, expect, it } from 'vitest'
import type { FunctionTool } from '../../../src/chat/request.ts'
import { encoded, hello } from './gemini-target.ts'

const weather: FunctionTool = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'Tells the weather.',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}

describe('a request', () => {
  it('goes to the method that fits', () => {
    expect(encoded({}).url).toBe('https://google.example/v1beta/models/gemini-3-flash-preview:generateContent')
    expect(encoded({}, { stream: true, id: 'models/gemini-2.5-pro' }).url).toBe(
      'https://google.example/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse',
    )
  })

  it('says no more than the client did', () => {
    expect(encoded({}, { model: { reasoning: { supported: false, mandatory: false, efforts: null } } })).toMatchObject({
      body: { contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] },
      notes: [],
    })
    expect(
      Object.keys(encoded({}, { model: { reasoning: { supported: false, mandatory: false, efforts: null } } }).body),
    ).toEqual(['contents'])
  })

  it('puts the sampling parameters into words of Google', () => {
    const { body, notes } = encoded({
      temperature: 0.4,
      top_p: 0.9,
      top_k: 40,
      max_tokens: 100,
      seed: 42,
      n: 2,
      stop: 'END',
      reasoning: { exclude: true },
    })
    expect(body.generationConfig).toEqual({
      temperature: 0.4,
      topP: 0.9,
      topK: 40,
      maxOutputTokens: 100,
      seed: 42,
      candidateCount: 2,
      stopSequences: ['END'],
    })
    expect(notes).toEqual([])
  })

  it('keeps parameters within what Google takes, and says so', () => {
    const { body, notes } = encoded(
      {
        temperature: 5,
        max_completion_tokens: 1_000_000,
        top_k: -1,
        seed: 2 ** 40 + 7,
        n: 20,
        stop: ['a', 'b', '', 'c', 'd', 'e', 'f'],
      },
      { id: 'gemini-2.0-flash', endpoint: { maxOutputTokens: 8_192 } },
    )
    expect(body.generationConfig).toEqual({
      temperature: 2,
      maxOutputTokens: 8_192,
      seed: 7,
      candidateCount: 8,
      stopSequences: ['a', 'b', 'c', 'd', 'e'],
    })
    expect(notes).toEqual([
      'max_tokens changed provider-limit',
      'temperature changed provider-limit',
      'seed changed provider-limit',
      'n changed provider-limit',
      'stop changed provider-limit',
    ])
  })

  it('sends penalties and log probabilities only where they are taken', () => {
    const wish = { frequency_penalty: 1, presence_penalty: 2, logprobs: true, top_logprobs: 3 }
    const studio = encoded(wish, { id: 'gemini-2.5-flash' })
    expect(studio.body.generationConfig).toEqual({ thinkingConfig: { includeThoughts: true } })
    expect(studio.notes).toEqual([
      'frequency_penalty dropped not-supported-by-endpoint',
      'presence_penalty dropped not-supported-by-endpoint',
      'logprobs dropped not-supported-by-endpoint',
    ])
    const vertex = encoded(wish, { id: 'gemini-2.5-flash', facts: { everySamplingParameter: true } })
    expect(vertex.body.generationConfig).toMatchObject({
      frequencyPenalty: 1,
      presencePenalty: 1.99,
      responseLogprobs: true,
      logprobs: 3,
    })
  })

  it('drops what Google has no word for, and never sends what is the gateway’s own', () => {
    const { body, notes } = encoded({
      min_p: 0.1,
      logit_bias: { 1: 2 },
      repetition_penalty: 1.1,
      provider: { only: ['google-ai-studio'] },
      user: 'ada',
      metadata: { a: 'b' },
      service_tier: 'auto',
      prompt_cache_key: 'k',
      some_extra: 1,
      'häßlich!': 1,
      ...{ reasoning: { exclude: true } },
    })
    expect(Object.keys(body)).toEqual(['contents'])
    expect(notes).toEqual([
      'min_p dropped not-supported-by-provider',
      'logit_bias dropped not-supported-by-provider',
      'repetition_penalty dropped not-supported-by-provider',
      'some_extra dropped not-supported-by-provider',
      'extra dropped not-supported-by-provider',
    ])
  })

  it('passes the fields of Google’s own that the provider knows', () => {
    const safety = [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }]
    const facts = { passes: { safety_settings: 'safetySettings' } }
    expect(encoded({ safety_settings: safety }, { facts }).body.safetySettings).toEqual(safety)
    expect(encoded({ safety_settings: safety }, {}).body.safetySettings).toBeUndefined()
  })
})

describe('tools', () => {
  it('become function declarations with a real JSON schema', () => {
    const { body } = encoded({ tools: [weather, { type: 'function', function: { name: 'now' } }] })
    expect(body.tools).toEqual([
      {
        functionDeclarations: [
          { name: 'weather', description: 'Tells the weather.', parametersJsonSchema: weather.function.parameters },
          { name: 'now' },
        ],
      },
    ])
    expect(body.toolConfig).toBeUndefined()
  })

  it.each([
    ['auto', { mode: 'AUTO' }],
    ['none', { mode: 'NONE' }],
    ['required', { mode: 'ANY' }],
    [
      { type: 'function', function: { name: 'weather' } },
      { mode: 'ANY', allowedFunctionNames: ['weather'] },
    ],
  ] as const)('are chosen by %j', (choice, config) => {
    const { body } = encoded({ tools: [weather], tool_choice: choice as 'auto' })
    expect(body.toolConfig).toEqual({ functionCallingConfig: config })
  })

  it('are held to their schema where the client asks for strictness', () => {
    const strict: FunctionTool = { type: 'function', function: { ...weather.function, strict: true } }
    expect(encoded({ tools: [strict] }).body.toolConfig.functionCallingConfig.mode).toBe('VALIDATED')
    expect(encoded({ tools: [strict], tool_choice: 'required' }).body.toolConfig.functionCallingConfig.mode).toBe('ANY')
  })

  it('may be called in parallel whether the client wants it or not', () => {
    expect(encoded({ tools: [weather], parallel_tool_calls: false }).notes).toEqual([
      'parallel_tool_calls dropped no-such-control',
    ])
    expect(encoded({ tools: [weather], parallel_tool_calls: true }).notes).toEqual([])
  })

  it('get a name that Google takes', () => {
    const odd: FunctionTool = { type: 'function', function: { name: '2fa-code' } }
    const { body } = encoded({
      tools: [odd],
      tool_choice: { type: 'function', function: { name: '2fa-code' } },
      messages: [
        ...hello.messages,
        {
          role: 'assistant',
          tool_calls: [{ id: 'c', type: 'function', function: { name: '2fa-code', arguments: '' } }],
        },
        { role: 'tool', tool_call_id: 'c', content: '1' },
      ],
    })
    expect(JSON.stringify(body)).not.toContain('"2fa-code"')
    expect(body.contents[1].parts[0].functionCall).toMatchObject({ name: '_2fa-code', args: {} })
  })

  it('leave room for a search only where there are no functions', () => {
    expect(encoded({ web_search_options: {} }).body.tools).toEqual([{ googleSearch: {} }])
    const both = encoded({ web_search_options: {}, tools: [weather] })
    expect(both.body.tools).toHaveLength(1)
    expect(both.notes).toEqual(['web_search_options dropped not-beside-functions'])
  })
})

describe('response_format', () => {
  const schema = {
    type: 'object',
    properties: { a: { type: 'integer' } },
    required: ['a'],
    additionalProperties: false,
  }
  const wanted = { response_format: { type: 'json_schema' as const, json_schema: { name: 'x', schema } } }

  it('is native', () => {
    expect(encoded({ response_format: { type: 'json_object' } }).body.generationConfig).toMatchObject({
      responseMimeType: 'application/json',
    })
    expect(encoded(wanted).body.generationConfig).toMatchObject({
      responseMimeType: 'application/json',
      responseJsonSchema: schema,
    })
    expect(encoded({ response_format: { type: 'text' } }).body.generationConfig).not.toHaveProperty('responseMimeType')
  })

  it.each([
    ['beside tools before generation 3', { id: 'gemini-2.5-flash' }, { tools: [weather] }],
    ['of an image model', { id: 'gemini-2.5-flash-image', endpoint: { outputModalities: ['text', 'image'] } }, {}],
  ] as const)('goes into the prompt %s', (_, changes, more) => {
    const { body, notes } = encoded(
      { ...wanted, ...more, tools: 'tools' in more ? [...more.tools] : [] },
      changes as object,
    )
    expect(body.generationConfig).not.toHaveProperty('responseMimeType')
    expect(JSON.stringify(body.systemInstruction ?? body.contents)).toContain('additionalProperties')
    expect(notes).toContain('response_format emulated schema-in-the-prompt')
  })

  it('stays native beside tools from generation 3 on', () => {
    expect(encoded({ ...wanted, tools: [weather] }).body.generationConfig).toHaveProperty('responseJsonSchema')
  })

  it('that Google has no word for is dropped', () => {
    expect(encoded({ response_format: { type: 'grammar', grammar: 'x' } }).notes).toEqual([
      'response_format dropped not-supported-by-provider',
    ])
  })
})

describe('modalities', () => {
  const image = { id: 'gemini-3-pro-image', endpoint: { outputModalities: ['text' as const, 'image' as const] } }

  it('are text and pictures for an image model, unless only text is wanted', () => {
    expect(encoded({}, image).body.generationConfig.responseModalities).toEqual(['TEXT', 'IMAGE'])
    expect(encoded({ modalities: ['text'] }, image).body.generationConfig.responseModalities).toEqual(['TEXT'])
    expect(
      encoded({ image_config: { aspect_ratio: '16:9', image_size: '2K' } }, image).body.generationConfig.imageConfig,
    ).toEqual({ aspectRatio: '16:9', imageSize: '2K' })
  })

  it('are sound alone for a model that speaks', () => {
    const speech = { id: 'gemini-2.5-flash-preview-tts', endpoint: { outputModalities: ['audio' as const] } }
    const { body, notes } = encoded({ modalities: ['audio'], audio: { voice: 'Kore', format: 'wav' } }, speech)
    expect(body.generationConfig).toEqual({
      responseModalities: ['AUDIO'],
      speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Kore' } } },
    })
    expect(notes).toEqual(['audio.format changed pcm16-only'])
  })

  it('that a text model lacks are dropped', () => {
    const { body, notes } = encoded({ modalities: ['text', 'image'] })
    expect(body.generationConfig).not.toHaveProperty('responseModalities')
    expect(notes).toEqual(['modalities dropped not-supported-by-endpoint'])
  })
})

describe('thinking', () => {
  const thinking = (request: object, changes: object = {}) => {
    const { body, notes } = encoded(request, changes)
    return { config: body.generationConfig?.thinkingConfig, notes }
  }
  const flash25 = { id: 'gemini-2.5-flash' }
  const pro25 = { id: 'gemini-2.5-pro' }
  const levels = (...efforts: string[]) => ({ model: { reasoning: { supported: true, mandatory: false, efforts } } })

  it('shows its thoughts unless they are not wanted', () => {
    expect(thinking({}).config).toEqual({ includeThoughts: true })
    expect(thinking({ include_reasoning: false }).config).toBeUndefined()
    expect(thinking({ reasoning: { exclude: true, effort: 'low' } }).config).toEqual({ thinkingLevel: 'LOW' })
    // It does not think unasked, and then asking for thoughts is an error.
    expect(thinking({}, { id: 'gemini-2.5-flash-lite' }).config).toBeUndefined()
    expect(thinking({}, { id: 'gemini-2.0-flash' }).config).toBeUndefined()
  })

  it.each([
    ['effort high', { reasoning: { effort: 'high' } }, 'HIGH', []],
    ['effort max', { reasoning: { effort: 'max' } }, 'HIGH', ['reasoning.effort changed nearest-effort']],
    ['effort minimal', { reasoning_effort: 'minimal' }, 'LOW', ['reasoning.effort changed nearest-effort']],
    ['enabled', { reasoning: { enabled: true } }, 'MEDIUM', []],
    ['a budget', { reasoning: { max_tokens: 50_000 } }, 'HIGH', ['reasoning.max_tokens changed nearest-effort']],
  ] as const)('takes a level from generation 3 on: %s', (_, request, level, notes) => {
    expect(thinking(request)).toEqual({ config: { thinkingLevel: level, includeThoughts: true }, notes })
  })

  it('takes the nearest of the levels that the catalogue knows', () => {
    const known = levels('high', 'minimal')
    expect(thinking({ reasoning: { effort: 'medium' } }, known).config.thinkingLevel).toBe('HIGH')
    expect(thinking({ reasoning: { effort: 'none' } }, known)).toEqual({
      config: { thinkingLevel: 'MINIMAL' },
      notes: ['reasoning changed cannot-be-turned-off'],
    })
  })

  it.each([
    [flash25, { effort: 'none' }, { thinkingBudget: 0 }],
    [pro25, { effort: 'none' }, { thinkingBudget: 128 }],
    [flash25, { enabled: true }, { thinkingBudget: 12_288, includeThoughts: true }],
    [flash25, { effort: 'high' }, { thinkingBudget: 19_660, includeThoughts: true }],
    [flash25, { max_tokens: 1_234 }, { thinkingBudget: 1_234, includeThoughts: true }],
    [pro25, { max_tokens: 99_999 }, { thinkingBudget: 32_768, includeThoughts: true }],
    [{ id: 'gemini-2.5-flash-lite' }, { max_tokens: 5 }, { thinkingBudget: 512, includeThoughts: true }],
  ])('takes a budget in generation 2.5: %j %j', (changes, reasoning, config) => {
    expect(thinking({ reasoning }, changes).config).toEqual(config)
  })

  it('spends a share of what the client allows', () => {
    expect(thinking({ reasoning: { effort: 'low' }, max_tokens: 5_000 }, flash25).config.thinkingBudget).toBe(1_000)
  })

  it('is dropped for models that cannot', () => {
    const { config, notes } = thinking(
      { reasoning: { effort: 'high' } },
      { model: { reasoning: { supported: false, mandatory: false, efforts: null } } },
    )
    expect(config).toBeUndefined()
    expect(notes).toEqual(['reasoning dropped not-a-reasoning-model'])
  })
})
