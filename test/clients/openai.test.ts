import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type Answer,
  chat,
  completion,
  completionEvents,
  error,
  event,
  eventStream,
  type MockUpstream,
  startUpstream,
} from '../support/mock-upstream.ts'
import { addEndpoints, reachedAt } from '../support/operator-catalogue.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'

const model = 'test/chat'
const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hello' }]
const tools: OpenAI.ChatCompletionTool[] = ['weather', 'time'].map((name) => ({
  type: 'function',
  function: { name, parameters: { type: 'object', properties: { city: { type: 'string' } } } },
}))

let upstream: MockUpstream
let worker: RunningWorker
let client: OpenAI

// A provider a test, so that what fails in one does not close it to the next.
const providers = Array.from({ length: 40 }, (_, index) => `acme-${index}`)
let used = 0
let only: Record<string, unknown>

beforeAll(async () => {
  upstream = await startUpstream()
  worker = await startWorker({ vars: reachedAt(upstream.url, providers) })
  await addEndpoints(
    worker.database,
    providers.map((provider) => ({ provider, model })),
  )
  client = clientOf((await worker.createKey({ rate_limit: { requests: 0 } })).key)
})
afterAll(async () => {
  await worker?.stop()
  await upstream?.stop()
})
beforeEach(() => {
  only = { provider: { only: [providers[used++]] } }
  upstream.behave = (request) => chat(request, ['Hello ', 'there'])
})

function clientOf(apiKey: string): OpenAI {
  return new OpenAI({ apiKey, baseURL: `${worker.url}/api/v1`, maxRetries: 0 })
}

function ask(fields: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming> = {}, by = client) {
  return by.chat.completions.create({ model, messages, ...only, ...fields })
}

function askStream(fields: Partial<OpenAI.ChatCompletionCreateParamsStreaming> = {}) {
  return client.chat.completions.create({ model, messages, ...only, ...fields, stream: true })
}

describe('an unmodified OpenAI client', () => {
  it('gets an answer with its usage', async () => {
    const { data, request_id: requestId } = await ask().withResponse()
    expect(data.choices[0]?.message.content).toBe('Hello there')
    expect(data).toMatchObject({ model, choices: [{ finish_reason: 'stop' }], usage: { total_tokens: 10 } })
    expect(requestId).toBe(data.id)
  })

  it('streams an answer, with the usage that it did not ask for', async () => {
    let text = ''
    let usage: OpenAI.CompletionUsage | null | undefined
    for await (const chunk of await askStream()) {
      text += chunk.choices[0]?.delta.content ?? ''
      usage = chunk.usage ?? usage
    }
    expect(text).toBe('Hello there')
    expect(usage).toMatchObject({ prompt_tokens: 7, completion_tokens: 3, cost: 0.000013 })
  })

  it('streams the arguments of parallel tool calls, and sends their results back', async () => {
    const delta = (tool_calls: object[]) => event({ id: 'x', choices: [{ index: 0, delta: { tool_calls } }] })
    const finish = event({ id: 'x', choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] })
    const call = (index: number, name: string) => ({
      index,
      id: `call_${name}`,
      type: 'function',
      function: { name, arguments: '' },
    })
    const piece = (index: number, text: string) => ({ index, function: { arguments: text } })
    upstream.behave = (request) =>
      request.body.includes('"role":"tool"')
        ? chat(request, ['It is sunny'])
        : eventStream([
            delta([call(0, 'weather')]),
            delta([piece(0, '{"city":')]),
            delta([piece(0, '"Oslo"}')]),
            delta([call(1, 'time'), piece(1, '{}')]),
            finish,
            event('[DONE]'),
          ])
    const stream = client.chat.completions.stream({ model, messages, tools, ...only })
    const seen: string[] = []
    stream.on('tool_calls.function.arguments.delta', ({ name, arguments_delta: text }) => {
      if (text !== '') seen.push(`${name}: ${text}`)
    })
    const { choices } = await stream.finalChatCompletion()
    const message = choices[0]?.message
    expect(choices[0]?.finish_reason).toBe('tool_calls')
    expect(message?.tool_calls).toMatchObject([
      { id: 'call_weather', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
      { id: 'call_time', type: 'function', function: { name: 'time', arguments: '{}' } },
    ])
    expect(seen).toEqual(['weather: {"city":', 'weather: "Oslo"}', 'time: {}'])

    const results = (message?.tool_calls ?? []).map(({ id }): OpenAI.ChatCompletionMessageParam => {
      return { role: 'tool', tool_call_id: id, content: 'sunny' }
    })
    if (!message) throw new Error('no choice')
    const answered = await ask({ tools, messages: [...messages, message, ...results] })
    expect(answered.choices[0]?.message.content).toBe('It is sunny')
    const told = upstream.requests.at(-1)?.json?.messages
    expect(told).toMatchObject([
      { role: 'user' },
      { role: 'assistant', tool_calls: [{ id: 'call_weather' }, { id: 'call_time' }] },
      { role: 'tool', tool_call_id: 'call_weather' },
      { role: 'tool', tool_call_id: 'call_time' },
    ])
  })

  it('gets tool calls in a whole answer', async () => {
    const tool_calls = [{ id: 'call_1', type: 'function', function: { name: 'time', arguments: '' } }]
    const choice = { index: 0, message: { role: 'assistant', content: null, tool_calls }, finish_reason: 'stop' }
    upstream.behave = () => completion('', { choices: [choice] })
    const { choices } = await ask({ tools })
    expect(choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { tool_calls: [{ id: 'call_1', function: { name: 'time', arguments: '{}' } }] },
    })
  })

  it('aborts a stream, and the upstream with it', { retry: 2 }, async () => {
    upstream.behave = () => eventStream([...completionEvents(['Hello ']).slice(0, 2), 'hang'])
    const stream = await askStream()
    for await (const chunk of stream) {
      expect(chunk.choices[0]?.delta.content).toBe('Hello ')
      break
    }
    const abortedAt = Date.now()
    const request = upstream.requests.at(-1)
    await request?.over
    expect((request?.abortedAt ?? Number.POSITIVE_INFINITY) - abortedAt).toBeLessThan(100)
  })

  it('aborts a request that is not answered yet', async () => {
    upstream.behave = () => ({ before: ['hang'] })
    const gone = new AbortController()
    const asking = client.chat.completions.create({ model, messages, ...only }, { signal: gone.signal })
    setTimeout(() => gone.abort(), 200)
    await expect(asking).rejects.toBeInstanceOf(OpenAI.APIUserAbortError)
  })

  it('lists models', async () => {
    const ids: string[] = []
    for await (const { id } of client.models.list()) ids.push(id)
    expect(ids).toContain(model)
    expect(ids.length).toBeGreaterThan(600)
  })
})

