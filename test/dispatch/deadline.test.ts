import { describe, expect, it } from 'vitest'
import { type DeadlineInput, deadlineOf } from '../../src/dispatch/deadline.ts'

const deadlines = {
  firstContentMs: 30_000,
  firstContentReasoningMs: 120_000,
  wholeAnswerMs: 300_000,
  wholeAnswerReasoningMs: 400_000,
  idleMs: 60_000,
  idleReasoningMs: 120_000,
  totalMs: 600_000,
  totalReasoningMs: 700_000,
}

function deadline(differences: Partial<DeadlineInput> = {}, now = 0) {
  return deadlineOf({ deadlines, request: {}, stream: false, reasons: false, startedAt: 0, ...differences }, now)
}

describe('the deadline of an upstream call', () => {
  it.each<[string, Partial<DeadlineInput>, number]>([
    ['the first content of a stream', { stream: true }, 30_000],
    ['the first content of a model that reasons', { stream: true, reasons: true }, 120_000],
    ['a stream, however little it may say', { stream: true, request: { max_tokens: 1 } }, 30_000],
    ['a whole answer', {}, 300_000],
    ['a whole answer of a model that reasons', { reasons: true }, 400_000],
    ['a short answer', { request: { max_tokens: 100 } }, 55_000],
    ['a short answer, by the newer name', { request: { max_tokens: null, max_completion_tokens: 40 } }, 40_000],
    ['a short answer of a model that reasons', { reasons: true, request: { max_tokens: 100 } }, 145_000],
    ['an answer that may be long', { request: { max_tokens: 100_000 } }, 300_000],
  ])('is that of %s', (_, differences, ms) => {
    expect(deadline(differences)).toEqual({ ms, cutShort: false })
  })

  it('is what is left of the request where that is less, and says so', () => {
    expect(deadline({}, 300_000)).toEqual({ ms: 300_000, cutShort: false })
    expect(deadline({}, 300_001)).toEqual({ ms: 299_999, cutShort: true })
    expect(deadline({ reasons: true }, 690_000)).toEqual({ ms: 10_000, cutShort: true })
    expect(deadline({ stream: true }, 590_000)).toEqual({ ms: 10_000, cutShort: true })
  })
})
