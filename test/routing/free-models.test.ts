import { describe, expect, it } from 'vitest'
import type { EndpointRecord, ModelEntry } from '../../src/catalog/records.ts'
import type { ChatRequest } from '../../src/chat/request.ts'
import { drawn, freeModels } from '../../src/routing/free-models.ts'
import { needsOf } from '../../src/routing/needs.ts'
import { randomOf } from '../../src/routing/random.ts'
import { wishesOf } from '../../src/routing/rule-context.ts'
import { survivors } from '../../src/routing/survivors.ts'
import { seededCatalog } from '../support/seeded-catalog.ts'
import { endpointRecord, modelEntry } from './records.ts'

function free(id: string, changes: Partial<EndpointRecord> = {}): ModelEntry {
  return modelEntry([endpointRecord('alpha', 0, { model: id, ...changes })])
}

function needs(request: Partial<ChatRequest> = {}) {
  const wishes = wishesOf(needsOf({ messages: [{ role: 'user', content: 'Hello' }], ...request }), {})
  if ('failure' in wishes) throw new Error(wishes.failure.message)
  return { wishes, region: 'global', usable: () => true, freeOnly: true, reasons: false }
}

const ids = (entries: Iterable<ModelEntry>) => [...entries].map(({ model }) => model.id)

describe('freeModels', () => {
  it('are those that somebody serves for nothing here', () => {
    const mixed = modelEntry([
      endpointRecord('alpha', 1, { model: 'acme/mixed' }),
      endpointRecord('beta', 0, { model: 'acme/mixed' }),
    ])
    const paid = modelEntry([endpointRecord('alpha', 1, { model: 'acme/paid' })])
    const closed = free('acme/closed')
    const open = ({ model }: EndpointRecord) => model !== 'acme/closed'
    expect(ids(freeModels([mixed, paid, closed], open))).toEqual(['acme/mixed'])
  })

  it('are none that cannot hold a conversation', () => {
    const plain = free('acme/embedder')
    const embedder = { ...plain, model: { ...plain.model, outputModalities: ['embeddings' as const] } }
    expect(ids(freeModels([free('acme/llama-guard-4'), embedder, free('acme/chat')], () => true))).toEqual([
      'acme/chat',
    ])
  })

  it("are the sandbox's only where there are no others", () => {
    const own = free('sandbox/free')
    const sandbox = {
      ...own,
      endpoints: own.endpoints.map((one) => ({ ...one, provider: { ...one.provider, kind: 'sandbox' as const } })),
    }
    expect(ids(freeModels([sandbox], () => true))).toEqual(['sandbox/free'])
    expect(ids(freeModels([sandbox, free('acme/free')], () => true))).toEqual(['acme/free'])
  })

  it('are nothing but chat models in the shipped catalogue', async () => {
    const { models } = await seededCatalog()
    const pool = ids(freeModels(models, ({ provider }) => provider.slug === 'nvidia'))
    expect(pool.length).toBeGreaterThan(30)
    expect(pool).toContain('nvidia/mistral-nemotron')
    const others = /embed|rerank|bge|whisper|tts|esm|guard|safety|detector|former|drive|petr|voice|gliner|usdvalidate/
    expect(pool.filter((id) => others.test(id))).toEqual([])
  })
})

describe('the draw', () => {
  const pool = Array.from({ length: 7 }, (_, i) => free(`acme/m${i}`))

  it('is even, in every place (chi-squared)', () => {
    const rounds = 21_000
    const counts = [0, 1, 2].map(() => new Map<string, number>())
    for (let seed = 0; seed < rounds; seed++) {
      for (const [place, id] of ids(survivors(drawn(pool, randomOf(seed)), needs())).entries())
        counts[place]?.set(id, (counts[place]?.get(id) ?? 0) + 1)
    }
    for (const places of counts) {
      const expected = rounds / pool.length
      let chiSquared = 0
      for (const { model } of pool) chiSquared += ((places.get(model.id) ?? 0) - expected) ** 2 / expected
      // Six degrees of freedom: exceeded by chance once in a thousand times, and these seeds are always the same.
      expect(chiSquared).toBeLessThan(22.46)
    }
  })

  it('is even among those that can do what is asked, and never takes another', () => {
    const deaf = new Set(['acme/m1', 'acme/m4'])
    const some = pool.map((entry) => (deaf.has(entry.model.id) ? free(entry.model.id, { parameters: [] }) : entry))
    const tools: ChatRequest['tools'] = [{ type: 'function', function: { name: 'f' } }]
    const counts = new Map<string, number>()
    const rounds = 10_000
    for (let seed = 0; seed < rounds; seed++) {
      const [first = ''] = ids(survivors(drawn(some, randomOf(seed)), needs({ tools })))
      counts.set(first, (counts.get(first) ?? 0) + 1)
    }
    expect([...counts.keys()].sort()).toEqual(['acme/m0', 'acme/m2', 'acme/m3', 'acme/m5', 'acme/m6'])
    let chiSquared = 0
    for (const count of counts.values()) chiSquared += (count - rounds / 5) ** 2 / (rounds / 5)
    expect(chiSquared).toBeLessThan(18.47)
  })

  it('draws everything once, and no more than is asked for', () => {
    expect(ids(drawn(pool, randomOf(3))).sort()).toEqual(ids(pool))
    expect(ids(drawn([], randomOf(3)))).toEqual([])
    let draws = 0
    const counted = () => {
      draws++
      return 0.5
    }
    survivors(drawn(pool, counted), needs())
    expect(draws).toBe(3)
  })
})

describe('survivors', () => {
  const entries = [
    free('acme/plain', { parameters: [] }),
    free('acme/json', { parameters: ['response_format'] }),
    {
      ...free('acme/thinker'),
      model: { ...free('acme/thinker').model, reasoning: { supported: true, mandatory: false, efforts: null } },
    },
    {
      ...free('acme/painter'),
      model: { ...free('acme/painter').model, outputModalities: ['text' as const, 'image' as const] },
    },
  ]

  it('keep their order', () => {
    expect(ids(survivors(entries, needs()))).toEqual(['acme/plain', 'acme/json', 'acme/thinker'])
    expect(ids(survivors(entries.toReversed(), needs()))).toEqual(['acme/thinker', 'acme/json', 'acme/plain'])
  })

  it('that have what is preferred go first', () => {
    const format = needs({ response_format: { type: 'json_object' } })
    expect(ids(survivors(entries, format))[0]).toBe('acme/json')
    expect(ids(survivors(entries, { ...needs(), reasons: true }))[0]).toBe('acme/thinker')
  })

  it('obey every rule of the plan', () => {
    expect(ids(survivors(entries, needs({ provider: { ignore: ['alpha'] } })))).toEqual([])
    expect(ids(survivors(entries, { ...needs(), usable: () => false }))).toEqual([])
    expect(ids(survivors(entries, { ...needs(), region: 'eu' }))).toEqual([])
    expect(ids(survivors([modelEntry([endpointRecord('alpha', 1)])], needs()))).toEqual([])
  })
})
