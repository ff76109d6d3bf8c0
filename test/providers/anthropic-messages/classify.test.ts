import { describe, expect, it } from 'vitest'
import { classify } from '../../../src/providers/anthropic-messages/classify.ts'

function failure(
  status: number,
  type: string,
  message: string,
  more: { details?: object; headers?: HeadersInit } = {},
) {
  const { details, headers } = more
  const error = { type, message, ...(details ? { details } : {}) }
  const body = JSON.stringify({ type: 'error', error, request_id: 'req_1' })
  return classify({ status, headers: new Headers(headers), body, secrets: ['sk-ant-secret-key'] })
}

describe('an error of the Messages API', () => {
  it.each<[number, string, string, string]>([
    [400, 'invalid_request_error', 'messages.0: Input does not match the expected shape.', 'bad-request'],
    [400, 'invalid_request_error', 'prompt is too long: 3333404 tokens > 200000 maximum', 'context-length'],
    [
      400,
      'invalid_request_error',
      'input length and `max_tokens` exceed context limit: 197202 + 21333 > 200000',
      'context-length',
    ],
    [
      400,
      'invalid_request_error',
      "This model does not support effort level 'xhigh'. Supported levels: high, low.",
      'unsupported',
    ],
    [400, 'invalid_request_error', '`temperature` and `top_p` cannot both be specified for this model.', 'unsupported'],
    [400, 'invalid_request_error', '`temperature` is deprecated for this model.', 'unsupported'],
    [400, 'invalid_request_error', 'This model does not support assistant message prefill.', 'unsupported'],
    [
      400,
      'invalid_request_error',
      'max_tokens: 9999999 > 64000, which is the maximum allowed number of output tokens',
      'unsupported',
    ],
    [
      400,
      'invalid_request_error',
      'messages.0.content.1.image.source.base64.data: URL sources are not supported',
      'unsupported',
    ],
    [400, 'invalid_request_error', 'Output blocked by content filtering policy', 'content-policy'],
    [400, 'invalid_request_error', 'Your credit balance is too low to access the Anthropic API.', 'payment'],
    [
      400,
      'invalid_request_error',
      'You have reached your specified API usage limits. You will regain access on 2026-12-01.',
      'payment',
    ],
    [400, 'invalid_request_error', 'This organization has been disabled.', 'credential'],
    [401, 'authentication_error', 'invalid x-api-key', 'credential'],
    [402, 'billing_error', 'Your billing needs attention.', 'payment'],
    [403, 'permission_error', 'Your API key does not have permission to use the specified resource.', 'credential'],
    [403, 'forbidden', 'Request not allowed', 'geo'],
    [404, 'not_found_error', 'model: claude-does-not-exist', 'not-found'],
    [413, 'request_too_large', 'Request exceeds the maximum size', 'too-large'],
    [429, 'rate_limit_error', 'Number of request tokens has exceeded your per-minute rate limit', 'rate-limited'],
    [500, 'api_error', 'Internal server error', 'server-error'],
    [504, 'timeout_error', 'Request timed out', 'server-error'],
    [529, 'overloaded_error', 'Overloaded', 'overloaded'],
  ])('%i %s: %s', (status, type, message, kind) => {
    expect(failure(status, type, message)).toMatchObject({ kind, upstreamStatus: status, providerCode: type })
  })

  it('is known by its code where it has one', () => {
    const details = { error_code: 'contract_spend_limit_reached' }
    expect(failure(429, 'rate_limit_error', 'Limit', { details })).toMatchObject({
      kind: 'payment',
      providerCode: 'contract_spend_limit_reached',
    })
    const ramp = failure(429, 'rate_limit_error', 'Limit', { details: { error_code: 'ramp_limit_exceeded' } })
    expect(ramp.kind).toBe('rate-limited')
  })

  it('says when to come back', () => {
    expect(failure(429, 'rate_limit_error', 'x', { headers: { 'retry-after': '12' } }).retryAfterMs).toBe(12_000)
  })

  it('never quotes the credential, and its words only where they belong', () => {
    const { message, raw } = failure(401, 'authentication_error', 'invalid x-api-key sk-ant-secret-key')
    expect(message).not.toContain('x-api-key')
    expect(raw).toContain('invalid x-api-key')
    expect(raw).not.toContain('secret')
  })

  it('may be a page or a cloud’s own', () => {
    const cloud = '[{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED"}}]'
    const kind = (status: number, body: string) => classify({ status, headers: new Headers(), body }).kind
    expect(kind(429, cloud)).toBe('rate-limited')
    expect(kind(502, '<html>Bad gateway</html>')).toBe('server-error')
    expect(
      kind(400, '{"message":"messages.0.content.1.image.source.base64.data: URL sources are not supported"}'),
    ).toBe('unsupported')
  })
})
