import { describe, expect, it, vi } from 'vitest'
import type { Admission } from '../../src/dispatch/keys.ts'
import { Patience } from '../../src/edge/patience.ts'
import { AdmissionGuard } from '../../src/objects/admission-guard.ts'

vi.spyOn(console, 'warn').mockReturnValue()

const limit = { requests: 5, windowMs: 10_000 }
const policy = { hash: 'h', label: 'l', kind: 'inference' as const, rateLimit: limit }
const admitted: Admission = { admitted: true, policy }
const start = 1_800_000_000_000

const away = () => Promise.reject(Object.assign(new Error('away'), { remote: true }))
const never = () => new Promise<Admission>(() => {})

function guarded(degraded: boolean, timeoutMs = 30) {
  const clock = { now: start }
  return { guard: new AdmissionGuard({ timeoutMs, degraded, now: () => clock.now }), clock }
}

async function admittedOf(guard: AdmissionGuard, times: number, ask: () => Promise<Admission>): Promise<number> {
  let count = 0
  for (let i = 0; i < times; i++) if ((await guard.admit('h', ask, new Patience())).admitted) count++
  return count
}

describe('closed', () => {
  it('rejects when the object fails, and when it does not answer in time, whatever it said before', async () => {
    const { guard } = guarded(false)
    expect(await guard.admit('h', async () => admitted, new Patience())).toBe(admitted)
    await expect(guard.admit('h', away, new Patience())).rejects.toThrow('away')
    await expect(guard.admit('h', never, new Patience())).rejects.toThrow('no answer within 30 ms')
  })

  it('asks an object that was reset once more, and no more than that', async () => {
    const { guard } = guarded(false, 5_000)
    let asked = 0
    const reset = async () => {
      asked += 1
      if (asked % 3 !== 0) throw Object.assign(new Error('reset'), { retryable: true })
      return admitted
    }
    await expect(guard.admit('h', reset, new Patience())).rejects.toThrow('reset')
    expect(asked).toBe(2)
    expect(await guard.admit('h', reset, new Patience())).toBe(admitted)
  })

  it.each([{ remote: true }, { overloaded: true }])('does not ask again where that helps nobody: %o', async (mark) => {
    const { guard } = guarded(false, 5_000)
    const ask = vi.fn(() => Promise.reject(Object.assign(new Error('no'), mark)))
    await expect(guard.admit('h', ask, new Patience())).rejects.toThrow('no')
    expect(ask).toHaveBeenCalledTimes(1)
  })
})

describe('degraded', () => {
  it('refuses a key that this isolate has never seen, or not for ten minutes', async () => {
    const { guard, clock } = guarded(true)
    await expect(guard.admit('h', away, new Patience())).rejects.toThrow('away')
    await guard.admit('h', async () => admitted, new Patience())
    clock.now += 10 * 60_000
    expect(await guard.admit('h', away, new Patience())).toEqual(admitted)
    clock.now += 2_001
    await expect(guard.admit('h', away, new Patience())).rejects.toThrow('away')
  })

  it('counts on exactly where the object stopped: never more than the limit in a window', async () => {
    const { guard, clock } = guarded(true)
    expect(await admittedOf(guard, 3, async () => admitted)).toBe(3)
    clock.now += 4_000
    expect(await admittedOf(guard, 10, away)).toBe(2)
    expect(await guard.admit('h', away, new Patience())).toEqual({
      admitted: false,
      reason: 'rate-limited',
      limit: 5,
      windowMs: 10_000,
      resetAt: start + 10_000,
      retryAfterMs: 6_000,
    })
    clock.now = start + 10_000
    expect(await admittedOf(guard, 10, away)).toBe(3)
  })

  it('holds the limit in real time over a clock that jumps back and forth', async () => {
    const { guard, clock } = guarded(true)
    await guard.admit('h', async () => admitted, new Patience())
    let real = 0
    const times: number[] = [0]
    for (let i = 0; i < 400; i++) {
      const stepMs = (i * 7_919) % 1_700
      real += stepMs
      clock.now += stepMs
      // Back by up to five minutes; forwards a clock that jumps cannot be told from time that passes.
      if (i % 11 === 5) clock.now -= (i * 104_729) % 300_000
      if (i % 37 === 0) await guard.admit('h', async () => admitted, new Patience()).then(() => times.push(real))
      else if ((await guard.admit('h', away, new Patience()).catch(() => null))?.admitted) times.push(real)
    }
    // What the object admitted is its own affair, so only windows without it are judged.
    expect(times.length).toBeGreaterThan(50)
    for (let i = 0; i + limit.requests + 1 < times.length; i++) {
      const spanMs = (times[i + limit.requests + 1] ?? 0) - (times[i] ?? 0)
      expect(spanMs).toBeGreaterThanOrEqual(limit.windowMs)
    }
  })

  it('never lets a key through whose spending is limited', async () => {
    const { guard } = guarded(true)
    await guard.admit('h', async () => ({ admitted: true, policy: { ...policy, spendLimited: true } }), new Patience())
    await expect(guard.admit('h', away, new Patience())).rejects.toThrow('away')
  })

  it('refuses a key that expires meanwhile, and one that its object called bad', async () => {
    const { guard, clock } = guarded(true)
    await guard.admit(
      'h',
      async () => ({ admitted: true, policy: { ...policy, expiresAt: start + 1_000 } }),
      new Patience(),
    )
    expect(await guard.admit('h', away, new Patience())).toMatchObject({ admitted: true })
    clock.now += 1_000
    expect(await guard.admit('h', away, new Patience())).toEqual({ admitted: false, reason: 'expired' })
    clock.now += 3_000
    await guard.admit('h', async () => admitted, new Patience())
    await guard.admit('h', async () => ({ admitted: false, reason: 'disabled' }), new Patience())
    await expect(guard.admit('h', away, new Patience())).rejects.toThrow('away')
  })

  it('waits for a silent object once in two seconds, not with every request', async () => {
    const { guard, clock } = guarded(true)
    await guard.admit('h', async () => admitted, new Patience())
    const silent = vi.fn(never)
    for (let i = 0; i < 4; i++) await guard.admit('h', silent, new Patience())
    expect(silent).toHaveBeenCalledTimes(1)
    clock.now += 2_000
    await guard.admit('h', silent, new Patience())
    expect(silent).toHaveBeenCalledTimes(2)
  })

  it('sets no limit where the key has none', async () => {
    const { guard } = guarded(true)
    await guard.admit('h', async () => ({ admitted: true, policy: { ...policy, rateLimit: null } }), new Patience())
    expect(await admittedOf(guard, 100, away)).toBe(100)
  })
})
