import { describe, expect, it } from 'vitest'
import type { EndpointRecord } from '../../src/catalog/records.ts'
import { statusOf } from '../../src/chat/failure.ts'
import type { ChatRequest } from '../../src/chat/request.ts'
import { rules } from '../../src/routing/eligibility.ts'
import { type PlanInput, plan } from '../../src/routing/plan.ts'
import { endpointRecord as endpoint, modelEntry, modelRecord, planInput, providerRecord } from './records.ts'

const tool = { type: 'function' as const, function: { name: 'look' } }
const image = { type: 'image_url' as const, image_url: { url: 'https://example.com/a.png' } }
const kept = {
  trains: false,
  retainsPrompts: false,
  retentionDays: 0,
  zdr: 'default',
  zeroRetentionStatedBy: 'vendor',
} as const

const homeless = endpoint('homeless')
const atHome = (tag: string, headquarters: string, direct = true) =>
  endpoint(tag, 1, { provider: providerRecord(tag, { headquarters, direct }) })

interface Case {
  name: string
  endpoints: EndpointRecord[]
  request?: Partial<ChatRequest>
  given?: Partial<PlanInput>
  /** Tags that stay. */
  stay: string[]
  /** Rule that removed the others. */
  rule?: string
}

const cases: Case[] = [
  {
    name: 'only configured endpoints',
    endpoints: [endpoint('alpha'), endpoint('beta')],
    given: { usable: ({ tag }) => tag === 'beta' },
    stay: ['beta'],
    rule: 'not_configured',
  },
  {
    name: 'no endpoint whose price cannot be read',
    endpoints: [endpoint('alpha'), endpoint('beta', 1, { price: { prompt: '-1', completion: '0' } })],
    stay: ['alpha'],
    rule: 'not_configured',
  },
  {
    name: 'on the EU host only what is tied to the EU',
    endpoints: [
      endpoint('alpha', 1, { eu: 'yes' }),
      endpoint('beta', 1, { eu: 'selectable' }),
      endpoint('gamma', 1, { eu: 'no' }),
      endpoint('delta'),
    ],
    given: { region: 'eu' },
    stay: ['alpha'],
    rule: 'data_region',
  },
  {
    name: 'what the account allows',
    endpoints: [endpoint('alpha'), endpoint('beta')],
    given: { policy: { only: ['alpha'] } },
    request: { provider: { only: ['alpha', 'beta'] } },
    stay: ['alpha'],
    rule: 'account_only',
  },
  {
    name: 'not what the account ignores',
    endpoints: [endpoint('alpha'), endpoint('beta')],
    given: { policy: { ignore: ['alpha'] } },
    stay: ['beta'],
    rule: 'account_ignore',
  },
  {
    name: 'no router where the request wants none',
    endpoints: [endpoint('alpha'), endpoint('beta', 1, { direct: false })],
    request: { provider: { direct_only: true } },
    stay: ['alpha'],
    rule: 'direct_only',
  },
  {
    name: 'operators at home where the request allows it, unknown being elsewhere',
    endpoints: [atHome('alpha', 'FR'), atHome('beta', 'US'), atHome('gamma', 'FR', false), homeless],
    request: { provider: { jurisdictions: ['eu'] } },
    stay: ['alpha'],
    rule: 'jurisdictions',
  },
  {
    name: 'operators at home where both the account and the request allow it',
    endpoints: [atHome('alpha', 'FR'), atHome('beta', 'DE'), atHome('gamma', 'US')],
    given: { policy: { jurisdictions: ['EU'] } },
    request: { provider: { jurisdictions: ['FR', 'US'] } },
    stay: ['alpha'],
    rule: 'jurisdictions',
  },
  {
    name: 'endpoints in an allowed region, unknown being elsewhere',
    endpoints: [endpoint('alpha', 1, { eu: 'yes' }), endpoint('beta', 1, { region: 'us' }), endpoint('gamma')],
    request: { provider: { regions: ['eu'] } },
    stay: ['alpha'],
    rule: 'regions',
  },
  {
    name: 'endpoints in a region that both the account and the request allow',
    endpoints: [endpoint('alpha', 1, { eu: 'yes' }), endpoint('beta', 1, { region: 'us' })],
    given: { policy: { regions: ['eu', 'us'] } },
    request: { provider: { regions: ['us'] } },
    stay: ['beta'],
    rule: 'regions',
  },
  {
    name: 'quantizations that both the account and the request allow',
    endpoints: [endpoint('alpha', 1, { quantization: 'fp8' }), endpoint('beta', 1, { quantization: 'bf16' })],
    given: { policy: { quantizations: ['fp8', 'fp16'] } },
    request: { provider: { quantizations: ['fp8', 'bf16'] } },
    stay: ['alpha'],
    rule: 'quantization',
  },
  {
    name: 'zero retention where the request wants it, unknown being the worst',
    endpoints: [
      endpoint('alpha', 1, { policy: kept }),
      endpoint('beta'),
      endpoint('gamma', 1, { policy: kept, direct: false }),
    ],
    request: { provider: { zdr: true } },
    stay: ['alpha'],
    rule: 'data_policy:zdr',
  },
  {
    name: 'no collectors where that is denied',
    endpoints: [endpoint('alpha', 1, { policy: kept }), endpoint('beta', 1, { policy: { ...kept, trains: null } })],
    request: { provider: { data_collection: 'deny' } },
    stay: ['alpha'],
    rule: 'data_policy:training',
  },
  {
    name: 'what only names, by base, tag or display name',
    endpoints: [endpoint('alpha/eu'), endpoint('beta/eu'), endpoint('beta/us'), endpoint('gamma')],
    request: { provider: { only: ['Alpha', 'beta/us'] } },
    stay: ['alpha/eu', 'beta/us'],
    rule: 'only',
  },
  {
    name: 'not what ignore names',
    endpoints: [endpoint('alpha/eu'), endpoint('beta')],
    request: { provider: { ignore: ['alpha'] } },
    stay: ['beta'],
    rule: 'ignore',
  },
  {
    name: 'a service tier only when it is named',
    endpoints: [endpoint('alpha'), endpoint('alpha/flex'), endpoint('alpha/priority')],
    request: { provider: { only: ['alpha', 'alpha/flex'] } },
    stay: ['alpha', 'alpha/flex'],
    rule: 'service_tier',
  },
  {
    name: 'no service tier by default, not even for the base name',
    endpoints: [endpoint('alpha'), endpoint('alpha/flex'), endpoint('alpha/turbo')],
    request: { provider: { only: ['alpha'] } },
    stay: ['alpha', 'alpha/turbo'],
    rule: 'service_tier',
  },
  {
    name: 'flex alone for service_tier flex',
    endpoints: [endpoint('alpha'), endpoint('alpha/flex')],
    request: { service_tier: 'flex' },
    stay: ['alpha/flex'],
    rule: 'flex_tier',
  },
  {
    name: 'the default where no flex is offered',
    endpoints: [endpoint('alpha'), endpoint('beta')],
    request: { service_tier: 'flex' },
    stay: ['alpha', 'beta'],
  },
  {
    name: 'the quantizations asked for, undeclared being unknown',
    endpoints: [
      endpoint('alpha', 1, { quantization: 'fp8' }),
      endpoint('beta', 1, { quantization: 'int4' }),
      endpoint('gamma'),
    ],
    request: { provider: { quantizations: ['fp8', 'unknown'] } },
    stay: ['alpha', 'gamma'],
    rule: 'quantization',
  },
  {
    name: 'what takes the media of the messages',
    endpoints: [endpoint('alpha', 1, { inputModalities: ['text', 'image'] }), endpoint('beta')],
    request: { messages: [{ role: 'user', content: [image] }] },
    stay: ['alpha'],
    rule: 'input_modality',
  },
  {
    name: 'what gives the outputs asked for',
    endpoints: [endpoint('alpha', 1, { outputModalities: ['text', 'audio'] }), endpoint('beta')],
    request: { modalities: ['text', 'audio'] },
    stay: ['alpha'],
    rule: 'output_modality',
  },
  {
    name: 'what takes tools, known before unknown',
    endpoints: [endpoint('alpha'), endpoint('beta', 1, { parameters: null })],
    request: { tools: [tool] },
    stay: ['alpha'],
    rule: 'prefer_tools',
  },
  {
    name: 'what may take tools, for all that is known',
    endpoints: [endpoint('alpha', 1, { parameters: ['temperature'] }), endpoint('beta', 1, { parameters: null })],
    request: { tools: [tool] },
    stay: ['beta'],
    rule: 'tools',
  },
  {
    name: 'everything where tools may not be called anyway',
    endpoints: [endpoint('alpha', 1, { parameters: [] }), endpoint('beta')],
    request: { tools: [tool], tool_choice: 'none' },
    stay: ['alpha', 'beta'],
  },
  {
    name: 'every required parameter',
    endpoints: [
      endpoint('alpha'),
      endpoint('beta', 1, { parameters: ['temperature', 'seed'] }),
      endpoint('gamma', 1, { parameters: null }),
    ],
    request: { temperature: 1, seed: 7, provider: { require_parameters: true } },
    stay: ['beta'],
    rule: 'require_parameters',
  },
  {
    name: 'max_completion_tokens where max_tokens is known',
    endpoints: [endpoint('alpha')],
    request: { max_completion_tokens: 5, provider: { require_parameters: true } },
    stay: ['alpha'],
  },
  {
    name: 'rather what knows the response format',
    endpoints: [endpoint('alpha'), endpoint('beta', 1, { parameters: ['structured_outputs'] })],
    request: { response_format: { type: 'json_schema', json_schema: { name: 'a' } } },
    stay: ['beta'],
    rule: 'prefer_response_format',
  },
  {
    name: 'all where none knows the response format or verbosity',
    endpoints: [endpoint('alpha'), endpoint('beta')],
    request: { response_format: { type: 'json_object' }, verbosity: 'low' },
    stay: ['alpha', 'beta'],
  },
  {
    name: 'rather what knows verbosity',
    endpoints: [endpoint('alpha'), endpoint('beta', 1, { parameters: ['verbosity'] })],
    request: { verbosity: 'low' },
    stay: ['beta'],
    rule: 'prefer_verbosity',
  },
  {
    name: 'what can write that much',
    endpoints: [
      endpoint('alpha'),
      endpoint('beta', 1, { maxOutputTokens: 20_000 }),
      endpoint('gamma', 1, { maxOutputTokens: null }),
    ],
    request: { max_tokens: 20_000 },
    stay: ['beta', 'gamma'],
    rule: 'max_output_tokens',
  },
  {
    name: 'what can hold prompt and answer',
    endpoints: [
      endpoint('alpha', 1, { contextLength: 9000 }),
      endpoint('beta'),
      endpoint('gamma', 1, { contextLength: null }),
    ],
    request: { max_tokens: 9000 - 1, messages: [{ role: 'user', content: 'x'.repeat(80) }] },
    stay: ['beta', 'gamma'],
    rule: 'context_length',
  },
  {
    name: 'what takes a prompt of that length',
    endpoints: [endpoint('alpha', 1, { maxPromptTokens: 9 }), endpoint('beta')],
    request: { messages: [{ role: 'user', content: 'x'.repeat(80) }] },
    stay: ['beta'],
    rule: 'context_length',
  },
  {
    name: 'what is cheap enough',
    endpoints: [endpoint('alpha', 1), endpoint('beta', 2)],
    request: { provider: { max_price: { prompt: '1', completion: 1 } } },
    stay: ['alpha'],
    rule: 'max_price',
  },
  {
    name: 'rather nothing that is about to end',
    endpoints: [endpoint('alpha', 1, { status: 'deprecated' }), endpoint('beta', 1, { status: 'beta' })],
    stay: ['beta'],
    rule: 'status',
  },
  {
    name: 'what is about to end where nothing else is left',
    endpoints: [endpoint('alpha', 1, { status: 'deprecated' }), endpoint('beta')],
    request: { provider: { only: ['alpha'] } },
    stay: ['alpha'],
    rule: 'only',
  },
  {
    name: 'everything for empty lists, which SDKs send for "no wish"',
    endpoints: [endpoint('alpha'), endpoint('beta')],
    request: { provider: { only: [], ignore: [], order: [], quantizations: [] } },
    stay: ['alpha', 'beta'],
  },
]

