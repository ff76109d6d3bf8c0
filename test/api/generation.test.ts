import { GenerationResponse$inboundSchema } from '@openrouter/sdk/models/generationresponse.js'
import { Hono } from 'hono'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { SurfaceEnv } from '../../src/api/surface.ts'
import { FailureError, statusOf } from '../../src/chat/failure.ts'
import type { Gateway } from '../../src/dispatch/gateway.ts'
import type { GenerationRow } from '../../src/metering/generation.ts'
import { sampleGeneration } from '../support/sample-generation.ts'

const anyCaller = vi.hoisted(() => vi.fn())
vi.mock('../../src/api/authenticate.ts', () => ({ anyCaller }))
const { generation } = await import('../../src/api/generation.ts')

const now = Date.UTC(2026, 10, 21)
const freshId = `gen-${now / 1000 - 30}-abcdefghij0123456789`

let asked: [string | null, string][]
/** What the key's object answers, one look after the other; the last for good. */
let answers: (GenerationRow | null)[]

const gateway = {
  now: () => now,
  keys: {
    generation: async (hash: string | null, id: string) => {
      asked.push([hash, id])
      return (answers.length > 1 ? answers.shift() : answers[0]) ?? null
    },
  },
} as unknown as Gateway

const app = new Hono<SurfaceEnv>()
  .use(async (c, next) => {
    c.env = { ...c.env, gateway }
    await next()
  })
  .route('/', generation)
  .onError((error, c) => {
    if (!(error instanceof FailureError)) throw error
    return c.json({ error: error.failure.message }, statusOf(error.failure) as 400)
  })

beforeEach(() => {
  vi.useRealTimers()
  asked = []
  answers = [null]
  anyCaller.mockResolvedValue({ hash: 'caller', operator: false, policy: null })
})

