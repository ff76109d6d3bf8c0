import { expect, it } from 'vitest'
import type { GenerationRow } from '../../src/metering/generation.ts'
import { rowFields, rowOf, rowText } from '../../src/metering/row-text.ts'
import { sampleGeneration } from '../support/sample-generation.ts'

function stored(row: GenerationRow): GenerationRow {
  return rowOf(rowText(row))
}

it('leaves an ordinary row as it is', () => {
  expect(stored(sampleGeneration())).toEqual(sampleGeneration())
})

it('cuts what clients can make long, so that no row is too large for a store', () => {
  const long = '€'.repeat(5_000)
  const excluded = Array.from({ length: 2_000 }, (_, i) => ({ endpointId: `${long}${i}`, rule: 'price' }))
  const row = stored(sampleGeneration({ userAgent: long, sessionId: long, appTitle: long, excluded }))
  expect(new TextEncoder().encode(JSON.stringify(row)).length).toBeLessThan(300_000)
  expect(row.excluded.length).toBe(200)
  expect(row.id).toBe(sampleGeneration().id)
})

it('replaces what SQL or JSON cannot hold', () => {
  const cut = `${'x'.repeat(1_999)}🚀`
  const row = stored(
    sampleGeneration({ userAgent: cut, sessionId: 'a\0b\ud800c', costNanoUsd: Number.NaN, latencyMs: Number.NaN }),
  )
  expect(row.userAgent).toBe(`${'x'.repeat(1_999)}\ufffd`)
  expect(row.sessionId).toBe('a\ufffdb\ufffdc')
  expect(row).toMatchObject({ costNanoUsd: 0, latencyMs: 0 })
})

it('leaves text alone that only looks like what cannot be stored', () => {
  const userAgent = 'C:\\u0000\\ud800'
  expect(stored(sampleGeneration({ userAgent })).userAgent).toBe(userAgent)
})

it('has every field of a row, and of a text from before a field was there null', () => {
  expect([...rowFields].sort()).toEqual(Object.keys(sampleGeneration()).sort())
  const [, ...older] = (JSON.parse(rowText(sampleGeneration())) as unknown[]).reverse()
  expect(rowOf(JSON.stringify(older.reverse()))).toEqual({ ...sampleGeneration(), [rowFields.at(-1) ?? '']: null })
})

it('has each value at the place of its field', () => {
  const marked = Object.fromEntries(rowFields.map((field) => [field, `the ${field}`])) as unknown as GenerationRow
  expect(stored(marked)).toEqual(marked)
})
