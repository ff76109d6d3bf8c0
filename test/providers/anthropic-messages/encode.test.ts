import { describe, expect, it } from 'vitest'
import type { ChatRequest } from '../../../src/chat/request.ts'
import { onVertex } from '../../../src/providers/anthropic-messages/host.ts'
import { type Changes, encoded, type Json, onBedrockInvoke, tool } from './claude-target.ts'

const schema = {
  type: 'object',
  properties: { city: { type: 'string', maxLength: 40 } },
  required: ['city'],
  additionalProperties: false,
}
const asked: Partial<ChatRequest> = { response_format: { type: 'json_schema', json_schema: { name: 'place', schema } } }

describe('a request for the Messages API', () => {
  it('is as small as the client’s', () => {
    const { body, notes, url, headers } = encoded({ max_tokens: 5 })
    expect(body).toEqual({
      model: 'claude-sonnet-4-5',
      max_tokens: 5,
      messages: [{ role: 'user', content: 'Hello' }],
    })
    expect(notes).toEqual([])
    expect(url).toBe('https://anthropic.example/v1/messages')
    expect(headers).toMatchObject({ 'anthropic-version': '2023-06-01', accept: 'application/json' })
    expect(headers).not.toHaveProperty('anthropic-beta')
  })

  it('streams when the client does', () => {
    const { body, headers } = encoded({ stream: true }, { stream: true })
    expect(body.stream).toBe(true)
    expect(headers.accept).toBe('text/event-stream')
  })

  it.each<[string, Partial<ChatRequest>, Changes, number, string[]]>([
    ['the client’s', { max_tokens: 100 }, {}, 100, []],
    ['the newer name first', { max_completion_tokens: 7, max_tokens: 100 }, {}, 7, []],
    ['no more than the endpoint gives', { max_tokens: 1e6 }, {}, 64_000, ['max_tokens changed endpoint-limit']],
    ['all that the endpoint gives', {}, {}, 64_000, []],
    [
      'all that the model is known for',
      {},
      { endpoint: { maxOutputTokens: null }, model: { maxOutputTokens: null } },
      64_000,
      [],
    ],
    ['what an old model has room for', {}, { id: 'claude-opus-4-1', endpoint: { contextLength: 40_000 } }, 39_998, []],
    ['a little even where there is no room', {}, { id: 'claude-opus-4-1', endpoint: { contextLength: 1 } }, 1_024, []],
  ])('asks for tokens: %s', (_, request, changes, tokens, noted) => {
    const { body, notes } = encoded(request, changes)
    expect(body.max_tokens).toBe(tokens)
    expect(notes).toEqual(noted)
  })

  it.each<[string, Partial<ChatRequest>, string, Json, string[]]>([
    ['as they are', { temperature: 0.5, top_k: 40 }, 'claude-sonnet-4-5', { temperature: 0.5, top_k: 40 }, []],
    ['at most 1', { temperature: 1.7 }, 'claude-sonnet-4-5', { temperature: 1 }, ['temperature changed at-most-one']],
    [
      'both on old models',
      { temperature: 1, top_p: 0.9 },
      'claude-opus-4-20250514',
      { temperature: 1, top_p: 0.9 },
      [],
    ],
    [
      'one on newer',
      { temperature: 1, top_p: 0.9 },
      'claude-opus-4-1',
      { temperature: 1 },
      ['top_p dropped excluded-by-temperature'],
    ],
    [
      'none on the newest',
      { temperature: 1, top_k: 3 },
      'claude-opus-4-8',
      {},
      ['temperature dropped refused-by-model', 'top_k dropped refused-by-model'],
    ],
    ['no limit as no limit', { top_k: 0 }, 'claude-sonnet-4-5', {}, []],
    [
      'while thinking',
      { temperature: 0.2, top_p: 0.96, top_k: 5, reasoning: { effort: 'low' } },
      'claude-sonnet-4-5',
      { top_p: 0.96 },
      ['temperature dropped excluded-by-reasoning', 'top_k dropped excluded-by-reasoning'],
    ],
    [
      'none that it has no word for',
      { seed: 1, frequency_penalty: 0.5, n: 2, logprobs: true },
      'claude-sonnet-4-5',
      {},
      [
        'seed dropped not-supported-by-provider',
        'frequency_penalty dropped not-supported-by-provider',
        'n dropped not-supported-by-provider',
        'logprobs dropped not-supported-by-provider',
      ],
    ],
    [
      'nothing for what holds anyhow',
      { frequency_penalty: 0, n: 1, logprobs: false, presence_penalty: 0 },
      'claude-sonnet-4-5',
      {},
      [],
    ],
  ])('takes sampling parameters: %s', (_, request, id, fields, noted) => {
    const { body, notes } = encoded(request, { id })
    const { temperature, top_p, top_k } = body
    expect(JSON.parse(JSON.stringify({ temperature, top_p, top_k }))).toEqual(fields)
    expect(notes).toEqual(noted)
  })

  it('leaves out texts that would end an answer at once', () => {
    expect(encoded({ stop: 'END' }).body.stop_sequences).toEqual(['END'])
    const { body, notes } = encoded({ stop: ['\n', 'END', ''] })
    expect(body.stop_sequences).toEqual(['END'])
    expect(notes).toEqual(['stop changed empty-stop'])
  })

  it('names the end user by a hash alone', () => {
    const { body } = encoded({ user: 'lovelace', metadata: { user_id: 'lovelace' } }, { userHash: 'h4sh' })
    expect(body.metadata).toEqual({ user_id: 'h4sh' })
    expect(JSON.stringify(body)).not.toContain('lovelace')
  })

  it.each([
    ['auto', 'anthropic', undefined, []],
    ['priority', 'anthropic/priority', 'auto', []],
    ['priority', 'anthropic', undefined, ['service_tier dropped no-such-tier']],
    ['default', 'anthropic', 'standard_only', []],
    ['flex', 'anthropic', undefined, ['service_tier dropped no-such-tier']],
  ])('translates the service tier %s for %s', (tier, tag, sent, noted) => {
    const { body, notes } = encoded({ service_tier: tier }, { endpoint: { tag } })
    expect(body.service_tier).toBe(sent)
    expect(notes).toEqual(noted)
  })

  it('passes betas that are fit for a header, and parameters only with theirs', () => {
    const betas = ['context-management-2025-06-27', 'x\r\nevil: 1', 'context-management-2025-06-27', '']
    const request = { context_management: { edits: [] }, mcp_servers: [{}], container: 'c_1', other: 1 }
    const { body, headers, notes } = encoded(request, { betas })
    expect(headers['anthropic-beta']).toBe('context-management-2025-06-27')
    expect(body).toMatchObject({ context_management: { edits: [] }, container: 'c_1' })
    expect(notes).toEqual(['mcp_servers dropped needs-beta', 'other dropped not-supported-by-provider'])
  })

  it('is put into the words of the clouds', () => {
    const changes = { stream: true, betas: ['b-1'], id: 'claude-haiku-4-5@20251001' }
    const vertex = encoded({ max_tokens: 5, service_tier: 'auto' }, { ...changes, host: onVertex })
    expect(vertex.url).toBe('https://anthropic.example/v1/models/claude-haiku-4-5@20251001:streamRawPredict')
    expect(vertex.body).toEqual({
      anthropic_version: 'vertex-2023-10-16',
      max_tokens: 5,
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
    })
    expect(vertex.headers).toMatchObject({ 'anthropic-beta': 'b-1' })
    expect(vertex.headers).not.toHaveProperty('anthropic-version')
    const bedrock = encoded({ max_tokens: 5 }, { ...changes, host: onBedrockInvoke })
    expect(bedrock.url).toContain('/model/claude-haiku-4-5%4020251001/invoke-with-response-stream')
    expect(bedrock.body).toEqual({
      anthropic_version: 'bedrock-2023-05-31',
      anthropic_beta: ['b-1'],
      max_tokens: 5,
      messages: [{ role: 'user', content: 'Hello' }],
    })
  })
})

