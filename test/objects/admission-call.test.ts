import { abortAllDurableObjects } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { AdmissionCaller } from '../../src/objects/admission-call.ts'
import { insertKey } from '../../src/store/keys.ts'
import { migrate } from '../support/migrations.ts'
import { sampleKey } from '../support/sample-key.ts'

let hash: string
let keys = 0
let requests = 0
/** The statuses of the object's answers. */
let statuses: number[]
let caller: AdmissionCaller

beforeAll(() => migrate(env.DB))

beforeEach(() => {
  keys += 1
  hash = keys.toString(16).padStart(64, 'a')
  statuses = []
  caller = new AdmissionCaller()
})

function object() {
  const stub = env.KEYS.get(env.KEYS.idFromName(hash))
  return {
    stub,
    fetch: async (url: string) => {
      const response = await stub.fetch(url)
      statuses.push(response.status)
      return response
    },
  }
}

function ask() {
  requests += 1
  return { generationId: `gen-1893456000-${String(requests).padStart(20, '0')}`, reserveNanoUsd: 5 }
}

function newKey(differences: Partial<Parameters<typeof insertKey>[1]> = {}) {
  return insertKey(env.DB, { ...sampleKey(), hash, expiresAt: null, ...differences })
}

describe('a call for admission', () => {
  it('answers as the method does, and without a body once the policy is known', async () => {
    await newKey()
    const first = await caller.admit(hash, ask(), object())
    expect(first).toEqual(await object().stub.check())
    expect(await caller.admit(hash, ask(), object())).toEqual(first)
    expect(statuses).toEqual([200, 204])
  })

  it('fills the window, and tells a refusal in full', async () => {
    await newKey({ rateLimit: { requests: 2, windowMs: 60_000 } })
    for (let i = 0; i < 2; i++) expect((await caller.admit(hash, ask(), object())).admitted).toBe(true)
    expect(await caller.admit(hash, ask(), object())).toMatchObject({
      admitted: false,
      reason: 'rate-limited',
      limit: 2,
      windowMs: 60_000,
    })
  })

  it('hands over what is to be reserved', async () => {
    await newKey({ limitNanoUsd: 12 })
    await caller.admit(hash, ask(), object())
    await caller.admit(hash, ask(), object())
    expect(await caller.admit(hash, ask(), object())).toEqual({
      admitted: false,
      reason: 'limit-exceeded',
      limitNanoUsd: 12,
      affordableNanoUsd: 2,
    })
  })

  it('admits a request once, however often it is asked', async () => {
    await newKey({ rateLimit: { requests: 1, windowMs: 60_000 } })
    const same = ask()
    expect((await caller.admit(hash, same, object())).admitted).toBe(true)
    expect((await caller.admit(hash, same, object())).admitted).toBe(true)
    expect((await caller.admit(hash, ask(), object())).admitted).toBe(false)
  })

  it('brings a changed policy with the next answer', async () => {
    const key = await newKey()
    await caller.admit(hash, ask(), object())
    const rateLimit = { requests: 7, windowMs: 1_000 }
    await object().stub.configure({ ...key, rateLimit })
    expect(await caller.admit(hash, ask(), object())).toMatchObject({ admitted: true, policy: { rateLimit } })
    await object().stub.configure(null)
    expect(await caller.admit(hash, ask(), object())).toEqual({ admitted: false, reason: 'unknown' })
    expect(statuses).toEqual([200, 200, 200])
  })

  it('takes nothing for known after the object has died', async () => {
    await newKey()
    const first = await caller.admit(hash, ask(), object())
    await abortAllDurableObjects()
    expect(await caller.admit(hash, ask(), object())).toEqual(first)
    expect(statuses).toEqual([200, 200])
  })

  it('keeps the keys of one isolate apart', async () => {
    await newKey({ label: 'one' })
    await caller.admit(hash, ask(), object())
    hash = hash.replace('a', 'b')
    await newKey({ label: 'two' })
    expect(await caller.admit(hash, ask(), object())).toMatchObject({ policy: { hash, label: 'two' } })
  })

  it('rejects when the object is out of order', async () => {
    const broken = { fetch: async () => new Response('no', { status: 500 }) }
    await expect(caller.admit(hash, ask(), broken)).rejects.toThrow('500')
    const lost = { fetch: async () => new Response(null, { status: 204 }) }
    await expect(caller.admit(hash, ask(), lost)).rejects.toThrow('204')
  })
})
