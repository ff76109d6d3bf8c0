import { describe, expect, it } from 'vitest'
import type { EndpointRecord } from '../../src/catalog/records.ts'
import type { ChatRequest } from '../../src/chat/request.ts'
import { consider, decide } from '../../src/dispatch/decide.ts'
import type { Gateway } from '../../src/dispatch/gateway.ts'
import { calmHealth, type EndpointHealth } from '../../src/routing/health.ts'
import type { AccountPreferences } from '../../src/routing/merge-preferences.ts'
import { endpointRecord, modelEntry, providerRecord } from '../support/catalog-records.ts'
import { fakeGateway } from '../support/fake-gateway.ts'

const now = Date.UTC(2026, 10, 21, 12)
const here = endpointRecord({ provider: providerRecord({ slug: 'here', headquarters: 'FR' }) })
const there = endpointRecord({ provider: providerRecord({ slug: 'there', headquarters: 'US' }) })
const entry = modelEntry({}, [here, there])

interface World {
  account?: () => AccountPreferences | null | Promise<AccountPreferences | null>
  health?: Record<string, Partial<EndpointHealth>>
}

function world({ account = () => null, health = {} }: World) {
  const taken: string[] = []
  const looks: (boolean | undefined)[] = []
  const gateway: Gateway = fakeGateway({
    catalog: { model: (id) => (id === 'acme/m1' ? entry : null), models: () => [entry], providers: () => [] },
    account: { routing: account, readRouting: async () => null, replaceRouting: async () => {} },
    access: () => ({ baseUrl: 'https://up.example/v1', credential: null }),
    health: {
      of: ({ id }: EndpointRecord, looking?: boolean) => {
        looks.push(looking)
        return health[id] && { ...calmHealth, ...health[id] }
      },
      takeProbe: ({ id }: EndpointRecord) => taken.push(id) > 0,
    } as unknown as Gateway['health'],
  })
  return { gateway, taken, looks }
}

const request = (change: Partial<ChatRequest> = {}): ChatRequest => ({
  model: 'acme/m1',
  messages: [{ role: 'user', content: 'Hello' }],
  ...change,
})

describe('a decision', () => {
  it('is made without a promise where everything is in memory', () => {
    const { gateway } = world({})
    const considered = consider(request(), gateway, 1)
    if (considered instanceof Promise) return expect.fail('there is a promise')
    expect(considered.policy).toBeUndefined()
    expect(decide(considered, gateway, { now }).attempts).toHaveLength(2)
  })

  it('follows the account, and so does whoever reads the request later', async () => {
    const { gateway } = world({ account: async () => ({ jurisdictions: ['EU'], require_parameters: true, zdr: true }) })
    const asked = request({ provider: { zdr: false, only: ['there', 'here'] } })
    const considered = await consider(asked, gateway, 1)
    expect(asked.provider).toEqual({ zdr: true, only: ['there', 'here'], require_parameters: true })
    expect(considered.needs.preferences).toBe(asked.provider)
    expect(considered.policy).toEqual({ jurisdictions: ['EU'] })
    asked.provider = null
    const { attempts, out } = decide(
      await consider(request(), world({ account: () => ({ jurisdictions: ['EU'] }) }).gateway, 1),
      gateway,
      {
        now,
      },
    )
    expect(attempts.map(({ endpoint }) => endpoint.id)).toEqual([here.id])
    expect(out).toEqual([{ endpointId: there.id, rule: 'jurisdictions' }])
  })

  it('reads models and settings at once in a cold isolate', async () => {
    const { gateway } = world({})
    const asked: string[] = []
    const answer = Promise.withResolvers<AccountPreferences | null>()
    let inMemory = false
    gateway.account.routing = () => {
      asked.push('settings')
      return answer.promise
    }
    gateway.catalog.model = (id) => {
      asked.push(id)
      if (inMemory) return entry
      inMemory = true
      return Promise.resolve(entry)
    }
    const considered = consider(request(), gateway, 1)
    expect(asked).toEqual(['settings', 'acme/m1'])
    answer.resolve({ zdr: true })
    expect((await considered).needs.preferences).toEqual({ zdr: true })
  })

  it('is not made of models that are not there, however cold', async () => {
    const { gateway } = world({ account: async () => null })
    await expect(consider(request({ model: 'acme/none' }), gateway, 1)).rejects.toThrow(
      'acme/none is not a valid model ID',
    )
    expect(() => consider(request({ model: 'acme/none' }), world({}).gateway, 1)).toThrow('acme/none')
  })

  it('is not made where nobody can say what the account allows', async () => {
    const { gateway } = world({ account: () => Promise.reject(new Error('D1 is down')) })
    await expect(consider(request(), gateway, 1)).rejects.toThrow('D1 is down')
  })

  it('is told to somebody who looks as the next request would have it, and takes no probe', async () => {
    const health = { [here.id]: { openUntil: now - 1, probeReady: true } }
    const live = world({ health })
    const looker = world({ health })
    const looked = decide(await consider(request(), looker.gateway, 1), looker.gateway, { now, looking: true })
    expect(looker.taken).toEqual([])
    expect(looker.looks).toEqual([true, true])
    const decided = decide(await consider(request(), live.gateway, 1), live.gateway, { now })
    expect(live.taken).toEqual([here.id])
    expect(looked.attempts).toEqual(decided.attempts)
    expect(looked.attempts[0]).toMatchObject({ endpoint: here, blocked: null })
  })
})
