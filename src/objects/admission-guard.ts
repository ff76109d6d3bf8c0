import type { Admission, KeyPolicy } from '../dispatch/keys.ts'
import type { Patience } from '../edge/patience.ts'
import { SlidingWindow } from '../routing/window.ts'

/** A key that its object admitted within this time may go on without it in degraded mode. */
const trustMs = 10 * 60_000
/** After a failure of a key's object it is left alone for so long in degraded mode: not every request waits for it. */
const leaveAloneMs = 2_000
/** What is left of the time is not worth a second try. */
const minRetryMs = 100
const maxKnown = 4_096

export interface GuardOptions {
  /** How long a key object may take to answer. */
  timeoutMs: number
  /** Whether a key that was admitted lately goes on while its object is away. Default: it is refused. */
  degraded: boolean
  /** Epoch milliseconds. */
  now?: () => number
}

/** What this isolate knows of a key for the case that its object goes away. */
interface Known {
  policy: KeyPolicy
  admittedAt: number
  window: SlidingWindow
  leaveAloneUntil: number
}

/**
 * Bounds the one hop before the upstream call. An object that was reset (evicted, moved, deployed anew) is asked once
 * more, which fills no window twice; one that is slow or broken rejects, and nothing is sent anywhere.
 *
 * In degraded mode a key that this isolate saw admitted in the last ten minutes goes on under its own limit, counted
 * exactly in this isolate over its admissions of before and after. Never a key whose spending is limited: an object that
 * cannot be asked cannot say what is left.
 */
export class AdmissionGuard {
  readonly #timeoutMs: number
  readonly #now: () => number
  readonly #known: Map<string, Known> | null

  constructor({ timeoutMs, degraded, now = Date.now }: GuardOptions) {
    this.#timeoutMs = timeoutMs
    this.#now = now
    this.#known = degraded ? new Map() : null
  }

  /** Rejects when the key's object does not answer and the key may not go on without it. */
  admit(keyHash: string, ask: () => Promise<Admission>, patience: Patience): Promise<Admission> {
    return this.#known === null ? this.#ask(ask, patience) : this.#admit(this.#known, keyHash, ask, patience)
  }

  async #admit(
    all: Map<string, Known>,
    keyHash: string,
    ask: () => Promise<Admission>,
    patience: Patience,
  ): Promise<Admission> {
    const known = all.get(keyHash)
    const now = this.#now()
    // Longer than it may be, it was set by a clock that was ahead.
    const alone = known !== undefined && now < known.leaveAloneUntil && known.leaveAloneUntil <= now + leaveAloneMs
    const local = alone ? this.#admitLocally(known, now) : null
    if (local !== null) return local
    try {
      const admission = await this.#ask(ask, patience)
      this.#note(all, keyHash, admission)
      return admission
    } catch (error) {
      const later = this.#now()
      const admission = known === undefined ? null : this.#admitLocally(known, later)
      if (known === undefined || admission === null) throw error
      known.leaveAloneUntil = later + leaveAloneMs
      console.warn(JSON.stringify({ event: 'admitted-without-key-object', error: nameOf(error) }))
      return admission
    }
  }

  async #ask(ask: () => Promise<Admission>, patience: Patience): Promise<Admission> {
    const startedAt = this.#now()
    try {
      return await patience.within(this.#timeoutMs, ask())
    } catch (error) {
      const leftMs = Math.min(this.#timeoutMs, startedAt + this.#timeoutMs - this.#now())
      if (leftMs < minRetryMs || !isWorthAnotherTry(error)) throw error
      return patience.within(leftMs, ask())
    }
  }

  #admitLocally(known: Known, now: number): Admission | null {
    const { policy, admittedAt, window } = known
    if (policy.spendLimited || Math.abs(now - admittedAt) > trustMs) return null
    if (policy.expiresAt !== undefined && now >= policy.expiresAt) return { admitted: false, reason: 'expired' }
    const limit = policy.rateLimit
    if (limit === null) return { admitted: true, policy }
    window.observe(now)
    const resetAt = window.fullUntil(limit, now)
    if (resetAt !== null)
      return {
        admitted: false,
        reason: 'rate-limited',
        limit: limit.requests,
        windowMs: limit.windowMs,
        resetAt,
        retryAfterMs: resetAt - now,
      }
    window.add(limit, now)
    return { admitted: true, policy }
  }

  #note(all: Map<string, Known>, keyHash: string, admission: Admission): void {
    if (!admission.admitted) {
      // A key that its object calls bad is not let through on older news.
      if (admission.reason !== 'rate-limited' && admission.reason !== 'limit-exceeded') all.delete(keyHash)
      return
    }
    const now = this.#now()
    const { policy } = admission
    const window = all.get(keyHash)?.window ?? new SlidingWindow()
    if (policy.rateLimit !== null) {
      window.observe(now)
      window.fullUntil(policy.rateLimit, now)
      window.add(policy.rateLimit, now)
    }
    all.delete(keyHash)
    all.set(keyHash, { policy, admittedAt: now, window, leaveAloneUntil: 0 })
    if (all.size <= maxKnown) return
    for (const oldest of all.keys()) {
      all.delete(oldest)
      return
    }
  }
}

/** Not where the object itself failed, or has too much to do already. */
function isWorthAnotherTry(error: unknown): boolean {
  const { remote, overloaded } = error as { remote?: boolean; overloaded?: boolean }
  return remote !== true && overloaded !== true
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown'
}
