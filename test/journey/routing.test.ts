import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { gatewayOnlyFields } from '../../src/chat/request.ts'
import { type ChatClient, chatClient } from '../support/chat-client.ts'
import { expectErrorEnvelope, type Json } from '../support/chat-wire.ts'
import {
  type Answer,
  chat,
  error,
  json,
  type MockUpstream,
  type RecordedRequest,
  startUpstream,
} from '../support/mock-upstream.ts'
import { addEndpoints, providerOfPath, reachedAt } from '../support/operator-catalogue.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'

/** By provider: what it does but to answer. */
const unwell: Record<string, (request: RecordedRequest) => Answer> = {
  refusing: () => error(400, 'I will not'),
  failing: () => error(500),
  failing2: () => error(500),
  redirecting: () => ({ status: 307, headers: { location: `${elsewhere.url}/v1/chat/completions` } }),
  quoting: ({ headers }) => error(400, `The header "${headers.authorization}" and ${btoa(`user:${secret}`)} are bad`),
  talkative: (request) => {
    const answer = chat(request, ['Hello'])
    return { ...answer, headers: { ...answer.headers, ...upstreamHeaders } }
  },
}
const upstreamHeaders = {
  'set-cookie': 'session=1',
  'x-upstream': '1',
  'x-request-id': 'upstream-1',
  'x-ratelimit-limit-requests': '5',
  'access-control-allow-origin': 'https://upstream.example',
  'cache-control': 'max-age=60',
  server: 'upstream',
}
const secret = 'credential-of-quoting'
/** Providers of the shipped catalogue, for a model that many of them serve. */
const shipped = ['deepinfra', 'novita', 'siliconflow', 'together', 'fireworks', 'parasail', 'atlas-cloud', 'baseten']

let upstream: MockUpstream
let elsewhere: MockUpstream
let worker: RunningWorker
let client: ChatClient
let key: string

beforeAll(async () => {
  upstream = await startUpstream((request) => {
    const answer = unwell[providerOfPath(request.path)]
    return answer ? answer(request) : chat(request, ['Hello ', 'there'])
  })
  elsewhere = await startUpstream()
  const own = ['cheap', 'middle', 'dear', 'european', ...Object.keys(unwell)]
  worker = await startWorker({ vars: reachedAt(upstream.url, [...own, ...shipped]) })
  const serves = (provider: string, model: string, usd = '0.000001') => {
    return { provider, model: `test/${model}`, promptUsd: usd, completionUsd: usd }
  }
  await addEndpoints(worker.database, [
    serves('cheap', 'balanced', '0.000001'),
    serves('dear', 'balanced', '0.000003'),
    serves('cheap', 'many', '0.000001'),
    serves('middle', 'many', '0.000002'),
    serves('dear', 'many', '0.000003'),
    { ...serves('middle', 'placed'), region: 'north' },
    { ...serves('middle', 'placed'), region: 'south' },
    { ...serves('european', 'mixed', '0.000009'), eu: 'yes' },
    serves('cheap', 'mixed'),
    ...Object.keys(unwell).map((provider) => serves(provider, provider)),
    serves('failing2', 'failing'),
  ])
  key = (await worker.createKey({ rate_limit: { requests: 0 } })).key
  client = chatClient(worker.url, key)
})
afterAll(async () => {
  await worker?.stop()
  await upstream?.stop()
  await elsewhere?.stop()
})
beforeEach(() => {
  upstream.requests.length = 0
})

/** The providers that were called for one request, in order. */
async function calledFor(fields: Record<string, unknown>): Promise<string[]> {
  upstream.requests.length = 0
  await client.whole(fields)
  return upstream.requests.map(({ path }) => providerOfPath(path))
}

