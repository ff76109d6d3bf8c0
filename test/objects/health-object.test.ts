import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { HealthMessage, HealthReport } from '../../src/routing/health.ts'

const second = 1000
// A reborn object reads the real clock until the test holds it again: that must not seem to have gone back.
const start = Date.now() - 60 * second

/** A health object whose clock stands at `now.at`. Eviction takes the clock with it, so it is set again afterwards. */
async function objectOf(name: string) {
  const now = { at: start }
  const stub = env.HEALTH.get(env.HEALTH.idFromName(name))
  const hold = () =>
    runInDurableObject(stub, (object) => {
      object.clock = () => now.at
      object.saveStatisticsAfterMs = 10
    })
  await hold()
  let firstSequence = 0
  const report = (reports: Omit<HealthReport, 'at'>[], change: Partial<HealthMessage> = {}) => {
    const told = reports.map((one) => ({ ...one, at: now.at }))
    const message = { isolate: 'i', firstSequence, sentAt: now.at, reports: told, knownRevision: 0, ...change }
    firstSequence += reports.length
    return stub.report(message)
  }
  const evict = async () => {
    await evictDurableObject(stub)
    await hold()
  }
  return { stub, now, report, evict }
}

const error = { endpoint: 'acme:acme/m1', outcome: 'error' as const }
const success = { endpoint: 'acme:acme/m1', outcome: 'success' as const, latencyMs: 250, tokensPerSecond: 80 }

/** The saves behind the answers are done. */
const saved = () => new Promise((resolve) => setTimeout(resolve, 50))

describe('a health object', () => {
  it('answers a report with what it knows, its provider by name', async () => {
    const { report } = await objectOf('acme@EU')
    const snapshot = await report([success, success])
    expect(snapshot).toMatchObject({ provider: 'acme', takenAt: start, providerOpenUntil: 0 })
    expect(snapshot.endpoints[success.endpoint]).toMatchObject({ openUntil: 0, unstable: false })
    expect(snapshot.endpoints[success.endpoint]?.throughput?.p90).toBeGreaterThan(78)
  })

  it('opens on failures and grants one probe an interval to everybody', async () => {
    const { stub, now, report } = await objectOf('acme@NA')
    const snapshot = await report([error, error, error])
    expect(snapshot.endpoints[error.endpoint]).toMatchObject({ openUntil: start + 30 * second, unstable: true })
    now.at = start + 30 * second
    const claims = await Promise.all(Array.from({ length: 20 }, () => stub.claimProbe(error.endpoint)))
    expect(claims.filter(Boolean)).toHaveLength(1)
    now.at += 100
    await report([success])
    expect((await stub.snapshot()).endpoints[error.endpoint]).toMatchObject({ openUntil: 0, unstable: false })
  })

  it('keeps an open breaker, a cooldown and a probe that is out through an eviction', async () => {
    const { stub, now, report, evict } = await objectOf('acme@AS')
    await report([
      error,
      error,
      error,
      { endpoint: 'acme:acme/m2', outcome: 'rate-limited', retryAfterMs: 120 * second },
    ])
    await saved()
    await evict()
    const { endpoints } = await stub.snapshot()
    expect(endpoints[error.endpoint]?.openUntil).toBe(start + 30 * second)
    expect(endpoints['acme:acme/m2']?.cooldownUntil).toBe(start + 120 * second)

    now.at = start + 31 * second
    expect(await stub.claimProbe(error.endpoint)).toBe(true)
    await saved()
    await evict()
    expect(await stub.claimProbe(error.endpoint)).toBe(false)
  })

  it('keeps a breaker closed by its probe through an eviction', async () => {
    const { stub, now, report, evict } = await objectOf('acme@SA')
    await report([error, error, error])
    now.at = start + 31 * second
    await report([success])
    await saved()
    await evict()
    expect((await stub.snapshot()).endpoints[error.endpoint]?.openUntil ?? 0).toBe(0)
    expect(await stub.claimProbe(error.endpoint)).toBe(true)
  })

  it('gives an isolate everything again after an eviction', async () => {
    const { report, evict } = await objectOf('acme@OC')
    const { revision } = await report([error, error, error])
    expect(Object.keys((await report([], { knownRevision: revision })).endpoints)).toEqual([])
    await saved()
    await evict()
    expect(Object.keys((await report([], { knownRevision: revision })).endpoints)).toEqual([error.endpoint])
  })

  it('answers from what was stored by statistics too', async () => {
    const { stub, report, evict } = await objectOf('acme@AF')
    await report(Array.from({ length: 20 }, () => success))
    const before = (await stub.snapshot()).endpoints[success.endpoint]
    await saved()
    await evict()
    expect((await stub.snapshot()).endpoints[success.endpoint]).toEqual(before)
  })
})
