import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ChatClient, chatClient } from '../support/chat-client.ts'
import { type Answer, chat, completion, error, type MockUpstream, startUpstream } from '../support/mock-upstream.ts'
import { addEndpoints, providerOfPath, reachedAt } from '../support/operator-catalogue.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'

const model = 'test/cached'
const providers = ['one', 'two']

let upstream: MockUpstream
let worker: RunningWorker
let client: ChatClient
let failing: string | null
let cachedTokens: number

beforeAll(async () => {
  upstream = await startUpstream((request): Answer => {
    if (providerOfPath(request.path) === failing) return error(500)
    if (request.json?.stream === true) return chat(request, ['Hello'])
    const prompt_tokens_details = { cached_tokens: cachedTokens }
    return completion('Hello', {
      usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10, prompt_tokens_details },
    })
  })
  worker = await startWorker({ vars: reachedAt(upstream.url, providers) })
  // Of one price, so that without a memory each request is a toss of a coin.
  await addEndpoints(
    worker.database,
    [model, 'test/uncached'].flatMap((id) => providers.map((provider) => ({ provider, model: id }))),
  )
  await worker.database.prepare(`UPDATE prices SET cache_read = '0.0000001' WHERE endpoint LIKE '%${model}'`).run()
  client = chatClient(worker.url, (await worker.createKey({ rate_limit: { requests: 0 } })).key)
})
afterAll(async () => {
  await worker?.stop()
  await upstream?.stop()
})
beforeEach(() => {
  failing = null
  cachedTokens = 0
})

/** One request; answers who was called, in order, and the record of it. */
async function ask(fields: Record<string, unknown>, headers: Record<string, string> = {}) {
  upstream.requests.length = 0
  const response = await client.post({ model, ...fields }, { headers })
  await response.text()
  expect(response.status).toBe(200)
  const called = upstream.requests.map(({ path }) => providerOfPath(path))
  // To wait for the record is to wait until the object knows.
  const generation = await client.generation(response.headers.get('x-generation-id'))
  return { called, generation }
}

/** Who answers so many requests, after a first one. */
async function answerers(count: number, fields: Record<string, unknown>, headers?: Record<string, string>) {
  const [first] = (await ask(fields, headers)).called
  const rest: string[] = []
  for (let i = 0; i < count; i++) rest.push((await ask(fields, headers)).called.at(-1) ?? '')
  return { first, rest: [...new Set(rest)] }
}

const turn = (text: string) => ({ messages: [{ role: 'user', content: text }] })

describe('a session', () => {
  it('stays with the provider that answered it first', async () => {
    const { first, rest } = await answerers(20, { session_id: 'stays' })
    expect(rest).toEqual([first])
    const { called, generation } = await ask({ session_id: 'stays', stream: true })
    expect(called).toEqual([first])
    expect(generation.attempts).toMatchObject([{ outcome: 'ok', sticky: true }])
  })

  it('may be named in a header, and its turns need nothing in common', async () => {
    const [first] = (await ask(turn('a'), { 'x-session-id': 'in-a-header' })).called
    for (let i = 0; i < 10; i++)
      expect((await ask(turn(`${i}`), { 'x-session-id': 'in-a-header' })).called).toEqual([first])
  })

  it('does not bind other sessions', async () => {
    const first = new Set<string | undefined>()
    for (let i = 0; i < 20; i++) {
      const { called, generation } = await ask({ session_id: `other-${i}` })
      first.add(called[0])
      expect(generation.attempts[0].sticky).toBe(false)
    }
    expect(first.size).toBe(2)
  })

  it('moves to the next provider when its own fails, and stays there', async () => {
    const [first] = (await ask({ session_id: 'moves' })).called
    failing = first ?? ''
    const other = providers.find((slug) => slug !== first)
    const moved = await ask({ session_id: 'moves' })
    expect(moved.called).toEqual([first, other])
    expect(moved.generation.attempts).toMatchObject([
      { outcome: 'server-error', sticky: true },
      { outcome: 'ok', sticky: false },
    ])
    failing = null
    for (let i = 0; i < 5; i++) expect((await ask({ session_id: 'moves' })).called).toEqual([other])
  })

  it('gives way to an order', async () => {
    const [first] = (await ask({ session_id: 'ordered' })).called
    const other = providers.find((slug) => slug !== first)
    const { called, generation } = await ask({ session_id: 'ordered', provider: { order: [other] } })
    expect(called).toEqual([other])
    expect(generation.attempts[0].sticky).toBe(false)
    expect((await ask({ session_id: 'ordered', provider: { ignore: [first] } })).called).toEqual([other])
  })
})

describe('a conversation without a name', () => {
  const beginning = { messages: [{ role: 'system', content: 'You are terse.' }, ...turn('Hello, cache').messages] }

  it('stays once a provider has read its cache', async () => {
    const before = new Set<string | undefined>()
    for (let i = 0; i < 20; i++) before.add((await ask(beginning)).called[0])
    expect(before.size).toBe(2)
    cachedTokens = 5
    const [first] = (await ask(beginning)).called
    cachedTokens = 0
    const later = { messages: [...beginning.messages, { role: 'assistant', content: 'Hi' }, ...turn('More').messages] }
    for (let i = 0; i < 10; i++) expect((await ask(later)).called).toEqual([first])
  })
})

describe('a model whose caches cost the same', () => {
  it('has no memory', async () => {
    const { rest } = await answerers(20, { model: 'test/uncached', session_id: 'stays' })
    expect(rest).toHaveLength(2)
  })
})
