import { describe, expect, it } from 'vitest'
import { errorJson, retryAfterSeconds } from '../../src/chat/error-json.ts'
import { statusOfErrorType } from '../../src/chat/failure.ts'

describe('an error', () => {
  it('has its status as an integer code and its type in the metadata, whatever it is', () => {
    for (const [type, status] of Object.entries(statusOfErrorType))
      expect(errorJson({ type: type as keyof typeof statusOfErrorType, message: 'x' })).toMatchObject({
        code: status,
        message: expect.stringMatching(/./),
        metadata: { error_type: type },
      })
    expect(errorJson({ type: 'provider_overloaded', status: 529, message: 'x' }).code).toBe(529)
  })

  it('is masked when it is a 500', () => {
    const masked = errorJson({
      type: 'unmapped',
      message: 'secret',
      metadata: { provider_code: 'secret', raw: 'secret' },
      availability: { code: 'no_endpoints', retryable: false, requested_models: ['secret'] },
      headers: { 'X-A': 'secret' },
    })
    expect(masked).toEqual({ code: 500, message: 'Internal server error.', metadata: { error_type: 'unmapped' } })
  })

  it('never shows its cause, and cannot be given another type by its metadata', () => {
    const json = errorJson({
      type: 'timeout',
      message: 'late',
      cause: 'secret',
      metadata: { error_type: 'x', raw: 'r' },
    })
    expect(json).toEqual({ code: 504, message: 'late', metadata: { raw: 'r', error_type: 'timeout' } })
  })

  it('names the field at fault where SDKs look for it', () => {
    expect(errorJson({ type: 'invalid_request', message: 'x', metadata: { field: 'stream' } })).toMatchObject({
      param: 'stream',
      metadata: { field: 'stream' },
    })
  })

  it('repeats the rate limit headers in its metadata', () => {
    const headers = { 'X-RateLimit-Limit': '40' }
    expect(errorJson({ type: 'rate_limit_exceeded', message: 'x', headers }).metadata.headers).toEqual(headers)
  })

  it('links to what its availability code means, and mirrors the waiting time', () => {
    const failure = {
      type: 'rate_limit_exceeded',
      message: 'x',
      retryAfterMs: 1_200,
      availability: { code: 'capacity_exhausted', retryable: true, requested_models: ['a/b'] },
    } as const
    expect(
      errorJson(
        { ...failure, availability: { ...failure.availability, requested_models: ['a/b'] } },
        'https://gw.example',
      ).availability,
    ).toEqual({
      code: 'capacity_exhausted',
      retryable: true,
      requested_models: ['a/b'],
      retry_after: 2,
      docs_url: 'https://gw.example/docs/errors#capacity_exhausted',
    })
  })
})

describe('the waiting time', () => {
  it.each([
    [undefined, undefined],
    [Number.NaN, undefined],
    [Number.POSITIVE_INFINITY, undefined],
    [-5, 1],
    [0, 1],
    [1, 1],
    [1_000, 1],
    [1_001, 2],
    [60_000, 60],
  ])('of %s ms is %s s', (retryAfterMs, seconds) => {
    expect(
      retryAfterSeconds({ type: 'timeout', message: '', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }),
    ).toBe(seconds)
  })
})
