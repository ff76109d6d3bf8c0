import type { EndpointRecord } from '../../catalog/records.ts'
import type { Variables } from '../provider.ts'
import { geoOf } from './model-facts.ts'

/** Amazon's regions in the European Union. London and Zurich are in Europe and not in the Union. */
const euRegions: ReadonlySet<string> = new Set([
  'eu-central-1',
  'eu-north-1',
  'eu-south-1',
  'eu-south-2',
  'eu-west-1',
  'eu-west-3',
])

/**
 * From where an inference profile of each group may be called, and from where it is when the operator's own region is
 * outside. A profile reaches the regions of its group wherever in the group the call comes in.
 */
const groups: Readonly<Record<string, { holds(region: string): boolean; fallback: string | null }>> = {
  us: { holds: (region) => /^us-(east|west)-/.test(region), fallback: 'us-east-1' },
  eu: { holds: (region) => euRegions.has(region), fallback: 'eu-central-1' },
  apac: { holds: (region) => region.startsWith('ap-'), fallback: 'ap-northeast-1' },
  jp: { holds: (region) => /^ap-northeast-[13]$/.test(region), fallback: 'ap-northeast-1' },
  au: { holds: (region) => /^ap-southeast-[24]$/.test(region), fallback: 'ap-southeast-2' },
  ca: { holds: (region) => region.startsWith('ca-'), fallback: 'ca-central-1' },
  global: { holds: () => true, fallback: 'us-east-1' },
  // Another partition: accounts of the public one do not exist there.
  'us-gov': { holds: (region) => region.startsWith('us-gov-'), fallback: null },
}

/**
 * The region whose host serves an endpoint, or null where no region fits. An endpoint that is tied to the EU gets a
 * region of the EU or none, whatever the operator has set.
 *
 * `AWS_REGION` (or `AMAZON_BEDROCK_REGION`) is where the operator is at home; `AMAZON_BEDROCK_EU_REGION` is the region
 * for the EU where home is somewhere else, `eu-central-1` when left out.
 */
export function regionOf(endpoint: EndpointRecord, variables: Variables): string | null {
  const region = anyRegionOf(endpoint, variables)
  if (endpoint.eu !== 'yes') return region
  const profile = geoOf(endpoint.upstreamId)
  return region !== null && euRegions.has(region) && (profile === null || profile === 'eu') ? region : null
}

/**
 * Whether an address that the operator has set may serve an endpoint. One that is tied to the EU is not sent to a region
 * outside; a host that names no region is the operator's own, and theirs to answer for.
 */
export function mayServe(baseUrl: string, endpoint: EndpointRecord): boolean {
  if (endpoint.eu !== 'yes' || !URL.canParse(baseUrl)) return true
  const region = new URL(baseUrl).hostname.split('.').find(isRegion)
  return region === undefined || euRegions.has(region)
}

/** The region that signatures are made for where the host doesn't tell. */
export function homeRegion(variables: Variables): string | null {
  const { AMAZON_BEDROCK_REGION, AWS_REGION, AWS_DEFAULT_REGION } = variables
  return read(AMAZON_BEDROCK_REGION) ?? read(AWS_REGION) ?? read(AWS_DEFAULT_REGION)
}

function anyRegionOf(endpoint: EndpointRecord, variables: Variables): string | null {
  const named = /^arn:[a-z-]+:bedrock:([a-z0-9-]+):/.exec(endpoint.upstreamId)?.[1]
  if (named !== undefined) return named
  const home = homeRegion(variables)
  const profile = geoOf(endpoint.upstreamId)
  const written = endpoint.region
  if (written !== null && isRegion(written) && (profile === null || groups[profile]?.holds(written))) return written
  // What follows from the id is worth more than what somebody wrote beside it.
  const place = profile ?? written ?? (endpoint.eu === 'yes' ? 'eu' : 'global')
  const group = Object.hasOwn(groups, place) ? groups[place] : undefined
  if (!group) return null
  if (home !== null && group.holds(home)) return home
  const chosen = place === 'eu' ? read(variables.AMAZON_BEDROCK_EU_REGION) : null
  return chosen !== null && euRegions.has(chosen) ? chosen : group.fallback
}

function read(value: string | undefined): string | null {
  const text = value?.trim().toLowerCase() ?? ''
  return isRegion(text) ? text : null
}

/** It becomes part of a host name, so it has to be a region and nothing else. */
function isRegion(text: string): boolean {
  return /^[a-z]{2}(-[a-z]+)+-\d{1,2}$/.test(text)
}
