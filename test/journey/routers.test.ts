import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChatClient, chatClient } from '../support/chat-client.ts'
import { expectErrorEnvelope, type Json } from '../support/chat-wire.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'

const tool = { type: 'function', function: { name: 'lookup', parameters: { type: 'object' } } }
const plain = ['sandbox/text', 'sandbox/tools', 'sandbox/json', 'sandbox/reasoning']

let worker: RunningWorker
let client: ChatClient
let eu: ChatClient

beforeAll(async () => {
  worker = await startWorker()
  const { key } = await worker.createKey({ rate_limit: { requests: 0 } })
  client = chatClient(worker.url, key)
  eu = chatClient(worker.euUrl, key)
})
afterAll(() => worker?.stop())

async function generationOf(headers: Headers): Promise<Json> {
  return client.generation(headers.get('x-generation-id'))
}

async function refusal(fields: Record<string, unknown>): Promise<{ status: number; error: Json }> {
  const { status, body } = await client.whole(fields)
  expectErrorEnvelope(status, body)
  return { status, error: body.error }
}

describe('openrouter/auto', () => {
  it.each(['openrouter/auto', 'openrouter/auto-beta', 'causeway/auto'])('answers offline as %s', async (model) => {
    const { status, body, headers } = await client.whole({ model })
    expect([status, body.model]).toEqual([200, 'sandbox/text'])
    expect(await generationOf(headers)).toMatchObject({
      model: 'sandbox/text',
      requested_model: model,
      router: model,
      excluded: expect.arrayContaining([{ endpoint_id: 'sandbox:sandbox/tools', rule: 'not_needed' }]),
    })
  })

  it('streams, and names the concrete model in every chunk', async () => {
    const { chunks, headers } = await client.streamed({ model: 'openrouter/auto:nitro' })
    for (const chunk of chunks) expect(chunk.model).toBe('sandbox/text')
    expect(await generationOf(headers)).toMatchObject({ router: 'openrouter/auto', model: 'sandbox/text' })
  })

  it('chooses one that has what is asked for', async () => {
    expect((await client.whole({ model: 'openrouter/auto', reasoning: { effort: 'high' } })).body.model).toBe(
      'sandbox/reasoning',
    )
    const pattern = { id: 'auto-router', allowed_models: ['*/tools', '*/hang'] }
    const called = await client.whole({ model: 'openrouter/auto', plugins: [pattern], tools: [tool] })
    expect(called.body).toMatchObject({ model: 'sandbox/tools', choices: [{ finish_reason: 'tool_calls' }] })
  })

  it('falls back to the next of its choices', async () => {
    const { body, headers } = await client.whole({
      model: 'openrouter/auto',
      provider: { ignore: ['sandbox-b'] },
      messages: [{ role: 'user', content: '[[429]]' }],
    })
    expect(body.error).toMatchObject({ code: 429 })
    const { provider_responses: attempts } = await generationOf(headers)
    expect(attempts.map(({ model_permaslug }: Json) => model_permaslug)).toEqual(plain.slice(0, 3))
  })

  it('never chooses a fault, whatever tier it is asked for', async () => {
    for (const tier of ['low', 'medium', 'high', 'xhigh', 'max']) {
      const { status, body } = await client.whole({
        model: 'openrouter/auto',
        plugins: [{ id: 'auto-router', cost_tier: tier, excluded_models: ['sandbox/text'] }],
      })
      expect([status, plain.includes(body.model)]).toEqual([200, true])
    }
  })

  it('says that nothing is left', async () => {
    const plugins = [{ id: 'auto-router', allowed_models: ['nobody/*'] }]
    expect(await refusal({ model: 'openrouter/auto', plugins })).toMatchObject({
      status: 404,
      error: { message: 'No models match your request and model restrictions', availability: { code: 'no_endpoints' } },
    })
  })

  it.each([
    [{ cost_tier: 'cheap' }, 'plugins[0].cost_tier must be one of'],
    [{ allowed_models: 'acme/*' }, 'plugins[0].allowed_models must be'],
    [{ allowed_models: [''] }, 'plugins[0].allowed_models[0] must be'],
    [{ excluded_models: Array(1025).fill('a') }, 'plugins[0].excluded_models must be'],
    [{ excluded_models: Array(70).fill('a'.repeat(1000)) }, 'at most 65536 characters'],
    [{ cost_quality_tradeoff: 11 }, 'plugins[0].cost_quality_tradeoff must be'],
    [{ pin_model: 'yes' }, 'plugins[0].pin_model must be'],
  ])('names the setting that is wrong: %j', async (settings, message) => {
    const { status, error } = await refusal({
      model: 'openrouter/auto',
      plugins: [{ id: 'auto-router', ...settings }],
    })
    expect(status).toBe(400)
    expect(error.message).toContain(message)
  })

  it('works on the EU host, within the EU', async () => {
    const { status, body } = await eu.whole({ model: 'openrouter/auto' })
    expect([status, body.model]).toEqual([200, 'sandbox/text'])
  })
})