describe('errors reach an OpenAI client as its own classes', () => {
  /** The error that asking came to. */
  async function errorOf(asking: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
    const caught = await asking.catch((error: unknown) => error)
    expect(caught).toBeInstanceOf(OpenAI.APIError)
    const apiError = caught as InstanceType<typeof OpenAI.APIError>
    // The class needs the status, people need the code in the body: they agree.
    if (apiError.status !== undefined) expect(apiError.code).toBe(apiError.status)
    expect(apiError.message).toMatch(/./)
    return apiError
  }

  it.each<[string, Answer, unknown, number]>([
    ['a request that the provider refuses', error(400), OpenAI.BadRequestError, 400],
    ['a key of the operator that was refused', error(401), OpenAI.InternalServerError, 502],
    ['a model that is gone', error(404), OpenAI.NotFoundError, 404],
    ['a request that makes no sense', error(422), OpenAI.UnprocessableEntityError, 422],
    ['an upstream error', error(500), OpenAI.InternalServerError, 502],
    ['an overloaded upstream', error(503), OpenAI.InternalServerError, 503],
    ['an upstream that takes too long', error(504), OpenAI.InternalServerError, 504],
  ])('%s', async (_, answer, type, status) => {
    upstream.behave = () => answer
    const told = await errorOf(ask())
    expect(told).toBeInstanceOf(type)
    expect(told.status).toBe(status)
    expect(told.requestID).toMatch(/^gen-/)
  })

  it('a rate limit of the provider, with its wait', async () => {
    upstream.behave = () => error(429, 'slow down', { 'retry-after': '7' })
    const told = await errorOf(ask())
    expect(told).toBeInstanceOf(OpenAI.RateLimitError)
    expect(told.headers?.get('retry-after')).toBe('7')
  })

  it('a rate limit of the key, with its wait', async () => {
    const limited = clientOf((await worker.createKey({ rate_limit: { requests: 1, interval: '10s' } })).key)
    await ask({}, limited)
    const told = await errorOf(ask({}, limited))
    expect(told).toBeInstanceOf(OpenAI.RateLimitError)
    expect(Number(told.headers?.get('retry-after'))).toBeGreaterThanOrEqual(9)
    expect(told.headers?.get('x-ratelimit-limit')).toBe('1')
  })

  it('a key that is none', async () => {
    const told = await errorOf(ask({}, clientOf('sk-proj-of-somebody-else')))
    expect(told).toBeInstanceOf(OpenAI.AuthenticationError)
  })

  it('a key of the wrong kind', async () => {
    const told = await errorOf(ask({}, clientOf(worker.managementKey)))
    expect(told).toBeInstanceOf(OpenAI.PermissionDeniedError)
  })

  it('a field of the wrong type, by its name', async () => {
    const told = await errorOf(ask({ temperature: 'hot' as unknown as number }))
    expect(told).toBeInstanceOf(OpenAI.BadRequestError)
    expect(told.param).toBe('temperature')
  })

  it('an unknown model, and a model that nobody may serve', async () => {
    expect(await errorOf(ask({ model: 'nobody/nothing' }))).toBeInstanceOf(OpenAI.BadRequestError)
    only = { provider: { only: ['nobody'] } }
    expect(await errorOf(ask())).toBeInstanceOf(OpenAI.NotFoundError)
  })

  it('an error in the middle of a stream, after what was said', async () => {
    upstream.behave = () => eventStream([...completionEvents(['Hello ']).slice(0, 2), { waitMs: 60 }, 'reset'])
    let text = ''
    const reading = (async () => {
      for await (const chunk of await askStream()) text += chunk.choices[0]?.delta.content ?? ''
    })()
    const told = await errorOf(reading)
    expect(told.code).toBe(502)
    expect(text).toBe('Hello ')
  })
})
