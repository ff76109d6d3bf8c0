import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { FailureError } from '../../../src/chat/failure.ts'
import type { Part } from '../../../src/chat/parts.ts'
import type { ChatRequest, Message } from '../../../src/chat/request.ts'
import { ollamaChatWire } from '../../../src/providers/ollama-chat/wire.ts'
import { chatRequest } from '../gemini/chat-requests.ts'
import { encodeInput } from '../openai-chat/encode-input.ts'
import { hear } from '../openai-chat/heard.ts'
import { bodyOf, cut, haveRecordings, recordingsOf, requestOf, seeded } from '../recordings.ts'

type Changes = Parameters<typeof encodeInput>[1]

const functions = z.strictObject({
  name: z.string(),
  description: z.string(),
  parameters: z.record(z.string(), z.unknown()),
})

/** `POST /api/chat` as Ollama's reference describes it. */
const apiChatRequest = z.strictObject({
  model: z.string(),
  messages: z.array(
    z.strictObject({
      role: z.enum(['system', 'user', 'assistant', 'tool']),
      content: z.string(),
      images: z.array(z.string()).min(1).optional(),
      thinking: z.string().optional(),
      tool_calls: z
        .array(
          z.strictObject({
            id: z.string(),
            function: z.strictObject({ name: z.string(), arguments: z.record(z.string(), z.unknown()) }),
          }),
        )
        .min(1)
        .optional(),
      tool_call_id: z.string().optional(),
      tool_name: z.string().optional(),
    }),
  ),
  stream: z.boolean(),
  format: z.union([z.literal('json'), z.record(z.string(), z.unknown())]).optional(),
  think: z.union([z.boolean(), z.enum(['low', 'medium', 'high'])]).optional(),
  tools: z
    .array(z.strictObject({ type: z.literal('function'), function: functions }))
    .min(1)
    .optional(),
  options: z.strictObject({
    temperature: z.number().optional(),
    top_p: z.number().optional(),
    top_k: z.number().optional(),
    min_p: z.number().optional(),
    seed: z.int().optional(),
    stop: z.array(z.string()).optional(),
    num_predict: z.int().optional(),
    num_ctx: z.int().positive().optional(),
    repeat_penalty: z.number().optional(),
    frequency_penalty: z.number().optional(),
    presence_penalty: z.number().optional(),
  }),
})

function encoded(request: Partial<ChatRequest>, changes: Changes = {}) {
  const input = encodeInput(request, { ...changes, endpoint: { contextLength: 8192, ...changes?.endpoint } })
  const before = structuredClone(input.request)
  const { body, translation, url } = ollamaChatWire.encode(input)
  expect(input.request).toEqual(before)
  expect(apiChatRequest.parse(JSON.parse(body))).toBeTruthy()
  return {
    body: JSON.parse(body),
    text: body,
    url,
    notes: translation.map(({ field, action, reason }) => `${field} ${action} ${reason}`),
  }
}

const thinker: Changes = { model: { reasoning: { supported: true, mandatory: false, efforts: null } } }
const tools = [{ type: 'function' as const, function: { name: 'f' } }]