describe('an answer that has to be JSON', () => {
  it('is held to a schema natively, its limits in words', () => {
    const { body, notes } = encoded(asked)
    expect(body.output_config).toEqual({
      format: {
        type: 'json_schema',
        schema: { ...schema, properties: { city: { type: 'string', description: '{maxLength: 40}' } } },
      },
    })
    expect(notes).toEqual(['response_format changed limits-in-words'])
  })

  it('is the input of a tool that older models have to call', () => {
    const { body, notes } = encoded(asked, { id: 'claude-sonnet-4-20250514' })
    expect(body.tools).toEqual([{ name: 'final_answer', description: 'Gives the final answer.', input_schema: schema }])
    expect(body.tool_choice).toEqual({ type: 'tool', name: 'final_answer', disable_parallel_tool_use: true })
    expect(notes).toEqual(['response_format emulated forced-tool'])
  })

  it('leaves the client’s own tools callable', () => {
    const { body } = encoded({ ...asked, tools: [tool('final_answer')] }, { id: 'claude-sonnet-4-20250514' })
    expect(body.tools.map(({ name }: Json) => name)).toEqual(['final_answer', 'final_answer_2'])
    expect(body.tool_choice).toEqual({ type: 'any' })
  })

  it.each<[string, Partial<ChatRequest>, Changes]>([
    ['a model that thinks cannot be forced', { reasoning: { effort: 'low' } }, { id: 'claude-sonnet-4-20250514' }],
    [
      'the client forces a tool of its own',
      { tools: [tool('a')], tool_choice: 'required' },
      { id: 'claude-sonnet-4-20250514' },
    ],
    [
      'the newest are never forced and their schemas are closed',
      { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } } },
      { id: 'claude-opus-5-5' },
    ],
    [
      'a list is no input of a tool',
      { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'array', items: {} } } } },
      { id: 'claude-sonnet-4-20250514' },
    ],
  ])('is asked for in the prompt where %s', (_, request, changes) => {
    const { body, notes } = encoded({ ...asked, ...request }, changes)
    expect(body.system).toContain('JSON schema')
    expect(notes).toContain('response_format emulated schema-in-the-prompt')
    expect(body.output_config?.format).toBeUndefined()
  })

  it('is asked for behind the client’s own instructions', () => {
    const messages: ChatRequest['messages'] = [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'Hi' },
    ]
    const { body, notes } = encoded({ messages, response_format: { type: 'json_object' } })
    expect(body.system).toMatch(/^Be kind\.\n\nAnswer with one JSON object/)
    expect(notes).toEqual(['response_format emulated asked-in-the-prompt'])
  })

  it('tells which format it does not know', () => {
    const { notes } = encoded({ response_format: { type: 'grammar', grammar: 'x' } })
    expect(notes).toEqual(['response_format dropped no-such-format'])
    expect(encoded({ response_format: { type: 'text' } }).notes).toEqual([])
  })
})

