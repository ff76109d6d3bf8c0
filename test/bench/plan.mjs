// How long one plan takes over 200 candidate endpoints: `node test/bench/plan.mjs`.

import { plan } from '../../src/routing/plan.ts'
import { endpointRecord, healthy, planInput } from '../routing/records.ts'
import { median } from './figures.mjs'

/** Microseconds. */
export const planAim = 100

const endpoints = Array.from({ length: 200 }, (_, index) => endpointRecord(`provider-${index}/eu`, 0.1 + (index % 17)))
const health = healthy()
const requests = {
  plain: {},
  'tools and a limit': { tools: [{ type: 'function', function: { name: 'f' } }], max_tokens: 100, temperature: 1 },
  'only, ignore, max_price': {
    provider: { only: endpoints.slice(0, 20).map(({ tag }) => tag), ignore: ['provider-3'], max_price: { prompt: 5 } },
  },
  'sort by price': { provider: { sort: 'price' } },
}

/**
 * @param {number} rounds plans of each request and each of five turns; the first turn only warms up
 * @returns {Record<string, number>} microseconds a plan by kind of request, the median turn
 */
export function planTimes(rounds) {
  const times = Object.fromEntries(Object.keys(requests).map((name) => [name, []]))
  for (let turn = 0; turn < 5; turn++) {
    for (const [name, request] of Object.entries(requests)) {
      const input = { ...planInput(endpoints, request), health: () => health }
      const startedAt = performance.now()
      for (let seed = 0; seed < rounds; seed++) plan({ ...input, seed })
      if (turn > 0) times[name].push(((performance.now() - startedAt) / rounds) * 1000)
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, turns]) => [name, median(turns)]))
}

if (import.meta.main) {
  for (const [name, us] of Object.entries(planTimes(2_000))) console.log(`${name.padEnd(24)} ${us.toFixed(1)} µs`)
}
