import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { seedStatements, seedVersion } from '../../scripts/seed-sql.mjs'

const read = (name: string) => readFileSync(join(import.meta.dirname, '../../seed', name), 'utf8')
const json = (name: string): Record<string, unknown>[] => JSON.parse(read(name))
const endpoints: Record<string, unknown>[] = read('endpoints.jsonl')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))

describe('the seed', () => {
  it('is as large as was promised', () => {
    expect(endpoints.length).toBeGreaterThanOrEqual(2300)
    expect(json('models.json').length).toBeGreaterThanOrEqual(750)
    expect(new Set(endpoints.map((row) => row.provider)).size).toBeGreaterThanOrEqual(100)
  })

  it('holds no row, link or list that rests on an unlicensed copy alone', () => {
    for (const row of endpoints) {
      expect(row.upstream_id, String(row.id)).toBeTruthy()
      expect(row.upstream_id_source).toBeUndefined()
      expect(String(row.source)).not.toMatch(/^openrouter-/)
      expect(String(row.params_source)).not.toMatch(/^openrouter-/)
    }
    for (const row of json('providers.json')) expect(String(row.urls_source)).not.toMatch(/^openrouter-/)
  })

  it('keeps every single fact of such a copy beside its source', () => {
    const quantized = endpoints.filter((row) => row.quantization_source !== undefined)
    expect(quantized.length).toBeGreaterThan(0)
    expect(quantized.every((row) => row.quantization !== undefined)).toBe(true)
  })

  it('names every model and provider that an endpoint belongs to, once', () => {
    const models = json('models.json').map((row) => row.id)
    const providers = json('providers.json').map((row) => row.slug)
    expect(new Set(models).size).toBe(models.length)
    expect(new Set(providers).size).toBe(providers.length)
    expect(new Set(endpoints.map((row) => row.id)).size).toBe(endpoints.length)
    expect(new Set(endpoints.map((row) => row.model))).toEqual(new Set(models))
    for (const row of endpoints) expect(providers).toContain(row.provider)
  })

  it('calls no model a chat model that embeds, ranks, transcribes or reads aloud', () => {
    const chats = endpoints.filter((row) => (row.out as string[]).includes('text'))
    for (const row of chats) {
      expect(row.in, String(row.id)).toContain('text')
      expect(String(row.model)).not.toMatch(/embed|rerank|whisper|\btts\b|\basr\b|\/(bge|gte|e5)-|gpt-image|realtime/)
    }
  })

  it('says of all endpoints of a model that they make the same kind of thing', () => {
    const kindsOf = new Map<unknown, Set<boolean>>()
    for (const { model, out } of endpoints) {
      const kinds = kindsOf.get(model) ?? new Set()
      kindsOf.set(model, kinds.add((out as string[]).includes('text')))
    }
    expect([...kindsOf].filter(([, kinds]) => kinds.size > 1).map(([model]) => model)).toEqual([])
  })

  it('knows the models that embed as nothing else', () => {
    const embedders = json('models.json').filter((row) => (row.out as string[]).includes('embeddings'))
    expect(embedders.length).toBeGreaterThan(70)
    for (const row of embedders) expect(row.out, String(row.id)).toEqual(['embeddings'])
    expect(embedders.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['openai/text-embedding-3-small', 'mistralai/mistral-embed', 'baai/bge-m3']),
    )
  })

  it('has a version that follows from its content', () => {
    expect(seedVersion()).toMatch(/^[0-9a-f]{12}$/)
    expect(seedStatements().at(-1)).toContain(seedVersion())
  })
})
