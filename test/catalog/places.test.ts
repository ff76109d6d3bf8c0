import { describe, expect, it } from 'vitest'
import { isAtHomeIn, isProcessedIn, placesNamed } from '../../src/catalog/places.ts'
import type { EndpointRecord } from '../../src/catalog/records.ts'
import { endpointRecord, providerRecord } from '../support/catalog-records.ts'

type Given = Pick<Partial<EndpointRecord>, 'region' | 'eu'> & { datacenters?: string[] | null; direct?: boolean }

function endpoint({ datacenters = null, direct = true, ...rest }: Given): EndpointRecord {
  return endpointRecord({ ...rest, provider: providerRecord({ datacenters, direct }) })
}

describe('a legal home', () => {
  it.each([
    ['FR', ['FR'], true],
    ['FR', ['fr', 'us'], true],
    ['FR', ['EU'], true],
    ['NO', ['EU'], false],
    ['NO', ['EEA'], true],
    ['DE', ['EEA'], true],
    ['CH', ['EEA'], false],
    ['GB', ['uk'], true],
    ['US', ['EU'], false],
    [null, ['EU', 'US'], false],
  ])('in %s is in %j: %s', (headquarters, named, expected) => {
    expect(isAtHomeIn({ direct: true, headquarters }, placesNamed(named))).toBe(expected)
  })

  it('of a router says nothing of the company that it forwards to', () => {
    expect(isAtHomeIn({ direct: false, headquarters: 'FR' }, placesNamed(['FR']))).toBe(false)
  })
})

describe('an endpoint', () => {
  it.each<[string, Given, string[], boolean]>([
    ['of which nobody says where', {}, ['US', 'EU'], false],
    ['that is shown to be tied to the EU', { eu: 'yes' }, ['eu'], true],
    ['that is shown to be tied to the EU, but not to the country', { eu: 'yes' }, ['FR'], false],
    ['in the EU, where the EEA will do', { eu: 'yes', region: 'eu' }, ['EEA'], true],
    ['that may be in the EU', { eu: 'selectable', datacenters: ['US', 'IE'] }, ['EU'], false],
    ['whose datacenters are all allowed', { datacenters: ['US', 'IE'] }, ['US', 'EU'], true],
    ['one of whose datacenters is elsewhere', { datacenters: ['US', 'IE', 'SG'] }, ['US', 'EU'], false],
    ['in no datacenter', { datacenters: [] }, ['US'], false],
    ['in a country by name', { region: 'jp', eu: 'no' }, ['JP'], true],
    ['in an American region', { region: 'us-east-1' }, ['US'], true],
    [
      'in an American region, whatever other datacenters there are',
      { region: 'us', datacenters: ['US', 'DE'] },
      ['US'],
      true,
    ],
    ['anywhere on earth', { region: 'global', eu: 'no', datacenters: ['US'] }, ['US'], false],
    ['in London by AWS, which is not the EU', { region: 'eu-west-2', eu: 'no' }, ['EU'], false],
    ['in London by AWS', { region: 'eu-west-2', eu: 'no' }, ['GB'], true],
    ['in Paris by AWS', { region: 'eu-west-3', eu: 'yes' }, ['FR'], true],
    ['in a region by its own name', { region: 'europe-west4' }, ['Europe-West4'], true],
    ['in a region whose country nobody says', { region: 'europe-west4' }, ['EU'], false],
    ['that only calls itself European', { region: 'eu' }, ['EU'], false],
    ['of a router with datacenters of its own', { datacenters: ['US'], direct: false }, ['US'], false],
    ['of a router in a region of its own', { region: 'us', direct: false }, ['US'], false],
    ['of a router that is shown to be tied to the EU', { region: 'eu', eu: 'yes', direct: false }, ['EU'], true],
  ])('%s', (_, given, named, expected) => {
    expect(isProcessedIn(endpoint(given), placesNamed(named))).toBe(expected)
  })
})
