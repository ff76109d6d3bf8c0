import type { EndpointRecord } from './records.ts'

/**
 * Whether an endpoint is tied to a data region: `global` takes every endpoint, `eu` those that are shown to be in the
 * EU, `us` those whose region is one of the US or whose provider has datacenters nowhere else.
 */
export function isInRegion(endpoint: EndpointRecord, region: string): boolean {
  switch (region) {
    case 'global':
      return true
    case 'eu':
      return endpoint.eu === 'yes'
    case 'us':
      return endpoint.region === null ? isOnlyIn(endpoint, 'US') : /^us(-|$)/.test(endpoint.region)
    default:
      return false
  }
}

function isOnlyIn({ provider: { datacenters } }: EndpointRecord, country: string): boolean {
  return datacenters !== null && datacenters.length > 0 && datacenters.every((place) => place === country)
}
