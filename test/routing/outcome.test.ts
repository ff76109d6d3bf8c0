import { describe, expect, it } from 'vitest'
import { type AttemptFailure, type AttemptFailureKind, statusOf } from '../../src/chat/failure.ts'
import { type FailedCall, finalFailure, mayFollow, streamFailure, verdictOf } from '../../src/routing/outcome.ts'
import { plan } from '../../src/routing/plan.ts'
import { endpointRecord as endpoint, healthy, noon, planInput } from './records.ts'

const alpha = endpoint('alpha')
const beta = endpoint('beta')
const other = endpoint('gamma', 1, { model: 'acme/m2' })
const planned = plan(planInput([[alpha, beta], [other]]))

function failure(kind: AttemptFailureKind, given: Partial<AttemptFailure> = {}): AttemptFailure {
  return { kind, message: 'It failed.', ...given }
}

function call(kind: AttemptFailureKind, given: Partial<AttemptFailure> = {}, at = alpha): FailedCall {
  return { endpoint: at, failure: failure(kind, given) }
}

function final(...calls: FailedCall[]) {
  return finalFailure(calls, planned, noon)
}

describe('the outcome table', () => {
  it.each<[AttemptFailureKind, boolean | 'no-smaller-context', boolean, string, number, string]>([
    ['network', true, true, 'error', 502, 'provider_unavailable'],
    ['timeout', true, true, 'error', 504, 'timeout'],
    ['out-of-time', true, true, 'excluded', 504, 'timeout'],
    ['server-error', true, true, 'error', 502, 'provider_unavailable'],
    ['overloaded', true, true, 'error', 503, 'provider_overloaded'],
    ['rate-limited', true, true, 'rate-limited', 429, 'rate_limit_exceeded'],
    ['credential', true, true, 'error', 502, 'provider_unavailable'],
    ['payment', true, true, 'error', 502, 'provider_unavailable'],
    ['not-found', true, true, 'error', 404, 'not_found'],
    ['malformed', true, true, 'error', 502, 'provider_unavailable'],
    ['truncated', true, true, 'error', 502, 'provider_unavailable'],
    ['stream-error', true, true, 'error', 502, 'provider_unavailable'],
    ['generation-failed', true, true, 'excluded', 502, 'provider_unavailable'],
    ['bad-request', false, true, 'excluded', 400, 'invalid_request'],
    ['unsupported', true, true, 'excluded', 400, 'invalid_request'],
    ['context-length', 'no-smaller-context', true, 'excluded', 400, 'context_length_exceeded'],
    ['too-large', false, true, 'excluded', 413, 'payload_too_large'],
    ['unprocessable', false, true, 'excluded', 422, 'unprocessable'],
    ['content-policy', false, true, 'excluded', 400, 'content_policy_violation'],
    ['geo', true, true, 'excluded', 403, 'permission_denied'],
    ['cancelled', false, false, 'excluded', 499, 'unmapped'],
  ])('%s', (kind, nextEndpoint, nextModel, health, status, type) => {
    expect(verdictOf(failure(kind))).toMatchObject({ nextEndpoint, nextModel, health, status, type })
  })

  it('keeps a generation that failed below 500 where the upstream did', () => {
    for (const upstreamStatus of [400, 422])
      expect(verdictOf(failure('generation-failed', { upstreamStatus }))).toMatchObject({
        nextEndpoint: true,
        status: 422,
      })
    expect(verdictOf(failure('generation-failed', { upstreamStatus: 200 })).status).toBe(502)
  })

  it.each([
    [500, 502],
    [501, 502],
    [502, 502],
    [503, 503],
    [504, 504],
    [408, 504],
    [524, 504],
    [529, 503],
    [599, 502],
    [undefined, 502],
  ])('answers an upstream %s with %s, never with 500', (upstreamStatus, status) => {
    const given = upstreamStatus === undefined ? {} : { upstreamStatus }
    expect(statusOf(final(call('server-error', given)))).toBe(status)
  })

  it('follows a failure to where it may be answered', () => {
    const larger = endpoint('larger', 1, { contextLength: 200_000 })
    const smaller = endpoint('smaller', 1, { contextLength: 50_000 })
    expect(mayFollow(call('network'), beta)).toBe(true)
    expect(mayFollow(call('bad-request'), beta)).toBe(false)
    expect(mayFollow(call('bad-request'), other)).toBe(true)
    expect(mayFollow(call('cancelled'), other)).toBe(false)
    expect([larger, beta, smaller].map((next) => mayFollow(call('context-length'), next))).toEqual([true, true, false])
    expect(mayFollow(call('context-length'), endpoint('unsaid', 1, { contextLength: null }))).toBe(true)
  })
})

