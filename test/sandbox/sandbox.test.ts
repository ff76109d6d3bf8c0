import OpenAI from 'openai'
import { describe, expect, it, vi } from 'vitest'
import { faults, modelIds } from '../../src/sandbox/behaviour.ts'
import { sandbox } from '../../src/sandbox/sandbox.ts'

type Body = Record<string, unknown>

const hello: Body = { messages: [{ role: 'user', content: 'Good morning, wörld 🌍' }] }
const weather = tool('get_weather', {
  type: 'object',
  properties: { city: { type: 'string' }, unit: { enum: ['celsius', 'fahrenheit'] } },
  required: ['city', 'unit'],
})
const time = tool('get_time', { type: 'object', properties: { zone: { type: 'string' } }, required: ['zone'] })

function tool(name: string, parameters: Body) {
  return { type: 'function' as const, function: { name, parameters } }
}

/** The real client, talking to the app without a network. */
const client = new OpenAI({
  apiKey: 'none',
  baseURL: 'http://sandbox.test',
  maxRetries: 0,
  fetch: async (input, init) => sandbox.request(String(input).replace('http://sandbox.test', ''), init),
})

function post(model: string, body: Body = hello, init: RequestInit = {}) {
  return Promise.resolve(
    sandbox.request('/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, ...body }),
      ...init,
    }),
  )
}

async function complete(model: string, body: Body = hello) {
  const completion = await client.chat.completions.create({
    model,
    ...body,
  } as OpenAI.ChatCompletionCreateParamsNonStreaming)
  const choice = completion.choices[0]
  if (!choice) throw new Error('no choice')
  return { completion, choice, message: choice.message as typeof choice.message & { reasoning_content?: string } }
}

function fromUser(content: string): Body {
  return { messages: [{ role: 'user', content }] }
}

describe('an answer of the sandbox', () => {
  it('repeats what was said, and is the same for the same request', async () => {
    const [first, second, other] = await Promise.all([
      complete('text'),
      complete('text'),
      complete('text', fromUser('Good evening')),
    ])
    expect(first.message.content).toContain('You said: Good morning, wörld 🌍')
    expect(second.completion).toEqual(first.completion)
    expect(other.completion.id).not.toBe(first.completion.id)
  })

  it.each(['text', 'reasoning', 'json', 'long', 'b/text'])('of %s is streamed as it is sent whole', async (model) => {
    const { completion, message } = await complete(model)
    const stream = await client.chat.completions.create({
      model,
      messages: [{ role: 'user', content: 'Good morning, wörld 🌍' }],
      stream: true,
      stream_options: { include_usage: true },
    })
    let [text, reasoning, finish, usage, chunks] = ['', '', '', null as unknown, 0]
    for await (const chunk of stream) {
      const delta = chunk.choices[0]?.delta as { content?: string; reasoning_content?: string } | undefined
      text += delta?.content ?? ''
      reasoning += delta?.reasoning_content ?? ''
      finish += chunk.choices[0]?.finish_reason ?? ''
      usage = chunk.usage ?? usage
      chunks += 1
    }
    expect({ text, reasoning, finish }).toEqual({
      text: message.content,
      reasoning: message.reasoning_content ?? '',
      finish: 'stop',
    })
    expect(usage).toEqual(completion.usage)
    if (model === 'long') expect(chunks).toBeGreaterThan(1900)
  })

  it('counts every token that it sends', async () => {
    const { completion, message } = await complete('text')
    const tokens = message.content?.match(/\s*\S{1,12}|\s+$/gu)?.length ?? 0
    expect(completion.usage).toMatchObject({
      completion_tokens: tokens,
      total_tokens: tokens + (completion.usage?.prompt_tokens ?? 0),
    })
  })

  it('ends where it is told to', async () => {
    const short = await complete('text', { ...hello, max_tokens: 3 })
    expect(short.choice.finish_reason).toBe('length')
    expect(short.completion.usage?.completion_tokens).toBe(3)
    const stopped = await complete('text', { ...hello, stop: ['sandbox'] })
    expect(stopped.choice).toMatchObject({ finish_reason: 'stop', message: { content: 'This is text of the ' } })
  })

  it('thinks first, more or less or not at all', async () => {
    const tokens = async (effort: string) => {
      const { completion } = await complete('reasoning', { ...hello, reasoning_effort: effort })
      return completion.usage?.completion_tokens_details?.reasoning_tokens ?? -1
    }
    const [none, low, medium, high] = await Promise.all(['none', 'low', 'medium', 'high'].map(tokens))
    expect(none).toBe(0)
    expect(low).toBeGreaterThan(0)
    expect(medium).toBeGreaterThan(low ?? 0)
    expect(high).toBeGreaterThan(medium ?? 0)
  })

  it('comes as often as asked', async () => {
    const { completion } = await complete('text', { ...hello, n: 2 })
    expect(completion.choices.map((choice) => choice.index)).toEqual([0, 1])
  })

  it('is an object where a schema was given', async () => {
    const schema = { type: 'object', properties: { size: { type: 'integer', minimum: 7 } }, required: ['size'] }
    const { message } = await complete('text', {
      ...hello,
      response_format: { type: 'json_schema', json_schema: { name: 'size', schema } },
    })
    expect(JSON.parse(message.content ?? '')).toEqual({ size: 7 })
    expect(JSON.parse((await complete('json')).message.content ?? '')).toMatchObject({ model: 'json' })
  })
})

