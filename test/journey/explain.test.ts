import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ChatClient, chatClient } from '../support/chat-client.ts'
import { expectErrorEnvelope, type Json } from '../support/chat-wire.ts'
import { chat, error, type MockUpstream, startUpstream } from '../support/mock-upstream.ts'
import { addEndpoints, providerOfPath, reachedAt } from '../support/operator-catalogue.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'

const model = 'test/explained'
const slugs = ['paris', 'boston', 'relay', 'failing']
let upstream: MockUpstream
let worker: RunningWorker
let client: ChatClient
let key: string

beforeAll(async () => {
  upstream = await startUpstream((request) =>
    providerOfPath(request.path) === 'failing' ? error(500) : chat(request, ['Hello']),
  )
  worker = await startWorker({ vars: reachedAt(upstream.url, slugs) })
  await addEndpoints(worker.database, [
    { provider: 'paris', model, headquarters: 'FR', eu: 'yes', promptUsd: '0.000002', completionUsd: '0.000002' },
    { provider: 'boston', model, headquarters: 'US', region: 'us' },
    { provider: 'relay', model, headquarters: 'FR', router: true },
    { provider: 'dormant', model, headquarters: 'FR' },
    { provider: 'failing', model: 'test/failing', headquarters: 'FR' },
    { provider: 'paris', model: 'test/failing' },
  ])
  key = (await worker.createKey({ rate_limit: { requests: 0 } })).key
  client = chatClient(worker.url, key)
})
afterAll(async () => {
  await worker?.stop()
  await upstream?.stop()
})
beforeEach(() => {
  upstream.requests.length = 0
})

const headers = (bearer: string) => ({ authorization: `Bearer ${bearer}`, 'content-type': 'application/json' })

async function explain(fields: Record<string, unknown>, query = '', bearer = key): Promise<Json> {
  const response = await fetch(`${worker.url}/api/v1/route/explain${query}`, {
    method: 'POST',
    headers: headers(bearer),
    body: JSON.stringify({ messages: [{ role: 'user', content: 'Hello' }], model, ...fields }),
  })
  return { status: response.status, ...((await response.json()) as Json) }
}

async function settings(preferences?: Record<string, unknown>, bearer = worker.managementKey): Promise<Json> {
  const response = await fetch(`${worker.url}/api/v1/settings/routing`, {
    headers: headers(bearer),
    ...(preferences ? { method: 'PUT', body: JSON.stringify(preferences) } : {}),
  })
  return { status: response.status, ...((await response.json()) as Json) }
}

const tagsOf = (list: Json[]) => list.map(({ tag }: Json) => tag)
const rulesOf = (list: Json[]) => Object.fromEntries(list.map(({ tag, rule }: Json) => [tag, rule]))

describe('POST /route/explain', () => {
  it('says where a request would go and why not elsewhere, and calls nobody', async () => {
    const { status, data } = await explain({ provider: { jurisdictions: ['EU'] } })
    expect(status).toBe(200)
    expect(tagsOf(data.endpoints)).toEqual(['paris'])
    expect(data.endpoints[0]).toMatchObject({ probability: 1, price_per_token: 0.000002, blocked: null })
    expect(rulesOf(data.out)).toEqual({
      'boston/us': 'jurisdictions',
      relay: 'jurisdictions',
      dormant: 'not_configured',
    })
    expect(data.error).toBeNull()
    expect(upstream.requests).toEqual([])
  })

  it('knows, as the request would find out, what an endpoint cannot be told that it must be', async () => {
    const content = [{ type: 'text', text: 'Hello', cache_control: { type: 'ephemeral' } }]
    const fields = { messages: [{ role: 'user', content }], provider: { strict: true } }
    const { data } = await explain(fields)
    const refused = await client.whole({ model, ...fields })
    expectErrorEnvelope(400, refused.body)
    expect(refused.body.error.message).toMatch(/^\w+ cannot be told ".*cache_control"/)
    expect(data.endpoints).toEqual([])
    expect(rulesOf(data.out)).toMatchObject({ paris: 'untold', 'boston/us': 'untold', dormant: 'not_configured' })
    expect(data.error.code).toBe(400)
    expect(data.error.message).toMatch(/cannot be told ".*cache_control"/)
    expect(upstream.requests).toEqual([])
  })

  it('answers under /v1, and with the error that the request would get', async () => {
    const body = { messages: [{ role: 'user', content: 'Hello' }], model, provider: { regions: ['jp'] } }
    const request = { method: 'POST', headers: headers(key), body: JSON.stringify(body) }
    const { data } = (await (await fetch(`${worker.url}/v1/route/explain`, request)).json()) as Json
    const refused = await client.whole({ model, provider: { regions: ['jp'] } })
    expect(refused.status).toBe(404)
    expectErrorEnvelope(404, refused.body)
    expect(data.error).toEqual(refused.body.error)
    expect(data.error.availability).toMatchObject({ excluded_by: ['regions'], constraint: { field: 'regions' } })
  })

  it('fills no window', async () => {
    const limited = await worker.createKey({ rate_limit: { requests: 1, interval: '1m' } })
    for (let ask = 0; ask < 3; ask++) expect((await explain({}, '', limited.key)).status).toBe(200)
    expect((await chatClient(worker.url, limited.key).whole({ model })).status).toBe(200)
    expect((await chatClient(worker.url, limited.key).whole({ model })).status).toBe(429)
    expect((await explain({}, '', limited.key)).status).toBe(200)
  })

  it('is for API keys', async () => {
    expect((await explain({}, '', worker.managementKey)).status).toBe(403)
    expect((await explain({}, '', 'sk-nobody')).status).toBe(401)
  })
})

