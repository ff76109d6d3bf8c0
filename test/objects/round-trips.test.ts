import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { defaultWorkspaceId } from '../../src/dispatch/key-directory.ts'
import { keyRandomBytes, mintKey } from '../../src/edge/api-key.ts'
import worker from '../../src/index.ts'
import { insertKey } from '../../src/store/keys.ts'
import { migrate } from '../support/migrations.ts'
import { addEndpoints } from '../support/operator-catalogue.ts'

/** What the Worker did outside of itself, in its order. */
let trips: string[]
let key: string

const model = 'test/chat'
const choice = { index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }
const events = [
  { id: 'x', choices: [{ index: 0, delta: { role: 'assistant', content: 'Hello' } }] },
  { id: 'x', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
]

beforeAll(async () => {
  await migrate(env.DB)
  await addEndpoints(env.DB, [{ provider: 'acme', model }])
  const minted = await mintKey(undefined, crypto.getRandomValues(new Uint8Array(keyRandomBytes)))
  key = minted.key
  await insertKey(env.DB, {
    hash: minted.hash,
    label: minted.label,
    name: 'test',
    kind: 'inference',
    disabled: false,
    limitNanoUsd: null,
    limitReset: null,
    includeByokInLimit: false,
    rateLimit: null,
    createdAt: Date.now(),
    expiresAt: null,
    creatorUserId: null,
    workspaceId: defaultWorkspaceId,
  })
})

beforeEach(() => {
  trips = []
  // Every D1 of this process, the objects' own too; but not what an outbox writes behind some earlier answer.
  for (const method of ['prepare', 'batch', 'exec'] as const)
    spyOn(Object.getPrototypeOf(env.DB), method, `DB.${method}`)
  for (const method of ['match', 'put', 'delete'] as const) spyOn(caches.default, method, `cache.${method}`)
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
    trips.push('upstream')
    if (!String(init.body).includes('"stream":true')) return Response.json({ id: 'x', choices: [choice] })
    const text = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')
    return new Response(text, { headers: { 'content-type': 'text/event-stream' } })
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

function spyOn(target: object, method: string, name: string): void {
  const original: unknown = Reflect.get(target, method)
  if (typeof original !== 'function') throw new Error(`there is no ${name}`)
  vi.spyOn(target as Record<string, () => unknown>, method).mockImplementation(function (
    this: unknown,
    ...rest: unknown[]
  ) {
    if (!/^(INSERT|UPDATE)/.test(String(rest[0]))) trips.push(name)
    return Reflect.apply(original, this, rest)
  })
}

/** A namespace whose objects' methods are noted as they are called. */
function noted<T extends DurableObjectNamespace>(namespace: T, name: string): T {
  return proxied(namespace, (member) => {
    if (member !== 'get') return null
    return (...rest) => {
      const stub: object = Reflect.apply(namespace.get, namespace, rest)
      return proxied(stub, (method) => (...values) => {
        trips.push(`${name}.${String(method)}`)
        return Reflect.apply(Reflect.get(stub, method), stub, values)
      })
    }
  })
}

function proxied<T extends object>(
  target: T,
  replaced: (member: string | symbol) => ((...rest: unknown[]) => unknown) | null,
): T {
  return new Proxy(target, {
    get(_, member) {
      const found = replaced(member)
      if (found) return found
      const value: unknown = Reflect.get(target, member)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** What happened until the answer was there, and what came of it. */
async function ask(by: string, fields: object = {}): Promise<{ status: number; text: string; trips: string[] }> {
  trips = []
  const context = createExecutionContext()
  const request = new Request<unknown, IncomingRequestCfProperties>('https://gw.test/api/v1/chat/completions', {
    method: 'POST',
    headers: { authorization: `Bearer ${by}` },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }], ...fields }),
  })
  const bindings = {
    ...env,
    KEYS: noted(env.KEYS, 'key'),
    HEALTH: noted(env.HEALTH, 'health'),
    ACME_API_KEY: 'sk-upstream',
    ACME_BASE_URL: 'https://acme.example/v1',
  }
  const response = await worker.fetch(request, bindings, context)
  const text = await response.text()
  const told = [...trips]
  await waitOnExecutionContext(context)
  return { status: response.status, text, trips: told }
}

function untilUpstream(trips: string[]): string[] {
  return trips.slice(0, trips.indexOf('upstream'))
}

describe('a request that the isolate and the key object are warm for', () => {
  it.each([false, true])(
    'asks the key object once before the upstream, and D1 never (streamed: %s)',
    async (stream) => {
      expect((await ask(key, { stream })).status).toBe(200)
      const warm = await ask(key, { stream })
      expect(warm.status).toBe(200)
      expect(warm.text).toContain('Hello')
      expect(untilUpstream(warm.trips)).toEqual(['key.fetch'])
      expect(warm.trips.filter((trip) => /^(DB|cache)/.test(trip))).toEqual([])
    },
  )

  it('is no fluke of the count: a cold model is read from the cache and from D1', async () => {
    await addEndpoints(env.DB, [{ provider: 'acme', model: 'test/cold' }])
    const cold = await ask(key, { model: 'test/cold' })
    expect(cold.status).toBe(200)
    expect(untilUpstream(cold.trips)).toEqual(expect.arrayContaining(['cache.match', 'DB.batch', 'key.fetch']))
  })
})

describe('a key that cannot be one', () => {
  it('is refused without a hop', async () => {
    const mistyped = key.slice(0, -1) + (key.endsWith('0') ? '1' : '0')
    for (const wrong of [mistyped, key.slice(0, -2), 'sk-or-v1-elsewhere']) {
      const refused = await ask(wrong)
      expect(refused.status).toBe(401)
      expect(refused.trips).toEqual([])
    }
  })
})
