import { expect, it } from 'vitest'
import type { DataPolicy } from '../../src/catalog/records.ts'
import { hasZeroRetention } from '../../src/catalog/zero-retention.ts'
import { providerRecord } from '../support/catalog-records.ts'

const strict: DataPolicy = {
  trains: false,
  retainsPrompts: false,
  retentionDays: 0,
  zdr: 'default',
  zeroRetentionStatedBy: 'vendor',
  asOf: '2026-09-24',
}

it('takes the word of a vendor or the operator', () => {
  expect(hasZeroRetention(providerRecord({ dataPolicy: strict }))).toBe(true)
  expect(hasZeroRetention(providerRecord({ dataPolicy: { ...strict, zeroRetentionStatedBy: 'operator' } }))).toBe(true)
})

it.each<[string, Partial<DataPolicy>]>([
  ['an aggregator negotiated', { zeroRetentionStatedBy: 'aggregator' }],
  ['nobody vouches for', { zeroRetentionStatedBy: null }],
  ['must be asked for', { zdr: 'on-request' }],
  ['does not mention training', { trains: null }],
  ['allows training', { trains: true }],
  ['does not mention retention', { retainsPrompts: null }],
  ['allows retention', { retainsPrompts: true }],
  ['names days of retention', { retentionDays: 30 }],
])('does not take a policy that %s', (_, change) => {
  expect(hasZeroRetention(providerRecord({ dataPolicy: { ...strict, ...change } }))).toBe(false)
})

it('does not take a router, whose promise ends at its own door', () => {
  expect(hasZeroRetention(providerRecord({ direct: false, kind: 'router', dataPolicy: strict }))).toBe(false)
})
