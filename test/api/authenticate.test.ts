import { randomBytes } from 'node:crypto'
import { Hono } from 'hono'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import {
  anyCaller,
  inferenceCaller,
  inferenceKeyHash,
  managementCaller,
  refusalFailure,
} from '../../src/api/authenticate.ts'
import type { SurfaceEnv } from '../../src/api/surface.ts'
import { statusOf } from '../../src/chat/failure.ts'
import { keyRandomBytes, type MintedKey, mintKey } from '../../src/edge/api-key.ts'
import { fakeGateway, operatorKey, surfaceApp } from '../support/fake-gateway.ts'
import { sampleKey } from '../support/sample-key.ts'

const secret = 'checksum secret'
let gateway: ReturnType<typeof fakeGateway>
let inference: MintedKey
let management: MintedKey
let unknown: MintedKey

beforeEach(async () => {
  gateway = fakeGateway({ settings: { keyChecksumSecret: secret } })
  const minted = await Promise.all([1, 2, 3].map(() => mintKey(secret, randomBytes(keyRandomBytes))))
  ;[inference, management, unknown] = minted as [MintedKey, MintedKey, MintedKey]
  gateway.records.set(inference.hash, sampleKey(inference))
  gateway.records.set(management.hash, sampleKey({ ...management, kind: 'management' }))
})

const surface = new Hono<SurfaceEnv>()
  .get('/hash', async (c) => c.json(await inferenceKeyHash(c)))
  .get('/any', async (c) => c.json(await anyCaller(c)))
  .get('/management', async (c) => c.json(await managementCaller(c)))
  .get('/inference', async (c) => c.json(await inferenceCaller(c)))

async function ask(path: string, headers: Record<string, string>) {
  const response = await surfaceApp(gateway, surface).request(`/api/v1${path}`, { headers })
  const body = (await response.json()) as { error: { message: string; metadata: { error_type: string } } }
  return { status: response.status, body, message: body.error?.message, type: body.error?.metadata.error_type }
}

const as = (key: string) => ({ authorization: `Bearer ${key}` })

describe('a key for inference', () => {
  it('is told by its checksum alone, without asking anybody', async () => {
    const check = vi.spyOn(gateway.keys, 'check')
    expect(await ask('/hash', as(unknown.key))).toMatchObject({ status: 200, body: { hash: unknown.hash } })
    expect(check).not.toHaveBeenCalled()
  })

  it('is known to this isolate from then on, so that nothing is awaited', async () => {
    await ask('/hash', as(inference.key))
    let answered: unknown
    const synchronous = new Hono<SurfaceEnv>().get('/sync', (c) => {
      answered = inferenceKeyHash(c)
      return c.body(null)
    })
    await surfaceApp(gateway, synchronous).request('/api/v1/sync', { headers: as(inference.key) })
    expect(answered).toEqual({ hash: inference.hash })
  })

  it.each(['/hash', '/any', '/management', '/inference'])('is asked for where it is missing: %s', async (path) => {
    const { status, type, message } = await ask(path, {})
    expect([status, type]).toEqual([401, 'authentication'])
    expect(message).toContain('Authorization: Bearer sk-cw-v1-')
  })

  it.each(['/hash', '/any', '/management', '/inference'])('that was mistyped is refused: %s', async (path) => {
    const last = inference.key.at(-1) === '0' ? '1' : '0'
    const { status, type, message } = await ask(path, as(inference.key.slice(0, -1) + last))
    expect([status, type]).toEqual([401, 'authentication'])
    expect(message).toContain('mistyped')
  })

  it('of another service is refused without being quoted', async () => {
    const { status, message } = await ask('/hash', as('sk-or-v1-0123456789'))
    expect(status).toBe(401)
    expect(message).toContain('begin with sk-cw-v1-')
    expect(message).not.toContain('0123456789')
  })

  it('may say who it is, and run inference, but not manage', async () => {
    expect(await ask('/any', as(inference.key))).toMatchObject({
      body: { hash: inference.hash, operator: false, policy: { kind: 'inference' } },
    })
    expect(await ask('/inference', as(inference.key))).toMatchObject({ status: 200, body: { hash: inference.hash } })
    expect(await ask('/management', as(inference.key))).toMatchObject({
      status: 403,
      type: 'permission_denied',
      message: 'This route needs a management key: an API key for inference cannot manage this gateway.',
    })
  })

  it.each([
    ['disabled', { disabled: true }],
    ['expired', { expiresAt: 1 }],
  ])('that is %s is refused and told why', async (word, difference) => {
    gateway.records.set(inference.hash, sampleKey({ ...inference, ...difference }))
    const { status, type, message } = await ask('/any', as(inference.key))
    expect([status, type]).toEqual([401, 'authentication'])
    expect(message).toContain(word)
  })

  it('that does not exist is refused', async () => {
    expect(await ask('/any', as(unknown.key))).toMatchObject({ status: 401, type: 'authentication' })
  })
})

