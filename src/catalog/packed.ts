import type { EndpointRecord, ModelEntry, ProviderRecord } from './records.ts'

interface PackedEntries {
  providers: ProviderRecord[]
  entries: (Omit<ModelEntry, 'endpoints'> & { endpoints: PackedEndpoint[] })[]
}

type PackedEndpoint = Omit<EndpointRecord, 'provider'> & { provider: string }

/** Model entries as JSON text in which every provider stands once. */
export function packEntries(entries: readonly ModelEntry[]): string {
  const providers = new Map<string, ProviderRecord>()
  const packed: PackedEntries = {
    providers: [],
    entries: entries.map((entry) => ({
      ...entry,
      endpoints: entry.endpoints.map((endpoint) => {
        providers.set(endpoint.provider.slug, endpoint.provider)
        return { ...endpoint, provider: endpoint.provider.slug }
      }),
    })),
  }
  packed.providers = [...providers.values()]
  return JSON.stringify(packed)
}

/** The opposite of `packEntries`; trusts its text, which only this gateway writes. */
export function unpackEntries(text: string): ModelEntry[] {
  const packed: PackedEntries = JSON.parse(text)
  const providers = new Map(packed.providers.map((provider) => [provider.slug, provider]))
  return packed.entries.map((entry) => ({
    ...entry,
    endpoints: entry.endpoints.flatMap((endpoint) => {
      const provider = providers.get(endpoint.provider)
      return provider ? [{ ...endpoint, provider }] : []
    }),
  }))
}
