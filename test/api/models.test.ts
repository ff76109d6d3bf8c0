import { OpenRouter } from '@openrouter/sdk'
import { HTTPClient } from '@openrouter/sdk/lib/http.js'
import { Hono } from 'hono'
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { SurfaceEnv } from '../../src/api/surface.ts'
import type { EndpointRecord, ModelEntry, ProviderRecord } from '../../src/catalog/records.ts'
import { FailureError, statusOf } from '../../src/chat/failure.ts'
import { endpointRecord, modelEntry, providerRecord } from '../support/catalog-records.ts'
import { type CatalogueGateway, catalogueGateway } from '../support/catalogue-gateway.ts'
import { seededCatalog } from '../support/seeded-catalog.ts'

const anyCaller = vi.hoisted(() => vi.fn())
vi.mock('../../src/api/authenticate.ts', () => ({ anyCaller }))
const { models } = await import('../../src/api/models.ts')
const { providers } = await import('../../src/api/providers.ts')

function appOver(given: CatalogueGateway) {
  const gateway = catalogueGateway(given)
  return new Hono<SurfaceEnv>()
    .use(async (c, next) => {
      c.env = { ...c.env, gateway }
      await next()
    })
    .route('/api/v1', models)
    .route('/api/v1', providers)
    .onError((error, c) => {
      if (!(error instanceof FailureError)) throw error
      const code = statusOf(error.failure)
      const { message, availability } = error.failure
      return c.json({ error: { code, message, availability } }, code as 400)
    })
}

function sdkOver(given: CatalogueGateway) {
  const app = appOver(given)
  const httpClient = new HTTPClient({ fetcher: async (request) => app.request(request as Request) })
  return new OpenRouter({ apiKey: 'key', serverURL: 'http://gw.test/api/v1', httpClient })
}

// biome-ignore lint/suspicious/noExplicitAny: bodies are judged by what is expected of them
async function get(given: CatalogueGateway, path: string, init?: RequestInit): Promise<{ status: number; body: any }> {
  const response = await appOver(given).request(`/api/v1${path}`, init)
  return { status: response.status, body: await response.json() }
}

async function ids(given: CatalogueGateway, path: string): Promise<string[]> {
  const { status, body } = await get(given, path)
  expect(status, JSON.stringify(body.error)).toBe(200)
  return body.data.map((model: { id: string }) => model.id)
}

/** What stands at the end of every list of models that has something to choose from. */
const routers = ['openrouter/auto', 'openrouter/free']

const withKey = { headers: { authorization: 'Bearer key' } }
const unknownKey = new FailureError({ type: 'authentication', message: 'unknown key' })

beforeEach(() => {
  anyCaller.mockReset()
  anyCaller.mockResolvedValue({ hash: 'caller', operator: false, policy: null })
})

