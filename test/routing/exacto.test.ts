import { describe, expect, it } from 'vitest'
import type { ChatRequest } from '../../src/chat/request.ts'
import { endpointsOf } from '../../src/routing/endpoint-facts.ts'
import { exactoTiers } from '../../src/routing/exacto.ts'
import type { EndpointHealth } from '../../src/routing/health.ts'
import { plan } from '../../src/routing/plan.ts'
import { randomOf } from '../../src/routing/random.ts'
import { endpointRecord, healthy, modelEntry, planInput } from './records.ts'

const at = (p50: number) => ({ p50, p75: p50, p90: p50, p99: p50 })
const running = (tokensPerSecond: number, toolSuccess?: number): EndpointHealth =>
  healthy({ measured: true, throughput: at(tokensPerSecond), ...(toolSuccess === undefined ? {} : { toolSuccess }) })

/** Endpoints of one model, a company each, and what is known of them. */
function tiersOf(healths: (EndpointHealth | undefined)[], tags = healths.map((_, i) => `p${i}`)) {
  const known = endpointsOf(modelEntry(tags.map((tag) => endpointRecord(tag))))
  return exactoTiers(known, ({ endpoint }) => healths[tags.indexOf(endpoint.tag)])
}

describe('exactoTiers', () => {
  it('puts last who is much slower than the peers', () => {
    expect(tiersOf([running(100), running(20), running(110), running(90)])).toEqual([0, 2, 0, 0])
  })

  it('puts last who fumbles tool calls, however fast', () => {
    const healths = [running(100, 0.97), running(500, 0.6), running(110, 0.99), running(90, 0.98)]
    expect(tiersOf(healths)).toEqual([0, 2, 0, 0])
  })

  it('puts between them whom too little is known of', () => {
    const few = healthy({ throughput: at(1) })
    const silent = healthy({ measured: true })
    expect(tiersOf([running(100), undefined, running(110), few, running(90), running(95), silent])).toEqual([
      0, 1, 0, 1, 0, 0, 1,
    ])
  })

  it('tells nobody apart who is alike but for chance', () => {
    expect(tiersOf([running(100), running(100), running(100), running(97)])).toEqual([0, 0, 0, 0])
    expect(tiersOf([running(9, 1), running(9, 1), running(9, 1), running(9, 0.97)])).toEqual([0, 0, 0, 0])
  })

  it('needs four companies to compare, not four endpoints', () => {
    const fast = [running(100), running(100), running(100)]
    expect(tiersOf([...fast, undefined])).toBeNull()
    expect(tiersOf([...fast, running(1)], ['a', 'b', 'c', 'c/eu'])).toBeNull()
    expect(tiersOf([...fast, running(1)], ['a', 'b', 'c', 'd'])).toEqual([0, 0, 0, 2])
  })

  it('takes wide differences for what they are', () => {
    expect(tiersOf([running(20), running(60), running(100), running(140)])).toEqual([0, 0, 0, 0])
  })
})

const tools: ChatRequest['tools'] = [{ type: 'function', function: { name: 'f' } }]
const endpoints = [1, 0.1, 2, 3, 4].map((price, i) => endpointRecord(`p${i}`, price))
const health = { p0: running(100), p1: running(10), p2: running(110), p3: running(90) }

describe('a plan', () => {
  const first = (request: Partial<ChatRequest>, dynamics?: 'exacto'[]) => {
    const firsts = new Map<string, number>()
    const input = planInput(endpoints, request, { health })
    const entries = input.entries.map((entry) => (dynamics ? { ...entry, dynamics } : entry))
    for (let seed = 0; seed < 2000; seed++) {
      const tag = plan({ ...input, entries, seed }).attempts[0]?.endpoint.tag ?? ''
      firsts.set(tag, (firsts.get(tag) ?? 0) + 1)
    }
    return firsts
  }

  it('goes by quality where tools are called, and by price alone where not', () => {
    expect(first({ tools }).has('p1'), 'the cheap but slow one').toBe(false)
    expect(first({}).get('p1')).toBeGreaterThan(1900)
    expect(first({ tools, tool_choice: 'none' }).get('p1')).toBeGreaterThan(1900)
  })

  it('goes by quality where it is asked to', () => {
    expect(first({ provider: { sort: 'exacto' } }).has('p1')).toBe(false)
    expect(first({}, ['exacto']).has('p1')).toBe(false)
  })

  it.each([{ sort: 'price' as const }, { sort: 'latency' as const }, { order: ['p1'] }])(
    'goes by %j instead where that is asked for',
    (provider) => {
      // Of nobody's latency anything is known, so there too the price decides.
      expect([...first({ tools, provider }).keys()]).toEqual(['p1'])
    },
  )

  it('draws within the best tier with the probabilities that it notes', () => {
    const weights = [1, 1 / 4, 1 / 9]
    const total = weights.reduce((sum, weight) => sum + weight)
    const { attempts } = plan(planInput(endpoints, { tools }, { health }))
    const noted = new Map(attempts.map(({ endpoint, probability }) => [endpoint.tag, probability]))
    for (const [i, tag] of ['p0', 'p2', 'p3'].entries()) {
      const share = (weights[i] ?? 0) / total
      expect(noted.get(tag)).toBeCloseTo(share, 10)
      expect(Math.abs((first({ tools }).get(tag) ?? 0) / 2000 - share)).toBeLessThan(0.05)
    }
    expect([noted.get('p4'), noted.get('p1')]).toEqual([0, 0])
    expect(attempts.slice(3).map(({ endpoint }) => endpoint.tag)).toEqual(['p4', 'p1'])
  })

  it('puts what is down behind what is slow', () => {
    const down = { ...health, p0: { ...running(100), band: 'down' as const }, p2: healthy({ unstable: true }) }
    const { attempts } = plan(planInput(endpoints, { tools }, { health: down }))
    expect(attempts.map(({ endpoint }) => endpoint.tag).slice(-2)).toEqual(['p0', 'p2'])
  })

  it('never loses an endpoint to a tier: it reorders and nothing else', () => {
    const random = randomOf(7)
    for (let round = 0; round < 500; round++) {
      const count = 1 + Math.floor(random() * 6)
      const some = Array.from({ length: count }, (_, i) =>
        endpointRecord(`p${i}`, random() < 0.2 ? 0 : 1 + random() * 9),
      )
      const known: Record<string, EndpointHealth> = {}
      for (const { tag } of some) {
        if (random() < 0.7) known[tag] = running(1 + random() * 100, random() < 0.5 ? random() : undefined)
      }
      const made = plan(planInput(some, { tools }, { health: known, seed: round }))
      expect(made.attempts.map(({ endpoint }) => endpoint.tag).sort()).toEqual(some.map(({ tag }) => tag).sort())
      expect(made.out).toEqual([])
      const sum = made.attempts.reduce((total, { probability }) => total + probability, 0)
      expect(sum).toBeCloseTo(1, 10)
      expect(made.attempts[0]?.probability).toBeGreaterThan(0)
    }
  })
})
