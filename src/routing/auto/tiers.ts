import type { EndpointRecord, ModelEntry } from '../../catalog/records.ts'
import { converses } from '../converses.ts'
import { pricePerToken } from '../price.ts'

/** `cost_tier`, cheapest first. */
export const costTiers = ['low', 'medium', 'high', 'xhigh', 'max'] as const
export type CostTier = (typeof costTiers)[number]

/** What `openrouter/auto` chooses from: model ids by tier, the preferred first. */
export type AutoTiers = Readonly<Record<CostTier, readonly string[]>>

/** The tier, then those nearest to it, the cheaper of two first: for a tier that has nothing for a request. */
export function nearestTiers(tier: CostTier): CostTier[] {
  const place = costTiers.indexOf(tier)
  const distance = (other: CostTier) => Math.abs(costTiers.indexOf(other) - place)
  return costTiers.toSorted((a, b) => distance(a) - distance(b))
}

/** Reads `AUTO_ROUTER_TIERS`: `{"low": ["author/slug", …], …}`; a tier may be missing. A string says what is wrong. */
export function parseTiers(text: string): AutoTiers | string {
  let given: unknown
  try {
    given = JSON.parse(text)
  } catch {
    return 'it is not JSON'
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return 'it must be an object of tiers'
  const tiers = noTiers()
  for (const [tier, ids] of Object.entries(given)) {
    if (!isTier(tier)) return `"${tier.slice(0, 40)}" is no tier: there are ${costTiers.join(', ')}`
    if (!Array.isArray(ids) || !ids.every((id) => typeof id === 'string'))
      return `"${tier}" must be a list of model ids`
    tiers[tier] = ids
  }
  return costTiers.some((tier) => tiers[tier].length > 0) ? tiers : 'it names no model'
}

function isTier(name: string): name is CostTier {
  return (costTiers as readonly string[]).includes(name)
}

function noTiers(): Record<CostTier, readonly string[]> {
  return { low: [], medium: [], high: [], xhigh: [], max: [] }
}

/** The sandbox's plain models, which stand in where no provider is configured. */
const sandboxModels = ['sandbox/text', 'sandbox/tools', 'sandbox/json', 'sandbox/reasoning']

/**
 * Tiers made from the catalogue: the models that can be called here, by price, in five bands of a fifth each. Price is
 * that of the cheapest endpoint (`pricePerToken`). Only general models count: they answer with text alone, take tools,
 * are not announced to end, and somebody sells them, since what is free is limited; where that leaves none, every
 * model that can hold a conversation counts.
 */
export function defaultTiers(models: readonly ModelEntry[], isOpen: (endpoint: EndpointRecord) => boolean): AutoTiers {
  const open = models.flatMap((entry): Offer[] => {
    if (!converses(entry.model)) return []
    const endpoints = entry.endpoints.filter((endpoint) => endpoint.provider.kind !== 'sandbox' && isOpen(endpoint))
    return endpoints.length > 0 ? [{ entry, endpoints }] : []
  })
  if (open.length === 0) {
    const present = new Set(models.map(({ model }) => model.id))
    const plain = sandboxModels.filter((id) => present.has(id))
    return { low: plain, medium: plain, high: plain, xhigh: plain, max: plain }
  }
  const general = open.flatMap(({ entry, endpoints }): Offer[] => {
    const sound = endpoints.filter(({ free, status }) => !free && status !== 'deprecated')
    const isGeneral =
      entry.model.outputModalities.length === 1 &&
      sound.some(({ parameters }) => parameters?.includes('tools') === true)
    return isGeneral ? [{ entry, endpoints: sound }] : []
  })
  const ranked = (general.length > 0 ? general : open)
    .map(({ entry, endpoints }) => ({ entry, price: Math.min(...endpoints.map(({ price }) => pricePerToken(price))) }))
    .sort((a, b) => a.price - b.price || (a.entry.model.id < b.entry.model.id ? -1 : 1))
  const standing = standingAmong(ranked.map(({ entry }) => entry))
  const tiers = noTiers()
  for (const [index, tier] of costTiers.entries()) {
    const from = Math.ceil((index * ranked.length) / costTiers.length)
    const to = Math.ceil(((index + 1) * ranked.length) / costTiers.length)
    tiers[tier] = ranked
      .slice(from, to)
      .map(({ entry }) => entry)
      .sort(standing)
      .map(({ model }) => model.id)
  }
  return tiers
}

interface Offer {
  entry: ModelEntry
  endpoints: EndpointRecord[]
}

const halfYearSeconds = 182 * 86_400

/**
 * Who goes first within a tier. Nobody measures quality for this catalogue, so: the newer half-year first, within it what
 * more companies serve, then the newer.
 */
function standingAmong(entries: readonly ModelEntry[]): (a: ModelEntry, b: ModelEntry) => number {
  const newest = Math.max(...entries.map(({ model }) => model.created))
  const age = ({ model }: ModelEntry) => Math.floor((newest - model.created) / halfYearSeconds)
  const servers = new Map(
    entries.map((entry) => [
      entry,
      new Set(entry.endpoints.flatMap(({ provider }) => (provider.direct ? provider.slug : []))).size,
    ]),
  )
  const count = (entry: ModelEntry) => servers.get(entry) ?? 0
  return (a, b) =>
    age(a) - age(b) || count(b) - count(a) || b.model.created - a.model.created || (a.model.id < b.model.id ? -1 : 1)
}
