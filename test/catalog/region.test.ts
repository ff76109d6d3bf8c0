import { expect, it } from 'vitest'
import type { EndpointRecord } from '../../src/catalog/records.ts'
import { isInRegion } from '../../src/catalog/region.ts'
import { endpointRecord, providerRecord } from '../support/catalog-records.ts'

const at = (datacenters: string[] | null) => ({ provider: providerRecord({ datacenters }) })

it.each<[string, Partial<EndpointRecord>, { eu: boolean; us: boolean }]>([
  ['tied to the EU', { eu: 'yes', region: 'eu-west-1' }, { eu: true, us: false }],
  ['that could be in the EU', { eu: 'selectable', ...at(['US', 'FR']) }, { eu: false, us: false }],
  ['outside the EU', { eu: 'no', region: 'us-east-1' }, { eu: false, us: true }],
  ['of a US profile', { eu: 'no', region: 'us' }, { eu: false, us: true }],
  ['of a provider with US datacenters only', at(['US']), { eu: false, us: true }],
  ['of a provider with no known datacenter', at(null), { eu: false, us: false }],
  ['of a provider with an empty list of them', at([]), { eu: false, us: false }],
  ['in Japan, of a US provider', { region: 'jp', ...at(['US']) }, { eu: false, us: false }],
  ['nothing is known of', {}, { eu: false, us: false }],
])('places an endpoint %s', (_, change, expected) => {
  const endpoint = endpointRecord(change)
  expect({ eu: isInRegion(endpoint, 'eu'), us: isInRegion(endpoint, 'us') }).toEqual(expected)
  expect(isInRegion(endpoint, 'global')).toBe(true)
  expect(isInRegion(endpoint, 'moon')).toBe(false)
})
