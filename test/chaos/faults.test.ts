import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { faults, hinted } from './fault-table.ts'
import { allCells, type Cell, type Matrix, openMatrix, type Played, playAll, sampleOf } from './matrix.ts'
import { reliabilityTable } from './reliability-table.ts'
import { wires } from './speech.ts'

// A part of the fault matrix: every fault in each of its modes, in one wire. `npm run chaos` plays all of it.

const cells = sampleOf(allCells())
const played = new Map<Cell, Played>()
let matrix: Matrix

beforeAll(async () => {
  // What becomes of the endpoint takes four calls: not for every cell. Most faults count, so a part of those is enough.
  matrix = await openMatrix(cells, {
    breakers: ({ mode, fault: { modes, outcome, pace } }) =>
      outcome.kind === 'error' &&
      pace !== 'heavy' &&
      mode === modes.at(-1) &&
      (outcome.breaker !== 'counts' || outcome.code !== 502 || pace === 'slow'),
  })
  for (const one of await playAll(matrix, cells)) played.set(one.cell, one)
}, 180_000)
afterAll(() => matrix?.stop())

const name = ({ fault, wire, mode, setup, client }: Cell) =>
  `${fault.name}, ${mode}, in ${wire}${setup === 'next' ? ', before a healthy endpoint' : ''}, asked by ${client}`

describe('what an upstream does wrong', () => {
  it.each(cells.map((cell) => [name(cell), cell] as const))('%s, comes to what was promised', (_, cell) => {
    expect(played.get(cell)?.misses).toEqual([])
  })
})

it('is all met: each fault in each mode, alone and before a healthy endpoint, and each wire in both modes', () => {
  const overHttp = cells.filter(({ client }) => client === 'http')
  for (const fault of faults.filter(
    ({ name, outcome }) => !hinted.test(name) || ('retryAfter' in outcome && outcome.retryAfter),
  ))
    for (const mode of fault.modes) {
      const met = overHttp.filter((cell) => cell.fault === fault && cell.mode === mode)
      expect(
        met.map(({ setup }) => setup),
        `${fault.name}, ${mode}`,
      ).toEqual(['alone', 'next'])
    }
  const met = new Set(overHttp.map(({ wire, mode }) => `${wire} ${mode}`))
  expect(met.size).toBe(wires.length * 2)
})

it('is in the README as it is promised here', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
  const isThere = readme.includes(reliabilityTable(faults))
  expect(isThere, 'put what `npm run chaos -- --markdown` prints into the README').toBe(true)
})
