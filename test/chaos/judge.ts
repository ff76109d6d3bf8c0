import type { Played } from './matrix.ts'

/** A promise that a cell did not keep. */
export interface Miss {
  promise:
    | 'no silent truncation'
    | 'no replay'
    | 'recovery'
    | 'answer'
    | 'SDK'
    | 'attempts'
    | 'record'
    | 'cost'
    | 'breaker'
  detail: string
}

/** 7 tokens at 1 $ and 3 at 2 $ a million; the prompt alone where nothing was said. */
const priceUsd = 0.000013
const promptPriceUsd = 0.000007

const quoted = (text: string) => JSON.stringify(text.slice(0, 200))

/** The text that the client is due, or null where it is due an error. */
function dueText({ cell: { fault, setup } }: Played): string | null {
  const { outcome } = fault
  if (outcome.kind === 'answer') return outcome.text
  return outcome.recovers && setup === 'next' ? 'healthy answer' : null
}

/**
 * What a cell was promised and did not get.
 *
 * @param arrived how often the faulty endpoint's server was reached, calls for the breaker included
 */
export function judge(played: Played, arrived: number): Miss[] {
  const misses = [...judgePromises(played), ...judgeAnswer(played)]
  return played.generation === null ? misses : [...misses, ...judgeRecord(played, arrived)]
}

/** What has to hold whatever the table says of the fault. */
function* judgePromises(played: Played): Generator<Miss> {
  const { seen, called } = played
  const { text, code } = seen
  const due = dueText(played)
  if (code === null && text !== due && text !== 'healthy answer')
    yield { promise: 'no silent truncation', detail: `the client is left with ${quoted(text)}` }
  const isSecondSay = text !== '' && text !== 'healthy answer' && called.includes('healthy')
  if (isSecondSay || /partial .*healthy/.test(text))
    yield { promise: 'no replay', detail: `${quoted(text)} after calls to ${called.join(', ')}` }
  if (due === 'healthy answer' && text !== due) yield { promise: 'recovery', detail: `error ${code}, ${quoted(text)}` }
}

/** The answer in its dialect, and whether an SDK raised exactly when it should. */
function* judgeAnswer(played: Played): Generator<Miss> {
  const { cell, seen } = played
  const { fault, mode, client } = cell
  const { outcome } = fault
  const promise = client === 'http' ? 'answer' : 'SDK'
  const miss = (detail: string): Miss => ({ promise, detail })
  if (seen.malformed !== null) yield miss(seen.malformed)
  const due = dueText(played)
  if (due !== null || outcome.kind === 'answer') {
    if (seen.code !== null) yield miss(`an error ${seen.code} in place of ${quoted(due ?? '')}`)
    const reason = outcome.kind === 'answer' ? outcome.finishReason : 'stop'
    if (seen.finishReason !== reason) yield miss(`finish_reason ${seen.finishReason}, not ${reason}`)
    return
  }
  if (seen.code !== outcome.code) yield miss(`code ${seen.code}, not ${outcome.code}`)
  if (seen.text !== outcome.said) yield miss(`${quoted(seen.text)} was said, not ${quoted(outcome.said)}`)
  if (client !== 'http') return
  // The headers of a stream wait for a second: what is known by then is a clean HTTP error.
  const isLate = mode === 'streamed' && (fault.pace === 'slow' || outcome.said !== '')
  if (isLate && !seen.isInside) yield miss('told outside of the stream')
  if (!isLate && seen.isInside && seen.tookMs < 900) yield miss('told inside a stream that need not have begun')
  if (seen.isInside && seen.finishReason !== 'error') yield miss(`finish_reason ${seen.finishReason}`)
  if (!seen.isInside && seen.retryAfter !== outcome.retryAfter) yield miss(`Retry-After ${seen.retryAfter}`)
}

/** The generation record, the upstream calls, the cost, and what becomes of the endpoint. */
function* judgeRecord(played: Played, arrived: number): Generator<Miss> {
  const { cell, seen, generation, called } = played
  const { fault, setup } = cell
  const { outcome } = fault
  const due = dueText(played)

  const calls = due === 'healthy answer' ? 'faulty, healthy' : 'faulty'
  if (called.join(', ') !== calls) yield { promise: 'attempts', detail: `${called.join(', ')} on record` }
  if (fault.at === 'upstream' && setup === 'next' && arrived !== 1)
    yield { promise: 'attempts', detail: `${arrived} calls arrived` }
  if (played.orphans > 0) yield { promise: 'attempts', detail: 'a call went on after the client had its answer' }

  const { status, finish_reason: finishReason, cancelled, usage, usage_estimated: isEstimated } = generation
  const isError = due === null && outcome.kind === 'error'
  const dueStatus = isError ? outcome.code : 200
  const dueFinish = isError ? (outcome.said === '' ? null : 'error') : seen.finishReason
  if (status !== dueStatus || finishReason !== dueFinish || cancelled)
    yield { promise: 'record', detail: `status ${status}, finish_reason ${finishReason}, cancelled: ${cancelled}` }
  const dueUsd = isError ? 0 : seen.text === '' ? promptPriceUsd : priceUsd
  if (isEstimated && !isError ? usage <= 0 : usage !== dueUsd)
    yield { promise: 'cost', detail: `${usage}, not ${dueUsd}; estimated: ${isEstimated}` }

  if (played.breaker !== null && played.breaker !== outcome.breaker)
    yield { promise: 'breaker', detail: `${played.breaker}, not ${outcome.breaker}` }
}