describe('the final failure', () => {
  it('of one call is its own', () => {
    const told = final(call('server-error', { upstreamStatus: 500, raw: '{"error":"boom"}', providerCode: 'boom' }))
    expect(told).toMatchObject({
      type: 'provider_unavailable',
      status: 502,
      message: 'Provider returned error',
      metadata: {
        error_type: 'provider_unavailable',
        provider_name: 'Alpha',
        raw: '{"error":"boom"}',
        provider_code: 'boom',
        is_byok: false,
      },
      availability: {
        code: 'temporarily_unavailable',
        retryable: true,
        requested_models: ['acme/m1', 'acme/m2'],
        affected_providers: ['alpha'],
      },
    })
    expect(told.metadata).not.toHaveProperty('previous_errors')
  })

  it('of calls that were all limited is 429 with the shortest wait', () => {
    const told = final(
      call('rate-limited', { retryAfterMs: 9000 }),
      call('rate-limited', { retryAfterMs: 2500 }, beta),
      call('rate-limited', {}, other),
    )
    expect(told).toMatchObject({
      status: 429,
      type: 'rate_limit_exceeded',
      retryAfterMs: 2500,
      availability: { code: 'capacity_exhausted', retryable: true, retry_after: 3 },
    })
  })

  it('of models that are not there is 404', () => {
    const told = final(call('not-found', { upstreamStatus: 404 }), call('not-found', {}, beta))
    expect(told).toMatchObject({ status: 404, availability: { code: 'model_unavailable_upstream', retryable: false } })
  })

  it.each<[string, FailedCall[]]>([
    ['outages', [call('server-error', { upstreamStatus: 500 }), call('server-error', { upstreamStatus: 500 }, beta)]],
    ['timeouts', [call('timeout'), call('timeout', {}, beta)]],
    ['a timeout and a limit', [call('timeout'), call('rate-limited', { retryAfterMs: 4000 }, beta)]],
    ['a limit and a missing model', [call('rate-limited', { retryAfterMs: 4000 }), call('not-found', {}, beta)]],
    ['a refused credential and an outage', [call('credential'), call('network', {}, beta)]],
  ])('of %s is 503', (_, calls) => {
    const told = final(...calls)
    expect(told).toMatchObject({
      status: 503,
      type: 'provider_overloaded',
      message: 'Provider returned error',
      availability: { code: 'temporarily_unavailable', retryable: true, affected_providers: ['alpha', 'beta'] },
    })
    expect(told.retryAfterMs).toBe(calls.find((one) => one.failure.retryAfterMs)?.failure.retryAfterMs)
  })

  it.each([
    ['bad-request', 400],
    ['too-large', 413],
    ['unprocessable', 422],
    ['context-length', 400],
  ] as const)('that ends with the client’s own error (%s) is that error, whatever came before', (kind, status) => {
    const told = final(call('server-error', { upstreamStatus: 503 }), call(kind, { raw: 'too much' }, beta))
    expect(told).toMatchObject({ status, metadata: { provider_name: 'Beta', raw: 'too much' } })
    expect(told.availability).toBeUndefined()
  })

  it('never looks like a fault of the client’s key', () => {
    for (const kind of ['credential', 'payment'] as const) {
      for (const calls of [[call(kind, { upstreamStatus: 401 })], [call(kind), call(kind, {}, beta)]]) {
        const told = final(...calls)
        expect(told.status).toBe(502)
        expect(told.message).toContain(calls.at(-1)?.endpoint.provider.name)
        expect(told.availability).toBeUndefined()
      }
    }
  })

  it('tells of earlier calls in few words, none of them the upstream’s', () => {
    const told = final(
      call('timeout'),
      call('server-error', { upstreamStatus: 500, providerCode: 'internal', raw: 'SECRET' }, beta),
      call('stream-error', { upstreamStatus: 200 }, other),
      call('network', { raw: 'last' }),
    )
    expect(told.metadata?.previous_errors).toEqual([
      { provider: 'alpha', code: 'timeout', status: 504 },
      { provider: 'beta', code: 'internal', status: 500 },
      { provider: 'gamma', code: 'stream-error', status: 502 },
    ])
    expect(JSON.stringify(told)).not.toContain('SECRET')
  })

  it('sends a wait only where waiting helps', () => {
    expect(final(call('bad-request', { retryAfterMs: 5000 })).retryAfterMs).toBeUndefined()
    expect(final(call('overloaded', { retryAfterMs: 5000 })).retryAfterMs).toBe(5000)
  })

  it('inside a stream names the provider', () => {
    expect(streamFailure(failure('truncated'), alpha)).toMatchObject({
      type: 'provider_unavailable',
      status: 502,
      metadata: { provider_name: 'Alpha', raw: 'It failed.' },
      availability: { requested_models: ['acme/m1'] },
    })
  })
})

