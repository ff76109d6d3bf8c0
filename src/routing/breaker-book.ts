import {
  admitsCall,
  type Breaker,
  closedBreaker,
  hasOutage,
  isSuspect,
  noteAnswer,
  noteError,
  noteInconclusive,
  noteSuccess,
  rewind,
  streakOf,
  takeProbe,
} from './breaker.ts'
import type { HealthReport } from './health.ts'
import { totalsOf } from './tally.ts'

/** A 429 without `Retry-After` keeps an endpoint out for this long, one with it never longer than the maximum. */
const defaultCooldownMs = 5_000
export const maxCooldownMs = 300_000
/** What was not heard of for so long is forgotten. */
export const forgetAfterMs = 86_400_000
const sweepEveryMs = 3_600_000
/** No call is older: what is still counted as in flight then was never reported, because its request was killed. */
const longestCallMs = 600_000
/** An endpoint that is known to be broken leaves the probe of its provider to sound ones for this long. */
const sounderFirstMs = 3_000

interface KnownEndpoint {
  breaker: Breaker
  cooldownUntil: number
  seenAt: number
  inFlight: InFlight
}

interface InFlight {
  count: number
  lastBeganAt: number
}

/** The part of a book that must outlive its memory: breakers and cooldowns that are not plainly closed. */
export interface SavedBreakers {
  provider: Breaker
  endpoints: Record<string, { breaker: Breaker; cooldownUntil: number; seenAt: number }>
}

/**
 * The breakers of one provider, as one observer knows them: an isolate what it saw itself, a health object what it was
 * told. The provider has a breaker of its own over all attempts; it opens under the same condition when at least two
 * endpoints have errors, so that one broken model does not take the others of its provider out.
 */
export class BreakerBook {
  readonly provider: Breaker
  readonly #endpoints = new Map<string, KnownEndpoint>()
  readonly #inFlight: InFlight = { count: 0, lastBeganAt: 0 }
  #sweptAt = 0

  constructor(saved?: SavedBreakers) {
    this.provider = saved?.provider ?? closedBreaker()
    for (const [id, kept] of Object.entries(saved?.endpoints ?? {})) {
      this.#endpoints.set(id, { ...kept, inFlight: { count: 0, lastBeganAt: 0 } })
    }
  }

