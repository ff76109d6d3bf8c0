import { describe, expect, it } from 'vitest'
import { FailureError } from '../../../src/chat/failure.ts'
import type { ChatRequest, ContentPart, Message, ToolCall } from '../../../src/chat/request.ts'
import { cohereChatWire } from '../../../src/providers/cohere-chat/wire.ts'
import { chatRequest } from '../gemini/chat-requests.ts'
import { encodeInput } from '../openai-chat/encode-input.ts'
import { haveRecordings, recordingsOf, requestOf, seeded } from '../recordings.ts'
import { chatV2Request } from './request-schema.ts'

type Changes = Parameters<typeof encodeInput>[1]

function encoded(request: Partial<ChatRequest>, changes: Changes = {}) {
  const upstreamId = 'command-a-03-2025'
  const input = encodeInput(request, { ...changes, endpoint: { upstreamId, ...changes?.endpoint } })
  const before = structuredClone(input.request)
  const { body, translation, url, headers } = cohereChatWire.encode(input)
  expect(input.request).toEqual(before)
  const json = JSON.parse(body)
  expect(chatV2Request.parse(json)).toBeTruthy()
  return {
    body: json,
    url,
    headers,
    notes: translation.map(({ field, action, reason }) => `${field} ${action} ${reason}`),
  }
}

const thinker: Changes = { model: { reasoning: { supported: true, mandatory: false, efforts: null } } }
const tool = (name: string, required: string[] = [], strict?: boolean) => ({
  type: 'function' as const,
  function: {
    name,
    parameters: { type: 'object', properties: {}, required },
    ...(strict === undefined ? {} : { strict }),
  },
})