describe('marks for the cache', () => {
  const mark = { cache_control: { type: 'ephemeral' as const } }
  const text = (words: string, more = {}) => ({ type: 'text' as const, text: words, ...more })

  it('stay on tools, system, parts and results', () => {
    const { body } = encoded({
      tools: [{ ...tool('a'), cache_control: { type: 'ephemeral', ttl: '1h' } }],
      messages: [
        { role: 'system', content: [text('Be kind.', mark)] },
        { role: 'user', content: [text('Hi', { prompt_cache_breakpoint: { mode: 'explicit' } }), text('there')] },
        { role: 'assistant', tool_calls: [{ id: 'c1', type: 'function', function: { name: 'a', arguments: '' } }] },
        { role: 'tool', tool_call_id: 'c1', content: [text('42', mark)] },
      ],
    })
    expect(body.tools[0].cache_control).toEqual({ type: 'ephemeral', ttl: '1h' })
    expect(body.system).toEqual([text('Be kind.', mark)])
    expect(body.messages[0].content).toEqual([text('Hi', mark), text('there')])
    expect(body.messages[2].content).toEqual([
      { type: 'tool_result', tool_use_id: 'c1', content: [text('42')], ...mark },
    ])
  })

  it('are four at most: the last of the conversation, behind tools and system', () => {
    const { body, notes } = encoded({
      messages: [
        { role: 'system', content: [text('s1', mark), text('s2', mark)] },
        { role: 'user', content: ['a', 'b', 'c', 'd'].map((word) => text(word, mark)) },
      ],
    })
    expect(body.system.filter((block: Json) => block.cache_control)).toHaveLength(2)
    expect(body.messages[0].content.map((block: Json) => 'cache_control' in block)).toEqual([false, false, true, true])
    expect(notes).toEqual(['messages.cache_control dropped more-than-four'])
  })

  it('of the request as a whole goes to the end', () => {
    const { body } = encoded({ cache_control: { type: 'ephemeral', ttl: '1h' } })
    expect(body.messages).toEqual([
      { role: 'user', content: [text('Hello', { cache_control: { type: 'ephemeral', ttl: '1h' } })] },
    ])
  })

  it('of an empty part goes to what stands before it', () => {
    const messages: ChatRequest['messages'] = [{ role: 'user', content: [text('Hi'), text(' ', mark)] }]
    expect(encoded({ messages }).body.messages[0].content).toEqual([text('Hi', mark)])
  })

  it('for an hour never stands behind one for minutes', () => {
    const { body, notes } = encoded({
      messages: [
        { role: 'system', content: [text('s', mark)] },
        { role: 'user', content: [text('u', { cache_control: { type: 'ephemeral', ttl: '1h' } })] },
      ],
    })
    expect(body.messages[0].content).toEqual([text('u', mark)])
    expect(notes).toEqual(['messages.cache_control changed behind-a-shorter-one'])
  })
})