describe('a plan in which nobody may be called', () => {
  function blocked(health: Parameters<typeof healthy>[0][], seed = 1) {
    const tags = ['alpha', 'beta']
    const made = plan(
      planInput(
        [alpha, beta],
        {},
        { seed, health: Object.fromEntries(health.map((one, index) => [tags[index], healthy(one)])) },
      ),
    )
    return finalFailure([], made, noon)
  }

  it('is 429 where all asked for a pause', () => {
    expect(blocked([{ cooldownUntil: noon + 7000 }, { cooldownUntil: noon + 3000 }])).toMatchObject({
      type: 'rate_limit_exceeded',
      retryAfterMs: 3000,
      availability: {
        code: 'capacity_exhausted',
        retry_after: 3,
        affected_providers: expect.arrayContaining(['alpha', 'beta']),
      },
    })
  })

  it('is 503 where a breaker is open, and the wait is never none', () => {
    const told = blocked([{ openUntil: noon - 1 }, { cooldownUntil: noon + 3000 }])
    expect(statusOf(told)).toBe(503)
    expect(told).toMatchObject({ availability: { code: 'temporarily_unavailable', retryable: true } })
    expect(told.retryAfterMs).toBeGreaterThanOrEqual(1000)
  })

  it('has everybody come back at another time, none too soon', () => {
    const waits = Array.from({ length: 200 }, (_, seed) => {
      const told = blocked([{ openUntil: noon + 28_000 }, { openUntil: noon + 20_000 }], seed)
      expect(told.availability?.retry_after).toBe(Math.ceil((told.retryAfterMs ?? 0) / 1000))
      return told.retryAfterMs ?? 0
    })
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(20_000)
    expect(Math.max(...waits)).toBeLessThan(25_000)
    for (const from of [20_000, 21_000, 22_000, 23_000, 24_000]) {
      const inThisSecond = waits.filter((wait) => wait >= from && wait < from + 1_000).length
      expect(inThisSecond).toBeGreaterThan(20)
      expect(inThisSecond).toBeLessThan(60)
    }
    expect(blocked([{ openUntil: noon + 28_000 }], 7)).toEqual(blocked([{ openUntil: noon + 28_000 }], 7))
  })
})
