/** At most `requests` admissions in any window of `windowMs`. */
export interface RateLimit {
  requests: number
  windowMs: number
}

export const defaultRateLimit: RateLimit = { requests: 40, windowMs: 10_000 }

/** So many admissions at one moment (epoch milliseconds). */
export type Admissions = [at: number, count: number]

const maxEntries = 10_000

/**
 * An exact sliding window: the admission times of one key, run-length encoded by the millisecond. The window is half
 * open: an admission at t has left it when `now - t >= windowMs`. What is refused is not recorded.
 *
 * A clock that goes back would make admissions look younger than they are, so the whole window moves back with it: as
 * if no time had passed in between. That never admits too many and makes nobody wait longer than one window.
 */
export class SlidingWindow {
  #entries: Admissions[]
  /** Index of the oldest entry still inside; what lies before it is cut off now and then. */
  #head = 0
  #held = 0
  #seenAt: number

  constructor(admissions: Iterable<Readonly<Admissions>> = []) {
    this.#entries = Array.from(admissions, ([at, count]): Admissions => [at, count]).sort(([a], [b]) => a - b)
    for (const [, count] of this.#entries) this.#held += count
    this.#seenAt = this.#entries.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY
  }

  /** Takes note of the clock; to be called before the other methods. True when it went back and all times moved. */
  observe(now: number): boolean {
    const back = this.#seenAt - now
    this.#seenAt = now
    if (!(back > 0) || this.#head === this.#entries.length) return false
    for (let i = this.#head; i < this.#entries.length; i++) (this.#entries[i] as Admissions)[0] -= back
    return true
  }

  /** Null when one more may be admitted now, otherwise the time (epoch milliseconds) at which it may. */
  fullUntil(limit: RateLimit, now: number): number | null {
    this.#leave(limit, now)
    let leaving = this.#held - limit.requests + 1
    if (leaving <= 0) return null
    for (let i = this.#head; i < this.#entries.length; i++) {
      const [at, count] = this.#entries[i] as Admissions
      leaving -= count
      if (leaving <= 0) return at + limit.windowMs
    }
    return now + limit.windowMs
  }

  /** How many more may be admitted now. */
  room(limit: RateLimit, now: number): number {
    this.#leave(limit, now)
    return Math.max(0, limit.requests - this.#held)
  }

  /** Records an admission; the caller has made sure that there is room. */
  add(limit: RateLimit, now: number): void {
    this.#held += 1
    // Exact while it can be: only a limit above 10,000 in a window longer than 10 s is kept coarser than a millisecond,
    // on the safe side, since joined admissions leave together with the last of them.
    const resolutionMs = limit.requests <= maxEntries ? 1 : Math.ceil(limit.windowMs / maxEntries)
    const last = this.#head < this.#entries.length ? this.#entries.at(-1) : undefined
    if (last !== undefined && Math.floor(last[0] / resolutionMs) === Math.floor(now / resolutionMs)) {
      last[0] = now
      last[1] += 1
    } else {
      this.#entries.push([now, 1])
    }
  }

  /** What the window holds, oldest first; a window made from it goes on where this one stands. */
  admissions(): Admissions[] {
    return this.#entries.slice(this.#head).map(([at, count]) => [at, count])
  }

  #leave(limit: RateLimit, now: number): void {
    let oldest = this.#entries[this.#head]
    while (oldest !== undefined && now - oldest[0] >= limit.windowMs) {
      this.#held -= oldest[1]
      this.#head += 1
      oldest = this.#entries[this.#head]
    }
    if (this.#head * 2 > this.#entries.length) {
      this.#entries.splice(0, this.#head)
      this.#head = 0
    }
  }
}
