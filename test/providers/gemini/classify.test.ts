import { describe, expect, it } from 'vitest'
import { classify } from '../../../src/providers/gemini/classify.ts'

function failureOf(status: number, error: Record<string, unknown>, headers: Record<string, string> = {}) {
  return classify({
    status,
    headers: new Headers(headers),
    body: JSON.stringify({ error: { code: status, ...error } }),
  })
}

const retryInfo = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34s' }
const quota = (quotaId: string) => ({
  '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
  violations: [{ quotaId }],
})

describe('an error of Google', () => {
  it.each([
    [400, { message: 'API key not valid. Please pass a valid API key.', status: 'INVALID_ARGUMENT' }, 'credential'],
    [401, { message: 'Request had invalid authentication credentials.', status: 'UNAUTHENTICATED' }, 'credential'],
    [403, { message: 'You do not have permission to access the File x or it may not exist.' }, 'unsupported'],
    [403, { message: 'CachedContent not found (or permission denied)' }, 'unsupported'],
    [403, { message: 'Permission denied', status: 'PERMISSION_DENIED' }, 'credential'],
    [403, { message: 'This API method requires billing to be enabled.', status: 'PERMISSION_DENIED' }, 'payment'],
    [404, { message: 'models/x is not found for API version v1beta', status: 'NOT_FOUND' }, 'not-found'],
    [400, { message: 'User location is not supported for the API use.', status: 'FAILED_PRECONDITION' }, 'geo'],
    [
      400,
      { message: 'Request payload size exceeds the limit: 20971520 bytes.', status: 'INVALID_ARGUMENT' },
      'too-large',
    ],
    [400, { message: 'The input token count (2) exceeds the maximum number of tokens allowed (1).' }, 'context-length'],
    [400, { message: 'JSON mode is not enabled for models/gemini-2.5-flash-image' }, 'unsupported'],
    [400, { message: 'Function call is missing a thought_signature in functionCall parts.' }, 'unsupported'],
    [400, { message: 'Corrupted thought signature.' }, 'unsupported'],
    [400, { message: 'Cannot fetch content from the provided URL.' }, 'unsupported'],
    [400, { message: 'Please use a valid role: user, model.', status: 'INVALID_ARGUMENT' }, 'bad-request'],
    [429, { message: 'You exceeded your current quota, please check your plan and billing details.' }, 'rate-limited'],
    [429, { message: 'Resource exhausted. Please try again later.', status: 'RESOURCE_EXHAUSTED' }, 'rate-limited'],
    [500, { message: 'An internal error has occurred.', status: 'INTERNAL' }, 'server-error'],
    [503, { message: 'The service is currently unavailable.', status: 'UNAVAILABLE' }, 'overloaded'],
    [504, { message: 'Deadline exceeded', status: 'DEADLINE_EXCEEDED' }, 'server-error'],
  ])('%i %j is %s', (status, error, kind) => {
    expect(failureOf(status, error)).toMatchObject({ kind, upstreamStatus: status })
  })

  it('says when a minute’s quota is back, and not when a day’s is', () => {
    const minute = { message: 'Quota', details: [quota('GenerateRequestsPerMinutePerProject'), retryInfo] }
    const day = { message: 'Quota', details: [quota('GenerateRequestsPerDayPerProjectPerModel-FreeTier'), retryInfo] }
    expect(failureOf(429, minute).retryAfterMs).toBe(34_000)
    expect(failureOf(429, day)).not.toHaveProperty('retryAfterMs')
    expect(failureOf(429, day, { 'retry-after': '7' }).retryAfterMs).toBe(7_000)
  })

  it('may come as a list', () => {
    const body = JSON.stringify([
      {
        error: {
          code: 400,
          message: 'API key expired.',
          status: 'INVALID_ARGUMENT',
          details: [{ reason: 'API_KEY_INVALID' }],
        },
      },
    ])
    expect(classify({ status: 400, headers: new Headers(), body }).kind).toBe('credential')
  })
})