describe('the whole shipped catalogue, read by the official SDK', () => {
  let seed: { models: ModelEntry[]; providers: ProviderRecord[] }
  beforeAll(async () => {
    seed = await seededCatalog()
  })

  it('lists every model of every kind', async () => {
    const pages = await sdkOver(seed).models.list({ outputModalities: 'all', limit: 1000 })
    expect(pages.result.data.map(({ id }) => id)).toEqual([...seed.models.map(({ model }) => model.id), ...routers])
    const count = seed.models.length + routers.length
    expect(pages.result.totalCount).toBe(count)
    expect(pages.result.links.next).toBeNull()
    expect(await sdkOver(seed).models.count({ outputModalities: 'all' })).toEqual({ data: { count } })
  })

  it('comes to an end for a client that pages', async () => {
    const seen = new Set<string>()
    const pages = await sdkOver(seed).models.list({ outputModalities: 'all', limit: 100 })
    for await (const page of pages) for (const model of page.result.data) seen.add(model.id)
    expect(seen.size).toBe(seed.models.length + routers.length)
  })

  it('shows each model and all of its endpoints', { timeout: 30_000 }, async () => {
    const sdk = sdkOver(seed)
    let endpoints = 0
    for (const { model } of seed.models) {
      const [author = '', slug = ''] = model.id.split('/')
      expect((await sdk.models.get({ author, slug })).data.id).toBe(model.id)
      endpoints += (await sdk.endpoints.list({ author, slug })).data.endpoints.length
    }
    expect(endpoints).toBe(seed.models.flatMap((entry) => entry.endpoints).length)
  })

  it('lists providers, embedding models, zero-retention endpoints and what the caller can use', async () => {
    const sdk = sdkOver(seed)
    expect((await sdk.providers.list()).data).toHaveLength(seed.providers.length)
    const embedding = await sdk.embeddings.listModels()
    const embedders = seed.models.filter(({ model }) => model.outputModalities.includes('embeddings'))
    expect(embedding.result.data.map(({ id }) => id)).toEqual(embedders.map(({ model }) => model.id))
    expect(embedders.length).toBeGreaterThan(70)
    expect((await sdk.endpoints.listZdrEndpoints()).data.length).toBeGreaterThan(10)
    const own = await sdk.models.listForUser({ bearer: 'key' })
    expect(own.result.data.length).toBeGreaterThan(500)
  })

  it('lists none but chat models where nobody asks for others', async () => {
    const listed = await ids(seed, '/models')
    expect(listed).toEqual(expect.arrayContaining(['openai/gpt-4o-mini', 'meta-llama/llama-guard-4-12b']))
    expect(listed.filter((id) => /embed|rerank|whisper|\/bge-|-tts|gpt-image/.test(id))).toEqual([])
  })

  it('shows on the EU host only what is tied to the EU', async () => {
    const eu = { ...seed, region: 'eu' }
    const listed = await ids(eu, '/models?output_modalities=all')
    const expected = seed.models.filter((entry) => entry.endpoints.some((endpoint) => endpoint.eu === 'yes'))
    expect(listed).toEqual([...expected.map((entry) => entry.model.id), ...routers])
    for (const id of listed.slice(0, 50)) {
      const { body } = await get(eu, `/models/${id}/endpoints`)
      expect(body.data.endpoints.every((endpoint: { eu: string }) => endpoint.eu === 'yes')).toBe(true)
    }
    const { body } = await get(eu, '/providers')
    expect(body.data.map((provider: { slug: string }) => provider.slug)).toContain('scaleway')
    expect(body.data.map((provider: { slug: string }) => provider.slug)).not.toContain('groq')
  })
})