describe('eligibility keeps', () => {
  it.each(cases)('$name', ({ endpoints, request, given, stay, rule }) => {
    const made = plan(planInput(endpoints, request, given as never))
    expect(made.failure).toBeNull()
    expect(made.attempts.map(({ endpoint: { tag } }) => tag).sort()).toEqual([...stay].sort())
    const gone = endpoints.filter(({ tag }) => !stay.includes(tag))
    expect(made.out).toEqual(gone.map(({ id }) => ({ endpointId: id, rule })))
  })
})

interface RefusalCase {
  name: string
  endpoints: EndpointRecord[]
  request?: Partial<ChatRequest>
  given?: Partial<PlanInput>
  status: number
  type: string
  code: string
  excludedBy?: string[]
  words: string[]
}

const refusals: RefusalCase[] = [
  {
    name: 'a model without endpoints',
    endpoints: [],
    status: 404,
    type: 'not_found',
    code: 'no_endpoints',
    words: ['No endpoints found for acme/m1'],
  },
  {
    name: 'an embedding model on chat, whoever is configured',
    endpoints: [endpoint('alpha', 1, { outputModalities: ['embeddings'] })],
    given: { usable: () => false },
    status: 400,
    type: 'invalid_request',
    code: 'wrong_endpoint',
    words: ['acme/m1 makes embeddings, not chat completions', '/api/v1/embeddings, is not served by this gateway'],
  },
  {
    name: 'an image model on chat, also where an image is asked for',
    endpoints: [endpoint('alpha', 1, { outputModalities: ['image'] })],
    request: { modalities: ['image'] },
    status: 400,
    type: 'invalid_request',
    code: 'wrong_endpoint',
    words: ['acme/m1 makes images', '/api/v1/images, is not served by this gateway'],
  },
  {
    name: 'a model that only speaks, where nobody asked for speech',
    endpoints: [endpoint('alpha', 1, { outputModalities: ['audio', 'speech'] })],
    status: 400,
    type: 'invalid_request',
    code: 'wrong_endpoint',
    words: ['makes audio and speech', 'Use /api/v1/chat/completions with "modalities": ["audio"].'],
  },
  {
    name: 'no provider configured',
    endpoints: [endpoint('amazon-bedrock'), endpoint('z-ai')],
    given: { usable: () => false },
    status: 404,
    type: 'not_found',
    code: 'no_endpoints',
    words: ['No endpoints found for acme/m1', 'AMAZON_BEDROCK_API_KEY', 'Z_AI_API_KEY'],
  },
  {
    name: 'only providers whose API the gateway does not speak',
    endpoints: [endpoint('watsonx')],
    given: { usable: () => false, speaks: () => false },
    status: 404,
    type: 'not_found',
    code: 'no_endpoints',
    words: ['No endpoints found for acme/m1', 'watsonx', 'does not speak'],
  },
  {
    name: 'providers that are configured, at an address that may not be called',
    endpoints: [
      endpoint('sandbox', 1, { provider: providerRecord('sandbox', { kind: 'sandbox' }) }),
      endpoint('sandbox-b', 1, { provider: providerRecord('sandbox-b', { kind: 'sandbox' }) }),
    ],
    given: { usable: () => false, egress: { refusesAddress: () => true } },
    status: 404,
    type: 'not_found',
    code: 'no_endpoints',
    words: [
      'No endpoints found for acme/m1: the address of sandbox, sandbox-b is one that this gateway does not call',
      'only used with ENVIRONMENT=development. Another one is set by SANDBOX_BASE_URL.',
    ],
  },
  {
    name: 'one at such an address, and one that is not configured',
    endpoints: [endpoint('my-vllm'), endpoint('z-ai')],
    given: { usable: () => false, egress: { refusesAddress: ({ tag }) => tag === 'my-vllm' } },
    status: 404,
    type: 'not_found',
    code: 'no_endpoints',
    words: ['the address of my-vllm', 'set by MY_VLLM_BASE_URL. Or configure another: Z_AI_API_KEY.'],
  },
  {
    name: 'an EU endpoint at such an address',
    endpoints: [endpoint('alpha'), endpoint('my-vllm', 1, { eu: 'yes' })],
    given: {
      region: 'eu',
      usable: ({ tag }) => tag === 'alpha',
      egress: { refusesAddress: ({ tag }) => tag === 'my-vllm' },
    },
    status: 404,
    type: 'not_found',
    code: 'constraint_filtered',
    excludedBy: ['data_region'],
    words: ['Of those that are, the address of my-vllm is one', 'MY_VLLM_BASE_URL'],
  },
  {
    name: 'nothing in the EU',
    endpoints: [endpoint('alpha', 1, { eu: 'selectable' })],
    given: { region: 'eu' },
    status: 404,
    type: 'not_found',
    code: 'constraint_filtered',
    excludedBy: ['data_region'],
    words: ['tied to the EU'],
  },
  {
    name: 'an EU endpoint that is not configured',
    endpoints: [endpoint('alpha'), endpoint('beta', 1, { eu: 'yes' })],
    given: { region: 'eu', usable: ({ tag }) => tag === 'alpha' },
    status: 404,
    type: 'not_found',
    code: 'constraint_filtered',
    excludedBy: ['data_region'],
    words: ['BETA_API_KEY'],
  },
  {
    name: 'nothing in the EU, and nothing configured',
    endpoints: [endpoint('alpha')],
    given: { region: 'eu', usable: () => false },
    status: 404,
    type: 'not_found',
    code: 'constraint_filtered',
    excludedBy: ['data_region'],
    words: ['tied to the EU', 'Choose another model'],
  },
  {
    name: 'a region of which nothing is known',
    endpoints: [endpoint('alpha', 1, { eu: 'yes' })],
    given: { region: 'mars' },
    status: 404,
    type: 'not_found',
    code: 'constraint_filtered',
    excludedBy: ['data_region'],
    words: ['MARS'],
  },
  {
    name: 'zero retention nowhere',
    endpoints: [endpoint('alpha')],
    request: { provider: { zdr: true } },
    status: 404,
    type: 'not_found',
    code: 'privacy_restricted',
    excludedBy: ['data_policy:zdr'],
    words: ['No endpoints found matching your data policy'],
  },
  {
    name: 'collectors only',
    endpoints: [endpoint('alpha')],
    request: { provider: { data_collection: 'deny' } },
    status: 404,
    type: 'not_found',
    code: 'privacy_restricted',
    excludedBy: ['data_policy:training'],
    words: ['No endpoints found matching your data policy', 'data_collection'],
  },
  {
    name: 'distillable text',
    endpoints: [endpoint('alpha')],
    request: { provider: { enforce_distillable_text: true } },
    status: 404,
    type: 'not_found',
    code: 'constraint_filtered',
    words: ['distillation'],
  },
  {
    name: 'only somebody else',
    endpoints: [endpoint('alpha')],
    request: { provider: { only: ['beta'] } },
    status: 404,
    type: 'not_found',
    code: 'no_endpoints',
    excludedBy: ['allowed_providers'],
    words: ['No allowed providers are available for the selected model', 'beta', 'alpha'],
  },
  {
    name: 'everybody ignored',
    endpoints: [endpoint('alpha')],
    request: { provider: { ignore: ['alpha'] } },
    status: 404,
    type: 'not_found',
    code: 'no_endpoints',
    excludedBy: ['allowed_providers'],
    words: ['All providers have been ignored'],
  },
  {
    name: 'a closed order of others',
    endpoints: [endpoint('alpha')],
    request: { provider: { order: ['beta'], allow_fallbacks: false } },
    status: 404,
    type: 'not_found',
    code: 'no_endpoints',
    excludedBy: ['allowed_providers'],
    words: ['No allowed providers are available for the selected model', 'provider.order'],
  },
  {
    name: 'another quantization',
    endpoints: [endpoint('alpha', 1, { quantization: 'int4' })],
    request: { provider: { quantizations: ['bf16'] } },
    status: 404,
    type: 'not_found',
    code: 'constraint_filtered',
    excludedBy: ['quantization'],
    words: ['bf16', 'int4'],
  },
  {
    name: 'an image for nobody',
    endpoints: [endpoint('alpha')],
    request: { messages: [{ role: 'user', content: [image] }] },
    status: 404,
    type: 'not_found',
    code: 'constraint_filtered',
    words: ['No endpoints found that support image input'],
  },
  {
    name: 'tools for nobody',
    endpoints: [endpoint('alpha', 1, { parameters: [] })],
    request: { tools: [tool] },
    status: 404,
    type: 'not_found',
    code: 'constraint_filtered',
    words: ['No endpoints found that support tool use'],
  },
  {
    name: 'required parameters',
    endpoints: [endpoint('alpha')],
    request: { top_k: 3, provider: { require_parameters: true } },
    status: 404,
    type: 'not_found',
    code: 'constraint_filtered',
    excludedBy: ['require_parameters'],
    words: [
      'No endpoints found that can handle the requested parameters (top_k)',
      'let providers that do not list it take or leave it',
    ],
  },
  {
    name: 'nobody but routers',
    endpoints: [endpoint('alpha', 1, { direct: false })],
    request: { provider: { direct_only: true } },
    status: 404,
    type: 'not_found',
    code: 'privacy_restricted',
    excludedBy: ['direct_only'],
    words: ['alpha', 'provider.direct_only'],
  },
  {
    name: 'operators at home elsewhere',
    endpoints: [atHome('alpha', 'US'), homeless],
    given: { policy: { jurisdictions: ['EEA'] } },
    request: { provider: { jurisdictions: ['FR', 'CH'] } },
    status: 404,
    type: 'not_found',
    code: 'privacy_restricted',
    excludedBy: ['jurisdictions'],
    words: ['EEA and FR, CH', 'at home in: US, unknown', 'provider.jurisdictions'],
  },
  {
    name: 'operators of whose home nobody knows',
    endpoints: [homeless],
    request: { provider: { jurisdictions: ['EU'] } },
    status: 404,
    type: 'not_found',
    code: 'privacy_restricted',
    excludedBy: ['jurisdictions'],
    words: ['at home in: unknown. Choose another model.'],
  },
  {
    name: 'endpoints elsewhere',
    endpoints: [endpoint('alpha', 1, { region: 'us' }), endpoint('beta')],
    request: { provider: { regions: ['eu'] } },
    status: 404,
    type: 'not_found',
    code: 'privacy_restricted',
    excludedBy: ['regions'],
    words: ['process in: US, unknown', 'provider.regions'],
  },
  {
    name: 'too long an answer',
    endpoints: [endpoint('alpha')],
    request: { max_tokens: 10_001 },
    status: 404,
    type: 'not_found',
    code: 'constraint_filtered',
    excludedBy: ['context_length'],
    words: ['10000 output tokens'],
  },
  {
    name: 'too long a prompt',
    endpoints: [endpoint('alpha', 1, { contextLength: 9000 }), endpoint('beta', 1, { contextLength: 10_000 })],
    request: { messages: [{ role: 'user', content: 'word '.repeat(100_000) }] },
    status: 400,
    type: 'context_length_exceeded',
    code: 'constraint_filtered',
    excludedBy: ['context_length'],
    words: [
      "This endpoint's maximum context length is 10000 tokens. However, you requested about 125000 tokens",
      'Please reduce the length of either one',
      'plugins: [{"id": "context-compression"}]',
    ],
  },
  {
    name: 'too dear',
    endpoints: [endpoint('alpha', 4), endpoint('beta', 3)],
    request: { provider: { max_price: { prompt: 2 } } },
    status: 404,
    type: 'not_found',
    code: 'constraint_filtered',
    excludedBy: ['max_price'],
    words: ['max_price', 'beta', '$3 prompt'],
  },
]

