import { beforeEach, describe, expect, it } from 'vitest'
import { explain } from '../../src/api/explain.ts'
import type { EndpointRecord, ModelEntry } from '../../src/catalog/records.ts'
import type { Gateway } from '../../src/dispatch/gateway.ts'
import type { KeyRecord } from '../../src/dispatch/key-directory.ts'
import { keyRandomBytes, mintKey } from '../../src/edge/api-key.ts'
import type { GenerationRow } from '../../src/metering/generation.ts'
import { calmHealth, type EndpointHealth } from '../../src/routing/health.ts'
import type { AccountPreferences } from '../../src/routing/merge-preferences.ts'
import { endpointRecord, modelEntry, providerRecord } from '../support/catalog-records.ts'
import { fakeGateway, operatorKey, surfaceApp } from '../support/fake-gateway.ts'
import { sampleGeneration } from '../support/sample-generation.ts'

const now = Date.UTC(2026, 10, 21, 12)
const endpoint = (slug: string, usd: string, change: Partial<EndpointRecord> = {}) =>
  endpointRecord({
    provider: providerRecord({ slug, name: slug.toUpperCase(), headquarters: slug === 'far' ? 'US' : 'FR' }),
    price: { prompt: usd, completion: usd },
    ...change,
  })

let entry: ModelEntry
let account: AccountPreferences | null | Error
let health: Record<string, Partial<EndpointHealth>>
let row: GenerationRow | null
let rowsAsked: (string | null)[]

beforeEach(() => {
  entry = modelEntry({}, [endpoint('near', '0.000001'), endpoint('dear', '0.000003'), endpoint('far', '0.000001')])
  account = null
  health = {}
  row = null
  rowsAsked = []
})

const gateway = fakeGateway({
  catalog: { model: (id) => (id === 'acme/m1' ? entry : null), models: () => [entry], providers: () => [] },
  account: {
    routing: () => (account instanceof Error ? Promise.reject(account) : account),
    readRouting: async () => null,
    replaceRouting: async () => {},
  },
  access: () => ({ baseUrl: 'https://up.example/v1', credential: null }),
  health: {
    of: ({ provider }: EndpointRecord) => health[provider.slug] && { ...calmHealth, ...health[provider.slug] },
    takeProbe: () => expect.fail('a probe was taken'),
  } as unknown as Gateway['health'],
})
// Nothing but the check of the key may be asked.
gateway.keys = {
  check: gateway.keys.check,
  generation: async (hash: string | null) => {
    rowsAsked.push(hash)
    return row
  },
} as unknown as Gateway['keys']
const app = surfaceApp(gateway, explain)

const { key, hash } = await mintKey(undefined, new Uint8Array(keyRandomBytes))
gateway.records.set(hash, { hash, label: 'k', kind: 'inference', disabled: false, expiresAt: null } as KeyRecord)

async function ask(body: unknown, query = '', bearer = key) {
  const response = await app.request(`/api/v1/route/explain${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}` },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as Answer }
}

async function askStored(query: string, bearer = key) {
  const response = await app.request(`/api/v1/route/explain${query}`, {
    headers: { authorization: `Bearer ${bearer}` },
  })
  return { status: response.status, body: (await response.json()) as Answer }
}

// biome-ignore lint/suspicious/noExplicitAny: an answer is read as clients read it
type Answer = any

const plain = { model: 'acme/m1', messages: [{ role: 'user', content: 'Hello there' }] }