describe('a past decision', () => {
  const stored = async (id: string, bearer = key) => {
    const response = await fetch(`${worker.url}/api/v1/route/explain?generation=${id}`, { headers: headers(bearer) })
    return (await response.json()) as Json
  }

  it('is told as it was made, and made again with its seed', async () => {
    const provider = { direct_only: true, max_price: { prompt: 5 } }
    const { body } = await client.whole({ model, provider })
    const { data } = await stored(body.id)
    expect(data).toMatchObject({ generation_id: body.id, replayed: true, error: null, models: [{ requested: model }] })
    expect(data.endpoints.map(({ provider_name }: Json) => provider_name)[0]).toBe(body.provider)
    expect(rulesOf(data.out)).toEqual({ relay: 'direct_only', dormant: 'not_configured' })
    const live = (await explain({ provider }, `?seed=${data.seed}`)).data
    expect(live.endpoints.map(({ tag, probability }: Json) => [tag, probability])).toEqual(
      data.endpoints.map(({ tag, probability }: Json) => [tag, probability]),
    )
    expect(live.out).toEqual(data.out)
    // As management sees it too, once it has reached D1, and for good.
    await expect.poll(async () => (await stored(body.id, worker.managementKey)).data, { timeout: 15_000 }).toEqual(data)
  })

  it('is there for a failover, and for a request that nobody could answer', async () => {
    const failedOver = await client.whole({ model: 'test/failing', provider: { order: ['failing'] } })
    const generation = await client.generation(failedOver.body.id)
    expect(generation.attempts.map(({ outcome }: Json) => outcome)).toEqual(['server-error', 'ok'])
    expect(tagsOf((await stored(failedOver.body.id)).data.endpoints)).toEqual(['failing', 'paris'])

    const refused = await client.whole({ model, provider: { only: ['dormant'] } })
    const id = refused.headers.get('x-generation-id') ?? ''
    const { data } = await stored(id)
    expect(data).toMatchObject({ endpoints: [], error: { code: 404, metadata: { error_type: 'not_found' } } })
    expect((await client.generation(id)).excluded).toContainEqual({
      endpoint_id: `dormant:${model}`,
      rule: 'not_configured',
    })
  })
})

describe('/settings/routing', () => {
  afterEach(async () => {
    await settings({})
  })

  it('holds for every request from the next on, and cannot be widened', async () => {
    expect(await settings({ jurisdictions: ['EU'], direct_only: true })).toMatchObject({
      status: 200,
      data: { jurisdictions: ['EU'], direct_only: true },
    })
    expect((await settings()).data).toEqual({ jurisdictions: ['EU'], direct_only: true })
    for (const provider of [
      undefined,
      { jurisdictions: ['US', 'FR'] },
      { direct_only: false, only: ['paris', 'relay'] },
    ]) {
      const { body } = await client.whole({ model, ...(provider ? { provider } : {}) })
      expect(body.provider).toBe('paris')
    }
    const refused = await client.whole({ model, provider: { jurisdictions: ['US'] } })
    expect(refused.status).toBe(404)
    expect(refused.body.error.message).toContain('is allowed (EU and US)')
    expect(refused.body.error.availability).toMatchObject({ excluded_by: ['jurisdictions'] })
    const { data } = await explain({ provider: { direct_only: false } })
    expect(data).toMatchObject({ policy: { direct_only: true }, account_policy: { jurisdictions: ['EU'] } })

    await settings({ order: ['boston'] })
    expect((await client.whole({ model })).body.provider).toBe('boston')
    expect((await client.whole({ model, provider: { order: ['paris'] } })).body.provider).toBe('paris')
  })

  it('refuses what it does not know, and who may not', async () => {
    const typo = await settings({ jurisdiction: ['EU'] })
    expect(typo.status).toBe(400)
    expect(typo.error.param).toBe('jurisdiction')
    expect((await settings({}, key)).status).toBe(403)
    expect((await settings(undefined, key)).status).toBe(403)
  })
})

describe('with settings that cannot be read', () => {
  it('a cold gateway lets nobody through, and recovers by itself', async () => {
    const cold = await startWorker({ vars: reachedAt(upstream.url, slugs) })
    try {
      await addEndpoints(cold.database, [{ provider: 'paris', model }])
      const asker = chatClient(cold.url, cold.apiKey)
      await cold.database.prepare("INSERT INTO settings VALUES ('routing', '{', 1)").run()
      upstream.requests.length = 0
      const refused = await asker.whole({ model })
      expect(refused.status).toBe(503)
      expectErrorEnvelope(503, refused.body)
      expect(upstream.requests).toEqual([])
      await cold.database.prepare("UPDATE settings SET value = '{}'").run()
      expect((await asker.whole({ model })).status).toBe(200)
      // What is known stays.
      await cold.database.prepare('ALTER TABLE settings RENAME TO settings_away').run()
      expect((await asker.whole({ model })).status).toBe(200)
    } finally {
      await cold.stop()
    }
  })
})
