import { HTTPClient, OpenRouter } from '@openrouter/sdk'
import { beforeEach, describe, expect, it } from 'vitest'
import { key } from '../../src/api/key.ts'
import { keys } from '../../src/api/keys.ts'
import { defaultWorkspaceId } from '../../src/dispatch/key-directory.ts'
import { hashOf, inspectKey } from '../../src/edge/api-key.ts'
import { fakeGateway, operatorKey, surfaceApp } from '../support/fake-gateway.ts'
import { sampleKey } from '../support/sample-key.ts'

const secret = 'checksum secret'
let gateway: ReturnType<typeof fakeGateway>

beforeEach(() => {
  gateway = fakeGateway({ settings: { keyChecksumSecret: secret } })
})

const send = (input: RequestInfo | URL, init?: RequestInit) =>
  Promise.resolve(surfaceApp(gateway, keys, key).request(input as Request, init))

interface Answer {
  data: Record<string, unknown>
  key: string
  error: { code: number; message: string; metadata: Record<string, unknown> }
}

async function call(method: string, path: string, body?: unknown, as = operatorKey) {
  const response = await send(`/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${as}` },
    body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: response.status, headers: response.headers, ...((await response.json()) as Answer) }
}

function sdk(apiKey = operatorKey): OpenRouter {
  return new OpenRouter({
    apiKey,
    serverURL: 'http://gateway.test/api/v1',
    httpClient: new HTTPClient({ fetcher: send }),
    retryConfig: { strategy: 'none' },
  })
}

describe('the official SDK', () => {
  it('creates, reads, changes, lists and deletes a key', async () => {
    const client = sdk()
    const expiresAt = new Date(Date.UTC(2030, 0, 31))
    const created = await client.apiKeys.create({
      requestBody: {
        name: 'ci',
        limit: 10,
        limitReset: 'daily',
        includeByokInLimit: true,
        expiresAt,
        creatorUserId: 'user_2ab',
        workspaceId: defaultWorkspaceId,
      },
    })
    const { hash } = created.data
    expect(hash).toBe(await hashOf(created.key))
    expect(await inspectKey(created.key, secret)).toEqual({ hash })
    expect(created.data).toMatchObject({
      name: 'ci',
      label: `${created.key.slice(0, 12)}...${created.key.slice(-3)}`,
      limit: 10,
      limitRemaining: 10,
      limitReset: 'daily',
      includeByokInLimit: true,
      expiresAt,
      creatorUserId: 'user_2ab',
      workspaceId: defaultWorkspaceId,
      externalUser: null,
      updatedAt: null,
      disabled: false,
      usage: 0,
    })
    expect((await client.apiKeys.get({ hash })).data).toEqual(created.data)

    const updated = await client.apiKeys.update({ hash, requestBody: { name: 'cd', disabled: true, limit: null } })
    expect(updated.data).toMatchObject({ name: 'cd', disabled: true, limit: null, limitRemaining: null })
    expect(updated.data).toMatchObject({ limitReset: 'daily', includeByokInLimit: true })

    expect((await client.apiKeys.list()).data).toEqual([])
    expect((await client.apiKeys.list({ includeDisabled: true })).data.map((each) => each.hash)).toEqual([hash])
    expect(await client.apiKeys.delete({ hash })).toEqual({ deleted: true })
    await expect(client.apiKeys.get({ hash })).rejects.toMatchObject({ statusCode: 404 })
  })

  it('reads a key about itself', async () => {
    const created = await sdk().apiKeys.create({ requestBody: { name: 'ci', limit: 50 } })
    expect((await sdk(created.key).apiKeys.getCurrentKeyMetadata()).data).toMatchObject({
      label: created.data.label,
      limit: 50,
      isManagementKey: false,
      rateLimit: { requests: 40, interval: '10s' },
      allowedDataRegions: ['global'],
      workspaceId: defaultWorkspaceId,
      organizationId: null,
    })
  })
})

