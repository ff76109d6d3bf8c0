import { describe, expect, it } from 'vitest'
import { classify, classifyInside } from '../../../src/providers/openai-chat/classify.ts'

const said = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  classify({ status, headers: new Headers(headers), body: typeof body === 'string' ? body : JSON.stringify(body) })
const openai = (code: string | null, message: string, type = 'invalid_request_error') => ({
  error: { message, type, param: null, code },
})

describe('classify', () => {
  it.each<[string, number, unknown, string]>([
    ['wrong key', 401, openai('invalid_api_key', 'Incorrect API key provided: sk-x'), 'credential'],
    [
      'Google wrong key',
      400,
      [{ error: { code: 400, status: 'INVALID_ARGUMENT', message: 'x', details: [{ reason: 'API_KEY_INVALID' }] } }],
      'credential',
    ],
    ['forbidden', 403, { error: { message: 'Forbidden' } }, 'credential'],
    ['a page in front', 403, '<!DOCTYPE html><title>Attention Required</title>', 'server-error'],
    ['model access', 403, openai('model_not_found', 'Project does not have access to model'), 'not-found'],
    [
      'country',
      403,
      openai('unsupported_country_region_territory', 'Country, region, or territory not supported'),
      'geo',
    ],
    ['quota', 429, openai('insufficient_quota', 'You exceeded your current quota', 'insufficient_quota'), 'payment'],
    ['credits', 402, { error: { message: 'Insufficient credits', code: 402 } }, 'payment'],
    ['Novita balance', 403, { code: 403, reason: 'NOT_ENOUGH_BALANCE', message: 'not enough balance' }, 'payment'],
    ['Fireworks suspended', 412, { error: { message: 'Account is suspended', code: 'PRECONDITION' } }, 'payment'],
    ['Alibaba overdue', 400, openai('Arrearage', 'Access denied'), 'payment'],
    ['rate', 429, openai('rate_limit_exceeded', 'Rate limit reached'), 'rate-limited'],
    ['bare rate', 429, '', 'rate-limited'],
    [
      'Mistral rate',
      429,
      { object: 'error', message: 'Rate limit exceeded', type: 'rate_limited', code: '1300' },
      'rate-limited',
    ],
    ['throttled 503', 503, { message: 'Model is getting throttled. Try your request again.' }, 'rate-limited'],
    ['Gemini', 429, { error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'x' } }, 'rate-limited'],
    ['Cerebras queue', 429, { message: 'busy', type: 'too_many_requests_error', code: 'queue_exceeded' }, 'overloaded'],
    ['Moonshot engine', 429, { error: { type: 'engine_overloaded_error', message: 'x' } }, 'overloaded'],
    ['overloaded', 503, { error: { message: 'The server is overloaded' } }, 'overloaded'],
    ['529', 529, '', 'overloaded'],
    ['Groq flex', 498, '', 'overloaded'],
    ['llama.cpp start', 503, { error: { message: 'Loading model' } }, 'overloaded'],
    ['503', 503, '<html>Service Unavailable</html>', 'server-error'],
    ['500', 500, openai(null, 'The server had an error', 'server_error'), 'server-error'],
    [
      '500 that quotes a prompt',
      500,
      openai(null, 'model x does not exist; unsupported; content violates'),
      'server-error',
    ],
    ['timeout', 408, '', 'server-error'],
    ['Cloudflare', 524, '', 'server-error'],
    ['failed dependency', 424, { error: 'Request failed during generation', error_type: 'generation' }, 'server-error'],
    ['redirect', 302, '', 'server-error'],
    ['a file of the client', 404, openai(null, 'No such File object: file-abc'), 'unsupported'],
    ['an item of the client', 404, openai(null, "Item with id 'rs_1' not found."), 'unsupported'],
    ['a path of the operator', 404, { detail: 'Not Found' }, 'not-found'],
    ['gone', 410, { error: { message: 'retired' } }, 'not-found'],
    ['Azure deployment', 404, openai('DeploymentNotFound', 'The API deployment does not exist'), 'not-found'],
    [
      'decommissioned',
      400,
      openai('model_decommissioned', 'has been decommissioned and is no longer supported'),
      'not-found',
    ],
    [
      'context',
      400,
      openai('context_length_exceeded', "This model's maximum context length is 8192 tokens"),
      'context-length',
    ],
    [
      'vLLM context',
      400,
      {
        object: 'error',
        message: "This model's maximum context length is 4096 tokens.",
        type: 'BadRequestError',
        code: 400,
      },
      'context-length',
    ],
    [
      'Cohere context',
      400,
      { error_type: 'TOO_MANY_TOKENS', message: 'too many tokens: size limit exceeded' },
      'context-length',
    ],
    [
      'Gemini context',
      400,
      { error: { code: 400, message: 'The input token count (1250074) exceeds the maximum number of tokens allowed' } },
      'context-length',
    ],
    [
      'Anthropic context',
      400,
      { type: 'error', error: { type: 'invalid_request_error', message: 'prompt is too long: 3 tokens > 2 maximum' } },
      'context-length',
    ],
    ['too large', 413, '', 'too-large'],
    [
      'Groq minute',
      413,
      openai('rate_limit_exceeded', 'Request too large for model on tokens per minute (TPM)'),
      'unsupported',
    ],
    [
      'max tokens',
      400,
      openai(null, 'max_tokens is too large: 99999. This model supports at most 4096'),
      'unsupported',
    ],
    ['parameter', 400, openai('unsupported_parameter', "Unsupported parameter: 'max_tokens'"), 'unsupported'],
    [
      'unknown field',
      422,
      { detail: [{ type: 'extra_forbidden', msg: 'Extra inputs are not permitted' }] },
      'unsupported',
    ],
    [
      'a fixed temperature of Moonshot',
      400,
      openai(null, 'invalid temperature: only 1 is allowed for this model'),
      'unsupported',
    ],
    [
      'a thought that Moonshot misses',
      400,
      openai(null, 'thinking is enabled but reasoning_content is missing in assistant tool call message at index 2'),
      'unsupported',
    ],
    [
      'a thought that DeepSeek misses',
      400,
      openai('invalid_request_error', 'The `reasoning_content` in the thinking mode must be passed back to the API.'),
      'unsupported',
    ],
    ['images', 400, openai(null, 'Image size exceeds the limit: too large'), 'unsupported'],
    ['FastAPI', 422, { detail: [{ type: 'missing', msg: 'Field required' }] }, 'unprocessable'],
    [
      'Mistral',
      422,
      { object: 'error', message: { detail: [{ msg: 'bad' }] }, type: 'invalid_request_error' },
      'unprocessable',
    ],
    [
      'filter',
      400,
      { error: { code: 'content_filter', message: 'x', innererror: { code: 'ResponsibleAIPolicyViolation' } } },
      'content-policy',
    ],
    ['xAI usage', 403, { code: 'x', error: 'Content violates usage guidelines.' }, 'content-policy'],
    [
      'Alibaba inspection',
      400,
      openai('data_inspection_failed', 'Input may contain inappropriate content'),
      'content-policy',
    ],
    ['Portkey guardrail', 446, '', 'content-policy'],
    ['tool use', 400, openai('tool_use_failed', 'Tool choice is required'), 'generation-failed'],
    ['JSON', 400, openai('json_validate_failed', 'Failed to generate JSON'), 'generation-failed'],
    ['client’s fault', 400, openai('invalid_value', "Invalid 'messages[3]'"), 'bad-request'],
    ['nothing', 400, '', 'bad-request'],
    ['Mistral model', 400, { message: 'Invalid model: x', type: 'invalid_model', code: '1500' }, 'not-found'],
    ['OpenRouter model', 400, { error: { message: 'acme/x is not a valid model ID', code: 400 } }, 'not-found'],
    ['a name for a state', 400, openai(null, "Unknown parameter: 'overloaded'."), 'unsupported'],
    ['a code that is a sentence', 400, { code: 'Unknown parameter: overloaded', error: 'x' }, 'unsupported'],
    ['half a body', 400, '{"error":{"message":"context_length_exceeded', 'context-length'],
  ])('reads %s', (_, status, body, want) => {
    expect(said(status, body)).toMatchObject({ kind: want, upstreamStatus: status })
  })

  it('keeps the code and the words apart from the message', () => {
    const failure = said(429, openai('rate_limit_exceeded', 'Slow down, canary'), { 'retry-after': '3' })
    expect(failure).toMatchObject({ providerCode: 'rate_limit_exceeded', retryAfterMs: 3_000 })
    expect(failure.message).not.toContain('canary')
    expect(failure.raw).toContain('canary')
  })

  it('reads how long to wait from the body where the headers are silent', () => {
    const body = { error: { code: 429, message: 'x', details: [{ '@type': 'RetryInfo', retryDelay: '34s' }] } }
    expect(said(429, body).retryAfterMs).toBe(34_000)
  })

  it('strips keys from what is shown, those in use above all', () => {
    const body = JSON.stringify(openai('invalid_api_key', 'Incorrect API key: my-own-credential and sk-abcdefgh12345'))
    const failure = classify({ status: 401, headers: new Headers(), body, secrets: ['my-own-credential'] })
    expect(failure.raw).not.toMatch(/my-own|sk-abc/)
    const long = classify({ status: 500, headers: new Headers(), body: 'x'.repeat(60_000) })
    expect(long.raw).toHaveLength(8_192)
  })

  it('asks the provider’s own table first', () => {
    const answer = { status: 400, headers: new Headers(), body: '{"error":{"code":"1113","message":"x"}}' }
    expect(classify(answer, (_, { code }) => (code === '1113' ? 'payment' : undefined)).kind).toBe('payment')
    expect(classify(answer, () => undefined).kind).toBe('bad-request')
  })
})

describe('classifyInside', () => {
  const inside = (error: unknown) => classifyInside({ error }, []).kind

  it('takes a refusal of the request for one without a status too, whatever it quotes', () => {
    expect(inside({ type: 'invalid_request_error', message: "'overloaded' is no value" })).toBe('bad-request')
    expect(classifyInside({ error: 'Input is wrong: overloaded', error_type: 'validation' }, []).kind).toBe(
      'bad-request',
    )
    expect(inside({ type: 'BadRequestError', message: 'rate limit is no field' })).toBe('bad-request')
    expect(inside({ type: 'invalid_request_error', code: 'context_length_exceeded', message: 'x' })).toBe(
      'context-length',
    )
    expect(inside({ type: 'invalid_request_error', code: 'invalid_api_key', message: 'x' })).toBe('credential')
  })

  it('leaves everything else with the provider', () => {
    expect(inside({ type: 'server_error', message: 'x' })).toBe('stream-error')
    expect(inside({ type: 'rate_limit_exceeded', message: 'x' })).toBe('rate-limited')
    expect(inside('words')).toBe('stream-error')
  })
})
