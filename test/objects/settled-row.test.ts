import { expect, it } from 'vitest'
import { settledRow } from '../../src/objects/settled-row.ts'
import { sampleGeneration } from '../support/sample-generation.ts'

it('carries what a charge is reckoned with', () => {
  const row = sampleGeneration({ costNanoUsd: 12, upstreamCostNanoUsd: 34, isByok: true })
  const { id, createdAt } = row
  expect(settledRow(row)).toMatchObject({ id, createdAt, costNanoUsd: 12, upstreamCostNanoUsd: 34, isByok: true })
})
