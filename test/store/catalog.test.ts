/// <reference types="vite/client" />
import { env } from 'cloudflare:test'
import { beforeEach, describe, expect, it } from 'vitest'
import { statementsOf, tablesOf } from '../../scripts/seed-rows.mjs'
import models from '../../seed/models.json'
import providers from '../../seed/providers.json'
import { type BrokenRow, readCatalogVersion, readModel, readModels, readProviders } from '../../src/store/catalog.ts'
import { migrate } from '../support/migrations.ts'

const [endpointLines = ''] = Object.values(
  import.meta.glob<string>('../../seed/endpoints.jsonl', { query: '?raw', import: 'default', eager: true }),
)
const endpoints = endpointLines
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line))
const seed = { providers, models, endpoints }

async function load(part: Parameters<typeof tablesOf>[0], version: string) {
  const statements = statementsOf(tablesOf(part), version)
  await env.DB.batch(statements.map((statement) => env.DB.prepare(statement)))
}

async function contents() {
  const tables = ['providers', 'data_policies', 'models', 'endpoints', 'prices', 'catalog_meta']
  const answers = await env.DB.batch(tables.map((table) => env.DB.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`)))
  return answers.map((answer) => answer.results)
}

const lab = {
  slug: 'acme',
  name: 'Acme',
  kind: 'lab',
  direct: true,
  headquarters: 'FR',
  data_policy: { trains: false, retains_prompts: false, zdr: 'default', zero_retention_stated_by: 'vendor' },
}
const small = {
  providers: [lab, { ...lab, slug: 'other', name: 'Other' }],
  models: [{ id: 'acme/m1', canonical_slug: 'acme/m1-2026', name: 'M1', author: 'acme', in: ['text'], out: ['text'] }],
  endpoints: ['acme', 'other'].map((provider) => ({
    id: `${provider}:acme/m1`,
    model: 'acme/m1',
    provider,
    upstream_id: 'm1',
    in: ['text'],
    out: ['text'],
    params: ['tools'],
    price: { prompt: '0.000000123456', completion: '0.5' },
    tiers: [
      { above: 400_000, prompt: '2' },
      { above: 200_000, prompt: '1' },
    ],
  })),
}

beforeEach(async () => {
  await migrate(env.DB)
  const tables = ['prices', 'endpoints', 'models', 'data_policies', 'providers', 'catalog_meta']
  await env.DB.batch(tables.map((table) => env.DB.prepare(`DELETE FROM ${table}`)))
})

describe('the shipped seed', () => {
  it('loads in a few statements of a size that D1 takes', async () => {
    const statements = statementsOf(tablesOf(seed), 'v1')
    expect(Math.max(...statements.map((statement) => new TextEncoder().encode(statement).length))).toBeLessThan(100_000)
    await load(seed, 'v1')
    expect(await readCatalogVersion(env.DB)).toBe('v1')
  })

  it('is read back whole, with every price to the last digit', async () => {
    await load(seed, 'v1')
    const broken: BrokenRow[] = []
    const entries = await readModels(env.DB, (row) => broken.push(row))
    expect(broken).toEqual([])
    expect(entries.length).toBeGreaterThanOrEqual(750)
    const read = new Map(entries.flatMap((entry) => entry.endpoints).map((endpoint) => [endpoint.id, endpoint]))
    expect(read.size).toBeGreaterThanOrEqual(2300)
    expect(new Set([...read.values()].map((endpoint) => endpoint.provider.slug)).size).toBeGreaterThanOrEqual(100)
    for (const row of endpoints) {
      const endpoint = read.get(row.id)
      expect(endpoint?.price.prompt).toBe(row.price.prompt)
      expect(endpoint?.price.completion).toBe(row.price.completion)
      expect(endpoint?.price.cacheRead).toBe(row.price.cache_read)
      expect(endpoint?.tiers.map((tier) => tier.abovePromptTokens)).toEqual(
        (row.tiers ?? []).map((tier: { above: number }) => tier.above).sort((a: number, b: number) => a - b),
      )
    }
    expect((await readProviders(env.DB)).length).toBe(providers.length)
  })

  it('changes nothing when it is loaded again', async () => {
    await load(seed, 'v1')
    const once = await contents()
    await load(seed, 'v1')
    expect(await contents()).toEqual(once)
  })
})

describe('loading another seed', () => {
  it('removes what the seed no longer has and keeps what an operator added', async () => {
    await load(small, 'v1')
    await env.DB.batch([
      env.DB.prepare(
        `INSERT INTO endpoints (id, model, provider, tag, upstream_id, input_modalities, output_modalities)
         VALUES ('other/own:acme/m1', 'acme/m1', 'other', 'other/own', 'm1', '["text"]', '["text"]')`,
      ),
      env.DB.prepare(`INSERT INTO prices (endpoint, prompt, completion) VALUES ('other/own:acme/m1', '1', '2')`),
      env.DB.prepare(`UPDATE providers SET origin = 'operator', name = 'Renamed' WHERE slug = 'acme'`),
    ])
    const [endpoint] = small.endpoints
    const next = { ...small, providers: [lab], endpoints: endpoint ? [{ ...endpoint, tiers: [] }] : [] }
    await load(next, 'v2')
    const entry = await readModel(env.DB, 'acme/m1')
    expect(entry?.version).toBe('v2')
    expect(entry?.endpoints.map(({ id, tiers, provider }) => [id, tiers.length, provider.name])).toEqual([
      ['acme:acme/m1', 0, 'Renamed'],
      ['other/own:acme/m1', 0, 'Other'],
    ])
  })

  it('takes a model away once nothing hangs on it', async () => {
    await load(small, 'v1')
    await load({ ...small, models: [], endpoints: [] }, 'v2')
    expect(await readModels(env.DB)).toEqual([])
    expect(await readProviders(env.DB)).toHaveLength(2)
  })
})

describe('reading a model', () => {
  beforeEach(() => load(small, 'v1'))

  it('finds it by id and by canonical slug', async () => {
    const entry = await readModel(env.DB, 'acme/m1')
    expect(entry).toMatchObject({ model: { id: 'acme/m1', created: 0, contextLength: null }, version: 'v1' })
    expect(entry?.endpoints[0]).toMatchObject({
      tag: 'acme',
      price: { prompt: '0.000000123456', completion: '0.5' },
      tiers: [
        { abovePromptTokens: 200_000, prompt: '1' },
        { abovePromptTokens: 400_000, prompt: '2' },
      ],
      provider: { dataPolicy: { trains: false, retentionDays: null, zeroRetentionStatedBy: 'vendor' } },
    })
    expect(await readModel(env.DB, 'acme/m1-2026')).toEqual(entry)
    expect((await readModels(env.DB))[0]).toEqual(entry)
  })

  it('prefers the id where another model has the same canonical slug', async () => {
    const [model] = small.models
    await load({ ...small, models: [...small.models, { ...model, id: 'acme/m1-2026', name: 'Dated' }] }, 'v2')
    expect((await readModel(env.DB, 'acme/m1-2026'))?.model.name).toBe('Dated')
  })

  it('answers null for what is not there, whatever the id looks like', async () => {
    expect(await readModel(env.DB, 'acme/none')).toBeNull()
    expect(await readModel(env.DB, "acme/' OR 1=1 --")).toBeNull()
  })

  it.each([
    ['a price that is no number', `UPDATE prices SET prompt = '1e-6' WHERE endpoint = 'acme:acme/m1'`],
    ['a negative price', `UPDATE prices SET completion = '-1' WHERE endpoint = 'acme:acme/m1'`],
    ['a broken tier', `UPDATE prices SET prompt = '' WHERE endpoint = 'acme:acme/m1' AND above_prompt_tokens > 0`],
    ['no price', `DELETE FROM prices WHERE endpoint = 'acme:acme/m1'`],
    ['half a list', `UPDATE endpoints SET parameters = '["tools"' WHERE id = 'acme:acme/m1'`],
    ['a list of something else', `UPDATE endpoints SET input_modalities = '[1]' WHERE id = 'acme:acme/m1'`],
  ])('leaves out the endpoint with %s, and that one only', async (_, damage) => {
    await env.DB.prepare(damage).run()
    const broken: BrokenRow[] = []
    const entry = await readModel(env.DB, 'acme/m1', (row) => broken.push(row))
    expect(entry?.endpoints.map((endpoint) => endpoint.id)).toEqual(['other:acme/m1'])
    expect(broken).toMatchObject([{ table: 'endpoints', id: 'acme:acme/m1' }])
  })

  it('leaves out the endpoints of a broken provider', async () => {
    await env.DB.prepare(`UPDATE providers SET datacenters = 'FR' WHERE slug = 'acme'`).run()
    const broken: BrokenRow[] = []
    const entry = await readModel(env.DB, 'acme/m1', (row) => broken.push(row))
    expect(entry?.endpoints.map((endpoint) => endpoint.id)).toEqual(['other:acme/m1'])
    expect(broken).toMatchObject([{ table: 'providers', id: 'acme' }])
  })
})
