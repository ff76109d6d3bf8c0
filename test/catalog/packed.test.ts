import { expect, it } from 'vitest'
import { packEntries, unpackEntries } from '../../src/catalog/packed.ts'
import { seededCatalog } from '../support/seeded-catalog.ts'

it('brings the whole catalogue back as it was, each provider one object again', async () => {
  const { models } = await seededCatalog()
  const unpacked = unpackEntries(packEntries(models))
  expect(unpacked).toEqual(models)
  const providers = unpacked.flatMap((entry) => entry.endpoints.map((endpoint) => endpoint.provider))
  expect(new Set(providers).size).toBe(new Set(providers.map((provider) => provider.slug)).size)
})
