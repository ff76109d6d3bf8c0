import { Hono } from 'hono/tiny'
import type { ModelEntry, ProviderRecord } from '../catalog/records.ts'
import { isInRegion } from '../catalog/region.ts'
import type { Gateway } from '../dispatch/gateway.ts'
import { dataPolicyObject } from './model-object.ts'
import { readUsable } from './model-query.ts'
import type { SurfaceEnv } from './surface.ts'

/**
 * `GET /providers` (`openrouter-endpoints-inference.md` §2A.13): every provider on record; on the EU host those with an
 * endpoint in the EU. `?usable=true|false` keeps the ones that this deployment can, or cannot, route to.
 */
export const providers = new Hono<SurfaceEnv>().get('/providers', async (c) => {
  const gateway = c.env.gateway
  const usable = readUsable(new URL(c.req.url).searchParams)
  const [all, entries] = await Promise.all([gateway.catalog.providers(), gateway.catalog.models()])
  const offers = offersOf(gateway, entries)
  const data = all
    .map((provider) => providerObject(provider, offers.get(provider.slug)))
    .filter((provider) => gateway.settings.region === 'global' || provider.endpoints > 0)
    .filter((provider) => usable === null || provider.usable === usable)
  return c.json({ data })
})

interface Offer {
  endpoints: number
  usable: boolean
}

/** What each provider serves in this host's region. Kept as long as the reading of the catalogue that it is made from. */
const offersBySnapshot = new WeakMap<readonly ModelEntry[], Map<string, Map<string, Offer>>>()

function offersOf(gateway: Gateway, entries: readonly ModelEntry[]): Map<string, Offer> {
  const byRegion = offersBySnapshot.get(entries) ?? new Map<string, Map<string, Offer>>()
  offersBySnapshot.set(entries, byRegion)
  const { region } = gateway.settings
  const kept = byRegion.get(region)
  if (kept) return kept
  const offers = new Map<string, Offer>()
  for (const endpoint of entries.flatMap((entry) => entry.endpoints)) {
    if (!isInRegion(endpoint, region)) continue
    const offer = offers.get(endpoint.provider.slug) ?? { endpoints: 0, usable: false }
    offers.set(endpoint.provider.slug, offer)
    offer.endpoints += 1
    offer.usable ||= gateway.access(endpoint) !== null
  }
  byRegion.set(region, offers)
  return offers
}

function providerObject(provider: ProviderRecord, offer: Offer | undefined) {
  return {
    name: provider.name,
    slug: provider.slug,
    privacy_policy_url: provider.privacyPolicyUrl,
    terms_of_service_url: provider.termsOfServiceUrl,
    status_page_url: provider.statusPageUrl,
    headquarters: provider.headquarters,
    datacenters: provider.datacenters,
    // Ours, beyond the contract.
    kind: provider.kind,
    router: !provider.direct,
    self_hosted: provider.engine != null,
    usable: offer?.usable ?? false,
    endpoints: offer?.endpoints ?? 0,
    data_policy: dataPolicyObject(provider),
  }
}
