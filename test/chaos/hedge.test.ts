import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChatClient, chatClient } from '../support/chat-client.ts'
import {
  chat,
  completionEvents,
  error,
  eventStream,
  type MockUpstream,
  type RecordedRequest,
  startUpstream,
} from '../support/mock-upstream.ts'
import { addEndpoints, providerOfPath, reachedAt } from '../support/operator-catalogue.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'

// Two upstreams of each model: what the first does is in its name, the other answers at once unless asked to be slow.
const [role = '', ...rest] = completionEvents(['late ', 'words'])
const firsts = ['wordless', 'silent', 'halting', 'failing']
let upstreams: MockUpstream[]
let worker: RunningWorker
let client: ChatClient
let key: string

beforeAll(async () => {
  const late = await startUpstream((request) => {
    switch (providerOfPath(request.path)) {
      case 'wordless':
        return eventStream([role, 'hang'])
      case 'halting':
        return request.json?.stream ? eventStream([role, { waitMs: 700 }, ...rest]) : { before: ['hang'] }
      case 'failing':
        return { ...error(500), before: [{ waitMs: 500 }] }
      default:
        return { before: ['hang'] }
    }
  })
  const prompt = await startUpstream((request) =>
    request.body.includes('[[slow]]') ? { before: ['hang'] } : chat(request, ['Hello']),
  )
  upstreams = [late, prompt]
  worker = await startWorker({
    vars: { ...reachedAt(late.url, firsts), ...reachedAt(prompt.url, ['prompt']) },
  })
  await addEndpoints(
    worker.database,
    firsts.flatMap((provider) => [
      { provider, model: `test/${provider}`, promptUsd: '0.000003', completionUsd: '0.000015' },
      { provider: 'prompt', model: `test/${provider}`, promptUsd: '0.000003', completionUsd: '0.000015' },
    ]),
  )
  key = (await worker.createKey({ rate_limit: { requests: 0 } })).key
  client = chatClient(worker.url, key)
})
afterAll(async () => {
  await worker?.stop()
  for (const upstream of upstreams ?? []) await upstream.stop()
})

function hedging(first: string, hedge: object = { after_ms: 200 }) {
  return { model: `test/${first}`, provider: { order: [first, 'prompt'], hedge } }
}

/** The calls that were made for a model since `since`, of both upstreams. */
function callsOf(model: string, since: number): RecordedRequest[] {
  const all = upstreams.flatMap(({ requests }) => requests)
  return all.filter((request) => request.model === `upstream-${model}` && request.receivedAt >= since)
}

describe('a request that asks for hedging', () => {
  it.each([true, false])('is answered by the second when the first is late, streamed: %s', async (stream) => {
    const since = Date.now()
    const fields = hedging('silent')
    const answer = stream ? await client.streamed(fields) : await client.whole(fields)
    expect(Date.now() - since).toBeLessThan(2_000)
    const [first, second] = callsOf('silent', since)
    await first?.over
    // Cancelled when the other had won, and not when it gave up by itself.
    expect((first?.abortedAt ?? Number.POSITIVE_INFINITY) - (second?.receivedAt ?? 0)).toBeLessThan(1_000)

    const usage = 'usage' in answer ? answer.usage : answer.body.usage
    const row = await client.generation(answer.headers.get('x-generation-id'))
    expect(row).toMatchObject({
      provider: 'prompt',
      cancelled: false,
      attempts: [
        { provider_name: 'silent', outcome: 'hedged', status: null, cost_estimated: true },
        { provider_name: 'prompt', outcome: 'ok', status: 200 },
      ],
    })
    // 7 tokens of prompt and 3 of answer, and the loser's: what the client is told is what the row holds.
    expect(row.total_cost).toBe(usage.cost)
    expect(row.total_cost).toBeCloseTo(7 * 3e-6 + 3 * 15e-6 + row.attempts[0].cost, 12)
    // Nobody knows whether these providers stop billing for what is cancelled, so it is reckoned to its end.
    expect(row.attempts[0].cost).toBe(0.000066)
  })

  it('is not won by an event that says nothing', async () => {
    const answer = await client.streamed(hedging('wordless'))
    expect(answer).toMatchObject({ text: 'Hello', finishReason: 'stop' })
    const row = await client.generation(answer.headers.get('x-generation-id'))
    expect(row.attempts).toMatchObject([{ outcome: 'hedged', status: 200 }, { outcome: 'ok' }])
  })

  it('may be won by the first after all, and has one answer', async () => {
    const since = Date.now()
    const slow = [{ role: 'user', content: '[[slow]]' }]
    const answer = await client.streamed({ ...hedging('halting'), messages: slow })
    expect(answer).toMatchObject({ text: 'late words', finishReason: 'stop' })
    const second = callsOf('halting', since).find(({ path }) => providerOfPath(path) === 'prompt')
    await second?.over
    expect(second?.abortedAt).not.toBeNull()
    const row = await client.generation(answer.headers.get('x-generation-id'))
    expect(row.attempts).toMatchObject([
      { provider_name: 'prompt', outcome: 'hedged' },
      { provider_name: 'halting', outcome: 'ok' },
    ])
  })

  it('waits for the second when the first fails behind it', async () => {
    const slow = [{ role: 'user', content: '[[slow]]' }]
    const gone = new AbortController()
    const asking = client.post({ ...hedging('failing'), messages: slow }, { signal: gone.signal }).catch(() => null)
    await new Promise((resolve) => setTimeout(resolve, 900))
    const second = callsOf('failing', 0).find(({ path }) => providerOfPath(path) === 'prompt')
    expect(second?.abortedAt).toBeNull()
    gone.abort()
    await asking
    await second?.over
  })

  it('is a plain request where the second would cost too much', async () => {
    const since = Date.now()
    const fields = { ...hedging('halting', { after_ms: 100, max_extra_cost: '0.0000001' }), stream: true }
    const { text } = await client.streamed(fields)
    expect(text).toBe('late words')
    expect(callsOf('halting', since)).toHaveLength(1)
  })
})

// A busy machine may once be late by itself; a gateway that is late is so every time.
describe('a client that goes away from two calls', { retry: 2 }, () => {
  it.each([true, false])('cancels both at once, streamed: %s', async (stream) => {
    const since = Date.now()
    const gone = new AbortController()
    const slow = [{ role: 'user', content: '[[slow]]' }]
    const asking = client
      .post({ ...hedging('silent', { after_ms: 50 }), messages: slow, stream }, { signal: gone.signal })
      .catch(() => null)
    while (callsOf('silent', since).length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    await new Promise((resolve) => setTimeout(resolve, 50))
    const goneAt = Date.now()
    gone.abort()
    await asking
    const calls = callsOf('silent', since)
    expect(calls).toHaveLength(2)
    for (const call of calls) {
      await call.over
      expect((call.abortedAt ?? Number.POSITIVE_INFINITY) - goneAt).toBeLessThan(100)
    }
  })
})
