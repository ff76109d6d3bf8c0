import { describe, expect, it } from 'vitest'
import type { EndpointRecord, ModelEntry, ModelRecord } from '../../../src/catalog/records.ts'
import { costTiers, defaultTiers, nearestTiers, parseTiers } from '../../../src/routing/auto/tiers.ts'
import { endpointRecord, modelRecord } from '../records.ts'

const tools = ['tools']

function model(
  id: string,
  perMillion: number,
  model: Partial<ModelRecord> = {},
  changes: Partial<EndpointRecord> = {},
) {
  const endpoints = [endpointRecord('alpha', perMillion, { model: id, parameters: tools, ...changes })]
  return { model: modelRecord(id, model), endpoints, version: 'v1' }
}

const open = () => true

describe('defaultTiers', () => {
  it('parts models into fifths by price, whatever order they come in', () => {
    const models = [7, 3, 9, 1, 5, 10, 2, 8, 4, 6].map((price) => model(`acme/m${price}`, price))
    expect(defaultTiers(models, open)).toEqual({
      low: ['acme/m1', 'acme/m2'],
      medium: ['acme/m3', 'acme/m4'],
      high: ['acme/m5', 'acme/m6'],
      xhigh: ['acme/m7', 'acme/m8'],
      max: ['acme/m10', 'acme/m9'],
    })
  })

  it('puts every model into exactly one tier, however many there are', () => {
    for (let count = 1; count <= 23; count++) {
      const models = Array.from({ length: count }, (_, i) => model(`acme/m${i}`, i + 1))
      const tiers = defaultTiers(models, open)
      const ids = costTiers.flatMap((tier) => tiers[tier])
      expect(ids).toHaveLength(count)
      expect(new Set(ids).size).toBe(count)
    }
  })

  it('goes by the cheapest endpoint that can be called', () => {
    const twice: ModelEntry = {
      ...model('acme/both', 50),
      endpoints: [
        endpointRecord('dear', 50, { model: 'acme/both', parameters: tools }),
        endpointRecord('cheap', 1, { model: 'acme/both', parameters: tools }),
      ],
    }
    const models = [twice, ...[10, 20, 30, 40].map((price) => model(`acme/m${price}`, price))]
    expect(defaultTiers(models, open).low).toEqual(['acme/both'])
    expect(defaultTiers(models, ({ tag }) => tag !== 'cheap').max).toEqual(['acme/both'])
  })

  it('leaves out what is no general model for sale', () => {
    const models = [
      model('acme/good', 1),
      model('acme/closed', 1),
      model('acme/no-tools', 1, {}, { parameters: [] }),
      model('acme/unknown', 1, {}, { parameters: null }),
      model('acme/embedder', 1, { outputModalities: ['embeddings'] }),
      model('acme/safeguard', 1),
      model('acme/painter', 1, { outputModalities: ['text', 'image'] }),
      model('acme/ending', 1, {}, { status: 'deprecated' }),
      model('acme/trial', 0, {}, { free: true }),
    ]
    const tiers = defaultTiers(models, ({ model }) => model !== 'acme/closed')
    expect(costTiers.flatMap((tier) => tiers[tier])).toEqual(['acme/good'])
  })

  it('takes any model that converses where there is no general one', () => {
    const models = [
      model('acme/trial', 0, {}, { free: true }),
      model('acme/no-tools', 1, {}, { parameters: [] }),
      model('acme/no-tools-guard', 1, {}, { parameters: [] }),
      model('acme/embedder', 1, { outputModalities: ['embeddings'] }),
    ]
    const tiers = defaultTiers(models, open)
    expect(costTiers.flatMap((tier) => tiers[tier])).toEqual(['acme/trial', 'acme/no-tools'])
  })

  it('puts the newer half-year first within a tier, then what more companies serve', () => {
    const now = 1_790_000_000
    const served = (id: string, created: number, providers: number): ModelEntry => ({
      model: modelRecord(id, { created }),
      endpoints: Array.from({ length: providers }, (_, i) =>
        endpointRecord(`p${i}`, 1, { model: id, parameters: tools }),
      ),
      version: 'v1',
    })
    const same = [
      served('acme/old-and-loved', now - 400 * 86_400, 9),
      served('acme/newest', now, 1),
      served('acme/new-and-loved', now - 30 * 86_400, 4),
      served('acme/undated', 0, 9),
    ]
    // Four dearer ones, so that these share the first fifth.
    const dearer = Array.from({ length: 16 }, (_, i) => model(`acme/dear-${i}`, 10 + i, { created: now }))
    expect(defaultTiers([...same, ...dearer], open).low).toEqual([
      'acme/new-and-loved',
      'acme/newest',
      'acme/old-and-loved',
      'acme/undated',
    ])
  })

  it("offers the sandbox's plain models where there is nothing else, and none of its faults", () => {
    const sandboxed = (id: string): ModelEntry => {
      const endpoint = endpointRecord('sandbox', 1, { model: id, parameters: tools })
      return {
        model: modelRecord(id),
        endpoints: [{ ...endpoint, provider: { ...endpoint.provider, kind: 'sandbox' } }],
        version: 'v1',
      }
    }
    const sandbox = ['sandbox/error-500', 'sandbox/text', 'sandbox/slow', 'sandbox/tools', 'sandbox/hang'].map(
      sandboxed,
    )
    const tiers = defaultTiers(sandbox, open)
    for (const tier of costTiers) expect(tiers[tier]).toEqual(['sandbox/text', 'sandbox/tools'])
    const real = defaultTiers([...sandbox, model('acme/m1', 1)], open)
    expect(costTiers.flatMap((tier) => real[tier])).toEqual(['acme/m1'])
  })
})

describe('nearestTiers', () => {
  it('goes outward, the cheaper side first', () => {
    expect(nearestTiers('low')).toEqual(['low', 'medium', 'high', 'xhigh', 'max'])
    expect(nearestTiers('high')).toEqual(['high', 'medium', 'xhigh', 'low', 'max'])
    expect(nearestTiers('max')).toEqual(['max', 'xhigh', 'high', 'medium', 'low'])
  })
})

describe('parseTiers', () => {
  it('reads the tiers that are given', () => {
    expect(parseTiers('{"low": ["acme/m1"], "max": ["acme/m2", "acme/m3"]}')).toEqual({
      low: ['acme/m1'],
      medium: [],
      high: [],
      xhigh: [],
      max: ['acme/m2', 'acme/m3'],
    })
  })

  it.each([
    ['{', 'it is not JSON'],
    ['[]', 'it must be an object of tiers'],
    ['null', 'it must be an object of tiers'],
    ['{"cheap": []}', '"cheap" is no tier'],
    ['{"low": "acme/m1"}', '"low" must be a list of model ids'],
    ['{"low": [1]}', '"low" must be a list of model ids'],
    ['{"__proto__": ["acme/m1"]}', '"__proto__" is no tier'],
    ['{"low": []}', 'it names no model'],
  ])('says what is wrong with %s', (text, problem) => {
    expect(parseTiers(text)).toContain(problem)
  })
})
