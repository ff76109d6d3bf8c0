export interface KeptOptions {
  /** A value younger than this is not asked for again. */
  freshMs: number
  /** A value older than this is not answered before another was asked for. */
  maxAgeMs: number
  /** For how long "there is none" is believed. */
  missingMs: number
  /** For how long another request's load is waited for, and after a failed refresh, how long until the next. */
  patienceMs: number
  maxValues: number
  maxMissing: number
}

/** What one request lends: its own load, its own clock, its own `waitUntil`. */
export interface KeptAccess<T> {
  /** Epoch milliseconds. */
  now: number
  /** The value and when it was true, in epoch milliseconds; null when there is none. */
  load(): Promise<Dated<T> | null>
  /** Keeps the request's context alive for a promise that never rejects. */
  background(promise: Promise<unknown>): void
}

export interface Dated<T> {
  value: T
  at: number
}

interface Slot<T> extends Dated<T> {
  /** When its last refresh was begun. */
  refreshedAt?: number
  /** When it was too old and no newer one was to be had: for a while it serves on without anybody waiting. */
  unrenewedAt?: number
}

interface Flight<T> {
  startedAt: number
  result: Promise<T | null>
}

/**
 * Values by key in isolate memory, stale while revalidate. A kept value is answered at once, and a stale one is refreshed
 * behind the answer; only the first asker of a key waits, and who asks an isolate that was idle for so long that nobody
 * knows what happened meanwhile. When loads fail, old values stay.
 *
 * Bounded on both sides: known values push out the one refreshed longest ago, and unknown keys, which a client can make
 * up without end, live in a small map of their own.
 */
export class KeptValues<T> {
  readonly #values = new Map<string, Slot<T>>()
  /** Key → when it was found missing. */
  readonly #missing = new Map<string, number>()
  readonly #flights = new Map<string, Flight<T>>()

  constructor(
    private readonly options: KeptOptions,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  get size(): number {
    return this.#values.size + this.#missing.size
  }

  /** A plain value whenever one is kept. Rejects with the load's error only when nothing is. */
  get(key: string, access: KeptAccess<T>): T | null | Promise<T | null> {
    const { now } = access
    const slot = this.#values.get(key)
    if (slot) {
      const { freshMs, maxAgeMs, patienceMs } = this.options
      const holds = !this.#isTooOld(slot, now) || within(maxAgeMs, slot.unrenewedAt, now)
      if (!holds) return this.#renewed(slot, key, access)
      if (!within(freshMs, slot.at, now) && !within(patienceMs, slot.refreshedAt, now)) {
        slot.refreshedAt = now
        const failed = (error: unknown) => {
          this.#keepOn(slot, now)
          this.onFailure(error)
        }
        access.background(this.#load(key, access).catch(failed))
      }
      return slot.value
    }
    if (within(this.options.missingMs, this.#missing.get(key), now)) return null
    return this.#joinOrStart(key, access, now)
  }

  /** Not by a clock that was set back: nobody knows how old the value is then. */
  #isTooOld(slot: Dated<T>, now: number): boolean {
    return now - slot.at >= this.options.maxAgeMs
  }

  #keepOn(slot: Slot<T>, now: number): void {
    if (this.#isTooOld(slot, now)) slot.unrenewedAt = now
  }

  /** The value as it is now, or the old one where that is not to be had in time. */
  #renewed(slot: Slot<T>, key: string, access: KeptAccess<T>): Promise<T | null> {
    const { now } = access
    const { patienceMs } = this.options
    const flight = this.#flights.get(key)
    const result = flight && within(patienceMs, flight.startedAt, now) ? flight.result : this.#start(key, access, now)
    slot.refreshedAt = now
    return new Promise((resolve) => {
      const giveUp = () => {
        this.#keepOn(slot, now)
        resolve(slot.value)
      }
      const timer = setTimeout(giveUp, patienceMs)
      result
        .then(resolve, (error) => {
          this.onFailure(error)
          giveUp()
        })
        .finally(() => clearTimeout(timer))
    })
  }

  #joinOrStart(key: string, access: KeptAccess<T>, now: number): Promise<T | null> {
    const flight = this.#flights.get(key)
    return flight && within(this.options.patienceMs, flight.startedAt, now)
      ? this.#join(flight, key, access, now)
      : this.#start(key, access, now)
  }

  #start(key: string, access: KeptAccess<T>, now: number): Promise<T | null> {
    const result = this.#load(key, access).finally(() => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key)
    })
    const flight: Flight<T> = { startedAt: now, result }
    this.#flights.set(key, flight)
    // Others wait for this too, so it must outlive the request that happened to be first.
    access.background(result.catch(() => undefined))
    return result
  }

  /**
   * Waits for another request's load, but not forever: where that request's context is gone its I/O never settles, and
   * then this one asks for itself.
   */
  #join(flight: Flight<T>, key: string, access: KeptAccess<T>, now: number): Promise<T | null> {
    const { patienceMs } = this.options
    return new Promise((resolve, reject) => {
      // The first whose patience ends asks, and the others wait for that.
      const again = () => {
        const slot = this.#values.get(key)
        resolve(slot ? slot.value : this.#joinOrStart(key, access, now + patienceMs))
      }
      const timer = setTimeout(again, patienceMs)
      flight.result.then(resolve, reject).finally(() => clearTimeout(timer))
    })
  }

  async #load(key: string, access: KeptAccess<T>): Promise<T | null> {
    const loaded = await access.load()
    if (loaded) this.keep(key, loaded, access.now)
    else this.#forget(key, access.now)
    return loaded?.value ?? null
  }

  /** Keeps what the owner knows without a load; an older value never replaces a newer one. `now` in epoch milliseconds. */
  keep(key: string, loaded: Dated<T>, now: number): void {
    this.#missing.delete(key)
    const slot = this.#values.get(key)
    // An older copy must not replace a newer one; but a time to come is the mark of a clock that was set back.
    if (slot && slot.at > loaded.at && slot.at <= now) {
      this.#keepOn(slot, now)
      return
    }
    const kept: Slot<T> = { ...loaded }
    if (slot?.refreshedAt !== undefined) kept.refreshedAt = slot.refreshedAt
    // An old copy, for want of a newer one.
    this.#keepOn(kept, now)
    this.#values.delete(key)
    this.#values.set(key, kept)
    dropOldest(this.#values, this.options.maxValues)
  }

  #forget(key: string, now: number): void {
    this.#values.delete(key)
    this.#missing.delete(key)
    this.#missing.set(key, now)
    dropOldest(this.#missing, this.options.maxMissing)
  }
}

/** False for a time in the future as well: the clock was set back, and nobody knows how old the value is. */
function within(spanMs: number, since: number | undefined, now: number): boolean {
  return since !== undefined && now >= since && now - since < spanMs
}

function dropOldest(map: Map<string, unknown>, max: number): void {
  for (const key of map.keys()) {
    if (map.size <= max) return
    map.delete(key)
  }
}