describe('provider preferences', () => {
  const model = 'test/many'

  it('only reaches exactly what it names', async () => {
    for (const slug of ['cheap', 'middle', 'dear'])
      expect(await calledFor({ model, provider: { only: [slug], allow_fallbacks: false } })).toEqual([slug])
    const { status, body } = await client.whole({ model, provider: { only: ['nobody'] } })
    expect(status).toBe(404)
    expectErrorEnvelope(404, body)
    expect(body.error.availability.excluded_by).toEqual(['allowed_providers'])
  })

  it('order goes first, whatever it costs, and is a closed list without fallbacks', async () => {
    for (const slug of ['dear', 'middle'])
      expect(await calledFor({ model, provider: { order: [slug] } })).toEqual([slug])
    const open = { order: ['failing2', 'failing'], allow_fallbacks: true }
    expect(await calledFor({ model: 'test/failing', provider: open })).toEqual(['failing2', 'failing'])
    const closed = { order: ['failing2'], allow_fallbacks: false }
    expect(await calledFor({ model: 'test/failing', provider: closed })).toEqual(['failing2'])
  })

  it('ignore is never called', async () => {
    const provider = { ignore: ['cheap', 'middle'] }
    for (let i = 0; i < 5; i++) expect(await calledFor({ model, provider })).toEqual(['dear'])
    const nobody = await client.whole({ model, provider: { ignore: ['cheap', 'middle', 'dear'] } })
    expect(nobody.status).toBe(404)
  })

  it('an endpoint is reached by the tag that the list shows', async () => {
    const listed = async (id: string): Promise<string[]> => {
      const response = await fetch(`${worker.url}/api/v1/models/${id}/endpoints`)
      return ((await response.json()) as Json).data.endpoints.map(({ tag }: Json) => tag)
    }
    const models = ['test/placed', 'deepseek/deepseek-v4-flash', 'qwen/qwen3.6-35b-a3b', 'z-ai/glm-5.1']
    let reached = 0
    for (const model of models) {
      for (const tag of await listed(model)) {
        const slug = tag.split('/')[0] ?? ''
        if (![...shipped, 'middle'].includes(slug)) continue
        const { status, headers, body } = await client.whole({
          model,
          provider: { only: [tag], allow_fallbacks: false },
        })
        expect(status, tag).toBe(200)
        expect(providerOfPath(upstream.requests.at(-1)?.path ?? '')).toBe(slug)
        const generation = await client.generation(headers.get('x-generation-id'))
        expect(generation.endpoint_id).toBe(`${tag}:${body.model}`)
        reached += 1
      }
    }
    expect(await listed('test/placed')).toEqual(['middle/north', 'middle/south'])
    expect(reached).toBeGreaterThan(8)
  })

  it('balances by the inverse square of the price', async () => {
    const shares = { cheap: 0, dear: 0 } as Record<string, number>
    await Promise.all(Array.from({ length: 400 }, () => client.post({ model: 'test/balanced' })))
    for (const { path } of upstream.requests) shares[providerOfPath(path)] = (shares[providerOfPath(path)] ?? 0) + 1
    // 0.9 and 0.1 of 400, five standard deviations wide.
    expect(shares.cheap).toBeGreaterThan(330)
    expect(shares.dear).toBeGreaterThan(10)
    expect((shares.cheap ?? 0) + (shares.dear ?? 0)).toBe(400)
  })
})

describe('a list of models', () => {
  it('goes on to the next model after any error, and says which one answered', async () => {
    const { status, body, headers } = await client.whole({
      model: 'test/refusing',
      models: ['test/failing', 'test/many'],
    })
    expect(status).toBe(200)
    expect(body.model).toBe('test/many')
    const generation = await client.generation(headers.get('x-generation-id'))
    expect(generation).toMatchObject({ model: 'test/many', requested_model: 'test/refusing' })
    expect(generation.provider_responses.map(({ model_permaslug }: Json) => model_permaslug)).toEqual(
      expect.arrayContaining(['test/refusing', 'test/many']),
    )
  })

  it('is refused with a model that nobody knows', async () => {
    const { status, body } = await client.whole({ models: ['test/many', 'nobody/nothing'] })
    expect(status).toBe(400)
    expect(body.error.availability.code).toBe('model_not_found')
  })
})

describe('what reaches an upstream', () => {
  it('is asked to stream exactly when the client asks', async () => {
    await client.whole({ model: 'test/many' })
    await client.whole({ model: 'test/many', stream: false })
    await client.streamed({ model: 'test/many' })
    expect(upstream.requests.map(({ json: body }) => body?.stream ?? false)).toEqual([false, false, true])
  })

  it('holds nothing of the client but its request', async () => {
    const marker = 'client-canary'
    await client.post(
      {
        model: 'test/many',
        user: marker,
        temperature: 0.5,
        some_future_field: { kept: true },
        models: ['test/many'],
        route: 'fallback',
        usage: { include: true },
        plugins: [],
        session_id: marker,
        metadata: { who: marker },
        trace: { who: marker },
        transforms: [],
        include_reasoning: true,
        provider: { only: ['cheap'] },
      },
      {
        headers: {
          'x-marker': marker,
          cookie: `session=${marker}`,
          'http-referer': `https://${marker}.example`,
          'x-title': marker,
          'user-agent': marker,
          'x-forwarded-for': '203.0.113.9',
          'openai-organization': marker,
          'x-stainless-lang': 'js',
          'anthropic-beta': marker,
        },
      },
    )
    const [request] = upstream.requests
    expect(request?.body).not.toContain(marker)
    expect(JSON.stringify(request?.headers)).not.toContain(marker)
    expect(JSON.stringify(request?.headers)).not.toContain(key)
    expect(Object.keys(request?.json ?? {}).filter((field) => gatewayOnlyFields.some((own) => own === field))).toEqual(
      [],
    )
    expect(request?.json).toMatchObject({ model: 'upstream-many', temperature: 0.5, some_future_field: { kept: true } })
    expect(request?.headers.authorization).toBe('Bearer credential-of-cheap')
    // The last one is the runtime's own.
    const allowed =
      'accept accept-encoding authorization connection content-length content-type host user-agent cf-worker'
    const foreign = Object.keys(request?.headers ?? {}).filter((name) => !allowed.split(' ').includes(name))
    expect(foreign).toEqual([])
  })

  it('is not another host when the first one redirects', async () => {
    const { status, body } = await client.whole({ model: 'test/redirecting' })
    expect(status).toBe(502)
    expectErrorEnvelope(502, body)
    expect(elsewhere.requests).toHaveLength(0)
  })
})

