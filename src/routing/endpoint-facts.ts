import type { EndpointRecord } from '../catalog/records.ts'
import { isPriced } from '../metering/price-usage.ts'
import { isZeroRetention, neverCollects } from './data-policy.ts'
import { pricePerToken } from './price.ts'
import { type TagParts, tagParts } from './slugs.ts'

/** What routing asks of an endpoint over and over, worked out once for each record that the catalogue holds. */
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
}

const known = new WeakMap<EndpointRecord, EndpointFacts>()

export function factsOf(endpoint: EndpointRecord): EndpointFacts {
  let facts = known.get(endpoint)
  if (!facts) {
    const price = pricePerToken(endpoint.price)
    facts = {
      tag: tagParts(endpoint),
      priced: isPriced(endpoint),
      price,
      weight: 1 / (price * price),
      parameters: endpoint.parameters && new Set(endpoint.parameters),
      zeroRetention: isZeroRetention(endpoint.provider),
      neverCollects: neverCollects(endpoint.provider),
    }
    known.set(endpoint, facts)
  }
  return facts
}
