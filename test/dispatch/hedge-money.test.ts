import { expect, it } from 'vitest'
import { randomOf } from '../../src/routing/random.ts'
import { type Behaviour, Fleet } from '../support/fleet.ts'

// What the fleet's answers meter, at its price; see hedge.test.ts.
const answerNanoUsd = 7_500_000
const statuses = [400, 429, 500, 503]

it('money and receipts add up whatever two calls and a client do', async () => {
  const seen = { hedged: 0, cancelled: 0, failed: 0, answered: 0 }
  for (let seed = 1; seed <= 200; seed++) {
    const random = randomOf(seed)
    const upTo = (most: number) => 1 + Math.floor(random() * most)
    const fleet = new Fleet({ providers: ['deepinfra', 'friendli', 'north', 'south'], seed })
    fleet.behave = (): Behaviour => {
      if (random() < 0.35) return { afterMs: upTo(800), status: statuses[upTo(4) - 1] ?? 500 }
      return { afterMs: upTo(1_500), ...(random() < 0.5 ? { beginsAfterMs: 1 } : {}) }
    }
    const client = new AbortController()
    const stream = random() < 0.5
    const asking = fleet.request({ stream, provider: { hedge: { after_ms: 100 } } }, client.signal)
    if (random() < 0.3) {
      await fleet.time.advance(upTo(1_200))
      client.abort()
    }
    await fleet.time.advance(20_000)
    const text = await asking.catch(() => '')
    fleet.time.stop()

    const [row, ...more] = fleet.rows
    if (!row || more.length > 0) throw new Error(`seed ${seed}: ${fleet.rows.length} rows`)
    const outcomes = row.attempts.map(({ outcome }) => outcome)
    const why = `seed ${seed}: ${outcomes}`
    expect(outcomes, why).toHaveLength(fleet.calls.length)
    expect(outcomes.filter((outcome) => outcome === 'ok').length, why).toBeLessThanOrEqual(1)
    expect(row.upstreamCostNanoUsd, why).toBeGreaterThanOrEqual(row.costNanoUsd)
    const lostNanoUsd = row.attempts.reduce((sum, { costNanoUsd = 0 }) => sum + costNanoUsd, 0)
    if (outcomes.includes('hedged')) seen.hedged++
    if (row.cancelled) seen.cancelled++
    else if (row.status !== 200) {
      seen.failed++
      expect([row.costNanoUsd, row.upstreamCostNanoUsd], why).toEqual([0, 0])
    } else {
      seen.answered++
      expect(text, why).toContain('Hi')
      expect(row.costNanoUsd, why).toBe(answerNanoUsd + lostNanoUsd)
    }
  }
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(10)
})
