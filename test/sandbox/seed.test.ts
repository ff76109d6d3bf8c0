import { describe, expect, it } from 'vitest'
import seed from '../../seed/sandbox.json'
import { faults, modelIds } from '../../src/sandbox/behaviour.ts'

const providers = new Set(seed.providers.map((provider) => provider.slug))
const models = new Set(seed.models.map((model) => model.id))

describe("the sandbox's rows of the catalogue", () => {
  it('name providers, models and upstream ids that exist', () => {
    for (const endpoint of seed.endpoints) {
      expect(providers).toContain(endpoint.provider)
      expect(models).toContain(endpoint.model)
      expect(modelIds).toContain(endpoint.upstream_id)
      expect(endpoint.id).toMatch(new RegExp(`^${endpoint.provider}(/[a-z]+)?:${endpoint.model}$`))
    }
    expect(new Set(seed.endpoints.map((endpoint) => endpoint.id)).size).toBe(seed.endpoints.length)
  })

  it('serve every model somewhere, and every fault as a model of its own', () => {
    expect(new Set(seed.endpoints.map((endpoint) => endpoint.model))).toEqual(models)
    for (const fault of faults) expect(models).toContain(`sandbox/${fault}`)
  })

  it('put the provider that fails first, by price', () => {
    const of = (model: string) => seed.endpoints.filter((endpoint) => endpoint.model === model)
    const [broken, sound] = of('sandbox/failover')
    expect([broken?.upstream_id, sound?.upstream_id]).toEqual(['error-500', 'text'])
    for (const [first, second] of [of('sandbox/text'), of('sandbox/failover')]) {
      // Inverse-square price: at a hundredth of the price 9,999 of 10,000 requests start there.
      expect(Number(second?.price.prompt) / Number(first?.price.prompt)).toBeCloseTo(100)
    }
  })

  it('give every fault a provider of its own, so that its breaker takes nothing else out', () => {
    for (const { provider, upstream_id } of seed.endpoints) {
      const fault = faults.find((name) => name === upstream_id)
      expect(fault === undefined ? ['sandbox', 'sandbox-b'] : [`sandbox-${fault}`]).toContain(provider)
    }
  })

  it('run in the deployment itself, but for the one that pretends not to', () => {
    const elsewhere = seed.endpoints.filter((endpoint) => endpoint.eu !== 'yes')
    expect(elsewhere).toMatchObject([{ model: 'sandbox/us-only', eu: 'no', region: 'us' }])
  })
})