describe('GET /models', () => {
  const eu: Partial<EndpointRecord> = {
    eu: 'yes',
    tag: 'acme/eu',
    price: { prompt: '0.000005', completion: '0.00002' },
  }
  const strict = providerRecord({
    slug: 'strict',
    name: 'Strict AI',
    dataPolicy: {
      trains: false,
      retainsPrompts: false,
      retentionDays: 0,
      zdr: 'default',
      zeroRetentionStatedBy: 'vendor',
      asOf: '2026-09-24',
    },
  })
  const given: CatalogueGateway = {
    models: [
      modelEntry({ id: 'acme/large', name: 'Large', tokenizer: 'Llama3', inputModalities: ['text', 'image'] }, [
        endpointRecord({ model: 'acme/large', contextLength: 200_000 }),
        endpointRecord({ model: 'acme/large', ...eu }),
      ]),
      modelEntry({ id: 'acme/small', name: 'Small Ω', created: 1_794_900_000 }, [
        endpointRecord({
          model: 'acme/small',
          provider: strict,
          parameters: ['seed'],
          price: { prompt: '0.0000003', completion: '0.000001' },
        }),
      ]),
      modelEntry({ id: 'other/qwen', author: 'other', created: 0, contextLength: null }, [
        endpointRecord({ model: 'other/qwen', contextLength: null, parameters: null }),
      ]),
      modelEntry({ id: 'other/embed', author: 'other', outputModalities: ['embeddings'] }),
    ],
    // Where nothing can be called there are no routers either, and the lists are the catalogue's alone.
    usable: () => false,
  }

  it.each<[string, string[]]>([
    ['', ['acme/large', 'acme/small', 'other/qwen']],
    ['?output_modalities=embeddings', ['other/embed']],
    ['?output_modalities=embeddings,%20text', ['acme/large', 'acme/small', 'other/qwen', 'other/embed']],
    ['?output_modalities=all', ['acme/large', 'acme/small', 'other/qwen', 'other/embed']],
    ['?input_modalities=text,image', ['acme/large']],
    ['?supported_parameters=tools,temperature', ['acme/large']],
    ['?supported_parameters=tools&supported_parameters=seed', []],
    ['?supported_parameters=nonsense', []],
    ['?model_authors=ACME', ['acme/large', 'acme/small']],
    ['?providers=strict', ['acme/small']],
    ['?providers=Strict%20AI,nobody', ['acme/small']],
    ['?arch=llama', ['acme/large']],
    ['?arch=Qwen', ['other/qwen']],
    ['?q=ACME%20lar', ['acme/large']],
    ['?q=%CE%A9', ['acme/small']],
    ['?context=150000', ['acme/large']],
    ['?context=1', ['acme/large', 'acme/small']],
    ['?max_price=0.3', ['acme/small']],
    ['?min_price=0.3&max_price=2.99', ['acme/small']],
    ['?min_price=0.31', ['acme/large', 'other/qwen']],
    ['?max_output_price=1', ['acme/small']],
    ['?min_output_price=1e1', ['acme/large', 'other/qwen']],
    ['?max_age_days=2', ['acme/small']],
    ['?min_age_days=2', ['acme/large']],
    ['?zdr=true', ['acme/small']],
    ['?region=eu', ['acme/large']],
    ['?category=programming&distillable=false&min_intelligence_index=60', ['acme/large', 'acme/small', 'other/qwen']],
    ['?distillable=true', []],
    ['?sort=newest', ['acme/small', 'acme/large', 'other/qwen']],
    ['?sort=pricing-low-to-high', ['acme/small', 'acme/large', 'other/qwen']],
    ['?sort=pricing-high-to-low', ['acme/large', 'other/qwen', 'acme/small']],
    ['?sort=context-high-to-low', ['acme/large', 'acme/small', 'other/qwen']],
    ['?sort=most-popular', ['acme/large', 'acme/small', 'other/qwen']],
    ['?sort=intelligence-high-to-low', ['acme/large', 'acme/small', 'other/qwen']],
    ['?limit=2', ['acme/large', 'acme/small']],
    ['?offset=2', ['other/qwen']],
    ['?offset=99', []],
    ['?category=&q=&limit=&unheard_of=1', ['acme/large', 'acme/small', 'other/qwen']],
  ])('answers %s', async (search, expected) => {
    expect(await ids(given, `/models${search}`)).toEqual(expected)
    if (/limit=\d|offset=\d/.test(search)) return
    expect((await get(given, `/models/count${search}`)).body).toEqual({ data: { count: expected.length } })
  })

  it.each([
    ['sort', 'best'],
    ['category', 'gardening'],
    ['output_modalities', 'text,smell'],
    ['input_modalities', 'all'],
    ['region', 'mars'],
    ['zdr', 'yes'],
    ['distillable', '1'],
    ['usable', 'maybe'],
    ['limit', '0'],
    ['use_rss', 'yes'],
    ['use_rss_chat_links', '1'],
    ['limit', '1001'],
    ['limit', '1.5'],
    ['offset', '-1'],
    ['offset', '0x10'],
    ['context', '1k'],
    ['max_price', 'NaN'],
    ['min_price', 'Infinity'],
    ['min_coding_index', '--1'],
  ])('refuses %s=%s and names it', async (name, value) => {
    for (const path of ['/models', '/models/count']) {
      const { status, body } = await get(given, `${path}?${name}=${value}`)
      expect(status).toBe(400)
      expect(body.error.message).toContain(`"${name}"`)
    }
  })

  it('leads to the next page until there is none', async () => {
    const first = await get(given, '/models?limit=2&q=a')
    expect(first.body).toMatchObject({ total_count: 2, links: { next: null } })
    const { body } = await get(given, '/models?limit=2&output_modalities=text')
    expect(body.total_count).toBe(3)
    expect(body.links.next).toBe('/api/v1/models?limit=2&output_modalities=text&offset=2')
    const next = await get(given, body.links.next.replace('/api/v1', ''))
    expect(next.body).toMatchObject({ data: [{ id: 'other/qwen' }], links: { next: null } })
  })

  it('sorts by what health knows, the unknown last', async () => {
    const p50 = { 'acme/large': 300, 'acme/small': 200 } as Record<string, number>
    const health = ({ model }: EndpointRecord) => {
      const value = p50[model]
      const percentiles = value === undefined ? null : { p50: value, p75: value, p90: value, p99: value }
      return { latency: percentiles, throughput: percentiles }
    }
    expect(await ids({ ...given, health }, '/models?sort=latency-low-to-high')).toEqual([
      'acme/small',
      'acme/large',
      'other/qwen',
    ])
    expect(await ids({ ...given, health }, '/models?sort=throughput-high-to-low')).toEqual([
      'acme/large',
      'acme/small',
      'other/qwen',
    ])
  })

  it('lists everything and says what is usable; the filter keeps what is, at its price', async () => {
    const some = { ...given, models: [...given.models], usable: ({ tag }: EndpointRecord) => tag === 'acme/eu' }
    const all = await get(some, '/models')
    expect(all.body.data.map((model: { usable: boolean }) => model.usable)).toEqual([true, false, false, true, true])
    expect(all.body.data[0].pricing.prompt).toBe('0.000003')
    const usable = await get(some, '/models?usable=true')
    expect(usable.body).toMatchObject({
      total_count: 3,
      data: [{ id: 'acme/large', pricing: { prompt: '0.000005' } }, {}, {}],
    })
    expect(await ids(some, '/models?usable=false')).toEqual(['acme/small', 'other/qwen'])
    expect((await get(some, '/models/count?usable=true')).body).toEqual({ data: { count: 3 } })
  })

  it('puts a catalogue into JSON once, and again when it was read again', async () => {
    const first = { ...given, models: structuredClone(given.models) }
    const stringify = vi.spyOn(JSON, 'stringify')
    const calls = async (world: CatalogueGateway) => {
      stringify.mockClear()
      await ids(world, '/models')
      return stringify.mock.calls.length
    }
    expect(await calls(first)).toBeGreaterThan(3)
    expect(await calls(first)).toBeLessThan(2)
    expect(await calls({ ...first, region: 'eu' })).toBeGreaterThan(0)
    expect(await calls({ ...first, models: structuredClone(given.models) })).toBeGreaterThan(3)
    stringify.mockRestore()
  })

  it('shows the caller of /models/user what can be routed to, and nothing without a key', async () => {
    const some = { ...given, models: [...given.models], usable: ({ model }: EndpointRecord) => model === 'acme/small' }
    expect(await ids(some, '/models/user')).toEqual(['acme/small', ...routers])
    anyCaller.mockRejectedValue(unknownKey)
    expect((await get(some, '/models/user')).status).toBe(401)
  })
})

