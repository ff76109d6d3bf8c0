import { describe, expect, it } from 'vitest'
import type { EndpointRecord, ModelEntry } from '../../src/catalog/records.ts'
import { FailureError } from '../../src/chat/failure.ts'
import type { ChatRequest } from '../../src/chat/request.ts'
import { resolveModels } from '../../src/dispatch/candidates.ts'
import type { RouterGateway } from '../../src/dispatch/routers.ts'
import type { AutoTiers } from '../../src/routing/auto/tiers.ts'
import { endpointRecord, modelEntry, providerRecord } from '../support/catalog-records.ts'

const tools = ['tools', 'response_format']

function sold(id: string, perMillion: number, changes: Partial<EndpointRecord> = {}, model = {}): ModelEntry {
  const price = (perMillion / 1e6).toFixed(12)
  return modelEntry({ id, ...model }, [
    endpointRecord({ model: id, parameters: tools, price: { prompt: price, completion: price }, ...changes }),
  ])
}

/** Ten models in five tiers of two, then what only an alias, a sibling or `:free` finds. */
const tiered = Array.from({ length: 10 }, (_, i) => sold(`acme/m${i}`, i + 1, {}, { created: 1_790_000_000 - i }))
const others = [
  sold('acme/family-1', 0, { free: true, parameters: null }, { created: 100 }),
  sold('acme/family-2', 0, { free: true, parameters: null }, { created: 200 }),
  sold('acme/m0-pro', 1, { parameters: null }),
  sold('anthropic/claude-opus-5', 1, { parameters: null }),
  sold('anthropic/claude-opus-5-fast', 1, { parameters: null }),
]

interface Given {
  models?: ModelEntry[]
  region?: string
  tiers?: AutoTiers
  usable?: (endpoint: EndpointRecord) => boolean
}

function world({ models = [...tiered, ...others], region = 'global', tiers, usable = () => true }: Given = {}) {
  const asked: string[] = []
  const gateway: RouterGateway = {
    settings: { region, ...(tiers === undefined ? {} : { autoRouterTiers: tiers }) },
    access: (endpoint) => (usable(endpoint) ? { baseUrl: 'https://up.example', credential: null } : null),
    catalog: {
      model: (id) => {
        asked.push(id)
        return models.find(({ model }) => model.id === id) ?? null
      },
      models: () => models,
      providers: () => [],
    },
  }
  return { gateway, asked }
}

async function choose(fields: Partial<ChatRequest>, given: Given = {}, seed = 1) {
  const request: ChatRequest = { messages: [{ role: 'user', content: 'Hello' }], ...fields }
  return resolveModels(request, world(given).gateway, seed)
}

async function ids(...args: Parameters<typeof choose>) {
  return (await choose(...args)).map(({ entry }) => entry.model.id)
}

async function failure(...args: Parameters<typeof choose>) {
  const error = await choose(...args).catch((thrown: unknown) => thrown)
  if (!(error instanceof FailureError)) throw new Error('it did not fail')
  return error.failure
}

const auto = (settings: Record<string, unknown>, id = 'auto-router') => ({
  model: 'openrouter/auto',
  plugins: [{ id, ...settings }],
})

