// How long one plan takes over 200 candidate endpoints: `node test/bench/plan.mjs`. Aim: under 100 µs.

import { plan } from '../../src/routing/plan.ts'
import { endpointRecord, healthy, planInput } from '../routing/records.ts'

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

for (const [name, request] of Object.entries(requests)) {
  const input = { ...planInput(endpoints, request), health: () => health }
  const rounds = 5000
  for (let seed = 0; seed < rounds; seed++) plan({ ...input, seed })
  const startedAt = performance.now()
  for (let seed = 0; seed < rounds; seed++) plan({ ...input, seed })
  console.log(`${name.padEnd(24)} ${(((performance.now() - startedAt) / rounds) * 1000).toFixed(1)} µs`)
}
