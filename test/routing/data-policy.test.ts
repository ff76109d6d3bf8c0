import { describe, expect, it } from 'vitest'
import type { DataPolicy } from '../../src/catalog/records.ts'
import { hasZeroRetention } from '../../src/catalog/zero-retention.ts'
import { neverCollects } from '../../src/routing/data-policy.ts'
import { factsOf } from '../../src/routing/endpoint-facts.ts'
import { seededCatalog } from '../support/seeded-catalog.ts'
import { endpointRecord } from './records.ts'

const unknown: DataPolicy = { trains: null, retainsPrompts: null, retentionDays: null, zdr: null, asOf: null }

describe('data policies', () => {
  it.each<[string, Partial<DataPolicy>, boolean]>([
    ['nothing known', {}, false],
    ['keeps nothing, does not train', { trains: false, retainsPrompts: false, retentionDays: 0 }, true],
    ['keeps nothing for days that nobody counts, does not train', { trains: false, retainsPrompts: false }, true],
    ['keeps nothing, training unknown', { retainsPrompts: false }, false],
    ['does not train, keeping unknown', { trains: false, zdr: 'default' }, false],
    ['zero days, yet keeping unknown', { trains: false, retentionDays: 0 }, false],
    [
      'zero retention by default, yet on record as keeping',
      { zdr: 'default', retainsPrompts: true, trains: false },
      false,
    ],
    ['keeps nothing, yet for thirty days', { trains: false, retainsPrompts: false, retentionDays: 30 }, false],
    ['trains on what it does not keep', { trains: true, retainsPrompts: false, zdr: 'default' }, false],
  ])('%s', (_, policy, collectsNothing) => {
    expect(neverCollects({ dataPolicy: { ...unknown, ...policy }, direct: true })).toBe(collectsNothing)
  })

  it('takes no router at its word for those behind it', () => {
    const dataPolicy = { ...unknown, trains: false, retainsPrompts: false, zdr: 'default' as const }
    expect(neverCollects({ dataPolicy, direct: false })).toBe(false)
  })

  it('routes zero retention to what is listed as zero retention, and to nothing else', async () => {
    const { models } = await seededCatalog()
    for (const endpoint of models.flatMap(({ endpoints }) => endpoints))
      expect(factsOf(endpoint).zeroRetention, endpoint.id).toBe(hasZeroRetention(endpoint.provider))
    const aggregators = {
      trains: false,
      retainsPrompts: false,
      zdr: 'default',
      zeroRetentionStatedBy: 'aggregator',
    } as const
    expect(factsOf(endpointRecord('alpha', 1, { policy: aggregators })).zeroRetention).toBe(false)
    expect(factsOf(endpointRecord('alpha', 1, { policy: { retainsPrompts: false } })).zeroRetention).toBe(false)
  })
})