describe('a request to Ollama', () => {
  it('goes to its own door with the whole context, whichever address was given', () => {
    const { url, body, notes } = encoded({ max_tokens: 5, stop: 'x', repetition_penalty: 1.1 })
    expect(url).toBe('https://api.acme.example/api/chat')
    expect(body).toEqual({
      model: 'm1',
      messages: [{ role: 'user', content: 'Hello' }],
      stream: false,
      options: { num_predict: 5, stop: ['x'], repeat_penalty: 1.1, num_ctx: 8192 },
    })
    expect(notes).toEqual([])
  })

  it('has the arguments of calls as objects, with every digit', () => {
    const messages: Message[] = [
      {
        role: 'assistant',
        content: null,
        reasoning: 'Hm',
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'f', arguments: '{"id":12345678901234567890}' } },
          { id: 'c2', type: 'function', function: { name: 'g', arguments: '' } },
        ],
      },
      {
        role: 'tool',
        tool_call_id: 'c2',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
    ]
    const { body, text } = encoded({ messages })
    expect(text).toContain('{"id":12345678901234567890}')
    expect(body.messages[0]).toMatchObject({
      content: '',
      thinking: 'Hm',
      tool_calls: [{ id: 'c1' }, { function: { arguments: {} } }],
    })
    expect(body.messages[1]).toEqual({ role: 'tool', content: 'a\nb', tool_call_id: 'c2', tool_name: 'g' })
  })

  it('says what it cannot say', () => {
    expect(encoded({ tools, tool_choice: 'required' }).notes).toEqual(['tool_choice dropped no-such-control'])
    const none = encoded({ tools, tool_choice: 'none' })
    expect(none.body).not.toHaveProperty('tools')
    expect(none.notes).toEqual(['tool_choice emulated tools-left-out'])
    expect(encoded({ logit_bias: { 1: 2 }, n: 3 }).notes).toEqual([
      'logit_bias dropped not-supported-by-provider',
      'n dropped not-supported-by-provider',
    ])
  })

  it('asks for JSON with or without a schema', () => {
    const schema = { type: 'object' }
    expect(encoded({ response_format: { type: 'json_object' } }).body.format).toBe('json')
    expect(
      encoded({ response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } }).body.format,
    ).toEqual(schema)
  })

  it('thinks or not, and at levels where there are levels', () => {
    const think = (effort: 'high' | 'none' | 'xhigh', upstreamId = 'qwen3') => {
      const { body, notes } = encoded({ reasoning: { effort } }, { ...thinker, endpoint: { upstreamId } })
      return [body.think, ...notes]
    }
    expect(think('high')).toEqual([true, 'reasoning changed only-on-or-off'])
    expect(think('none')).toEqual([false])
    expect(think('high', 'gpt-oss:20b')).toEqual(['high'])
    expect(think('xhigh', 'gpt-oss:20b')).toEqual(['high', 'reasoning changed nearest-effort'])
    expect(think('none', 'gpt-oss:20b')).toEqual(['low', 'reasoning changed cannot-be-turned-off'])
    expect(encoded({ reasoning: { effort: 'high' } }).notes).toEqual(['reasoning dropped not-a-reasoning-model'])
  })

  it('shows pictures that are there, and leaves addresses to another endpoint', () => {
    const show = (url: string) =>
      encoded({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] }).body.messages[0]
    expect(show('data:image/png;base64,QUJD')).toEqual({ role: 'user', content: '', images: ['QUJD'] })
    expect(() => show('https://x.example/cat.png')).toThrow(FailureError)
  })

  it('is one that Ollama takes, whatever the client said', () => {
    let taken = 0
    for (let seed = 0; seed < 600; seed++) {
      try {
        encoded(chatRequest(seeded(seed)), { ...(seed % 2 ? thinker : {}), stream: seed % 3 === 0 })
        taken++
      } catch (error) {
        if (!(error instanceof FailureError)) throw new Error(`seed ${seed}: ${error}`)
      }
    }
    expect(taken).toBeGreaterThan(200)
  })
})

const input = encodeInput({})
const line = (value: object) => `${JSON.stringify(value)}\n`
const utf8 = new TextEncoder()

function streamed(...lines: object[]): Part[] {
  const decoder = ollamaChatWire.decodeStream(input)
  return [...decoder.push(utf8.encode(lines.map(line).join(''))), ...decoder.end()]
}

const failureOf = (parts: Part[]) => parts.flatMap((part) => (part.type === 'error' ? [part.failure.kind] : []))
const message = (content: string, more: object = {}) => ({
  model: 'm',
  message: { role: 'assistant', content, ...more },
})
const done = { ...message(''), done: true, done_reason: 'stop', prompt_eval_count: 7, eval_count: 3 }