describe('openrouter/auto', () => {
  it.each(['openrouter/auto', 'openrouter/auto-beta', 'causeway/auto'])(
    'chooses by what is asked as %s',
    async (model) => {
      expect(await ids({ model })).toEqual(['acme/m0', 'acme/m1'])
      expect(await ids({ model, messages: [{ role: 'user', content: 'Refactor this' }] })).toEqual([
        'acme/m2',
        'acme/m3',
      ])
    },
  )

  it('notes by which id it was asked', async () => {
    const candidates = await choose({ model: 'openrouter/auto:nitro' })
    expect(candidates.map(({ requestedId, dynamics }) => [requestedId, dynamics])).toEqual([
      ['openrouter/auto:nitro', ['nitro']],
      ['openrouter/auto:nitro', ['nitro']],
    ])
  })

  it('takes the tier that the client names over its own judgement', async () => {
    expect(await ids(auto({ cost_tier: 'max' }))).toEqual(['acme/m8', 'acme/m9'])
    expect(await ids(auto({ cost_tier: 'max', enabled: false }))).toEqual(['acme/m0', 'acme/m1'])
    expect(await ids(auto({ cost_tier: 'max' }, 'auto-beta-router'))).toEqual(['acme/m0', 'acme/m1'])
  })

  it('stays within what the client allows, in the nearest tier that has something', async () => {
    expect(await ids(auto({ excluded_models: ['*/m0'] }))).toEqual(['acme/m1'])
    expect(await ids(auto({ allowed_models: ['acme/m5', 'acme/m9'] }))).toEqual(['acme/m5'])
    expect(await failure(auto({ allowed_models: ['nobody/*'] }))).toMatchObject({
      type: 'not_found',
      message: 'No models match your request and model restrictions',
      availability: { code: 'no_endpoints', requested_models: ['openrouter/auto'] },
    })
  })

  it('chooses only models that can answer at all', async () => {
    const sighted = sold('acme/sighted', 3.5, { inputModalities: ['text', 'image'] }, { created: 1 })
    const image = { type: 'image_url' as const, image_url: { url: 'https://a.example/b.png' } }
    const fields = { model: 'openrouter/auto', messages: [{ role: 'user' as const, content: [image] }] }
    expect(await ids(fields, { models: [...tiered, sighted] })).toEqual(['acme/sighted'])
    expect(await failure(fields)).toMatchObject({ type: 'not_found' })
    expect(await failure({ ...fields, messages: [], provider: { ignore: ['acme'] } })).toMatchObject({
      type: 'not_found',
    })
  })

  it('chooses only what a closed order names', async () => {
    const provider = { order: ['beta'], allow_fallbacks: false }
    const listed = sold('acme/listed', 5.5, { provider: providerRecord({ slug: 'beta' }) })
    const models = [...tiered, listed]
    expect(await ids({ model: 'openrouter/auto', provider }, { models })).toEqual(['acme/listed'])
    expect(await failure({ model: 'openrouter/auto', provider })).toMatchObject({ type: 'not_found' })
    expect(await ids({ model: 'openrouter/auto', provider: { order: ['beta'] } }, { models })).not.toContain(
      'acme/listed',
    )
  })

  it('chooses only what can be called, and in the region of the host', async () => {
    const usable = ({ model }: EndpointRecord) => model === 'acme/m9'
    expect(await ids({ model: 'openrouter/auto' }, { usable })).toEqual(['acme/m9'])
    const european = sold('acme/european', 50, { eu: 'yes' })
    expect(await ids({ model: 'openrouter/auto' }, { models: [...tiered, european], region: 'eu' })).toEqual([
      'acme/european',
    ])
  })

  it('puts first who spoke last, where the client pins it', async () => {
    const messages = [
      { role: 'assistant' as const, content: 'Hi', model: 'acme/m7' },
      { role: 'user' as const, content: 'Go on' },
    ]
    expect(await ids({ ...auto({ pin_model: true }), messages })).toEqual(['acme/m7', 'acme/m0', 'acme/m1'])
    expect(await ids({ ...auto({ pin_model: true, excluded_models: ['acme/m7'] }), messages })).not.toContain('acme/m7')
    expect(await ids({ ...auto({}), messages })).not.toContain('acme/m7')
  })

  it("chooses from the operator's tiers, in the operator's order", async () => {
    const low = ['acme/gone', 'acme/m9', 'acme/m4']
    const tiers = { low, medium: [], high: ['acme/m1'], xhigh: [], max: [] }
    expect(await ids({ model: 'openrouter/auto' }, { tiers })).toEqual(['acme/m9', 'acme/m4'])
    expect(await ids(auto({ cost_tier: 'max' }), { tiers })).toEqual(['acme/m1'])
  })

  it('takes its place in a list of models', async () => {
    const models = ['acme/m5', 'openrouter/auto']
    expect(await ids({ models })).toEqual(['acme/m5', 'acme/m0', 'acme/m1'])
  })

  it('answers without a promise where the list is in memory', () => {
    for (const model of ['openrouter/auto', 'openrouter/free'])
      expect(resolveModels({ model, messages: [] }, world().gateway, 1)).toBeInstanceOf(Array)
  })

  it('never asks the catalogue for a single model', async () => {
    const { gateway, asked } = world()
    for (const model of ['openrouter/auto', 'openrouter/free', '~acme/family-latest', '~acme/family-latest:free'])
      await resolveModels({ model, messages: [] }, gateway, 1)
    expect(asked).toEqual([])
  })
})