describe('GET /models?use_rss=true', () => {
  const listed = (id: string, created: number, model: Partial<ModelEntry['model']> = {}) =>
    modelEntry({ id, name: id, created, ...model }, [endpointRecord({ model: id })])
  const given: CatalogueGateway = {
    models: [listed('acme/old', 1_700_000_000), listed('acme/undated', 0), listed('acme/new', 1_794_900_000)],
    usable: () => false,
  }
  const feedOf = async (path: string, world: CatalogueGateway = given) => {
    const response = await appOver(world).request(`/api/v1${path}`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/rss+xml; charset=utf-8')
    return response.text()
  }
  const idsIn = (feed: string) => [...feed.matchAll(/<guid isPermaLink="false">(.*?)<\/guid>/g)].map(([, id]) => id)

  it('lists the newest first, the undated last, and otherwise in the order that was asked for', async () => {
    expect(idsIn(await feedOf('/models?use_rss=true'))).toEqual(['acme/new', 'acme/old', 'acme/undated'])
    expect(idsIn(await feedOf('/models?use_rss=true&sort=most-popular'))).toEqual([
      'acme/old',
      'acme/undated',
      'acme/new',
    ])
  })

  it('filters and pages as the list does, and says where the next page is', async () => {
    expect(idsIn(await feedOf('/models?use_rss=true&q=old'))).toEqual(['acme/old'])
    const first = await feedOf('/models?use_rss=true&limit=2')
    expect(idsIn(first)).toEqual(['acme/new', 'acme/old'])
    expect(first).toContain('rel="self" href="http://gw.test/api/v1/models?use_rss=true&amp;limit=2"')
    const [, next = ''] = /rel="next" href="http:\/\/gw\.test\/api\/v1([^"]*)"/.exec(first) ?? []
    const second = await feedOf(next.replaceAll('&amp;', '&'))
    expect(idsIn(second)).toEqual(['acme/undated'])
    expect(second).not.toContain('rel="next"')
  })

  it('leaves the list itself alone, whichever was asked for first', async () => {
    const world = { ...given, models: [...given.models] }
    await feedOf('/models?use_rss=true', world)
    expect(await ids(world, '/models')).toEqual(['acme/old', 'acme/undated', 'acme/new'])
    expect(idsIn(await feedOf('/models?use_rss=true', world))).toHaveLength(3)
    expect(await ids(world, '/models?use_rss=false&use_rss_chat_links=true')).toHaveLength(3)
  })
})