describe('a refusal names its filter and a remedy', () => {
  it.each(refusals)('$name', ({ endpoints, request, given, status, type, code, excludedBy, words }) => {
    const { failure, attempts, out } = plan(planInput(endpoints, request, given as never))
    expect(attempts).toEqual([])
    expect(out).toHaveLength(endpoints.length)
    if (!failure) return expect.fail('there is no failure')
    expect(statusOf(failure)).toBe(status)
    expect(failure).toMatchObject({ type, availability: { code, retryable: false, requested_models: ['acme/m1'] } })
    expect(failure.availability?.excluded_by).toEqual(excludedBy)
    for (const word of words) expect(failure.message).toContain(word)
  })

  it('tells of the first model, and of every filter', () => {
    const { failure } = plan(
      planInput([[endpoint('alpha', 1, { parameters: [] })], [endpoint('beta', 9, { model: 'acme/m2' })]], {
        tools: [tool],
        provider: { max_price: { prompt: 1 } },
      }),
    )
    expect(failure?.message).toContain('support tool use')
    expect(failure?.availability).toMatchObject({
      excluded_by: ['max_price'],
      requested_models: ['acme/m1', 'acme/m2'],
    })
  })

  it('refuses a price cap that is none', () => {
    const { failure } = plan(planInput([endpoint('alpha')], { provider: { max_price: { prompt: 'cheap' } } }))
    expect(failure).toMatchObject({ type: 'invalid_request', message: expect.stringContaining('max_price.prompt') })
  })
})