  /** A call starts. */
  begin(endpoint: string, now: number): void {
    addCall(this.#know(endpoint, now).inFlight, now)
    addCall(this.#inFlight, now)
  }

  /** A call that `begin` counted is over. */
  end(endpoint: string): void {
    const known = this.#endpoints.get(endpoint)
    if (known) known.inFlight.count = Math.max(0, known.inFlight.count - 1)
    this.#inFlight.count = Math.max(0, this.#inFlight.count - 1)
  }

  /** Notes an outcome, however late it comes. Answers whether a breaker, a cooldown or a probe changed by it. */
  record(report: HealthReport, now: number): boolean {
    const known = this.#know(report.endpoint, now)
    const { breaker } = known
    const at = Math.min(report.at, now)
    switch (report.outcome) {
      case 'success': {
        const closed = noteSuccess(breaker, at, now)
        return noteSuccess(this.provider, at, now) || closed
      }
      case 'answered': {
        const closed = noteAnswer(breaker, at, now)
        return noteAnswer(this.provider, at, now) || closed
      }
      case 'error': {
        // An endpoint that is out already says nothing new about its provider by failing its probe.
        const news = breaker.openUntil === 0 || this.provider.openUntil !== 0
        const opened = noteError(breaker, at, now)
        return (news && noteError(this.provider, at, now, this.#failing(now) > 1)) || opened
      }
      case 'rate-limited': {
        const asked = report.retryAfterMs ?? defaultCooldownMs
        const cooldownMs = asked >= 0 ? Math.min(asked, maxCooldownMs) : defaultCooldownMs
        known.cooldownUntil = Math.max(this.cooldownUntil(report.endpoint, now), at + cooldownMs)
        this.#noteInconclusive(breaker, now)
        return true
      }
      case 'excluded':
        return this.#noteInconclusive(breaker, now)
    }
  }

  /** What is known of an endpoint by itself, its provider aside. */
  breakerOf(endpoint: string): Breaker | undefined {
    return this.#endpoints.get(endpoint)?.breaker
  }

  cooldownUntil(endpoint: string, now: number): number {
    const until = this.#endpoints.get(endpoint)?.cooldownUntil ?? 0
    return until <= now ? 0 : Math.min(until, now + maxCooldownMs)
  }

  /** Whether an endpoint should come after the stable ones. */
  isUnstable(endpoint: string, now: number): boolean {
    const known = this.#endpoints.get(endpoint)
    if (known) {
      const { breaker } = known
      if (breaker.openUntil !== 0 || hasOutage(breaker, now) || isSuspect(breaker, known.inFlight.count, now))
        return true
    }
    const { provider } = this
    if (provider.openUntil !== 0) return true
    return isSuspect(provider, this.#inFlight.count, now) && streakOf(provider, now) > 1 && this.#failing(now) > 1
  }

  /** Grants a call to an endpoint and takes note of it where a breaker is open: then it is the probe, one at a time. */
  claimProbe(endpoint: string, now: number): boolean {
    const own = this.breakerOf(endpoint)
    if (!admitsCall(this.provider, now) || (own && !admitsCall(own, now))) return false
    if (own && own.openUntil !== 0 && this.#leavesToSounder(now)) return false
    takeProbe(this.provider, now)
    if (own) takeProbe(own, now)
    return true
  }

  /** Until when nothing is amiss by itself any more, 0 when all is well already; infinite while a breaker is open. */
  troubledUntil(now: number): number {
    let until = troubleOf(this.provider, 0)
    for (const known of this.#endpoints.values()) until = Math.max(until, troubleOf(known.breaker, known.cooldownUntil))
    return until <= now ? 0 : until
  }

  /** The clock went back to `now`: nothing lasts longer than it would had it begun now. */
  rewind(now: number): void {
    rewind(this.provider, now)
    for (const { breaker } of this.#endpoints.values()) rewind(breaker, now)
  }

  save(now: number): SavedBreakers {
    const endpoints: SavedBreakers['endpoints'] = {}
    for (const [id, { breaker, cooldownUntil, seenAt }] of this.#endpoints) {
      if (troubleOf(breaker, cooldownUntil) > now) endpoints[id] = { breaker, cooldownUntil, seenAt }
    }
    return { provider: this.provider, endpoints }
  }

  #know(endpoint: string, now: number): KnownEndpoint {
    let known = this.#endpoints.get(endpoint)
    if (known === undefined) {
      this.#sweep(now)
      const inFlight = { count: 0, lastBeganAt: now }
      known = { breaker: closedBreaker(), cooldownUntil: 0, seenAt: now, inFlight }
      this.#endpoints.set(endpoint, known)
    }
    known.seenAt = now
    return known
  }

  #sweep(now: number): void {
    if (Math.abs(now - this.#sweptAt) < sweepEveryMs) return
    this.#sweptAt = now
    for (const [id, { seenAt }] of this.#endpoints) if (seenAt < now - forgetAfterMs) this.#endpoints.delete(id)
  }

  /** How many endpoints have errors in the window, counted up to two. */
  #failing(now: number): number {
    let failing = 0
    for (const { breaker } of this.#endpoints.values()) {
      if (totalsOf(breaker.tally, now).errors > 0 && ++failing > 1) break
    }
    return failing
  }

  #noteInconclusive(breaker: Breaker, now: number): boolean {
    const freed = noteInconclusive(breaker, now)
    return noteInconclusive(this.provider, now) || freed
  }

  #leavesToSounder(now: number): boolean {
    const { provider } = this
    if (provider.openUntil === 0 || now >= provider.openUntil + sounderFirstMs) return false
    for (const { breaker } of this.#endpoints.values()) {
      if (breaker.openUntil === 0 && breaker.lastSuccessAt !== 0) return true
    }
    return false
  }
}

function addCall(inFlight: InFlight, now: number): void {
  if (now - inFlight.lastBeganAt > longestCallMs) inFlight.count = 0
  inFlight.count++
  inFlight.lastBeganAt = now
}

/** Until when a breaker or a cooldown may keep an endpoint from being called like any other. */
function troubleOf(breaker: Breaker, cooldownUntil: number): number {
  if (breaker.openUntil !== 0) return Number.POSITIVE_INFINITY
  const lastError = breaker.tally.slices.findLast((slice) => slice.errors > 0)
  const windowEnd = lastError === undefined ? 0 : (lastError.slot + breaker.tally.keep) * breaker.tally.widthMs
  return Math.max(windowEnd, cooldownUntil)
}
