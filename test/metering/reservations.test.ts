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
    const reservations = new Reservations([{ id: 'old', nanoUsd: 1, expiresAt: 10 }])
    reservations.hold('new', 2, 100)
    expect(reservations.nextExpiry()).toBe(10)
    expect(reservations.expire(9)).toEqual([])
    expect(reservations.expire(10)).toEqual(['old'])
    expect(reservations.expire(10)).toEqual([])
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
})