describe('POST /route/explain', () => {
  it('shows every endpoint in its order, or out by one rule', async () => {
    const { status, body } = await ask(
      { ...plain, max_tokens: 5, provider: { jurisdictions: ['EU'], ignore: ['nobody'] } },
      '?seed=7',
    )
    expect(status).toBe(200)
    expect(body.data).toMatchObject({
      generation_id: null,
      seed: 7,
      catalog_version: 'v1',
      decided_at: new Date(now).toISOString(),
      region: 'global',
      policy: { jurisdictions: ['EU'], ignore: ['nobody'] },
      account_policy: {},
      needs: { tools: false, parameters: ['max_tokens'], max_output_tokens: 5, input_modalities: [] },
      models: [{ requested: 'acme/m1', model: 'acme/m1' }],
      out: [
        {
          endpoint_id: 'far:acme/m1',
          tag: 'far',
          provider: 'far',
          model: 'acme/m1',
          rule: 'jurisdictions',
          reason: 'its operator’s legal home is not allowed or unknown',
        },
      ],
      error: null,
    })
    expect(body.data.needs.prompt_tokens_estimate).toBeGreaterThan(0)
    const near = body.data.endpoints.find((one: Answer) => one.tag === 'near')
    expect(near).toMatchObject({
      endpoint_id: 'near:acme/m1',
      provider: 'near',
      provider_name: 'NEAR',
      requested_model: 'acme/m1',
      probability: 0.9,
      sticky: false,
      price_per_token: 0.000001,
      attempt_limit: false,
      blocked: null,
      probe: false,
      health: { band: 'normal', unstable: false, cooldown_until: null },
    })
    expect(body.data.endpoints.map((one: Answer) => one.position)).toEqual([1, 2])
  })

  it('shows no preference that has no effect because it is misspelt', async () => {
    const { body } = await ask({ ...plain, provider: { jurisdiction: ['EU'], zdr: false } })
    expect(body.data.policy).toEqual({ zdr: false })
  })

  it('tells what is amiss, and the probe that the next request would be', async () => {
    health = {
      near: { openUntil: now - 1, probeReady: true },
      dear: { cooldownUntil: now + 5_000, band: 'degraded' },
    }
    const { body } = await ask(plain)
    expect(body.data.endpoints).toMatchObject([
      { tag: 'near', blocked: null, probe: true, probability: 1 },
      { tag: 'far', blocked: null, probe: false },
      {
        tag: 'dear',
        blocked: 'cooldown',
        blocked_until: new Date(now + 5_000).toISOString(),
        health: { band: 'degraded' },
      },
    ])
  })

  it('marks what is beyond the bound of attempts', async () => {
    entry = modelEntry(
      {},
      Array.from({ length: 9 }, (_, index) => endpoint(`p${index}`, '0.000001')),
    )
    const { body } = await ask(plain)
    const limits = body.data.endpoints.map((one: Answer) => one.attempt_limit)
    expect(limits).toEqual([...Array(6).fill(false), ...Array(3).fill(true)])
  })

  it('shows the error that the request would get', async () => {
    const none = await ask({ ...plain, provider: { only: ['nobody'] } })
    expect(none.status).toBe(200)
    expect(none.body.data).toMatchObject({
      endpoints: [],
      out: [{ rule: 'only' }, { rule: 'only' }, { rule: 'only' }],
      error: { code: 404, metadata: { error_type: 'not_found' }, availability: { excluded_by: ['allowed_providers'] } },
    })
    for (const slug of ['near', 'dear', 'far']) health[slug] = { cooldownUntil: now + 3_000 }
    expect((await ask(plain)).body.data.error).toMatchObject({
      code: 429,
      availability: { code: 'capacity_exhausted' },
    })
  })

  it('follows the account', async () => {
    account = { zdr: true, jurisdictions: ['FR'] }
    const { body } = await ask({ ...plain, provider: { zdr: false } })
    expect(body.data).toMatchObject({ policy: { zdr: true }, account_policy: { jurisdictions: ['FR'] } })
    account = new Error('D1 is down')
    expect((await ask(plain)).status).toBe(503)
  })

  it('decides alike with the same seed', async () => {
    const order = async (query: string) =>
      (await ask(plain, query)).body.data.endpoints.map((one: Answer) => one.tag).join()
    expect(await order('?seed=4294967295')).toBe(await order('?seed=4294967295'))
    const orders = await Promise.all(Array.from({ length: 20 }, (_, seed) => order(`?seed=${seed}`)))
    expect(new Set(orders).size).toBeGreaterThan(1)
  })

  it.each(['x', '-1', '1.5', '4294967296', '', '1e3'])('refuses the seed "%s"', async (seed) => {
    const { status, body } = await ask(plain, `?seed=${seed}`)
    expect([status, body.error.metadata.field]).toEqual([400, 'seed'])
  })

  it('refuses what the surface refuses', async () => {
    expect((await ask({ ...plain, provider: { regions: [7] } })).body.error.message).toContain('provider.regions[0]')
    expect((await ask({ ...plain, model: 'acme/none' })).body.error).toMatchObject({
      code: 400,
      message: 'acme/none is not a valid model ID',
    })
    const image = { type: 'image_url', image_url: { url: 'http://169.254.169.254/latest' } }
    const { settings } = gateway
    gateway.settings = { ...settings, environment: 'production' }
    const refused = await ask({ ...plain, messages: [{ role: 'user', content: [image] }] })
    gateway.settings = settings
    expect(refused.body.error).toMatchObject({ code: 400, message: expect.stringContaining('a public address') })
    expect((await ask(plain, '', 'sk-nobody')).status).toBe(401)
    expect((await ask(plain, '', operatorKey)).status).toBe(403)
  })
})