describe('a created key', () => {
  it('is answered once, beside its record, and may be kept by nobody on the way', async () => {
    const created = await call('POST', '/keys', { name: 'ci' })
    expect(created.status).toBe(201)
    expect(created.headers.get('cache-control')).toBe('no-store')
    expect(Object.keys(created).sort()).toEqual(['data', 'headers', 'key', 'status'])
    expect(JSON.stringify([...gateway.records.values()])).not.toContain(created.key)
  })

  it('is another one each time', async () => {
    const made = await Promise.all(Array.from({ length: 20 }, () => call('POST', '/keys', { name: 'same' })))
    expect(new Set(made.map((each) => each.key)).size).toBe(20)
  })

  it('may be a management key, which manages', async () => {
    const made = await call('POST', '/keys', { name: 'ops', is_management_key: true })
    expect(made.data.is_management_key).toBe(true)
    expect((await call('GET', '/keys', undefined, made.key)).status).toBe(200)
    expect((await call('GET', '/key', undefined, made.key)).data).toMatchObject({
      is_management_key: true,
      is_provisioning_key: true,
      rate_limit: { requests: -1 },
    })
  })

  it.each([
    [
      { requests: 5, interval: '1m' },
      { requests: 5, windowMs: 60_000 },
      { requests: 5, interval: '1m' },
    ],
    [{ requests: 0 }, { requests: 0, windowMs: 10_000 }, { requests: 0, interval: '10s' }],
    [null, null, null],
  ])('may have its own rate limit: %o', async (rate_limit, stored, shown) => {
    const made = await call('POST', '/keys', { name: 'ci', rate_limit })
    expect(made.data.rate_limit).toEqual(shown)
    expect(gateway.records.get(String(made.data.hash))?.rateLimit).toEqual(stored)
  })

  it.each([
    [0.1, 100_000_000],
    [0, 0],
    [1e-9, 1],
    [123.456789012, 123_456_789_012],
    [null, null],
  ])('keeps a limit of %d dollars to the nano-dollar', async (limit, nanoUsd) => {
    const made = await call('POST', '/keys', { name: 'ci', limit })
    expect(gateway.records.get(String(made.data.hash))?.limitNanoUsd).toBe(nanoUsd)
    expect(made.data.limit).toBe(limit)
  })

  it.each(['2030-01-31T00:00:00Z', '2030-01-31T00:00:00.000Z', '2030-01-31T00:00:00+00:00'])(
    'expires at a moment in UTC: %s',
    async (expires_at) => {
      const made = await call('POST', '/keys', { name: 'ci', expires_at })
      expect(made.data.expires_at).toBe('2030-01-31T00:00:00.000Z')
    },
  )

  it('ignores fields that nobody knows', async () => {
    const made = await call('POST', '/keys', { name: ' ci ', external: { user: 'u' }, is_admin: true, hash: 'x' })
    expect(made.status).toBe(201)
    expect(made.data.name).toBe('ci')
    expect(made.data).not.toHaveProperty('is_admin')
  })
})

describe('a request that is wrong', () => {
  it.each([
    [{}, 'name'],
    [{ name: '  ' }, 'name'],
    [{ name: 7 }, 'name'],
    [{ name: 'a\u0000b' }, 'name'],
    [{ name: 'a\u001b[31m' }, 'name'],
    [{ name: '\ud800' }, 'name'],
    [{ name: 'x'.repeat(257) }, 'name'],
    [{ name: 'a', limit: -1 }, 'limit'],
    [{ name: 'a', limit: '10' }, 'limit'],
    [{ name: 'a', limit: 1e15 }, 'limit'],
    [{ name: 'a', limit_reset: 'hourly' }, 'limit_reset'],
    [{ name: 'a', include_byok_in_limit: 'yes' }, 'include_byok_in_limit'],
    [{ name: 'a', expires_at: '2030-01-31T00:00:00+02:00' }, 'expires_at'],
    [{ name: 'a', expires_at: '2030-01-31T00:00:00' }, 'expires_at'],
    [{ name: 'a', expires_at: '2030-02-30T00:00:00Z' }, 'expires_at'],
    [{ name: 'a', expires_at: 1_900_000_000 }, 'expires_at'],
    [{ name: 'a', expires_at: '2026-11-21T12:00:00Z' }, 'expires_at'],
    [{ name: 'a', expires_at: '1970-01-01T00:00:00Z' }, 'expires_at'],
    [{ name: 'a', workspace_id: '9f0c2c1e-6f0e-4a53-9c0e-1f7a1f4f2b11' }, 'workspace_id'],
    [{ name: 'a', rate_limit: 40 }, 'rate_limit'],
    [{ name: 'a', rate_limit: {} }, 'rate_limit.requests'],
    [{ name: 'a', rate_limit: { requests: 1.5, interval: '10s' } }, 'rate_limit.requests'],
    [{ name: 'a', rate_limit: { requests: -1, interval: '10s' } }, 'rate_limit.requests'],
    [{ name: 'a', rate_limit: { requests: 1, interval: '10' } }, 'rate_limit.interval'],
    [{ name: 'a', rate_limit: { requests: 1, interval: '25h' } }, 'rate_limit.interval'],
    [{ name: 'a', rate_limit: { requests: 1, interval: 10 } }, 'rate_limit.interval'],
    [{ name: 'a', is_management_key: 1 }, 'is_management_key'],
  ])('to create is told the field: %o', async (body, field) => {
    const { status, error } = await call('POST', '/keys', body)
    expect(status).toBe(400)
    expect(error.metadata).toEqual({ error_type: 'invalid_request', field })
    expect(error.message).toMatch(new RegExp(`^${field.replace('.', '\\.')} (must|is required:) .*\\.$`))
    expect(gateway.records.size).toBe(0)
  })

  it.each([['{"name": "a",}'], ['[]'], ['null'], ['"name"'], ['']])('to create has no object: %o', async (body) => {
    expect(await call('POST', '/keys', body)).toMatchObject({ status: 400, error: { code: 400 } })
  })

  it('to change is told the field, and changes nothing', async () => {
    gateway.records.set('a'.repeat(64), sampleKey())
    const { status, error } = await call('PATCH', `/keys/${'a'.repeat(64)}`, { name: 'new', disabled: 'no' })
    expect(status).toBe(400)
    expect(error.metadata.field).toBe('disabled')
    expect(gateway.records.get('a'.repeat(64))?.name).toBe('sample')
  })

  it.each(['?offset=-1', '?offset=x', '?offset=1.5'])('to list is told the offset: %s', async (query) => {
    expect(await call('GET', `/keys${query}`)).toMatchObject({ status: 400, error: { metadata: { field: 'offset' } } })
  })
})