describe('an answer of Ollama', () => {
  it('streams thoughts, text and whole calls, with ids where there are none', () => {
    const call = (name: string, given: unknown, id?: string) => ({
      ...(id ? { id } : {}),
      function: { name, arguments: given },
    })
    const parts = streamed(
      message('', { thinking: 'Hm' }),
      message('Hi'),
      message('', { tool_calls: [call('f', { a: 1 }, 'call_1'), call('g', null)] }),
      message('', { tool_calls: [call('h', '{"b":2}')] }),
      done,
    )
    expect(parts[0]).toEqual({ type: 'start', upstreamModel: 'm' })
    const { choices, usage, errors } = hear(parts)
    expect(choices[0]).toMatchObject({
      text: 'Hi',
      reasoning: 'Hm',
      calls: [
        { id: 'call_1', arguments: '{"a":1}' },
        { name: 'g', arguments: '{}' },
        { name: 'h', arguments: '{"b":2}' },
      ],
      finish: { reason: 'tool_calls', native: 'stop' },
    })
    expect(new Set(choices[0]?.calls.map(({ id }) => id)).size).toBe(3)
    expect(usage).toMatchObject({ promptTokens: 7, completionTokens: 3 })
    expect(errors).toEqual([])
  })

  it('keeps the digits of large numbers in arguments', () => {
    const text =
      '{"model":"m","message":{"tool_calls":[{"function":{"name":"f","arguments":{"id":12345678901234567890}}}]},"done":true}'
    expect(hear(ollamaChatWire.decodeBody(text, input)).choices[0]?.calls[0]?.arguments).toBe(
      '{"id":12345678901234567890}',
    )
  })

  it('that is cut, garbled or an error says so, once', () => {
    expect(failureOf(streamed(message('Hi')))).toEqual(['truncated'])
    expect(failureOf(streamed())).toEqual(['truncated'])
    expect(failureOf(streamed(message('Hi'), { error: 'an error was encountered while running the model' }))).toEqual([
      'stream-error',
    ])
    const half = ollamaChatWire.decodeStream(input)
    expect(failureOf([...half.push(utf8.encode(`${line(message('Hi'))}{"mod`)), ...half.end()])).toEqual(['truncated'])
    const html = ollamaChatWire.decodeStream(input)
    expect(failureOf([...html.push(utf8.encode('<html>\n')), ...html.end()])).toEqual(['malformed'])
    for (const body of ['', '<html>', '[]', '{}', 'null', '{"done":false}'])
      expect(failureOf(ollamaChatWire.decodeBody(body, input)).length, body).toBe(1)
    expect(failureOf(ollamaChatWire.decodeBody('{"error":"x"}', input))).toEqual(['stream-error'])
  })

  it('is read as the lines that it is when nobody asked for them', () => {
    const body = line(message('Hi')) + line(done)
    expect(hear(ollamaChatWire.decodeBody(body, input)).choices[0]).toMatchObject({
      text: 'Hi',
      finish: { reason: 'stop' },
    })
  })

  it.each([
    [404, "model 'x' not found, try pulling it first", 'not-found'],
    [400, 'registry.ollama.ai/library/gemma:2b does not support tools', 'unsupported'],
    [401, 'unauthorized', 'credential'],
    [500, 'model requires more system memory (9.2 GiB) than is available', 'server-error'],
    [503, 'server busy, please try again.  maximum pending requests exceeded', 'overloaded'],
  ])('%i "%s" is %s', (status, error, kind) => {
    const answer = { status, headers: new Headers(), body: JSON.stringify({ error }) }
    expect(ollamaChatWire.classify(answer)).toMatchObject({ kind, upstreamStatus: status })
  })
})

describe.skipIf(!haveRecordings)('recorded traffic of Ollama', () => {
  const recordings = recordingsOf('ollama-chat')

  it('says the same however it is cut', () => {
    const random = seeded(5)
    for (const recording of recordings.filter(({ body_kind: kind }) => kind === 'ndjson')) {
      const bytes = bodyOf(recording)
      const once = decode([bytes.slice()])
      expect(once.errors, recording.id).toEqual([])
      const lengths = Array.from({ length: bytes.length }, () => 1 + Math.floor(random() * 70))
      expect(decode(cut(bytes, lengths)), recording.id).toEqual(once)
      expect(decode(Array.from(bytes, (byte) => Uint8Array.of(byte))), recording.id).toEqual(once)
    }
  })

  it('was asked for as the encoder asks for it', () => {
    let compared = 0
    for (const recording of recordings) {
      const text = requestOf(recording)
      if (text === null) continue
      const recorded = JSON.parse(text)
      // A history that begins with a call has no call ids to say in chat.
      if (recorded.messages[0].role === 'assistant') continue
      const { model, messages, tools: own, stream = false, options } = recorded
      const { body } = encoded(
        { messages, ...(own?.length ? { tools: own } : {}), ...options },
        { endpoint: { upstreamId: model, contextLength: null }, stream },
      )
      expect(body, recording.id).toEqual({
        model,
        messages,
        stream,
        options: options ?? {},
        ...(own?.length ? { tools: own } : {}),
      })
      compared++
    }
    expect(compared).toBeGreaterThan(5)
  })
})

function decode(pieces: Uint8Array[]) {
  const decoder = ollamaChatWire.decodeStream(input)
  const parts = pieces.flatMap((piece) => {
    const found = decoder.push(piece)
    piece.fill(0x78)
    return found
  })
  return hear([...parts, ...decoder.end()])
}