describe('tools of the sandbox', () => {
  it('are called, two at once, with arguments made from their schemas', async () => {
    const { choice, message } = await complete('tools', { ...hello, tools: [weather, time] })
    expect(choice.finish_reason).toBe('tool_calls')
    const calls = (message.tool_calls ?? []).filter((call) => call.type === 'function')
    expect(calls.map((call) => call.function.name)).toEqual(['get_weather', 'get_time'])
    expect(JSON.parse(calls[0]?.function.arguments ?? '')).toEqual({
      city: 'Good morning, wörld 🌍',
      unit: 'celsius',
    })
  })

  it('arrive in a stream as pieces that make up the same arguments', async () => {
    const body = { messages: [{ role: 'user' as const, content: 'Oslo' }], tools: [weather, time] }
    const stream = client.chat.completions.stream({ model: 'tools', ...body })
    const final = await stream.finalChatCompletion()
    const { message } = await complete('tools', body)
    expect(final.choices[0]?.message.tool_calls).toMatchObject(message.tool_calls ?? [])
  })

  it.each([
    ['tools', { tool_choice: 'none' }, []],
    ['tools', { parallel_tool_calls: false }, ['get_weather']],
    ['tools', { tool_choice: { type: 'function', function: { name: 'get_time' } } }, ['get_time']],
    ['text', {}, []],
    ['text', { tool_choice: 'required' }, ['get_weather', 'get_time']],
  ])('of %s with %j are %j', async (model, options, names) => {
    const { message } = await complete(model, { ...hello, tools: [weather, time], ...options })
    expect((message.tool_calls ?? []).map((call) => call.type === 'function' && call.function.name)).toEqual(names)
  })

  it('are answered with once their result is there', async () => {
    const asked = await complete('tools', { ...hello, tools: [weather] })
    const { message, choice } = await complete('tools', {
      messages: [
        ...(hello.messages as object[]),
        asked.message,
        { role: 'tool', tool_call_id: asked.message.tool_calls?.[0]?.id, content: '21 degrees' },
      ],
      tools: [weather],
    })
    expect(choice.finish_reason).toBe('stop')
    expect(message.content).toContain('The tool answered: 21 degrees')
  })
})

