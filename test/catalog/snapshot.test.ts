import { describe, expect, it } from 'vitest'
import type { EdgeCache } from '../../src/catalog/edge-cache.ts'
import type { ModelEntry } from '../../src/catalog/records.ts'
import { CatalogSnapshot } from '../../src/catalog/snapshot.ts'
import { endpointRecord, modelEntry, providerRecord } from '../support/catalog-records.ts'

/** The world of several isolates: one D1, one edge cache, one clock. */
class World {
  time = 1_000_000
  queries = 0
  isDown = false
  entries: ModelEntry[] = [modelEntry(), modelEntry({ id: 'acme/m2', canonicalSlug: 'acme/m2-2026' })]
  edge = new Map<string, string>()
  pending: Promise<unknown>[] = []

  edgeCache: EdgeCache = {
    get: async (key) => this.edge.get(key) ?? null,
    put: async (key, text) => {
      this.edge.set(key, text)
    },
  }

  async #query<T>(answer: T): Promise<T> {
    this.queries += 1
    if (this.isDown) throw new Error('D1 is down')
    return structuredClone(answer)
  }

  view(isolate: CatalogSnapshot, edgeCache: EdgeCache | undefined = this.edgeCache) {
    return isolate.view({
      readModel: (id) =>
        this.#query(this.entries.find(({ model }) => model.id === id || model.canonicalSlug === id) ?? null),
      readModels: () => this.#query(this.entries),
      readProviders: () => this.#query([providerRecord()]),
      ...(edgeCache && { edgeCache }),
      now: () => this.time,
      background: (promise) => {
        this.pending.push(promise)
      },
    })
  }

  async settle() {
    while (this.pending.length > 0) await Promise.all(this.pending.splice(0))
  }
}

describe('a warm isolate', () => {
  it('asks neither D1 nor the edge cache, and answers without a promise', async () => {
    const world = new World()
    const isolate = new CatalogSnapshot()
    const cold = world.view(isolate)
    await Promise.all([cold.model('acme/m1'), cold.models(), cold.providers()])
    await world.settle()
    const untouchable: EdgeCache = { get: () => Promise.reject(new Error('asked')), put: () => Promise.reject() }
    world.queries = 0
    const warm = world.view(isolate, untouchable)
    expect(warm.model('acme/m1')).toMatchObject({ model: { id: 'acme/m1' } })
    expect(warm.models()).toHaveLength(2)
    expect(warm.providers()).toHaveLength(1)
    expect([world.queries, world.pending.length]).toEqual([0, 0])
  })

  it('sees a change a minute later, without making anybody wait', async () => {
    const world = new World()
    const isolate = new CatalogSnapshot()
    await world.view(isolate).model('acme/m1')
    await world.settle()
    world.entries = [modelEntry({ name: 'Renamed' })]
    world.time += 60_000
    expect(world.view(isolate).model('acme/m1')).toMatchObject({ model: { name: 'M1' } })
    await world.settle()
    expect(world.view(isolate).model('acme/m1')).toMatchObject({ model: { name: 'Renamed' } })
  })

  it('serves on for hours while D1 is down', async () => {
    const world = new World()
    const isolate = new CatalogSnapshot({}, () => undefined)
    await world.view(isolate).model('acme/m1')
    world.isDown = true
    for (let hour = 0; hour < 5; hour += 1) {
      world.time += 3_600_000
      expect(await world.view(isolate).model('acme/m1')).toMatchObject({ model: { id: 'acme/m1' } })
      await world.settle()
    }
  })
})

describe('a cold isolate', () => {
  it('reads what another has left in the edge cache', async () => {
    const world = new World()
    const endpoints = [
      endpointRecord(),
      endpointRecord({ tag: 'acme/turbo', tiers: [{ abovePromptTokens: 5, prompt: '1' }] }),
    ]
    world.entries = [modelEntry({}, endpoints)]
    const view = world.view(new CatalogSnapshot())
    const first = [await view.model('acme/m1'), await view.models(), await view.providers()]
    await world.settle()
    world.queries = 0
    const other = world.view(new CatalogSnapshot())
    expect([await other.model('acme/m1'), await other.models(), await other.providers()]).toEqual(first)
    expect(world.queries).toBe(0)
  })

  it('does not let the edge cache stretch the age of a reading', async () => {
    const world = new World()
    await world.view(new CatalogSnapshot()).model('acme/m1')
    await world.settle()
    world.entries = [modelEntry({ name: 'Renamed' })]
    world.time += 59_000
    const isolate = new CatalogSnapshot()
    expect(await world.view(isolate).model('acme/m1')).toMatchObject({ model: { name: 'M1' } })
    world.time += 1_000
    void world.view(isolate).model('acme/m1')
    await world.settle()
    expect(world.view(isolate).model('acme/m1')).toMatchObject({ model: { name: 'Renamed' } })
  })

  it('falls back on an old copy when D1 is down', async () => {
    const world = new World()
    await world.view(new CatalogSnapshot()).model('acme/m1')
    await world.settle()
    world.time += 3_600_000
    world.isDown = true
    expect(await world.view(new CatalogSnapshot()).model('acme/m1')).toMatchObject({ model: { id: 'acme/m1' } })
  })

  it('says so when there is neither', async () => {
    const world = new World()
    world.isDown = true
    await expect(world.view(new CatalogSnapshot()).model('acme/m1')).rejects.toThrow('D1 is down')
    await world.settle()
  })

  it.each(['', 'no date', 'NaN\n{}', '999999\nnot json', '999999\n{"providers":[],"entries":[]}'])(
    'reads D1 where the edge cache holds %j',
    async (text) => {
      const world = new World()
      const garbled: EdgeCache = { get: async () => text, put: async () => undefined }
      expect(await world.view(new CatalogSnapshot(), garbled).model('acme/m1')).toMatchObject({
        model: { id: 'acme/m1' },
      })
      expect(world.queries).toBe(1)
    },
  )

  it('gets by without an edge cache, and with one that fails', async () => {
    const world = new World()
    const failing: EdgeCache = { get: () => Promise.reject(new Error()), put: () => Promise.reject(new Error()) }
    expect(await world.view(new CatalogSnapshot(), failing).models()).toHaveLength(2)
    await world.settle()
    const bare = { readModels: async () => world.entries, now: () => 0, background: () => undefined }
    const view = new CatalogSnapshot().view({ ...bare, readModel: async () => null, readProviders: async () => [] })
    expect(await view.models()).toHaveLength(2)
  })
})

describe('an unknown model', () => {
  it('is null, from memory the second time', async () => {
    const world = new World()
    const isolate = new CatalogSnapshot()
    expect(await world.view(isolate).model('acme/none')).toBeNull()
    expect(world.view(isolate).model('acme/none')).toBeNull()
    expect(world.queries).toBe(1)
    expect(world.edge.size).toBe(0)
  })

  it.each(['', 'gpt-4o', 'a/b c', 'a/\n', 'ä/ö', '/', `a/${'x'.repeat(300)}`])(
    'costs no query when %j cannot be an id',
    (id) => {
      const world = new World()
      expect(world.view(new CatalogSnapshot()).model(id)).toBeNull()
      expect(world.queries).toBe(0)
    },
  )
})
