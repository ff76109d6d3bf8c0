import { addNanoUsd } from './spend.ts'

/** Money held back for a request in flight. Times are epoch milliseconds. */
export interface Reservation {
  id: string
  nanoUsd: number
  expiresAt: number
}

/** Longer than any answer takes, so that only a request whose isolate died never settles. */
export const reservationTtlMs = 15 * 60_000

/** What a key's requests in flight may still cost. Each is held once and released once. */
export class Reservations {
  readonly #open = new Map<string, Reservation>()

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

  release(id: string): void {
    this.#open.delete(id)
  }

  /** Takes out the ones whose time is over and answers their ids. Oldest first, so it looks at one more than it takes. */
  expire(now: number): string[] {
    const expired: string[] = []
    for (const { id, expiresAt } of this.#open.values()) {
      if (expiresAt > now) break
      expired.push(id)
    }
    for (const id of expired) this.#open.delete(id)
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
}