describe('openrouter/free', () => {
  it('chooses among what costs nothing, the same for the same seed', async () => {
    const seen = new Set<string>()
    for (let seed = 0; seed < 40; seed++) {
      const chosen = await choose({ model: 'openrouter/free' }, {}, seed)
      expect(chosen.map(({ entry }) => entry.model.id).sort()).toEqual(['acme/family-1', 'acme/family-2'])
      expect(chosen.every(({ freeOnly }) => freeOnly)).toBe(true)
      expect(await ids({ model: 'causeway/free' }, {}, seed)).toEqual(chosen.map(({ entry }) => entry.model.id))
      seen.add(chosen[0]?.entry.model.id ?? '')
    }
    expect(seen.size).toBe(2)
  })

  it('would rather have a model that can be kept from reasoning where that is wanted, and has another where there is none', async () => {
    const always = { reasoning: { supported: true, mandatory: true, efforts: null } }
    const models = ['a', 'b', 'c', 'd'].map((name) =>
      sold(`acme/${name}`, 0, { free: true }, name === 'd' ? {} : always),
    )
    for (let seed = 0; seed < 8; seed++) {
      const chosen = await choose({ model: 'openrouter/free', reasoning: { effort: 'none' } }, { models }, seed)
      expect(chosen[0]?.entry.model.id).toBe('acme/d')
      expect(chosen).toHaveLength(3)
    }
  })

  it('has nothing where nothing is free', async () => {
    expect(await failure({ model: 'openrouter/free' }, { models: tiered })).toMatchObject({
      type: 'not_found',
      message: 'No models match your request and model restrictions',
    })
  })
})

describe('an alias', () => {
  it('is the newest of its family, with its suffixes', async () => {
    expect(await choose({ model: '~acme/family-latest:floor' })).toMatchObject([
      { requestedId: '~acme/family-latest:floor', entry: others[1], dynamics: ['floor'] },
    ])
    expect(await choose({ model: '~acme/family-latest:free' })).toMatchObject([{ entry: others[1], freeOnly: true }])
  })

  it('is the newest that can be called here, while there is one', async () => {
    const usable = ({ model }: EndpointRecord) => model === 'acme/family-1'
    expect(await ids({ model: '~acme/family-latest' }, { usable })).toEqual(['acme/family-1'])
    expect(await ids({ model: '~acme/family-latest' }, { usable: () => false })).toEqual(['acme/family-2'])
  })

  it('is on the EU host the newest that is tied to the EU', async () => {
    const models = [
      sold('acme/family-1', 1, { eu: 'yes' }, { created: 100 }),
      sold('acme/family-2', 1, {}, { created: 200 }),
    ]
    expect(await ids({ model: '~acme/family-latest' }, { models, region: 'eu' })).toEqual(['acme/family-1'])
    expect(await ids({ model: '~acme/family-latest' }, { models })).toEqual(['acme/family-2'])
  })

  it('that a router upstream lists as its own model is left to it, while there is no family', async () => {
    const models = [sold('~acme/family-latest', 1)]
    expect(await ids({ model: '~acme/family-latest' }, { models })).toEqual(['~acme/family-latest'])
    expect(await ids({ model: '~acme/family-latest' }, { models: [...models, ...others] })).toEqual(['acme/family-2'])
  })

  it('of no family names itself', async () => {
    expect(await failure({ model: '~acme/nothing-latest' })).toMatchObject({
      type: 'invalid_request',
      message: expect.stringContaining('~acme/nothing-latest'),
      availability: { code: 'model_not_found', requested_models: ['~acme/nothing-latest'] },
    })
  })
})

describe('siblings', () => {
  it('answer for a model whose mode or speed is another model', async () => {
    expect(await ids({ model: 'acme/m0', reasoning: { mode: 'pro' } })).toEqual(['acme/m0-pro'])
    expect(await ids({ model: 'acme/m1', reasoning: { mode: 'pro' } })).toEqual(['acme/m1'])
    const fast = 'anthropic/claude-opus-5-fast'
    expect(await ids({ model: 'anthropic/claude-opus-5', speed: 'fast' })).toEqual([fast])
    expect(await ids({ model: 'anthropic/claude-opus-5', service_tier: 'priority' })).toEqual([fast])
    expect(await ids({ model: fast, service_tier: 'priority' })).toEqual([fast])
  })

  it('do not where they cannot be called', async () => {
    const usable = ({ model }: EndpointRecord) => model !== 'acme/m0-pro'
    expect(await ids({ model: 'acme/m0', reasoning: { mode: 'pro' } }, { usable })).toEqual(['acme/m0'])
  })
})

describe(':online', () => {
  it.each(['acme/m0:online', 'acme/m0:nitro:online', 'openrouter/auto:online', '~acme/family-latest:online'])(
    'is refused for %s, not ignored',
    async (model) => {
      expect(await failure({ model })).toMatchObject({
        type: 'invalid_request',
        message: expect.stringContaining('leave ":online" out'),
        metadata: { field: 'model' },
      })
    },
  )
})

describe('a plain model', () => {
  it('is found without a promise and without the list', () => {
    const { gateway } = world()
    gateway.catalog.models = () => {
      throw new Error('the list was asked for')
    }
    expect(resolveModels({ model: 'acme/m0:nitro', messages: [] }, gateway, 1)).toMatchObject([{ entry: tiered[0] }])
  })
})
