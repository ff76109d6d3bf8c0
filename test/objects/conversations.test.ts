import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { AdmissionCaller } from '../../src/objects/admission-call.ts'
import type { KeyObject } from '../../src/objects/key-object.ts'
import { SettleQueue } from '../../src/objects/settle-queue.ts'
import { type SettledRow, settledRow } from '../../src/objects/settled-row.ts'
import { type ConversationNote, conversationTtlMs, maxConversations } from '../../src/routing/conversations.ts'
import { insertKey } from '../../src/store/keys.ts'
import { migrate } from '../support/migrations.ts'
import { sampleGeneration } from '../support/sample-generation.ts'
import { sampleKey } from '../support/sample-key.ts'

let hash: string
let keys = 0
let requests = 0
let now: number
let caller: AdmissionCaller
/** The calls for admission, and the headers of their answers. */
let calls: { url: string; status: number; headers: [string, string][] }[]

beforeAll(() => migrate(env.DB))

beforeEach(async () => {
  keys += 1
  hash = keys.toString(16).padStart(64, 'c')
  now = Date.UTC(2030, 0, 7, 12)
  calls = []
  caller = new AdmissionCaller()
  await insertKey(env.DB, { ...sampleKey(), hash, expiresAt: null, rateLimit: { requests: 0, windowMs: 10_000 } })
  await holdTime()
})

const stub = () => env.KEYS.get(env.KEYS.idFromName(hash))

const holdTime = () =>
  runInDurableObject(stub(), (object: KeyObject) => {
    object.clock = () => now
    object.later = () => {}
  })

const port = {
  fetch: async (url: string) => {
    const response = await stub().fetch(url)
    calls.push({ url, status: response.status, headers: [...response.headers] })
    return response
  },
}

function nextId(): string {
  requests += 1
  return `gen-1893456000-${String(requests).padStart(20, 'c')}`
}

/** The endpoint that the key's object remembers a conversation with. */
async function recall(conversation?: string): Promise<string | undefined> {
  const admission = await caller.admit(hash, { generationId: nextId(), reserveNanoUsd: 0, conversation }, port)
  if (!admission.admitted) throw new Error(admission.reason)
  expect(admission.policy.hash).toBe(hash)
  return admission.remembered
}

function settled(note?: ConversationNote): SettledRow {
  return settledRow(sampleGeneration({ id: nextId(), keyHash: hash, createdAt: now }), note)
}

/** Settles one request the way the gateway does. */
async function settle(conversation?: string, endpointId = 'acme/eu:acme/m1'): Promise<void> {
  const queue = new SettleQueue({ timing: { gatherMs: 1 } })
  const note = conversation === undefined ? undefined : { conversation, endpointId }
  await queue.add(hash, settled(note), (rows) => stub().settle(rows))
}

describe('the conversations that a key object remembers', () => {
  it('come back with the admission, whether the isolate knows the policy or not', async () => {
    expect(await recall('c1')).toBeUndefined()
    await settle('c1')
    expect(await recall('c1')).toBe('acme/eu:acme/m1')
    expect(await recall('c2')).toBeUndefined()
    caller = new AdmissionCaller()
    expect(await recall('c1')).toBe('acme/eu:acme/m1')
    expect(calls.map(({ status }) => status)).toEqual([200, 204, 204, 200])
  })

  it('add nothing to the call of a request that has none', async () => {
    await recall()
    await settle('c1')
    calls = []
    expect(await recall()).toBeUndefined()
    expect(calls.map(({ url }) => url.split('/').length)).toEqual([6])
    expect(calls.map(({ headers }) => headers)).toEqual([[]])
    expect(calls[0]?.status).toBe(204)
  })

  it('follow the endpoint that answered last, and travel with a batch of rows', async () => {
    const queue = new SettleQueue({ timing: { gatherMs: 10 } })
    const add = (conversation: string, endpointId: string) =>
      queue.add(hash, settled({ conversation, endpointId }), (rows) => stub().settle(rows))
    await Promise.all([add('c1', 'one'), add('c2', 'two'), add('c1', 'three'), settle()])
    expect([await recall('c1'), await recall('c2')]).toEqual(['three', 'two'])
  })

  it('may be with an endpoint whose id no header could hold', async () => {
    await recall()
    await settle('c1', 'größe\n:acme/模型')
    expect(await recall('c1')).toBe('größe\n:acme/模型')
  })

  it('last ten idle minutes, which a success begins anew and a question does not', async () => {
    await settle('c1')
    now += conversationTtlMs - 1
    expect(await recall('c1')).toBe('acme/eu:acme/m1')
    await settle('c1')
    now += conversationTtlMs - 1
    expect(await recall('c1')).toBe('acme/eu:acme/m1')
    now += 1
    expect(await recall('c1')).toBeUndefined()
  })

  it('are bounded', async () => {
    await settle('first')
    const notes = Array.from({ length: maxConversations }, (_, i) => ({ conversation: `c${i}`, endpointId: 'one' }))
    const one = settled()
    await stub().settle(notes.map((note) => ({ ...one, note })))
    expect(await recall('first')).toBeUndefined()
    expect(await recall('c0')).toBe('one')
  })

  it('are forgotten when the object is evicted or dies', async () => {
    for (const end of [() => evictDurableObject(stub()), () => abortAllDurableObjects()]) {
      await settle('c1')
      expect(await recall('c1')).toBe('acme/eu:acme/m1')
      await end()
      await holdTime()
      expect(await recall('c1')).toBeUndefined()
    }
  })

  it('are in no store', async () => {
    const conversation = 'c0ffee00c0ffee00'
    const endpointId = 'endpoint-of-a-conversation'
    await recall(conversation)
    await settle(conversation, endpointId)
    expect(await recall(conversation)).toBe(endpointId)
    const stored: string[] = []
    await runInDurableObject(stub(), (_, { storage }) => {
      for (const [key, value] of storage.kv.list()) stored.push(key, JSON.stringify(value))
      const tables = storage.sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE name NOT LIKE '_cf%'")
      for (const { name } of tables.toArray().filter(({ name }) => !name.startsWith('sqlite')))
        stored.push(JSON.stringify(storage.sql.exec(`SELECT * FROM ${name}`).toArray()))
    })
    await runDurableObjectAlarm(stub())
    stored.push(JSON.stringify((await env.DB.prepare('SELECT * FROM generations').run()).results))
    const all = stored.join('\n')
    expect(all).toContain(hash)
    expect(all).toContain('acme/large-20260101')
    expect(all).not.toContain(conversation)
    expect(all).not.toContain(endpointId)
  })
})
