import { emptyTally, type Tally, tallyCall, totalsOf } from './tally.ts'

/** How far back attempts are judged. */
export const windowMs = 30_000
/** How long an open breaker keeps calls away before a probe. */
export const openMs = 30_000
/** A probe that was granted and never heard of again makes room for the next one after this. */
const probeLeaseMs = 30_000
/** A probe that decided nothing (a 429, the client's own fault) makes room after this. */
const inconclusiveProbeMs = 5_000
/** Errors, in a row or as half of the attempts, that make an outage significant. */
const outageErrors = 3
const outageShare = 0.5

/**
 * A circuit breaker: closed, open until a time, then probing: calls still stay away but for one probe, whose verdict
 * closes it or opens it again. Plain data, so that it can be stored; the functions below change it in place because it
 * is touched by every call. All times are epoch milliseconds and arrive as arguments.
 */
export interface Breaker {
  /** The attempts of the window. */
  tally: Tally
  /** The last errors since the last success, oldest first, as many as make an outage. */
  streak: number[]
  lastSuccessAt: number
  /** What happened before this no longer counts: a probe succeeded then. */
  resetAt: number
  /** 0 = closed. It stays set after its time has come, until a verdict. */
  openUntil: number
  /** Until then the probe is taken. 0 = it is free. */
  probeUntil: number
}

export type BreakerState = 'closed' | 'open' | 'probing'

export function closedBreaker(): Breaker {
  return {
    tally: emptyTally(1_000, windowMs / 1_000),
    streak: [],
    lastSuccessAt: 0,
    resetAt: 0,
    openUntil: 0,
    probeUntil: 0,
  }
}

export function stateOf(breaker: Breaker, now: number): BreakerState {
  if (breaker.openUntil === 0) return 'closed'
  return now < breaker.openUntil ? 'open' : 'probing'
}

/** Whether the attempts of the window are a significant outage (`openrouter-routing.md` §3.7). */
export function hasOutage(breaker: Breaker, now: number): boolean {
  if (streakOf(breaker, now) >= outageErrors) return true
  const { successes, errors } = totalsOf(breaker.tally, now)
  return errors >= outageErrors && errors >= (successes + errors) * outageShare
}

/** How many of the latest attempts have failed in a row within the window, at most as many as make an outage. */
export function streakOf(breaker: Breaker, now: number): number {
  let count = 0
  for (const at of breaker.streak) if (at > now - windowMs) count++
  return count
}

/**
 * Whether the calls now in flight would, if they failed like the ones before them, make an outage already: one more call
 * would only add to it. While it is so, others are to be preferred. It keeps the calls that a provider gets after it
 * began to fail near the three that open the breaker, where calls are many and failures slow.
 */
export function isSuspect(breaker: Breaker, inFlight: number, now: number): boolean {
  if (breaker.streak.length === 0) return false
  const streak = streakOf(breaker, now)
  return streak > 0 && inFlight >= outageErrors - streak
}

/** Notes a success at `at`. Answers whether it closed the breaker. */
export function noteSuccess(breaker: Breaker, at: number, now: number): boolean {
  rewind(breaker, now)
  if (at < breaker.resetAt) return false
  tallyCall(breaker.tally, at, true, now)
  return noteAnswer(breaker, at, now)
}

/** Notes that a call is being answered, without counting an attempt. Answers whether it closed the breaker. */
export function noteAnswer(breaker: Breaker, at: number, now: number): boolean {
  rewind(breaker, now)
  if (at < breaker.resetAt) return false
  breaker.lastSuccessAt = Math.max(breaker.lastSuccessAt, at)
  if (breaker.streak.length > 0) breaker.streak = breaker.streak.filter((errorAt) => errorAt > at)
  // A call from before the outage may end well in the midst of it: that says nothing about new calls.
  if (breaker.openUntil === 0 || at < breaker.openUntil) return false
  closeBreaker(breaker, at)
  return true
}

/** Notes an error at `at`. Answers whether it opened the breaker, or opened it again. */
export function noteError(breaker: Breaker, at: number, now: number, mayOpen = true): boolean {
  rewind(breaker, now)
  if (at < breaker.resetAt || at <= now - windowMs) return false
  tallyCall(breaker.tally, at, false, now)
  if (at >= breaker.lastSuccessAt) {
    breaker.streak = [...breaker.streak, at].sort((a, b) => a - b).slice(-outageErrors)
  }
  if (breaker.openUntil !== 0 ? at < breaker.openUntil : !mayOpen || !hasOutage(breaker, now)) return false
  breaker.openUntil = now + openMs
  breaker.probeUntil = 0
  return true
}

/** Notes an outcome that says nothing about health. Answers whether a probe that was out has become free again. */
export function noteInconclusive(breaker: Breaker, now: number): boolean {
  rewind(breaker, now)
  if (breaker.probeUntil <= now + inconclusiveProbeMs) return false
  breaker.probeUntil = now + inconclusiveProbeMs
  return true
}

/** Forgets the outage: everything counts from `at` on. */
export function closeBreaker(breaker: Breaker, at: number): void {
  breaker.openUntil = 0
  breaker.probeUntil = 0
  breaker.streak = []
  breaker.tally.slices = []
  breaker.resetAt = at
}

/** Whether a call would be allowed: always when closed, and as the probe when the time has come and none is out. */
export function admitsCall(breaker: Breaker, now: number): boolean {
  rewind(breaker, now)
  return breaker.openUntil === 0 || (now >= breaker.openUntil && now >= breaker.probeUntil)
}

/** Marks the probe of a breaker as taken, if it is open. */
export function takeProbe(breaker: Breaker, now: number): void {
  if (breaker.openUntil !== 0) breaker.probeUntil = now + probeLeaseMs
}

/** Times that cannot be any more, because the clock went back, are brought to what they can be at most. */
export function rewind(breaker: Breaker, now: number): void {
  if (breaker.openUntil > now + openMs) breaker.openUntil = now + openMs
  if (breaker.probeUntil > now + probeLeaseMs) breaker.probeUntil = now + probeLeaseMs
  if (breaker.lastSuccessAt > now) breaker.lastSuccessAt = now
  if (breaker.resetAt > now) breaker.resetAt = now
  if ((breaker.streak.at(-1) ?? 0) > now) breaker.streak = breaker.streak.filter((at) => at <= now)
}