describe('GET /model/{author}/{slug}', () => {
  const given: CatalogueGateway = {
    models: [
      modelEntry(
        {
          canonicalSlug: 'acme/m1-2026',
          knowledgeCutoff: '2026-02',
          reasoning: { supported: true, mandatory: false, efforts: ['high', 'low'] },
        },
        [
          endpointRecord({
            price: { prompt: '0.000003', completion: '0.000015', cacheRead: '0.0000003', cacheWrite1h: '0.000006' },
            tiers: [{ abovePromptTokens: 200_000, prompt: '0.000006', completion: '0.0000225' }],
          }),
          endpointRecord({ tag: 'acme/free', free: true, price: { prompt: '0', completion: '0' } }),
          endpointRecord({ tag: 'old', status: 'deprecated', price: { prompt: '0.000001', completion: '0.000001' } }),
        ],
      ),
      modelEntry({ id: 'acme/paid' }),
      modelEntry({ id: 'acme/with:colon' }),
    ],
  }

  it('has the price of its cheapest lasting offer, long prompts as overrides', async () => {
    const { body } = await get(given, '/model/acme/m1')
    expect(body.data).toMatchObject({
      id: 'acme/m1',
      canonical_slug: 'acme/m1-2026',
      display_name: 'M1',
      type: 'model',
      knowledge_cutoff: '2026-02-01',
      links: { details: '/api/v1/models/acme/m1/endpoints' },
      reasoning: { mandatory: false, supported_efforts: ['high', 'low'] },
      architecture: { modality: 'text->text', instruct_type: null },
      top_provider: { context_length: 100_000, max_completion_tokens: 8_000, is_moderated: false },
    })
    expect(body.data.pricing).toEqual({
      prompt: '0.000003',
      completion: '0.000015',
      input_cache_read: '0.0000003',
      input_cache_write_1h: '0.000006',
      overrides: [{ min_prompt_tokens: 200_000, prompt: '0.000006', completion: '0.0000225' }],
    })
  })

  it.each([
    ['its canonical slug', 'acme/m1-2026', 'acme/m1'],
    ['a suffix that only steers routing', 'acme/m1:nitro', 'acme/m1'],
    ['several suffixes', 'acme/m1:floor:online', 'acme/m1'],
    ['an encoded colon', 'acme/m1%3Aexacto', 'acme/m1'],
    ['a colon of its own', 'acme/with:colon', 'acme/with:colon'],
    ['its free pool', 'acme/m1:free', 'acme/m1:free'],
  ])('is found by %s', async (_, asked, id) => {
    const { status, body } = await get(given, `/model/${asked}`)
    expect([status, body.data?.id]).toEqual([200, id])
  })

  it('covers free endpoints only with :free', async () => {
    const { body } = await get(given, '/models/acme/m1:free/endpoints')
    expect(body.data.endpoints.map((endpoint: { tag: string }) => endpoint.tag)).toEqual(['acme/free'])
    const model = await get(given, '/model/acme/m1:free')
    expect(model.body.data.pricing).toEqual({ prompt: '0', completion: '0' })
    const ended = await get(given, '/model/acme/paid:free')
    expect(ended.status).toBe(404)
    expect(ended.body.error.availability).toMatchObject({ code: 'free_variant_ended', fallback_models: ['acme/paid'] })
  })

  it.each(['acme/none', 'acme/m1:shiny', 'acme/m1:thinking', 'acme/%ff', '~acme/m-latest'])(
    'is a 404 for %s',
    async (asked) => {
      for (const path of [`/model/${asked}`, `/models/${asked}/endpoints`]) {
        const { status, body } = await get(given, path)
        expect([status, body.error.code]).toEqual([404, 404])
      }
    },
  )

  it('says that it is not in the EU, on the EU host', async () => {
    const { status, body } = await get({ ...given, region: 'eu' }, '/model/acme/m1')
    expect(status).toBe(404)
    expect(body.error.message).toContain('"eu"')
    expect(body.error.availability).toMatchObject({ code: 'constraint_filtered', excluded_by: ['data_region'] })
  })

  it('stays there without endpoints, with no price to go by', async () => {
    const bare = { models: [modelEntry({}, [])] }
    const { body } = await get(bare, '/model/acme/m1')
    expect(body.data).toMatchObject({ usable: false, pricing: { prompt: '-1', completion: '-1' } })
    expect(await ids(bare, '/models')).toEqual(['acme/m1'])
    expect(await ids(bare, '/models?usable=true')).toEqual([])
  })
})