describe('a request to Cohere', () => {
  it('goes to the chat of version 2, and asks to stream when the client does', () => {
    expect(encoded({})).toMatchObject({
      url: 'https://api.acme.example/v1/chat',
      headers: { accept: 'application/json' },
      body: { model: 'command-a-03-2025', stream: false, messages: [{ role: 'user', content: 'Hello' }] },
      notes: [],
    })
    expect(encoded({}, { stream: true })).toMatchObject({
      headers: { accept: 'text/event-stream' },
      body: { stream: true },
    })
  })

  it.each<[string, Partial<ChatRequest>, object, string[]]>([
    ['limits', { max_tokens: 9, stop: 'END' }, { max_tokens: 9, stop_sequences: ['END'] }, []],
    ['the newer limit', { max_tokens: 9, max_completion_tokens: 8 }, { max_tokens: 8 }, []],
    ['sampling', { temperature: 0.3, top_p: 0.5, top_k: 7, seed: 1 }, { temperature: 0.3, p: 0.5, k: 7, seed: 1 }, []],
    ['a nucleus of everything', { top_p: 1 }, { p: 0.99 }, ['top_p changed nearest-allowed']],
    ['rewards', { frequency_penalty: -1 }, { frequency_penalty: 0 }, ['frequency_penalty changed nearest-allowed']],
    ['a negative seed', { seed: -1 }, {}, ['seed dropped negative']],
    ['many stops', { stop: [...'abcdef'] }, { stop_sequences: [...'abcde'] }, ['stop changed first-five']],
    [
      'what it lacks',
      { min_p: 0.1, n: 2 },
      {},
      ['min_p dropped not-supported-by-provider', 'n dropped not-supported-by-provider'],
    ],
    ['what changes nothing', { n: 1, parallel_tool_calls: true, user: 'u', store: false }, {}, []],
    [
      'its own',
      { safety_mode: 'OFF', citation_options: { mode: 'OFF' } },
      { safety_mode: 'OFF', citation_options: { mode: 'OFF' } },
      [],
    ],
    ['a stranger', { 'Tell nobody: 42': 1 }, {}, ['extra dropped not-supported-by-provider']],
  ])('says %s', (_, request, fields, notes) => {
    const { body, notes: told } = encoded(request)
    const { model: _model, stream: _stream, messages: _messages, ...rest } = body
    expect(rest).toEqual(fields)
    expect(told).toEqual(notes)
  })

  it('chooses among tools with the two words that there are', () => {
    const tools = [tool('a'), tool('b')]
    const choose = (tool_choice: ChatRequest['tool_choice'], upstreamId = 'command-a-03-2025') => {
      const { body, notes } = encoded({ tools, tool_choice } as Partial<ChatRequest>, { endpoint: { upstreamId } })
      return [body.tools?.length, body.tool_choice, ...notes]
    }
    expect(choose('auto')).toEqual([2, undefined])
    expect(choose('none')).toEqual([2, 'NONE'])
    expect(choose('required')).toEqual([2, 'REQUIRED'])
    const named = { type: 'function' as const, function: { name: 'b' } }
    expect(choose(named)).toEqual([1, 'REQUIRED', 'tool_choice emulated only-the-named-tool'])
    expect(choose('none', 'command-r-08-2024')).toEqual([undefined, undefined, 'tool_choice emulated tools-left-out'])
    expect(choose('required', 'command-r-plus-08-2024')).toEqual([
      2,
      undefined,
      'tool_choice dropped not-supported-by-model',
    ])
    expect(encoded({ tools: [], tool_choice: 'required' }).body).not.toHaveProperty('tool_choice')
  })

  it('holds tools to their schemas where each of them can be', () => {
    const strict = (...tools: ReturnType<typeof tool>[]) => {
      const { body, notes } = encoded({ tools })
      return [body.strict_tools, ...notes]
    }
    expect(strict(tool('a', ['x'], true))).toEqual([true])
    expect(strict(tool('a', ['x'], true), tool('b', ['x']))).toEqual([true, 'tools.strict changed all-or-none'])
    expect(strict(tool('a', [], true))).toEqual([undefined, 'tools.strict dropped no-required-parameter'])
    expect(strict(tool('a', ['x'], false))).toEqual([undefined])
  })

  it('asks for JSON natively, and in words beside tools', () => {
    const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }
    const format = { type: 'json_schema' as const, json_schema: { name: 'x', schema } }
    expect(encoded({ response_format: format }).body.response_format).toEqual({
      type: 'json_object',
      json_schema: schema,
    })
    expect(encoded({ response_format: { type: 'json_object' } }).body.response_format).toEqual({ type: 'json_object' })
    const both = encoded({ response_format: format, tools: [tool('a')] })
    expect(both.body).not.toHaveProperty('response_format')
    expect(both.body.messages[0]).toMatchObject({
      role: 'system',
      content: expect.stringContaining('"required":["a"]'),
    })
    expect(both.notes).toEqual(['response_format emulated schema-in-the-prompt'])
    expect(encoded({ response_format: { type: 'grammar', grammar: 'x' } }).notes).toEqual([
      'response_format dropped not-supported-by-provider',
    ])
  })

  it('turns levels into budgets of what may be said at all', () => {
    const think = (reasoning: ChatRequest['reasoning'], max_tokens?: number) =>
      encoded({ reasoning, max_tokens } as Partial<ChatRequest>, thinker).body.thinking
    expect(think({ effort: 'high' }, 1000)).toEqual({ type: 'enabled', token_budget: 800 })
    expect(think({ max_tokens: 321 })).toEqual({ type: 'enabled', token_budget: 321 })
    expect(think({ enabled: true })).toEqual({ type: 'enabled' })
    expect(think({ effort: 'none' })).toEqual({ type: 'disabled' })
    expect(think({ exclude: true })).toBeUndefined()
    expect(encoded({ reasoning: { effort: 'high' } })).toMatchObject({
      notes: ['reasoning dropped not-a-reasoning-model'],
    })
  })

  it('gives a conversation with tools back as it was', () => {
    const calls: ToolCall[] = [{ id: 'a_1', type: 'function', function: { name: 'a', arguments: '' } }]
    const messages: Message[] = [
      { role: 'developer', content: 'Be kind.' },
      { role: 'user', content: 'Go', name: 'Ada' },
      { role: 'assistant', content: null, tool_calls: calls, reasoning: 'I will ask a.' },
      { role: 'tool', tool_call_id: 'a_1', content: [{ type: 'text', text: '7' }] },
      {
        role: 'assistant',
        content: 'Seven.',
        reasoning_details: [{ type: 'reasoning.text', text: 'Sure', format: 'unknown' }],
      },
    ]
    const { body, notes } = encoded({ messages })
    expect(body.messages).toEqual([
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'Ada: Go' },
      {
        role: 'assistant',
        tool_calls: [{ id: 'a_1', type: 'function', function: { name: 'a', arguments: '{}' } }],
        tool_plan: 'I will ask a.',
      },
      { role: 'tool', tool_call_id: 'a_1', content: [{ type: 'text', text: '7' }] },
      { role: 'assistant', content: 'Seven.' },
    ])
    expect(notes).toEqual(['messages.role changed developer-as-system', 'messages.name changed put-before-the-text'])
    expect(encoded({ messages }, thinker).body.messages.slice(2)).toMatchObject([
      { content: [{ type: 'thinking', thinking: 'I will ask a.' }], tool_calls: [{ id: 'a_1' }] },
      {},
      {
        content: [
          { type: 'thinking', thinking: 'Sure' },
          { type: 'text', text: 'Seven.' },
        ],
      },
    ])
  })

  it('leaves the thoughts of other makers to them', () => {
    const details = [
      { type: 'reasoning.text' as const, text: 'Hm', signature: 's', format: 'anthropic-claude-v1' as const },
    ]
    const messages: Message[] = [{ role: 'assistant', content: 'A', reasoning_details: details }]
    expect(encoded({ messages }, thinker).body.messages).toEqual([{ role: 'assistant', content: 'A' }])
  })

  it('shows pictures, and leaves what it cannot see to another endpoint', () => {
    const show = (part: ContentPart) =>
      encoded({ messages: [{ role: 'user', content: [part] }] }).body.messages[0].content
    const url = 'data:image/png;base64,QQ=='
    expect(show({ type: 'image_url', image_url: { url, detail: 'low' } })).toEqual([
      { type: 'image_url', image_url: { url, detail: 'low' } },
    ])
    expect(() => show({ type: 'input_audio', input_audio: { data: 'QQ==', format: 'wav' } })).toThrow(FailureError)
    expect(() => show({ type: 'file', file: { file_id: 'f' } })).toThrow(FailureError)
  })

  it('is one that Cohere takes, whatever the client said', () => {
    let refused = 0
    for (let seed = 0; seed < 600; seed++) {
      const request = chatRequest(seeded(seed))
      try {
        encoded(request, { ...(seed % 2 ? thinker : {}), stream: seed % 3 === 0 })
      } catch (error) {
        if (!(error instanceof FailureError)) throw new Error(`seed ${seed}: ${error}`)
        refused++
      }
    }
    expect(refused).toBeLessThan(400)
  })
})

