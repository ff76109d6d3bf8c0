import type { Played } from './matrix.ts'

/** A promise that a cell did not keep. */
export interface Miss {
  promise: 'no silent truncation' | 'no replay' | 'recovery' | 'dialect' | 'attempts' | 'record' | 'cost' | 'breaker'
  detail: string
}

/** 7 tokens at 1 $ and 3 at 2 $ a million. */
const price = 0.000013
const told = (value: unknown) => JSON.stringify(value)

/**
 * What a cell was promised and did not get.
 *
 * @param arrived how often the faulty endpoint's server was reached, further calls for the breaker included
 */
export function judge(played: Played, arrived: number): Miss[] {
  const misses: Miss[] = []
  const miss = (promise: Miss['promise'], detail: string) => misses.push({ promise, detail })
  const { cell, seen, generation, called } = played
  const { fault, setup, mode, client } = cell
  const { outcome } = fault
  const isTold = seen.code !== null
  const recovered = setup === 'next' && outcome.kind === 'error' && outcome.recovers
  const wanted = outcome.kind === 'answer' ? outcome.text : recovered ? 'healthy answer' : null

  // Whatever the table says: an answer that was not told as an error has to be one.
  if (seen.malformed !== null) miss('dialect', seen.malformed)
  if (!isTold && seen.text !== (wanted ?? 'an error'))
    miss('no silent truncation', `the client is left with ${told(seen.text)}`)
  if (
    /partial .*healthy/.test(seen.text) ||
    (seen.text !== 'healthy answer' && called.includes('healthy') && seen.text !== '')
  )
    miss('no replay', `${told(seen.text)} after calls to ${called.join(', ')}`)
  if (recovered && seen.text !== 'healthy answer') miss('recovery', `code ${seen.code}, ${told(seen.text)}`)

  if (wanted !== null) {
    if (isTold) miss('dialect', `an error ${seen.code} in place of ${told(wanted)}`)
    else if (seen.status !== 200) miss('dialect', `status ${seen.status}`)
    const reason = outcome.kind === 'answer' ? outcome.finishReason : 'stop'
    if (seen.finishReason !== reason) miss('dialect', `finish_reason ${seen.finishReason}, not ${reason}`)
  } else if (outcome.kind === 'error') {
    if (seen.code !== outcome.code) miss('dialect', `code ${seen.code}, not ${outcome.code}`)
    if (seen.text !== outcome.said) miss('dialect', `${told(seen.text)} was said, not ${told(outcome.said)}`)
    // The headers of a stream wait for a second: what is known by then is a clean HTTP error.
    if (client === 'http') {
      const late = mode === 'streamed' && (fault.pace === 'slow' || outcome.said !== '')
      if (late && !seen.isInside) miss('dialect', 'told outside of the stream')
      if (!late && seen.isInside && seen.tookMs < 900) miss('dialect', 'told inside a stream that need not have begun')
      if (seen.isInside && seen.finishReason !== 'error') miss('dialect', `finish_reason ${seen.finishReason}`)
      if (!seen.isInside && seen.retryAfter !== outcome.retryAfter) miss('dialect', `Retry-After ${seen.retryAfter}`)
    }
  }
  if (generation === null) return misses

  const calls = recovered ? ['faulty', 'healthy'] : ['faulty']
  if (called.join() !== calls.join()) miss('attempts', `${called.join(', ')} on record`)
  if (fault.at === 'upstream' && setup === 'next' && arrived !== 1) miss('attempts', `${arrived} calls arrived`)
  if (played.orphans > 0) miss('attempts', 'a call went on after the client had its answer')

  const { status, finish_reason: finishReason, cancelled, usage, usage_estimated: estimated } = generation
  if (cancelled !== false) miss('record', 'cancelled')
  if (wanted === null && outcome.kind === 'error') {
    const reason = outcome.said === '' ? null : 'error'
    if (status !== outcome.code || finishReason !== reason) miss('record', `status ${status}, ${finishReason}`)
    if (usage !== 0) miss('cost', `${usage} for an error`)
  } else {
    if (status !== 200 || finishReason !== seen.finishReason) miss('record', `status ${status}, ${finishReason}`)
    const exact = seen.text === '' ? 0.000007 : price
    if (estimated ? usage <= 0 : usage !== exact) miss('cost', `${usage}, estimated: ${estimated}`)
  }
  if (played.breaker !== null && played.breaker !== outcome.breaker)
    miss('breaker', `${played.breaker}, not ${outcome.breaker}`)
  return misses
}