describe('GET /models/{author}/{slug}/endpoints', () => {
  const now = 1_795_000_000_000
  const latency = { p50: 612, p75: 840, p90: 1310, p99: 3900 }
  const throughput = { p50: 71, p75: 60, p90: 44, p99: 19 }
  const router = providerRecord({ slug: 'router', name: 'Router', kind: 'router', direct: false })
  const given: CatalogueGateway = {
    now,
    models: [
      modelEntry({}, [
        endpointRecord({ contextLength: null, region: 'eu-west-3', eu: 'yes' }),
        endpointRecord({ tag: 'tools-only', parameters: ['tools'] }),
        endpointRecord({ provider: router, parameters: null }),
      ]),
    ],
    usable: ({ tag }) => tag === 'acme',
    health: ({ tag }) => (tag === 'acme' ? { uptime5m: 99.5, latency, throughput } : undefined),
  }

  it('says who processes a token, where, under which policy on record', async () => {
    const { body } = await get(given, '/models/acme/m1/endpoints')
    expect(body.data.architecture).toMatchObject({ instruct_type: null, tokenizer: null })
    expect(body.data.endpoints[0]).toMatchObject({
      name: 'Acme | acme/m1',
      tag: 'acme',
      context_length: 100_000,
      pricing: { discount: 0 },
      usable: true,
      region: 'eu-west-3',
      eu: 'yes',
      router: false,
      headquarters: 'FR',
      datacenters: ['FR'],
      data_policy: { trains: null, retains_prompts: null, zdr: null, zero_retention: false, as_of: null, sources: [] },
    })
    expect(body.data.endpoints[2]).toMatchObject({ router: true, provider: 'router', usable: false })
  })

  it('shows latency and throughput to callers with a key only', async () => {
    const open = await get(given, '/models/acme/m1/endpoints')
    expect(open.body.data.endpoints[0]).toMatchObject({ uptime_last_5m: 99.5, latency_last_30m: null })
    expect(anyCaller).not.toHaveBeenCalled()
    const known = await get(given, '/models/acme/m1/endpoints', withKey)
    expect(known.body.data.endpoints[0]).toMatchObject({ latency_last_30m: latency, throughput_last_30m: throughput })
    expect(known.body.data.endpoints[1]).toMatchObject({ latency_last_30m: null, uptime_last_5m: null })
    anyCaller.mockRejectedValue(unknownKey)
    const refused = await get(given, '/models/acme/m1/endpoints', withKey)
    expect(refused.status).toBe(200)
    expect(refused.body.data.endpoints[0]).toMatchObject({ latency_last_30m: null, throughput_last_30m: null })
  })

  it('knows which tool choices work', async () => {
    const { body } = await get(given, '/models/acme/m1/endpoints')
    const support = body.data.endpoints.map(
      (endpoint: { supports_tool_choice: object }) => endpoint.supports_tool_choice,
    )
    expect(support).toEqual([
      { auto: true, none: true, required: true, function: true },
      { auto: true, none: false, required: false, function: false },
      { auto: false, none: false, required: false, function: false },
    ])
  })

  it('keeps with ?usable what can, or cannot, be routed to', async () => {
    const tags = async (usable: string) => {
      const { body } = await get(given, `/models/acme/m1/endpoints?usable=${usable}`)
      return body.data.endpoints.map((endpoint: { tag: string }) => endpoint.tag)
    }
    expect(await tags('true')).toEqual(['acme'])
    expect(await tags('false')).toEqual(['tools-only', 'router'])
  })

  it.each([
    ['normal', {}, 0],
    ['degraded', { unstable: true }, -1],
    ['degraded for long', { band: 'degraded' as const }, -1],
    ['down for long', { band: 'down' as const }, -2],
    ['down', { unstable: true, openUntil: now + 1, cooldownUntil: now + 1 }, -2],
    ['rate-limited', { cooldownUntil: now + 1 }, -5],
    ['normal again', { openUntil: now, cooldownUntil: now }, 0],
  ])('has a status: %s', async (_, health, status) => {
    const { body } = await get({ ...given, health: () => health }, '/models/acme/m1/endpoints')
    expect(body.data.endpoints[0].status).toBe(status)
  })
})