describe('GET /route/explain', () => {
  const id = 'gen-1795219200-abcdefghij0123456789'

  it('tells of a past decision in the same shape', async () => {
    health = { dear: { cooldownUntil: now + 3_000 } }
    const made = (await ask({ ...plain, provider: { ignore: ['far'] } }, '?seed=7')).body.data
    row = sampleGeneration({
      id,
      errorType: null,
      decision: {
        seed: 7,
        at: now,
        catalog: 'v1',
        region: 'global',
        models: [{ asked: 'acme/m1' }],
        needs: { promptTokens: made.needs.prompt_tokens_estimate, minPromptTokens: made.needs.prompt_tokens_at_least },
        preferences: { ignore: ['far'] },
        order: ['near', 'dear'],
        chances: [1],
        out: { ignore: ['far'] },
        health: { dear: { cooldownUntil: now + 3_000 } },
      },
    })
    health = {}
    const { status, body } = await askStored(`?generation=${id}`)
    expect(status).toBe(200)
    expect(body.data).toEqual({ ...made, generation_id: id, replayed: true })
    expect(rowsAsked).toEqual([hash])
  })

  it('tells which endpoint a conversation stayed with, while the catalogue is the same and afterwards', async () => {
    const decision = {
      seed: 7,
      at: now,
      catalog: 'v1',
      region: 'global',
      models: [{ asked: 'acme/m1' }],
      needs: { promptTokens: 1, minPromptTokens: 0 },
      preferences: { ignore: ['far'] },
      order: ['dear', 'near'],
      chances: [1],
      out: { ignore: ['far'] },
      sticky: 'dear',
    }
    for (const catalog of ['v1', 'v0']) {
      row = sampleGeneration({ id, errorType: null, decision: { ...decision, catalog } })
      const { data } = (await askStored(`?generation=${id}`)).body
      expect(data.replayed).toBe(catalog === 'v1')
      expect(data.endpoints).toMatchObject([
        { tag: 'dear', probability: 1, sticky: true },
        { tag: 'near', probability: 0, sticky: false },
      ])
    }
  })

  it('tells what was recorded where the catalogue has changed since', async () => {
    row = sampleGeneration({ id, status: 503, errorType: 'provider_overloaded' })
    const { body } = await askStored(`?generation=${id}`, operatorKey)
    expect(body.data).toMatchObject({
      generation_id: id,
      replayed: false,
      models: [{ requested: 'acme/large:nitro', model: 'acme/large', suffixes: ['nitro'] }],
      endpoints: [
        { position: 1, tag: 'other', provider: 'other', model: 'acme/large', probability: 0.75, price_per_token: null },
        { position: 2, tag: 'acme', probability: 0.25 },
        { position: 3, tag: 'fifth', blocked: 'cooldown', attempt_limit: false },
        { position: 4, tag: 'sixth', blocked: null },
        { position: 5, tag: 'seventh', attempt_limit: true },
      ],
      out: [
        { endpoint_id: 'third:acme/large', rule: 'context_length', reason: 'its context is too short' },
        { endpoint_id: 'fourth:acme/large', rule: 'ignore' },
      ],
      error: { code: 503, metadata: { error_type: 'provider_overloaded' } },
    })
    expect(rowsAsked).toEqual([null])
  })

  it('needs a generation that has one', async () => {
    expect((await askStored('')).body.error.message).toContain('"generation" is required')
    expect((await askStored('?generation=gen-1-none')).status).toBe(404)
    row = sampleGeneration({ id, decision: null })
    expect((await askStored(`?generation=${id}`)).body.error.message).toContain('no decision on record')
  })
})