describe('a management key', () => {
  it('manages and may say who it is, but runs no inference', async () => {
    expect(await ask('/management', as(management.key))).toMatchObject({
      status: 200,
      body: { hash: management.hash, operator: false },
    })
    expect(await ask('/any', as(management.key))).toMatchObject({ body: { policy: { kind: 'management' } } })
    expect(await ask('/inference', as(management.key))).toMatchObject({ status: 403, type: 'permission_denied' })
  })

  it('of the environment does the same', async () => {
    const operator = { hash: null, operator: true, policy: null }
    expect(await ask('/management', as(operatorKey))).toMatchObject({ status: 200, body: operator })
    expect(await ask('/any', { 'x-api-key': operatorKey })).toMatchObject({ status: 200, body: operator })
    expect(await ask('/hash', as(operatorKey))).toMatchObject({ status: 403, type: 'permission_denied' })
    expect(await ask('/inference', as(operatorKey))).toMatchObject({ status: 403, type: 'permission_denied' })
  })

  it('of the environment may look like an API key', async () => {
    gateway.isOperatorKey = async (key) => key === unknown.key
    expect(await ask('/management', as(unknown.key))).toMatchObject({ status: 200, body: { operator: true } })
  })
})

describe('a refusal', () => {
  it('of a full window tells the limit and the time, in headers and in the body alike', () => {
    const failure = refusalFailure({
      admitted: false,
      reason: 'rate-limited',
      limit: 40,
      windowMs: 10_000,
      resetAt: 1_762_300_800_000,
      retryAfterMs: 2_300,
    })
    const headers = {
      'X-RateLimit-Limit': '40',
      'X-RateLimit-Remaining': '0',
      'X-RateLimit-Reset': '1762300800000',
    }
    expect(statusOf(failure)).toBe(429)
    expect(failure).toMatchObject({ retryAfterMs: 2_300, headers, metadata: { headers } })
    expect(failure.message).toBe('Rate limit exceeded: 40 requests per 10s for this API key. Try again in 3 s.')
  })

  it('of a spent key is a 402 in the words that clients know', () => {
    const refusal = { admitted: false, reason: 'limit-exceeded', limitNanoUsd: 10_000_000_000 } as const
    const spent = refusalFailure({ ...refusal, affordableNanoUsd: 0 })
    expect(statusOf(spent)).toBe(402)
    expect(spent.message).toBe('Insufficient credits: this API key has used up its limit of $10.')
    expect(refusalFailure({ ...refusal, affordableNanoUsd: 1_500 }).message).toMatch(
      /^This request requires more credits, or fewer max_tokens\. .*\$0\.0000015 .*\$10\.$/,
    )
    const affords = (affordableTokens: number) =>
      refusalFailure({ ...refusal, affordableNanoUsd: 1_500, affordableTokens }).message
    expect(affords(12)).toMatch(/ You can afford max_tokens of 12\.$/)
    expect(affords(0)).toMatch(/ The prompt alone may cost more than that\.$/)
  })

  it('of a management key that asks for inference is a 403', () => {
    expect(refusalFailure({ admitted: false, reason: 'wrong-kind' }).type).toBe('permission_denied')
  })
})