describe('a request that wants no reasoning', () => {
  const thinker = (efforts: string[] | null, id = 'acme/m1') => ({
    ...modelEntry([endpoint('alpha', 1, { model: id })]),
    model: modelRecord(id, { reasoning: { supported: true, mandatory: true, efforts } }),
  })
  const planned = (request: Partial<ChatRequest>, entries: PlanInput['entries']) =>
    plan(planInput([], request, { entries }))
  const byName = (efforts: string[] | null = null) => [{ requestedId: 'acme/m1', entry: thinker(efforts) }]

  it.each<[string, Partial<ChatRequest>]>([
    ['reasoning.effort', { reasoning: { effort: 'none' } }],
    ['reasoning_effort', { reasoning_effort: 'none' }],
    ['reasoning.enabled', { reasoning: { enabled: false } }],
    ['reasoning.max_tokens', { reasoning: { max_tokens: 0 } }],
  ])('is refused by %s where the model always reasons', (field, request) => {
    const { failure, out } = planned(request, byName(['high', 'low', 'medium']))
    expect(out).toEqual([{ endpointId: 'alpha:acme/m1', rule: 'mandatory_reasoning' }])
    if (!failure) return expect.fail('there is no failure')
    expect(statusOf(failure)).toBe(400)
    expect(failure).toMatchObject({
      type: 'invalid_request',
      message: expect.stringMatching(/^Reasoning is mandatory for this endpoint and cannot be disabled\. acme\/m1 /),
      availability: { code: 'constraint_filtered', retryable: false, constraint: { field } },
    })
    expect(failure.message).toContain(`instead of ${field}, set reasoning.effort to "low"`)
  })

  it('is told so whether or not the model is configured', () => {
    const input = planInput([], { reasoning: { effort: 'none' } }, { entries: byName(), usable: () => false })
    expect(plan(input).failure?.message).toContain('Reasoning is mandatory')
  })

  it('goes to its next model', () => {
    const second = { requestedId: 'acme/m2', entry: modelEntry([endpoint('beta', 1, { model: 'acme/m2' })]) }
    const { failure, attempts } = planned({ reasoning: { effort: 'none' } }, [...byName(), second])
    expect(failure).toBeNull()
    expect(attempts.map(({ model }) => model.id)).toEqual(['acme/m2'])
  })

  it.each(['~acme/m-latest', '~acme/m-latest:nitro', 'openrouter/auto', 'openrouter/free', 'causeway/auto:floor'])(
    'is answered where %s came upon such a model',
    (requestedId) => {
      const chosen = planned({ reasoning: { enabled: false } }, [{ requestedId, entry: thinker(null) }])
      expect(chosen.failure).toBeNull()
      expect(chosen.attempts).toHaveLength(1)
    },
  )

  it('is no other than one that hides it, or wants little', () => {
    for (const request of [
      { reasoning: { exclude: true } },
      { include_reasoning: false },
      { reasoning_effort: 'minimal' },
    ])
      expect(planned(request as Partial<ChatRequest>, byName()).failure).toBeNull()
  })
})

describe('the rules', () => {
  it('have each a code of its own, and words for when they remove the last', () => {
    expect(new Set(rules.map(({ code }) => code)).size).toBe(rules.length)
    for (const rule of rules) expect(rule.empties !== undefined || rule.soft === true, rule.code).toBe(true)
  })
})