describe('a change', () => {
  const hash = 'a'.repeat(64)

  it('touches what it names and nothing else', async () => {
    gateway.records.set(hash, sampleKey({ limitNanoUsd: 5, rateLimit: { requests: 1, windowMs: 1_000 } }))
    const { data } = await call('PATCH', `/keys/${hash}`, { disabled: true, expires_at: '2030-01-01T00:00:00Z' })
    expect(data).toMatchObject({
      disabled: true,
      limit: 5e-9,
      expires_at: null,
      updated_at: '2026-11-21T12:00:00.000Z',
    })
    expect(data.rate_limit).toEqual({ requests: 1, interval: '1s' })
  })

  it.each([{}, { nonsense: 1 }])('that names nothing of the key does not touch it: %j', async (body) => {
    gateway.records.set(hash, sampleKey())
    const { status, data } = await call('PATCH', `/keys/${hash}`, body)
    expect([status, data.updated_at]).toEqual([200, null])
    expect(await call('PATCH', `/keys/${'b'.repeat(64)}`, body)).toMatchObject({ status: 404 })
  })

  it('gives and takes a limit of either kind', async () => {
    gateway.records.set(hash, sampleKey())
    const rate_limit = { requests: 7, interval: '1h' }
    expect((await call('PATCH', `/keys/${hash}`, { limit: 1, limit_reset: 'weekly', rate_limit })).data).toMatchObject({
      limit: 1,
      limit_reset: 'weekly',
      rate_limit,
    })
    const cleared = await call('PATCH', `/keys/${hash}`, { limit: null, limit_reset: null, rate_limit: null })
    expect(cleared.data).toMatchObject({ limit: null, limit_reset: null, rate_limit: null })
  })
})

describe('what is left of a limit', () => {
  const usage = {
    totalNanoUsd: 8_800_000_000,
    dailyNanoUsd: 400_000_000,
    weeklyNanoUsd: 2_100_000_000,
    monthlyNanoUsd: 3_000_000_000,
    byokTotalNanoUsd: 500_000_000,
    byokDailyNanoUsd: 200_000_000,
    byokWeeklyNanoUsd: 300_000_000,
    byokMonthlyNanoUsd: 400_000_000,
  }

  it.each([
    [null, false, 1.2],
    ['daily', false, 9.6],
    ['weekly', false, 7.9],
    ['monthly', false, 7],
    ['daily', true, 9.4],
    [null, true, 0.7],
  ] as const)('counts the current window: %s, BYOK %s', async (limitReset, includeByokInLimit, remaining) => {
    const record = sampleKey({ limitNanoUsd: 10_000_000_000, limitReset, includeByokInLimit, usage })
    gateway.records.set(record.hash, record)
    const { data } = await call('GET', `/keys/${record.hash}`)
    expect(data).toMatchObject({
      limit_remaining: remaining,
      usage: 8.8,
      usage_daily: 0.4,
      usage_weekly: 2.1,
      usage_monthly: 3,
      byok_usage: 0.5,
      byok_usage_monthly: 0.4,
    })
  })

  it('is never negative', async () => {
    const record = sampleKey({ limitNanoUsd: 1, usage })
    gateway.records.set(record.hash, record)
    expect((await call('GET', `/keys/${record.hash}`)).data.limit_remaining).toBe(0)
  })
})

