import { describe, expect, it } from 'vitest'
import { type DeadlineInput, deadlineOf } from '../../src/dispatch/deadline.ts'

const deadlines = {
  firstContentMs: 30_000,
  firstContentReasoningMs: 120_000,
  wholeAnswerMs: 60_000,
  wholeAnswerReasoningMs: 200_000,
  idleMs: 60_000,
  idleReasoningMs: 120_000,
  totalMs: 70_000,
  totalReasoningMs: 300_000,
}

function deadline(differences: Partial<DeadlineInput> = {}, now = 0) {
  return deadlineOf({ deadlines, stream: false, reasons: false, startedAt: 0, ...differences }, now)
}

describe('the deadline of an upstream call', () => {
  it.each<[string, Partial<DeadlineInput>, number]>([
    ['the first content of a stream', { stream: true }, 30_000],
    ['the first content of a model that reasons', { stream: true, reasons: true }, 120_000],
    ['a whole answer', {}, 60_000],
    ['a whole answer of a model that reasons', { reasons: true }, 200_000],
    ['a request that has less time itself', { deadlines: { ...deadlines, totalMs: 20_000 } }, 20_000],
  ])('is that of %s', (_, differences, ms) => {
    expect(deadline(differences)).toEqual({ ms, cutShort: false })
  })

  it('is what is left of the request where that is less, and says so where it is much less', () => {
    expect(deadline({}, 10_000)).toEqual({ ms: 60_000, cutShort: false })
    expect(deadline({}, 40_000)).toEqual({ ms: 30_000, cutShort: false })
    expect(deadline({}, 40_001)).toEqual({ ms: 29_999, cutShort: true })
    expect(deadline({ reasons: true }, 290_000)).toEqual({ ms: 10_000, cutShort: true })
    expect(deadline({ stream: true }, 60_000)).toEqual({ ms: 10_000, cutShort: true })
  })
})
