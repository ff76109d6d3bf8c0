import type { EndpointRecord, ProviderRecord } from './records.ts'

/** Countries and regions that somebody allows, read once a request. */
export interface Places {
  /** As they were written. */
  named: readonly string[]
  /** Upper case, blocs with all their countries. */
  codes: ReadonlySet<string>
}

const eu = 'EU AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(' ')
/** Codes that stand for more, or are written otherwise in ISO 3166-1. */
const meanings: Readonly<Record<string, readonly string[]>> = {
  __proto__: null as never,
  EU: eu,
  EEA: ['EEA', ...eu, 'IS', 'LI', 'NO'],
  UK: ['GB'],
}

export function placesNamed(named: readonly string[]): Places {
  const codes = new Set<string>()
  for (const name of named) {
    const code = name.toUpperCase()
    for (const one of meanings[code] ?? [code]) codes.add(one)
  }
  return { named, codes }
}

/**
 * The country whose law binds the company that runs the model; null where nobody says. A router's own home says nothing
 * of the company that it forwards to.
 */
export function homeOf({ direct, headquarters }: Pick<ProviderRecord, 'direct' | 'headquarters'>): string | null {
  return direct && headquarters !== null ? headquarters.toUpperCase() : null
}

export function isAtHomeIn(provider: Pick<ProviderRecord, 'direct' | 'headquarters'>, { codes }: Places): boolean {
  const home = homeOf(provider)
  return home !== null && codes.has(home)
}

/** AWS's names in Europe, of which only some are in the EU. Other regions tell their country, or go by their own name. */
const countryOfRegion: Readonly<Record<string, string | undefined>> = {
  __proto__: null as never,
  'EU-CENTRAL-1': 'DE',
  'EU-CENTRAL-2': 'CH',
  'EU-NORTH-1': 'SE',
  'EU-SOUTH-1': 'IT',
  'EU-SOUTH-2': 'ES',
  'EU-WEST-1': 'IE',
  'EU-WEST-2': 'GB',
  'EU-WEST-3': 'FR',
}

/**
 * Where an endpoint may process a request, as far as it is on record; null where nobody says. The region that the
 * endpoint is bound to, or else every country in which its provider has datacenters. `EU` is only said of endpoints that
 * are shown to be tied to it.
 */
export function placesOf({ region, eu, provider }: EndpointRecord): readonly string[] | null {
  if (region === null && provider.direct && provider.datacenters !== null && provider.datacenters.length > 0)
    return provider.datacenters.map((country) => country.toUpperCase())
  const name = region?.toUpperCase() ?? 'EU'
  if (name === 'EU' || !provider.direct) return eu === 'yes' ? ['EU'] : null
  return [name]
}

/** Whether it is certain that an endpoint processes within these places: unknown is not. */
export function isProcessedIn(endpoint: EndpointRecord, { codes }: Places): boolean {
  if (endpoint.eu === 'yes' && codes.has('EU')) return true
  const places = placesOf(endpoint)
  return places?.every((place) => codes.has(place) || codes.has(countryOf(place))) === true
}

/** `US-EAST-1` is in the US as `CA-CENTRAL-1` is in Canada; a name such as `EUROPE-WEST4` or `AP-SOUTH-1` says none. */
function countryOf(place: string): string {
  return countryOfRegion[place] ?? /^(US|CA)(?=-)/.exec(place)?.[0] ?? place
}
