import type { EndpointRecord } from '../catalog/records.ts'

/** A service tier that is only used when somebody asks for it: it is priced or served differently from the default. */
export type ServiceTier = 'flex' | 'priority'

/** The parts of an endpoint's tag that a request can name. */
export interface TagParts {
  base: string
  /** What follows the first slash: region, variant, both; null where the tag has none. */
  qualifier: string | null
  /** The provider's display name as a slug. */
  nameSlug: string
  tier: ServiceTier | null
}

/** One entry of `order`, `only` or `ignore`, read once a request. */
export interface WantedSlug {
  base: string
  /** The catalogue's slug where the entry is a name that clients know from elsewhere. */
  alias: string | null
  qualifier: string | null
}

/** Names of OpenRouter's provider enum that are neither a slug nor a display name of the catalogue. */
const aliases: Readonly<Record<string, string>> = {
  __proto__: null as never,
  byteplus: 'seed',
  coreweave: 'wandb',
  google: 'google-vertex',
  inferencenet: 'inference-net',
  'mancer-2': 'mancer',
  ollama: 'ollama-cloud',
  'voyageai-by-mongodb': 'voyage',
  voyageai: 'voyage',
}

export function tagParts(endpoint: EndpointRecord): TagParts {
  const tag = slugOf(endpoint.tag)
  const slash = tag.indexOf('/')
  const qualifier = slash < 0 ? null : tag.slice(slash + 1)
  return {
    base: slash < 0 ? tag : tag.slice(0, slash),
    qualifier,
    nameSlug: slugOf(endpoint.provider.name),
    tier: qualifier === null ? null : tierOf(qualifier),
  }
}

/** Null for a list that is absent or empty: SDKs send empty lists for "no wish". */
export function wantedSlugs(entries: readonly string[] | null | undefined): WantedSlug[] | null {
  if (!entries || entries.length === 0) return null
  return entries.map((entry) => {
    const slug = slugOf(entry)
    const slash = slug.indexOf('/')
    const base = slash < 0 ? slug : slug.slice(0, slash)
    return { base, alias: aliases[base] ?? null, qualifier: slash < 0 ? null : slug.slice(slash + 1) }
  })
}

/**
 * `base` matches every endpoint of a provider, `base/qualifier` exactly that tag (`openrouter-routing.md` §3.4). That a
 * base is no opt-in to a service tier is the tier rule's business.
 */
export function matchesSlug(wanted: WantedSlug, parts: TagParts): boolean {
  if (wanted.base !== parts.base && wanted.base !== parts.nameSlug && wanted.alias !== parts.base) return false
  return wanted.qualifier === null || wanted.qualifier === parts.qualifier
}

export function matchesAny(wanted: readonly WantedSlug[], parts: TagParts): boolean {
  for (const one of wanted) if (matchesSlug(one, parts)) return true
  return false
}

/** The tier that a qualifier ends in, e.g. of `us-east5/priority`. */
function tierOf(qualifier: string): ServiceTier | null {
  const last = qualifier.slice(qualifier.lastIndexOf('/') + 1)
  return last === 'flex' || last === 'priority' ? last : null
}

function slugOf(name: string): string {
  return name.trim().toLowerCase().replaceAll(' ', '-')
}