describe('a fault of the sandbox', () => {
  it.each([
    ['error-500', 500],
    ['error-503', 503],
    ['rate-limited', 429],
  ])('%s is HTTP %i', async (model, status) => {
    const response = await post(model)
    expect(response.status).toBe(status)
    expect(response.headers.get('retry-after')).toBe(status === 429 ? '7' : null)
    expect(await response.json()).toMatchObject({ error: { message: expect.any(String) } })
  })

  it.each([
    ['[[fail]]', 500],
    ['please [[503]] now', 503],
    ['[[429]]', 429],
    ['[[unknown]] and [[FAIL]]', 500],
    ['[[nothing]]', 200],
  ])('is asked for by %j in the last message', async (content, status) => {
    expect((await post('text', fromUser(content))).status).toBe(status)
    expect((await post('b/text', fromUser(content))).status).toBe(200)
  })

  it('of an earlier message is forgiven', async () => {
    const messages = [
      { role: 'user', content: '[[fail]]' },
      { role: 'user', content: 'and again' },
    ]
    expect((await post('text', { messages })).status).toBe(200)
  })

  it('cuts the connection after the first words, streamed or not', async () => {
    const read = async (stream: boolean) => {
      const reader = (await post('cut', { ...hello, stream })).body?.getReader()
      let text = ''
      try {
        for (;;) {
          const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
          if (done) return `whole: ${text}`
          text += new TextDecoder().decode(value)
        }
      } catch {
        return text
      }
    }
    const streamed = await read(true)
    expect(streamed.match(/^data: /gm)).toHaveLength(4)
    expect(streamed).not.toContain('[DONE]')
    expect(await read(false)).toMatch(/^\{"id":"chatcmpl-sandbox-[^}]*$/)
  })

  it('tells an error inside a 200, first or midway', async () => {
    const first = await (await post('error-event', { ...hello, stream: true })).text()
    expect(first).toMatch(/^data: \{"error":/)
    const midway = await (await post('error-midway', { ...hello, stream: true })).text()
    expect(midway.match(/"delta"/g)).toHaveLength(4)
    expect(midway).toMatch(/data: \{"error":[^\n]*\n\n$/)
    expect(await (await post('error-event')).json()).toHaveProperty('error')
  })

  it('sends what nobody can read', async () => {
    const events = (await (await post('malformed', { ...hello, stream: true })).text()).split('\n\n').filter(Boolean)
    expect(events.length).toBeGreaterThan(5)
    for (const event of events.slice(0, -1)) expect(() => JSON.parse(event.slice(6))).toThrow()
    await expect((await post('malformed')).json()).rejects.toThrow()
    expect((await post('bad-html')).headers.get('content-type')).toContain('text/html')
  })

  it('keeps silent until the caller goes away', async () => {
    vi.useFakeTimers()
    try {
      const caller = new AbortController()
      let answered = false
      const answer = post('hang', hello, { signal: caller.signal }).then(() => {
        answered = true
      })
      await vi.advanceTimersByTimeAsync(10 * 60_000)
      expect(answered).toBe(false)
      caller.abort()
      await answer
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  it('stalls after the first words, and leaves no timer behind when the reader leaves', async () => {
    vi.useFakeTimers()
    try {
      const reader = (await post('stall', { ...hello, stream: true })).body?.getReader()
      let reads = 0
      const reading = (async () => {
        while (!(await reader?.read())?.done) reads += 1
      })()
      await vi.advanceTimersByTimeAsync(10 * 60_000)
      expect(reads).toBe(4)
      await reader?.cancel()
      await reading
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('the sandbox', () => {
  it('lists its models', async () => {
    const list = await client.models.list()
    expect(list.data.map((model) => model.id)).toEqual(modelIds)
    expect(modelIds).toEqual(expect.arrayContaining(['text', 'b/text', ...faults]))
  })

  it.each([
    ['{', 400],
    ['{"model":"text","messages":[]}', 400],
    ['{"model":"nobody","messages":[{"role":"user","content":"hi"}]}', 404],
    ['{"model":"b/error-500","messages":[{"role":"user","content":"hi"}]}', 404],
    ['{"model":"constructor","messages":[{"role":"user","content":"hi"}]}', 404],
    ['{"model":"text","messages":[{"role":"user","content":null},{"role":"assistant"}],"user":null}', 200],
  ])('answers %s with %i', async (body, status) => {
    expect((await post('text', {}, { body })).status).toBe(status)
  })
})
