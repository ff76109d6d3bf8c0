import { describe, expect, it } from 'vitest'
import type { EndpointRecord } from '../../src/catalog/records.ts'
import { providerOf } from '../../src/providers/registry.ts'
import { seededCatalog } from '../support/seeded-catalog.ts'

/** Hosts that prompts of the EU may be sent to, each with the reason. */
const hostsInTheEu: Readonly<Record<string, string>> = {
  'bedrock-runtime.eu-central-1.amazonaws.com': 'Frankfurt',
  'bedrock-runtime.eu-north-1.amazonaws.com': 'Stockholm',
  'bedrock-runtime.eu-south-1.amazonaws.com': 'Milan',
  'bedrock-runtime.eu-west-1.amazonaws.com': 'Dublin',
  'bedrock-runtime.eu-west-3.amazonaws.com': 'Paris',
  'bedrock-mantle.eu-central-1.api.aws': 'Frankfurt',
  'bedrock-mantle.eu-north-1.api.aws': 'Stockholm',
  'bedrock-mantle.eu-south-1.api.aws': 'Milan',
  'bedrock-mantle.eu-west-1.api.aws': 'Dublin',
  'my-eu.openai.azure.com': 'the resource that the operator declares to keep deployments in the EU',
  'my-eu.services.ai.azure.com': 'the same resource, at its door for models that are not OpenAI’s',
  'router.eu.requesty.ai': 'the router’s EU host: its own hop counts as the provider’s behind it does',
  'api.mistral.ai': 'a French company that serves from the EU by default',
  'api.scaleway.ai': 'a French cloud with data centres in the EU alone',
  'oai.endpoints.kepler.ai.cloud.ovh.net': 'OVHcloud, French, serves its AI endpoints from France',
  'api.regolo.ai': 'Seeweb, Italian, serves from Italy',
  'aki.io': 'a German host with data centres in Germany',
  'api.inceptron.io': 'a Swedish host',
  'models.think.evroc.com': 'a Swedish cloud with data centres in the EU alone',
  'api.openai-compat.model-serving.eu01.onstackit.cloud': 'STACKIT, German; eu01 is in Germany',
  'api.berget.ai': 'a Swedish host with data centres in Sweden',
  'api-sherlock.cloudferro.com': 'CloudFerro, Polish, serves from Poland',
  'inference.hetzner.com': 'Hetzner, German, serves from Germany and Finland',
}

/** Every credential and setting that there is, with the operator at home outside of the EU. */
const variables: Readonly<Record<string, string>> = new Proxy(
  {
    AWS_REGION: 'us-east-1',
    AZURE_RESOURCE: 'my-us',
    AZURE_EU_RESOURCE: 'my-eu',
    GOOGLE_VERTEX_LOCATION: 'us-central1',
  } as Record<string, string>,
  { get: (set, name) => set[String(name)] ?? (String(name).endsWith('_API_KEY') ? 'key' : undefined) },
)

const inTheEu: EndpointRecord[] = (await seededCatalog()).models
  .flatMap(({ endpoints }) => endpoints)
  // The sandbox is the gateway itself.
  .filter(({ eu, provider }) => eu === 'yes' && provider.kind !== 'sandbox')

describe('an endpoint that is tied to the EU', () => {
  it('is called at a host that is known to be there, whoever provides it and wherever the operator is at home', () => {
    expect(inTheEu.length).toBeGreaterThan(200)
    const called = new Set<string>()
    for (const endpoint of inTheEu) {
      const provider = providerOf(endpoint.provider)
      if (!provider?.wire(endpoint)) continue
      const url = provider.baseUrl(endpoint, variables)
      expect(url, endpoint.id).not.toBeNull()
      const host = new URL(url ?? '').hostname
      expect(Object.keys(hostsInTheEu), endpoint.id).toContain(host)
      called.add(endpoint.provider.slug)
    }
    expect(called.size).toBe(new Set(inTheEu.map(({ provider }) => provider.slug)).size)
  })

  it('is not in London or Zurich', () => {
    for (const { id, region } of inTheEu)
      expect(region ?? '', id).not.toMatch(/^(eu-west-2|eu-central-2|europe-west[26])$/)
  })

  it('is reached through a router only at an address that the router has in the EU', () => {
    const routed = inTheEu.filter(({ provider }) => !provider.direct)
    expect(routed.length).toBeGreaterThan(50)
    for (const endpoint of routed) {
      const provider = providerOf(endpoint.provider)
      const elsewhere = provider?.baseUrl({ ...endpoint, eu: 'no' }, variables)
      expect(provider?.baseUrl(endpoint, variables), endpoint.id).not.toBe(elsewhere)
    }
  })

  it('goes where the operator says only when that is said of the EU', () => {
    const endpoint = inTheEu.find(({ provider }) => provider.slug === 'requesty')
    if (!endpoint) throw new Error('Requesty has no endpoint in the EU.')
    const baseUrl = (set: Record<string, string>, eu = endpoint.eu) =>
      providerOf(endpoint.provider)?.baseUrl({ ...endpoint, eu }, set)
    const world = { REQUESTY_BASE_URL: 'https://proxy.example/v1/' }
    expect(baseUrl(world)).toBe('https://router.eu.requesty.ai/v1')
    expect(baseUrl(world, null)).toBe('https://proxy.example/v1')
    expect(baseUrl({ ...world, REQUESTY_EU_BASE_URL: 'https://eu.proxy.example/v1/' })).toBe(
      'https://eu.proxy.example/v1',
    )
  })
})
