import { describe, expect, it } from 'vitest'
import { classify } from '../../../src/providers/bedrock-converse/classify.ts'

const answer = (status: number, type: string, message: string, more: object = {}) =>
  classify({
    status,
    headers: new Headers(type === '' ? {} : { 'x-amzn-errortype': `${type}:http://internal.amazon.com/coral/` }),
    body: JSON.stringify({ message, ...more }),
  })

describe('an error answer', () => {
  it.each<[number, string, string, string]>([
    [400, 'ValidationException', 'The provided model identifier is invalid.', 'not-found'],
    [400, 'ValidationException', 'Invocation of model ID x with on-demand throughput isn’t supported.', 'not-found'],
    [400, 'ValidationException', 'Operation not allowed', 'not-found'],
    [400, 'ValidationException', 'Input is too long for requested model.', 'context-length'],
    [400, 'ValidationException', 'prompt is too long: 210000 tokens > 200000 maximum', 'context-length'],
    [400, 'ValidationException', "This model doesn't support the toolConfig.toolChoice.any field.", 'unsupported'],
    [
      400,
      'ValidationException',
      'Malformed input request: extraneous key [toolResult] is not permitted',
      'unsupported',
    ],
    [400, 'ValidationException', 'The maximum tokens you requested exceeds the model limit of 4096.', 'unsupported'],
    [400, 'ValidationException', 'invalid beta flag', 'unsupported'],
    [400, 'ValidationException', 'Output blocked by content filtering policy', 'content-policy'],
    [400, 'ValidationException', 'Could not process image', 'bad-request'],
    [400, 'ValidationException', 'A conversation must start with a user message.', 'bad-request'],
    [400, '', "This model doesn't support tool use.", 'unsupported'],
    [403, 'AccessDeniedException', "You don't have access to the model with the specified model ID.", 'not-found'],
    [403, 'AccessDeniedException', 'User: arn:x is not authorized to perform: bedrock:InvokeModel', 'credential'],
    [403, 'AccessDeniedException', 'Model access is denied due to INVALID_PAYMENT_INSTRUMENT', 'payment'],
    [403, 'AccessDeniedException', 'Access to Anthropic models is not allowed from unsupported countries', 'geo'],
    [403, 'UnrecognizedClientException', 'The security token included in the request is invalid.', 'credential'],
    [403, 'ExpiredTokenException', 'The security token included in the request is expired', 'credential'],
    [403, 'InvalidSignatureException', 'Signature expired: 20261121T000000Z', 'credential'],
    [403, '', 'Forbidden', 'credential'],
    [404, 'ResourceNotFoundException', 'This model version has reached the end of its life.', 'not-found'],
    [408, 'ModelTimeoutException', 'Model has timed out', 'server-error'],
    [413, '', 'Request too large', 'too-large'],
    [424, 'ModelErrorException', 'The system encountered an unexpected error', 'server-error'],
    [429, 'ThrottlingException', 'Too many tokens per day, please wait before trying again.', 'rate-limited'],
    [429, 'ModelNotReadyException', 'Model is not ready for inference.', 'overloaded'],
    [400, 'ServiceQuotaExceededException', 'Your request exceeds the service quota', 'rate-limited'],
    [500, 'InternalServerException', 'The system encountered an error', 'server-error'],
    [503, 'ServiceUnavailableException', 'Bedrock is unable to process your request.', 'server-error'],
    [503, 'ServiceUnavailableException', 'Too many connections, please wait', 'overloaded'],
    [503, '', 'Model is getting throttled. Try your request again.', 'rate-limited'],
  ])('%i %s %s is %s', (status, type, message, kind) => {
    const failure = answer(status, type, message)
    expect(failure.kind).toBe(kind)
    expect(failure.upstreamStatus).toBe(status)
    expect(failure.providerCode).toBe(type || undefined)
    expect(failure.raw).toBe(JSON.stringify({ message }))
    expect(failure.message).not.toContain(message)
  })

  it('has its type in the body where the header is lost', () => {
    const __type = 'com.amazon.coral.service#ThrottlingException'
    expect(answer(400, '', 'Rate exceeded', { __type })).toMatchObject({
      kind: 'rate-limited',
      providerCode: 'ThrottlingException',
    })
  })

  it('may be a page of something in front', () => {
    const page = { status: 403, headers: new Headers(), body: '<!DOCTYPE html><title>Request blocked</title>' }
    expect(classify(page).kind).toBe('server-error')
  })

  it('shows no secret, and waits as long as it is told to', () => {
    const failure = classify({
      status: 429,
      headers: new Headers({ 'retry-after': '7', 'x-amzn-errortype': 'ThrottlingException' }),
      body: '{"message":"for AKIAIOSFODNN7EXAMPLE with hunter22hunter22"}',
      secrets: ['hunter22hunter22'],
    })
    expect(failure.retryAfterMs).toBe(7_000)
    expect(failure.raw).not.toMatch(/AKIAIOSFODNN7EXAMPLE|hunter22/)
  })
})
