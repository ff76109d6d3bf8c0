import type { EndpointRecord, ModelEntry, ProviderRecord } from '../../src/catalog/records.ts'
import type { Gateway } from '../../src/dispatch/gateway.ts'
import type { EndpointHealth } from '../../src/routing/health.ts'

export interface CatalogueGateway {
  models: readonly ModelEntry[]
  providers?: readonly ProviderRecord[]
  region?: string
  now?: number
  usable?: (endpoint: EndpointRecord) => boolean
  health?: (endpoint: EndpointRecord) => Partial<EndpointHealth> | undefined
}

const healthy: EndpointHealth = {
  unstable: false,
  openUntil: 0,
  probeReady: false,
  cooldownUntil: 0,
  band: 'normal',
  uptime5m: null,
  uptime30m: null,
  uptime1d: null,
  latency: null,
  throughput: null,
}

/** A gateway that knows a catalogue and nothing else. */
export function catalogueGateway(given: CatalogueGateway): Gateway {
  const byId = new Map(
    given.models.flatMap((entry) => [entry.model.canonicalSlug, entry.model.id].map((id) => [id, entry])),
  )
  const gateway = {
    now: () => given.now ?? 1_795_000_000_000,
    settings: {
      environment: 'development',
      region: given.region ?? 'global',
      maxBodyBytes: 1e6,
      origin: 'http://gw.test',
    },
    catalog: {
      model: (id: string) => byId.get(id) ?? null,
      models: () => given.models,
      providers: () => given.providers ?? [],
    },
    health: {
      of: (endpoint: EndpointRecord, looking?: boolean) => {
        // It would ask for the probe of an open breaker, and never make it.
        if (!looking) throw new Error('nobody sends a request here')
        const known = given.health?.(endpoint)
        return known && { ...healthy, ...known }
      },
    },
    access: (endpoint: EndpointRecord) =>
      (given.usable ?? (() => true))(endpoint) ? { baseUrl: 'https://up.example', credential: null } : null,
    refusesAddress: () => false,
  }
  return gateway as unknown as Gateway
}