describe('GET /generation', () => {
  it('shows every key of the contract, as the SDK reads it', async () => {
    answers = [sampleGeneration()]
    const response = await app.request(`/generation?id=${freshId}`)
    expect(response.status).toBe(200)
    const body = await response.json()
    expect(GenerationResponse$inboundSchema.parse(body)).toBeTruthy()
    expect(body).toMatchObject({
      data: {
        id: 'gen-1795219200-abcdefghij0123456789',
        request_id: 'req-1795219200-abcdefghij0123456789',
        upstream_id: 'chatcmpl-1',
        model: 'acme/large',
        provider_name: 'Acme',
        provider_responses: [
          { endpoint_id: 'other:acme/large', provider_name: 'Other', status: null, latency: 12, is_byok: false },
          { endpoint_id: 'acme:acme/large', provider_name: 'Acme', status: 200, latency: 111, id: 'chatcmpl-1' },
        ],
        api_type: 'completions',
        created_at: '2026-11-21T00:00:00.000Z',
        streamed: true,
        cancelled: false,
        finish_reason: 'stop',
        native_finish_reason: 'end_turn',
        latency: 123,
        generation_time: 456,
        tokens_prompt: 10,
        native_tokens_completion: 20,
        native_tokens_cached: 3,
        native_tokens_reasoning: 5,
        usage: 0.001234567,
        total_cost: 0.001234567,
        cache_discount: -1.2e-8,
        upstream_inference_cost: null,
        is_byok: false,
        data_region: 'global',
        origin: 'https://app.example',
        external_user: 'hash-of-user',
        router: 'openrouter/auto',
        attempts: [{ outcome: 'network' }, { outcome: 'ok' }],
        excluded: [
          { endpoint_id: 'third:acme/large', rule: 'context_length' },
          { endpoint_id: 'fourth:acme/large', rule: 'ignore' },
          { endpoint_id: 'fifth:acme/large', rule: 'cooldown' },
          { endpoint_id: 'sixth:acme/large', rule: 'not_needed' },
          { endpoint_id: 'seventh:acme/large', rule: 'attempt_limit' },
        ],
        translation: [{ field: 'top_a', action: 'dropped', reason: 'unsupported' }],
        usage_estimated: false,
        status: 200,
      },
    })
    expect(asked).toEqual([['caller', freshId]])
  })

  it('shows what a row from before there were decisions has of one', async () => {
    answers = [sampleGeneration({ decision: null, excluded: [{ endpointId: 'third:acme/large', rule: 'context' }] })]
    const body = await (await app.request(`/generation?id=${freshId}`)).json()
    expect(body).toMatchObject({ data: { excluded: [{ endpoint_id: 'third:acme/large', rule: 'context' }] } })
  })

  it('shows what a call cost that lost against a quicker one', async () => {
    const [attempt] = sampleGeneration().attempts
    if (!attempt) throw new Error('the sample has attempts')
    answers = [
      sampleGeneration({
        attempts: [{ ...attempt, outcome: 'hedged', costNanoUsd: 3_000_000, costEstimated: true }, attempt],
      }),
    ]
    const body = await (await app.request(`/generation?id=${freshId}`)).json()
    expect(GenerationResponse$inboundSchema.parse(body)).toBeTruthy()
    const { data } = body as { data: { attempts: unknown[] } }
    expect(data.attempts[0]).toMatchObject({ outcome: 'hedged', cost: 0.003, cost_estimated: true })
    expect(data.attempts[1]).not.toHaveProperty('cost')
  })

  it('shows a failed request, which has almost nothing', async () => {
    answers = [
      sampleGeneration({
        attempts: [],
        endpointId: null,
        provider: null,
        providerName: null,
        upstreamId: null,
        finishReason: null,
        nativeFinishReason: null,
        latencyMs: null,
        cacheDiscountNanoUsd: null,
        status: 404,
        errorType: 'not_found',
        origin: null,
        costNanoUsd: 0,
        region: 'eu',
        isByok: true,
      }),
    ]
    const body = (await (await app.request(`/generation?id=${freshId}`)).json()) as { data: unknown }
    expect(GenerationResponse$inboundSchema.parse(body)).toBeTruthy()
    expect(body.data).toMatchObject({
      provider_responses: [],
      origin: '',
      data_region: 'europe',
      usage: 0,
      upstream_inference_cost: 0.001234567,
      status: 404,
    })
  })

  it('waits a moment for a row that is being written', async () => {
    answers = [null, null, sampleGeneration()]
    expect((await app.request(`/generation?id=${freshId}`)).status).toBe(200)
    expect(asked.length).toBe(3)
  })

  it('gives up on a fresh id after two seconds', async () => {
    vi.useFakeTimers()
    const response = app.request(`/generation?id=${freshId}`)
    await vi.advanceTimersByTimeAsync(1_900)
    const looks = asked.length
    await vi.advanceTimersByTimeAsync(200)
    expect((await response).status).toBe(404)
    expect(asked.length).toBe(looks + 1)
  })

  it.each(['gen-1500000000-abcdefghij0123456789', 'gen-x', '%00', 'g'.repeat(5_000)])(
    'does not wait for an id that cannot be fresh: %.40s',
    async (id) => {
      expect((await app.request(`/generation?id=${id}`)).status).toBe(404)
      expect(asked.length).toBe(1)
    },
  )

  it('asks D1 alone for an operator, who has no key', async () => {
    anyCaller.mockResolvedValue({ hash: null, operator: true, policy: null })
    answers = [sampleGeneration()]
    await app.request(`/generation?id=${freshId}`)
    expect(asked).toEqual([[null, freshId]])
  })

  it.each(['/generation', '/generation?id='])('wants an id: %s', async (path) => {
    expect((await app.request(path)).status).toBe(400)
    expect(asked).toEqual([])
  })

  it('says nothing to strangers', async () => {
    anyCaller.mockRejectedValue(new FailureError({ type: 'authentication', message: 'No auth credentials found' }))
    expect((await app.request('/generation')).status).toBe(401)
    expect(asked).toEqual([])
  })
})