describe('what comes back from an upstream', () => {
  it.each([false, true])('is no header of it (streamed: %s)', async (stream) => {
    const response = await client.post({ model: 'test/talkative', stream })
    expect(response.status).toBe(200)
    await response.text()
    const headers = Object.fromEntries(response.headers)
    const foreign = Object.entries(upstreamHeaders).filter(([name, value]) => headers[name] === value)
    expect(foreign).toEqual([])
    expect(headers['access-control-allow-origin']).toBe('*')
    expect(headers['x-generation-id']).toMatch(/^gen-/)
    expect(headers['x-provider-name']).toBe('talkative')
    for (const name of ['set-cookie', 'x-upstream', 'server', 'x-ratelimit-limit-requests'])
      expect(headers).not.toHaveProperty(name)
  })

  it('is no credential, however it is quoted', async () => {
    const { status, body } = await client.whole({ model: 'test/quoting' })
    expect(status).toBe(400)
    expect(body.error.metadata.raw).toContain('are bad')
    expect(body.error.metadata.provider_name).toBe('quoting')
    const text = JSON.stringify(body)
    expect(text).not.toContain(secret)
    expect(text).not.toContain(btoa(`user:${secret}`).slice(8, 24))
  })

  it('is what the model said, byte for byte', async () => {
    const said = 'é \\ " \u2028 🧑‍🚀\ud83d\ude80 \u0000'
    upstream.behave = (request) => chat(request, [...(said.match(/[\s\S]{1,3}/gu) ?? [])])
    expect((await client.streamed({ model: 'test/many' })).text).toBe(said)
    expect((await client.whole({ model: 'test/many' })).body.choices[0].message.content).toBe(said)
    upstream.behave = () =>
      json({ id: 'x', choices: [{ index: 0, message: { content: said }, finish_reason: 'stop' }] })
    expect((await client.whole({ model: 'test/many' })).body.choices[0].message.content).toBe(said)
  })
})

describe('the EU host', () => {
  it('routes to what is tied to the EU and to nothing else', async () => {
    upstream.behave = (request) => chat(request, ['Hello'])
    const eu = chatClient(worker.euUrl, key)
    for (let i = 0; i < 5; i++) {
      const { body, headers } = await eu.whole({ model: 'test/mixed' })
      expect(body.provider).toBe('european')
      expect(await client.generation(headers.get('x-generation-id'))).toMatchObject({ data_region: 'europe' })
    }
    const refused = await eu.whole({ model: 'test/mixed', provider: { only: ['cheap'] } })
    expect(refused.status).toBe(404)
    const none = await eu.whole({ model: 'test/many' })
    expect(none.status).toBe(404)
    expectErrorEnvelope(404, none.body)
    expect(none.body.error.message).toContain('EU')
    expect(none.body.error.availability).toMatchObject({ code: 'constraint_filtered', excluded_by: ['data_region'] })
    expect(new Set(upstream.requests.map(({ path }) => providerOfPath(path)))).toEqual(new Set(['european']))
  })

  it('lists what is tied to the EU and nothing else', async () => {
    const get = async (path: string) => (await fetch(`${worker.euUrl}/api/v1${path}`)).json() as Promise<Json>
    const ids = (await get('/models')).data.map(({ id }: Json) => id)
    expect(ids).toContain('test/mixed')
    expect(ids).not.toContain('test/many')
    expect((await get('/models/test/mixed/endpoints')).data.endpoints.map(({ tag }: Json) => tag)).toEqual(['european'])
  })
})
