import { describe, expect, it } from 'vitest'
import { Reservations, reservationTtlMs } from '../../src/metering/reservations.ts'

describe('Reservations', () => {
  it('holds each once and gives back what it held', () => {
    const reservations = new Reservations()
    reservations.hold('a', 5, 0)
    reservations.hold('b', 7, 0)
    reservations.hold('b', 7, 0)
    expect(reservations.totalNanoUsd()).toBe(12)
    reservations.release('a')
    reservations.release('a')
    expect(reservations.totalNanoUsd()).toBe(7)
    expect(reservations.has('a')).toBe(false)
  })

  it('answers once what expired, and when the next does', () => {
    const reservations = new Reservations([{ id: 'old', nanoUsd: 1, expiresAt: 110 }])
    reservations.hold('new', 2, 100)
    expect(reservations.nextExpiry()).toBe(110)
    expect(reservations.expire(109)).toEqual([])
    expect(reservations.expire(110)).toEqual([{ id: 'old', nanoUsd: 1, expiresAt: 110 }])
    expect(reservations.expire(110)).toEqual([])
    expect(reservations.nextExpiry()).toBe(100 + reservationTtlMs)
    expect(reservations.totalNanoUsd()).toBe(2)
  })

  it('is exact again after amounts too large to add were given back', () => {
    const reservations = new Reservations()
    reservations.hold('a', Number.MAX_SAFE_INTEGER, 0)
    reservations.hold('b', Number.MAX_SAFE_INTEGER, 0)
    reservations.hold('c', 3, 0)
    expect(reservations.totalNanoUsd()).toBe(Number.MAX_SAFE_INTEGER)
    reservations.release('a')
    reservations.release('b')
    expect(reservations.totalNanoUsd()).toBe(3)
    reservations.release('c')
    expect(reservations.nextExpiry()).toBeNull()
  })

  it('holds what is renewed for another while, and nothing that is over', () => {
    const reservations = new Reservations()
    reservations.hold('a', 5, 0)
    reservations.hold('b', 7, 1)
    expect(reservations.renew('a', 1_000)).toEqual({ id: 'a', nanoUsd: 5, expiresAt: 1_000 + reservationTtlMs })
    expect(reservations.nextExpiry()).toBe(1 + reservationTtlMs)
    expect(reservations.expire(1 + reservationTtlMs).map(({ id }) => id)).toEqual(['b'])
    expect(reservations.renew('b', 1_000)).toBeNull()
    expect(reservations.totalNanoUsd()).toBe(5)
  })

  it('holds nothing for longer than it may under a clock that goes back and forth', () => {
    const day = 86_400_000
    const reservations = new Reservations([{ id: 'of a life before', nanoUsd: 1, expiresAt: 30 * day }])
    expect(reservations.expire(day)).toEqual([])
    expect(reservations.nextExpiry()).toBe(day + reservationTtlMs)
    reservations.hold('ahead', 2, 2 * day)
    reservations.expire(2 * day)
    // Back again: what was held while the clock was ahead must not outlast the rest.
    reservations.hold('ahead too', 3, 2 * day + 1)
    reservations.expire(day)
    reservations.hold('now', 4, day)
    expect(reservations.expire(day + reservationTtlMs).map(({ id }) => id)).toEqual(['ahead', 'ahead too', 'now'])
    expect(reservations.totalNanoUsd()).toBe(0)
  })
})
