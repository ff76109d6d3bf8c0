import type { EndpointRecord, ModelEntry } from '../catalog/records.ts'
import { hasZeroRetention } from '../catalog/zero-retention.ts'
import { isPriced } from '../metering/price-usage.ts'
import { neverCollects } from './data-policy.ts'
import { pricePerToken, rewardsCaching } from './price.ts'
import { type TagParts, tagParts } from './slugs.ts'

/** What routing asks of an endpoint over and over. */
export interface EndpointFacts {
  tag: TagParts
  /** False where a price cannot be read: such an endpoint could not be billed. */
  priced: boolean
  /** Dollars a token, see `pricePerToken`. */
  price: number
  /** Share in load balancing: `1 / price²`. */
  weight: number
  /** Null where nobody says. */
  parameters: ReadonlySet<string> | null
  zeroRetention: boolean
  neverCollects: boolean
  /** See `rewardsCaching`. */
  rewardsCaching: boolean
}

export interface KnownEndpoint {
  endpoint: EndpointRecord
  facts: EndpointFacts
}

const known = new WeakMap<ModelEntry, readonly KnownEndpoint[]>()

/** A model's endpoints with their facts. The catalogue replaces entries and never changes one, so this is worked out once. */
export function endpointsOf(entry: ModelEntry): readonly KnownEndpoint[] {
  let endpoints = known.get(entry)
  if (!endpoints) {
    endpoints = entry.endpoints.map((endpoint) => ({ endpoint, facts: factsOf(endpoint) }))
    known.set(entry, endpoints)
  }
  return endpoints
}

export function factsOf(endpoint: EndpointRecord): EndpointFacts {
  const price = pricePerToken(endpoint.price)
  return {
    tag: tagParts(endpoint),
    priced: isPriced(endpoint),
    price,
    weight: 1 / (price * price),
    parameters: endpoint.parameters && new Set(endpoint.parameters),
    zeroRetention: hasZeroRetention(endpoint.provider),
    neverCollects: neverCollects(endpoint.provider),
    rewardsCaching: rewardsCaching(endpoint.price),
  }
}