describe('GET /providers', () => {
  const idle = providerRecord({ slug: 'idle', name: 'Idle', kind: 'router', direct: false, headquarters: null })
  const given: CatalogueGateway = { models: [modelEntry()], providers: [providerRecord(), idle] }

  it('lists who is on record, serving or not, and what is known of them', async () => {
    const { body } = await get(given, '/providers')
    expect(body.data).toMatchObject([
      { slug: 'acme', kind: 'lab', router: false, usable: true, endpoints: 1, headquarters: 'FR' },
      { slug: 'idle', kind: 'router', router: true, usable: false, endpoints: 0, privacy_policy_url: null },
    ])
    expect(body.data[0].data_policy).toMatchObject({ trains: null, zero_retention: false })
  })

  it('filters by what is usable, and names a wrong value', async () => {
    const slugs = async (search: string) =>
      (await get(given, `/providers${search}`)).body.data.map((provider: { slug: string }) => provider.slug)
    expect(await slugs('?usable=true')).toEqual(['acme'])
    expect(await slugs('?usable=false')).toEqual(['idle'])
    expect((await get(given, '/providers?usable=si')).status).toBe(400)
  })

  it('has nobody on the EU host who is not shown to be there', async () => {
    expect((await get({ ...given, models: [...given.models], region: 'eu' }, '/providers')).body.data).toEqual([])
  })
})