describe('openrouter/free', () => {
  it.each(['openrouter/free', 'causeway/free'])('answers for nothing as %s', async (model) => {
    const { status, body, headers } = await client.whole({ model })
    expect([status, body.model, body.usage.cost]).toEqual([200, 'sandbox/free', 0])
    expect(await generationOf(headers)).toMatchObject({ router: model, total_cost: 0 })
  })
})

describe('an alias', () => {
  it('of an unknown family is refused by name', async () => {
    const { status, error } = await refusal({ model: '~acme/nothing-latest' })
    expect(status).toBe(400)
    expect(error.message).toContain('~acme/nothing-latest is not a valid model ID')
    expect(error.availability).toMatchObject({ code: 'model_not_found', requested_models: ['~acme/nothing-latest'] })
  })

  it('leads to a model that can be called, and is recorded', async () => {
    const { body, headers } = await client.whole({ model: '~sandbox/text-latest' })
    expect(body.model).toBe('sandbox/text')
    expect(await generationOf(headers)).toMatchObject({ router: '~sandbox/text-latest', model: 'sandbox/text' })
  })

  it('shows what it stands for', async () => {
    const response = await fetch(`${worker.url}/api/v1/model/~sandbox/text-latest`)
    expect(((await response.json()) as Json).data).toMatchObject({
      id: '~sandbox/text-latest',
      alias_target: { name: 'Sandbox: Text', slug: 'sandbox/text' },
    })
  })
})

describe('a suffix', () => {
  it.each([
    ['sandbox/text:online', 400, 'leave ":online" out'],
    ['openrouter/auto:online', 400, 'leave ":online" out'],
    ['sandbox/text:thinking', 400, 'and set "reasoning"'],
    ['sandbox/text:extended', 400, 'Use sandbox/text'],
    ['sandbox/text:best', 400, 'is not a valid model ID'],
    ['sandbox/text:free', 404, 'Use sandbox/text instead'],
  ])('%s is refused with a way out', async (model, status, message) => {
    const refused = await refusal({ model })
    expect(refused.status).toBe(status)
    expect(refused.error.message).toContain(message)
  })

  it.each(['nitro', 'floor', 'exacto', 'nitro:exacto'])(':%s is answered by the model itself', async (suffix) => {
    const { status, body, headers } = await client.whole({ model: `sandbox/text:${suffix}`, tools: [tool] })
    expect([status, body.model]).toEqual([200, 'sandbox/text'])
    expect((await generationOf(headers)).router).toBeNull()
  })
})

describe('the list of models', () => {
  it('has the routers, with prices that depend and that are none', async () => {
    const response = await fetch(`${worker.url}/api/v1/models?usable=true`)
    const listed = ((await response.json()) as Json).data.filter(({ id }: Json) => id.startsWith('openrouter/'))
    expect(listed.map(({ id, pricing }: Json) => [id, pricing.prompt])).toEqual([
      ['openrouter/auto', '-1'],
      ['openrouter/free', '0'],
    ])
    const endpoints = await fetch(`${worker.url}${listed[0].links.details}`)
    expect(((await endpoints.json()) as Json).data).toMatchObject({ id: 'openrouter/auto', endpoints: [] })
  })
})
