import { describe, expect, it } from 'vitest'
import {
  admitsCall,
  type Breaker,
  closedBreaker,
  hasOutage,
  isSuspect,
  noteAnswer,
  noteError,
  noteInconclusive,
  noteSuccess,
  rewind,
  stateOf,
  takeProbe,
} from '../../src/routing/breaker.ts'

const start = 1_800_000_000_000
const second = 1000

/** Plays attempts, `+` a success and `-` an error, so many milliseconds apart. Answers when the last one was. */
function play(breaker: Breaker, attempts: string, gapMs = 100, from = start): number {
  let now = from
  for (const attempt of attempts) {
    now += gapMs
    if (attempt === '+') noteSuccess(breaker, now, now)
    else noteError(breaker, now, now)
  }
  return now
}

function opened(): { breaker: Breaker; openUntil: number } {
  const breaker = closedBreaker()
  play(breaker, '---')
  return { breaker, openUntil: breaker.openUntil }
}

describe('a breaker', () => {
  it.each([
    { attempts: '', state: 'closed', why: 'nothing happened' },
    { attempts: '-', state: 'closed', why: 'one error is none' },
    { attempts: '--', state: 'closed', why: 'two errors are too few' },
    { attempts: '---', state: 'open', why: 'the last three failed' },
    { attempts: '++++++++++---', state: 'open', why: 'the last three failed, whatever was before' },
    { attempts: '-+-+-', state: 'open', why: 'three errors are more than half' },
    { attempts: '+-+-+-', state: 'open', why: 'three errors are exactly half' },
    { attempts: '++-+-+-', state: 'closed', why: 'three errors are less than half' },
    { attempts: '-+-+', state: 'closed', why: 'half, but only two errors' },
    { attempts: '++++--+--+', state: 'closed', why: 'never three in a row, never half' },
  ])('is $state after "$attempts": $why', ({ attempts, state }) => {
    const breaker = closedBreaker()
    expect(stateOf(breaker, play(breaker, attempts))).toBe(state)
  })

  it('forgets errors that are older than 30 s', () => {
    const breaker = closedBreaker()
    const now = play(breaker, '---', 16 * second)
    expect(stateOf(breaker, now)).toBe('closed')
    expect(hasOutage(breaker, now)).toBe(false)
  })

  it('stays open for 30 s and then waits for the verdict of a probe', () => {
    const { breaker, openUntil } = opened()
    expect(openUntil).toBe(start + 300 + 30 * second)
    expect(stateOf(breaker, openUntil - 1)).toBe('open')
    expect(admitsCall(breaker, openUntil - 1)).toBe(false)
    expect(stateOf(breaker, openUntil)).toBe('probing')
    expect(stateOf(breaker, openUntil + 3600 * second)).toBe('probing')
  })

  it('admits one probe an interval, and the next when the first was never heard of again', () => {
    const { breaker, openUntil } = opened()
    expect(admitsCall(breaker, openUntil)).toBe(true)
    takeProbe(breaker, openUntil)
    expect(admitsCall(breaker, openUntil + 1)).toBe(false)
    expect(admitsCall(breaker, openUntil + 29 * second)).toBe(false)
    expect(admitsCall(breaker, openUntil + 30 * second)).toBe(true)
  })

  it('opens for another 30 s when the probe fails', () => {
    const { breaker, openUntil } = opened()
    takeProbe(breaker, openUntil)
    expect(noteError(breaker, openUntil + 50, openUntil + 60)).toBe(true)
    expect(breaker.openUntil).toBe(openUntil + 60 + 30 * second)
    expect(breaker.probeUntil).toBe(0)
  })

  it.each([
    ['succeeds', noteSuccess],
    ['has its first content', noteAnswer],
  ])('closes at once, with nothing held against it, when the probe %s', (_, note) => {
    const { breaker, openUntil } = opened()
    takeProbe(breaker, openUntil)
    expect(note(breaker, openUntil + 50, openUntil + 60)).toBe(true)
    expect(stateOf(breaker, openUntil + 60)).toBe('closed')
    expect(hasOutage(breaker, openUntil + 60)).toBe(false)
    // An error from before the probe's success comes late.
    noteError(breaker, openUntil + 49, openUntil + 70)
    play(breaker, '--', 1, openUntil + 70)
    expect(stateOf(breaker, openUntil + 80)).toBe('closed')
  })

  it('is not closed by a call from before the outage that ends well in the midst of it', () => {
    const { breaker, openUntil } = opened()
    expect(noteSuccess(breaker, openUntil - 10 * second, openUntil - 10 * second)).toBe(false)
    expect(stateOf(breaker, openUntil - 10 * second)).toBe('open')
    // Nor when the report of it comes after the time is up.
    expect(noteSuccess(breaker, openUntil - 1, openUntil + 10)).toBe(false)
    expect(stateOf(breaker, openUntil + 10)).toBe('probing')
  })

  it('is not kept open for longer by failures of calls that were in flight when it opened', () => {
    const { breaker, openUntil } = opened()
    noteError(breaker, start + 5 * second, start + 5 * second)
    expect(breaker.openUntil).toBe(openUntil)
  })

  it('admits another probe soon after one that decided nothing', () => {
    const { breaker, openUntil } = opened()
    takeProbe(breaker, openUntil)
    expect(noteInconclusive(breaker, openUntil + 100)).toBe(true)
    expect(admitsCall(breaker, openUntil + 100)).toBe(false)
    expect(admitsCall(breaker, openUntil + 5_100)).toBe(true)
    expect(noteInconclusive(closedBreaker(), start)).toBe(false)
  })

  it('judges reports in the order of their times, not of their arrival', () => {
    const late = closedBreaker()
    noteError(late, start + 1, start + 10)
    noteError(late, start + 2, start + 10)
    noteSuccess(late, start + 9, start + 10)
    noteSuccess(late, start + 8, start + 10)
    noteSuccess(late, start + 7, start + 10)
    noteSuccess(late, start + 6, start + 10)
    noteError(late, start + 3, start + 10)
    expect(stateOf(late, start + 10)).toBe('closed')
    noteError(late, start - 31 * second, start + 10)
    expect(late.tally.slices.reduce((sum, { errors }) => sum + errors, 0)).toBe(3)
  })

  it.each([
    { attempts: '', inFlight: 50, suspect: false },
    { attempts: '-', inFlight: 1, suspect: false },
    { attempts: '-', inFlight: 2, suspect: true },
    { attempts: '--', inFlight: 0, suspect: false },
    { attempts: '--', inFlight: 1, suspect: true },
    { attempts: '-+', inFlight: 50, suspect: false },
  ])(
    'suspects an outage after "$attempts" with $inFlight calls in flight: $suspect',
    ({ attempts, inFlight, suspect }) => {
      const breaker = closedBreaker()
      expect(isSuspect(breaker, inFlight, play(breaker, attempts))).toBe(suspect)
    },
  )

  it('suspects nothing any more 30 s after the last error', () => {
    const breaker = closedBreaker()
    const now = play(breaker, '--')
    expect(isSuspect(breaker, 9, now + 29 * second)).toBe(true)
    expect(isSuspect(breaker, 9, now + 30 * second)).toBe(false)
  })

  it('is open for 30 s at most when the clock goes back', () => {
    const { breaker } = opened()
    const now = start - 3600 * second
    rewind(breaker, now)
    expect(breaker.openUntil).toBe(now + 30 * second)
    takeProbe(breaker, now + 30 * second)
    expect(noteSuccess(breaker, now + 31 * second, now + 31 * second)).toBe(true)
  })
})
