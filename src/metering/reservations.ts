import { addNanoUsd } from './spend.ts'

/** Money held back for a request in flight. Times are epoch milliseconds. */
export interface Reservation {
  id: string
  nanoUsd: number
  expiresAt: number
}

/** Longer than any whole answer takes. A stream that goes on renews, so that only a request whose isolate died expires. */
export const reservationTtlMs = 15 * 60_000
/** A stream renews this often: two renewals may be lost before its reservation is. */
export const renewEveryMs = reservationTtlMs / 3

/** What a key's requests in flight may still cost, the soonest to expire first. Each is held once and released once. */
export class Reservations {
  readonly #open = new Map<string, Reservation>()
  #seenAt = Number.POSITIVE_INFINITY

  constructor(open: Iterable<Reservation> = []) {
    for (const reservation of open) this.#open.set(reservation.id, reservation)
  }

  has(id: string): boolean {
    return this.#open.has(id)
  }

  hold(id: string, nanoUsd: number, now: number): Reservation {
    const reservation = { id, nanoUsd, expiresAt: now + reservationTtlMs }
    this.#open.set(id, reservation)
    return reservation
  }

  /** Holds it for another while; null where it is not held. */
  renew(id: string, now: number): Reservation | null {
    const held = this.#open.get(id)
    if (held === undefined) return null
    this.#open.delete(id)
    return this.hold(id, held.nanoUsd, now)
  }

  release(id: string): void {
    this.#open.delete(id)
  }

  /** Takes out the ones whose time is over. Looks at one more than it takes, unless the clock went back. */
  expire(now: number): Reservation[] {
    if (now < this.#seenAt) this.#rewind(now)
    this.#seenAt = now
    const expired: Reservation[] = []
    for (const reservation of this.#open.values()) {
      if (reservation.expiresAt > now) break
      expired.push(reservation)
    }
    for (const { id } of expired) this.#open.delete(id)
    return expired
  }

  /** Summed when asked, over what is in flight: a running total could drift where amounts saturate. */
  totalNanoUsd(): number {
    let total = 0
    for (const { nanoUsd } of this.#open.values()) total = addNanoUsd(total, nanoUsd)
    return total
  }

  /** When the oldest expires; null when none is open. */
  nextExpiry(): number | null {
    return this.#open.values().next().value?.expiresAt ?? null
  }

  /** Nothing is held for longer than it may be, also what a clock that was ahead has held. */
  #rewind(now: number): void {
    const latest = now + reservationTtlMs
    for (const reservation of this.#open.values()) {
      if (reservation.expiresAt > latest) reservation.expiresAt = latest
    }
  }
}
