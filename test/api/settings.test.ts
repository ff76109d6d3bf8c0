import { beforeEach, describe, expect, it } from 'vitest'
import { settings } from '../../src/api/settings.ts'
import type { AccountPreferences } from '../../src/routing/merge-preferences.ts'
import { fakeGateway, operatorKey, surfaceApp } from '../support/fake-gateway.ts'

let stored: AccountPreferences | null | Error

beforeEach(() => {
  stored = null
})

const app = surfaceApp(
  fakeGateway({
    account: {
      routing: () => null,
      readRouting: async () => {
        if (stored instanceof Error) throw stored
        return stored
      },
      replaceRouting: async (preferences) => {
        if (stored instanceof Error) throw stored
        stored = preferences
      },
    },
  }),
  settings,
)

async function ask(method: 'GET' | 'PUT', body?: unknown, key = operatorKey) {
  const response = await app.request('/api/v1/settings/routing', {
    method,
    headers: { authorization: `Bearer ${key}` },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return {
    status: response.status,
    body: (await response.json()) as { data?: unknown; error?: { message: string; metadata: { field?: string } } },
  }
}

describe('/settings/routing', () => {
  it('is empty at first', async () => {
    expect(await ask('GET')).toEqual({ status: 200, body: { data: {} } })
  })

  it('holds every preference, and is replaced as a whole', async () => {
    const all = {
      order: ['a'],
      only: ['a', 'b'],
      ignore: ['c'],
      allow_fallbacks: false,
      require_parameters: true,
      data_collection: 'deny',
      zdr: true,
      quantizations: ['fp8'],
      sort: { by: 'price', partition: 'none' },
      max_price: { prompt: '1', completion: 2 },
      preferred_min_throughput: { p90: 10 },
      preferred_max_latency: 3,
      enforce_distillable_text: false,
      direct_only: true,
      jurisdictions: ['EU', 'ch'],
      regions: ['eu', 'eu-west-1'],
    }
    expect(await ask('PUT', all)).toEqual({ status: 200, body: { data: all } })
    expect(await ask('GET')).toEqual({ status: 200, body: { data: all } })
    expect(await ask('PUT', { zdr: true, only: null })).toEqual({ status: 200, body: { data: { zdr: true } } })
    expect(stored).toEqual({ zdr: true })
    expect((await ask('PUT', {})).status).toBe(200)
    expect(stored).toEqual({})
  })

  it.each<[unknown, string, string]>([
    [{ juristictions: ['EU'] }, 'juristictions', 'There are order, only'],
    [{ jurisdictions: ['Europe'] }, 'jurisdictions[0]', 'country code'],
    [{ jurisdictions: 'EU' }, 'jurisdictions', 'must be an array of places'],
    [{ regions: ['eu west'] }, 'regions[0]', 'a country code, "EU", "EEA"'],
    [{ regions: Array(65).fill('eu') }, 'regions', 'at most 64'],
    [{ direct_only: 'yes' }, 'direct_only', 'must be true or false'],
    [{ max_price: { promt: 1 } }, 'max_price.promt', 'prompt, completion'],
    [{ max_price: { prompt: -1 } }, 'max_price.prompt', 'must be a price'],
    [{ sort: { by: 'luck' } }, 'sort.by', 'must be one of'],
    [{ preferred_max_latency: { p95: 1 } }, 'preferred_max_latency.p95', 'p50, p75, p90, p99'],
    [{ hedge: {} }, 'hedge', 'is no routing setting'],
  ])('refuses %j and names the field', async (body, field, words) => {
    stored = { zdr: true }
    const refused = await ask('PUT', body)
    expect(refused.status).toBe(400)
    expect(refused.body.error?.metadata.field).toBe(field)
    expect(refused.body.error?.message).toContain(words)
    expect(stored).toEqual({ zdr: true })
  })

  it.each<[unknown]>([[[]], ['null'], ['{'], [{ ignore: Array(2000).fill('some-provider') }]])(
    'refuses a body that is none: %j',
    async (body) => {
      expect((await ask('PUT', body)).status).toBe(400)
      expect(stored).toBeNull()
    },
  )

  it('is for management keys', async () => {
    expect((await ask('PUT', {}, 'sk-of-somebody')).status).toBe(401)
    expect((await ask('GET', undefined, 'sk-of-somebody')).status).toBe(401)
  })

  it('is a 503 while D1 is away', async () => {
    stored = new Error('D1 is down')
    expect((await ask('GET')).status).toBe(503)
    expect((await ask('PUT', {})).status).toBe(503)
  })
})
