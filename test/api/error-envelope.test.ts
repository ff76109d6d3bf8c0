import { describe, expect, it } from 'vitest'
import { errorBody, errorResponse, failureResponse } from '../../src/api/error-envelope.ts'
import type { Failure } from '../../src/chat/failure.ts'

const overloaded: Failure = { type: 'provider_overloaded', message: 'All providers failed.', retryAfterMs: 1 }

describe('an error envelope', () => {
  it('is the same in every route that has no dialect of its own', () => {
    expect(errorBody(overloaded)).toEqual({
      error: { code: 503, message: 'All providers failed.', metadata: { error_type: 'provider_overloaded' } },
    })
  })

  it('asks for a whole second at least, on 429 and 503 only', () => {
    expect(errorResponse(overloaded).headers.get('Retry-After')).toBe('1')
    const late: Failure = { ...overloaded, type: 'timeout' }
    expect(errorResponse(late).headers.has('Retry-After')).toBe(false)
  })

  it('takes the waiting time of its availability first', () => {
    const availability = {
      code: 'temporarily_unavailable',
      retryable: true,
      requested_models: [],
      retry_after: 7.2,
    } as const
    const failure: Failure = { ...overloaded, availability: { ...availability, requested_models: [] } }
    expect(errorResponse(failure).headers.get('Retry-After')).toBe('8')
  })

  it('shows no header of a failure that is masked', () => {
    const bug: Failure = { type: 'server', message: 'x', headers: { 'X-Secret': '1' } }
    const response = errorResponse(bug)
    expect(response.status).toBe(500)
    expect(response.headers.has('X-Secret')).toBe(false)
  })

  it('leaves the body to another dialect and keeps the rest', async () => {
    const response = failureResponse(overloaded, { type: 'error' })
    expect(await response.json()).toEqual({ type: 'error' })
    expect(response.status).toBe(503)
    expect(response.headers.get('Retry-After')).toBe('1')
  })
})
