import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EndpointRecord, Modality, ModelRecord, ProviderRecord } from '../../src/catalog/records.ts'
import { endpointRecord, modelEntry, providerRecord } from '../support/catalog-records.ts'

const seed = (name: string) => readFileSync(join(import.meta.dirname, '../../seed', name), 'utf8')

interface EndpointRow {
  provider: string
  model: string
  upstream_id: string
  in: Modality[]
  out: Modality[]
  params?: string[]
  max_output?: number
}

/** A provider of the shipped catalogue with some of what it serves, as different as its list makes them. */
export interface SeededProvider {
  record: ProviderRecord
  endpoints: { endpoint: EndpointRecord; model: ModelRecord }[]
}

/** @param count how many endpoints a provider, spread over its list; one that has none gets a plain one */
export function seededProviders(count: number): SeededProvider[] {
  const rows = seed('endpoints.jsonl')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as EndpointRow)
  const reasoning = new Set(
    (JSON.parse(seed('models.json')) as { id: string; reasoning?: unknown }[])
      .filter((model) => model.reasoning)
      .map(({ id }) => id),
  )
  const byProvider = new Map<string, EndpointRow[]>()
  for (const row of rows) byProvider.set(row.provider, [...(byProvider.get(row.provider) ?? []), row])
  const providers = JSON.parse(seed('providers.json')) as {
    slug: string
    kind: ProviderRecord['kind']
    base_url: string | null
  }[]
  return providers.map(({ slug, kind, base_url: baseUrl }) => {
    const record = providerRecord({ slug, kind, baseUrl })
    const own = byProvider.get(slug) ?? [
      { provider: slug, model: 'a/b', upstream_id: 'b', in: ['text'], out: ['text'] },
    ]
    const step = Math.max(1, own.length / count)
    const chosen = Array.from({ length: Math.min(count, own.length) }, (_, i) => own[Math.floor(i * step)])
    const endpoints = chosen.flatMap((row) => {
      if (!row) return []
      const endpoint = endpointRecord({
        provider: record,
        model: row.model,
        upstreamId: row.upstream_id,
        inputModalities: row.in,
        outputModalities: row.out,
        parameters: row.params ?? null,
        maxOutputTokens: row.max_output ?? null,
      })
      const supported = reasoning.has(row.model)
      const { model } = modelEntry({ id: row.model, reasoning: { supported, mandatory: false, efforts: null } })
      return [{ endpoint, model }]
    })
    return { record, endpoints }
  })
}