describe('the list', () => {
  it('comes in pages of a hundred', async () => {
    for (let i = 0; i < 130; i++) {
      const hash = i.toString(16).padStart(64, '0')
      gateway.records.set(hash, sampleKey({ hash }))
    }
    expect((await call('GET', '/keys')).data).toHaveLength(100)
    expect((await call('GET', '/keys?offset=100')).data).toHaveLength(30)
    expect((await call('GET', `/keys?workspace_id=${defaultWorkspaceId}`)).data).toHaveLength(100)
    expect((await call('GET', '/keys?workspace_id=other')).data).toEqual([])
  })
})

describe('management', () => {
  const routes: [string, string][] = [
    ['POST', '/keys'],
    ['GET', '/keys'],
    ['GET', `/keys/${'a'.repeat(64)}`],
    ['PATCH', `/keys/${'a'.repeat(64)}`],
    ['DELETE', `/keys/${'a'.repeat(64)}`],
  ]

  it.each(routes)('is closed to strangers and to keys for inference: %s %s', async (method, path) => {
    gateway.records.set('a'.repeat(64), sampleKey())
    const made = await call('POST', '/keys', { name: 'ci' })
    const body = method === 'POST' || method === 'PATCH' ? { name: 'x' } : undefined
    expect((await call(method, path, body, 'nobody')).status).toBe(401)
    expect(await call(method, path, body, made.key)).toMatchObject({
      status: 403,
      error: { metadata: { error_type: 'permission_denied' } },
    })
    expect(gateway.records.get('a'.repeat(64))).toEqual(sampleKey())
    expect(gateway.records.size).toBe(2)
  })

  it.each(['x', 'A'.repeat(64), `${'a'.repeat(63)}g`, 'a'.repeat(65), 'b'.repeat(64), '%00'])(
    'knows no key of the hash %s',
    async (hash) => {
      gateway.records.set('a'.repeat(64), sampleKey())
      for (const method of ['GET', 'PATCH', 'DELETE']) {
        const body = method === 'PATCH' ? {} : undefined
        expect((await call(method, `/keys/${hash}`, body)).status).toBe(404)
      }
    },
  )
})

describe('GET /key', () => {
  it('answers under its old name too, with every field', async () => {
    gateway.settings.region = 'eu'
    const made = await call('POST', '/keys', { name: 'ci', rate_limit: { requests: 3, interval: '1m' } })
    const { data } = await call('GET', '/auth/key', undefined, made.key)
    expect(data).toEqual((await call('GET', '/key', undefined, made.key)).data)
    expect(data).toEqual({
      label: made.data.label,
      limit: null,
      limit_remaining: null,
      limit_reset: null,
      include_byok_in_limit: false,
      usage: 0,
      usage_daily: 0,
      usage_weekly: 0,
      usage_monthly: 0,
      byok_usage: 0,
      byok_usage_daily: 0,
      byok_usage_weekly: 0,
      byok_usage_monthly: 0,
      is_free_tier: false,
      is_management_key: false,
      is_provisioning_key: false,
      creator_user_id: null,
      expires_at: null,
      rate_limit: { requests: 3, interval: '1m', note: expect.any(String) },
      allowed_data_regions: ['europe'],
      free_model_daily_requests: { limit: -1, remaining: -1, used: 0 },
      workspace_id: defaultWorkspaceId,
      organization_id: null,
    })
  })

  it('tells -1 for a key without a rate limit', async () => {
    const made = await call('POST', '/keys', { name: 'ci', rate_limit: { requests: 0 } })
    expect((await call('GET', '/key', undefined, made.key)).data.rate_limit).toMatchObject({ requests: -1 })
  })

  it('answers the operator, as the SDK reads it', async () => {
    expect((await sdk().apiKeys.getCurrentKeyMetadata()).data).toMatchObject({
      isManagementKey: true,
      limit: null,
      expiresAt: null,
    })
  })

  it('refuses a key that is deleted while it asks', async () => {
    const made = await call('POST', '/keys', { name: 'ci' })
    gateway.directory.get = async () => null
    expect((await call('GET', '/key', undefined, made.key)).status).toBe(401)
  })
})