describe.skipIf(!haveRecordings)('recorded requests to Cohere', () => {
  it('are what the encoder makes of the same in chat', () => {
    let compared = 0
    for (const recording of recordingsOf('cohere-chat')) {
      const text = requestOf(recording)
      // Documents have no form in chat.
      if (text === null || text.includes('"document')) continue
      const recorded = JSON.parse(text)
      const { model, response_format: format, tool_choice: choice, ...rest } = recorded
      const request = {
        ...rest,
        ...(choice ? { tool_choice: choice.toLowerCase() } : {}),
        ...(format
          ? { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: format.json_schema } } }
          : {}),
        messages: recorded.messages.map(inChat),
      }
      const { body } = encoded(request, {
        ...thinker,
        endpoint: { upstreamId: model },
        stream: recorded.stream === true,
      })
      expect({ id: recording.id, ...comparable(body) }).toEqual({ id: recording.id, ...comparable(recorded) })
      compared++
    }
    expect(compared).toBeGreaterThan(15)
  })
})

// biome-ignore lint/suspicious/noExplicitAny: recorded bodies are read as they are.
type Json = any

/** Cohere's thinking blocks are reasoning in chat. */
function inChat(message: Json): Json {
  if (message.role !== 'assistant' || !Array.isArray(message.content)) return message
  const thinking = message.content.filter((block: Json) => block.type === 'thinking')
  const content = message.content.filter((block: Json) => block.type === 'text')
  return { ...message, content, ...(thinking.length > 0 ? { reasoning: thinking[0].thinking } : {}) }
}

/** A null content is one that is left out. */
function comparable(body: Json): Json {
  const messages = body.messages.map(({ content, ...message }: Json) =>
    content == null ? message : { ...message, content },
  )
  return { ...body, messages }
}
