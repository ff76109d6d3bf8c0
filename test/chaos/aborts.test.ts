import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  completionEvents,
  error,
  eventStream,
  type MockUpstream,
  type RecordedRequest,
  startUpstream,
} from '../support/mock-upstream.ts'
import { addEndpoints, providerOfPath, reachedAt } from '../support/operator-catalogue.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'

const aborts = 1_000
const concurrency = 20
const [role = '', first = ''] = completionEvents(['one '])

/** What the upstream does, and after which of it the client goes. */
const kinds = ['silent', 'wordless', 'talking', 'failing'] as const

let upstream: MockUpstream
let worker: RunningWorker
let key: string
let hash: string

/** Calls by provider and the id in their prompt, as soon as they have come. */
const arrivals = new Map<string, { came: Promise<RecordedRequest>; arrive(request: RecordedRequest): void }>()

function callOf(provider: string, id: string) {
  const name = `${provider} ${id}`
  const known = arrivals.get(name)
  if (known) return known
  const { promise, resolve } = Promise.withResolvers<RecordedRequest>()
  const call = { came: promise, arrive: resolve }
  arrivals.set(name, call)
  return call
}

beforeAll(async () => {
  upstream = await startUpstream((request) => {
    callOf(providerOfPath(request.path), /<\d+-\d+>/.exec(request.body)?.[0] ?? '').arrive(request)
    switch (providerOfPath(request.path)) {
      case 'failing':
        return error(500)
      case 'wordless':
        return eventStream([role, 'hang'])
      case 'talking':
        return eventStream([role, first, 'hang'])
      default:
        return { before: ['hang'] }
    }
  })
  worker = await startWorker({ vars: reachedAt(upstream.url, ['silent', 'wordless', 'talking', 'failing', 'backup']) })
  await addEndpoints(worker.database, [
    ...['silent', 'wordless', 'talking', 'failing'].map((provider) => ({ provider, model: `test/${provider}` })),
    { provider: 'backup', model: 'test/failing', promptUsd: '0.00001' },
  ])
  ;({ key, hash } = await worker.createKey({ rate_limit: { requests: 0, interval: '10s' } }))
})
afterAll(async () => {
  await worker?.stop()
  await upstream?.stop()
})

/** One request whose client goes; milliseconds until the upstream knew. */
async function abortOne(kind: (typeof kinds)[number], id: string): Promise<number> {
  const gone = new AbortController()
  const asking = fetch(`${worker.url}/api/v1/chat/completions`, {
    method: 'POST',
    signal: gone.signal,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: `test/${kind}`,
      stream: true,
      provider: { order: [kind, 'backup'] },
      messages: [{ role: 'user', content: id }],
    }),
  })
  const hangs = kind === 'failing' ? 'backup' : kind
  if (kind === 'talking') {
    const response = await asking
    await (response.body as ReadableStream<Uint8Array>).getReader().read()
  } else {
    asking.catch(() => {})
    await callOf(hangs, id).came
    // Time for what the upstream says before it hangs.
    await pause(kind === 'wordless' ? 20 : 3)
  }
  const call = await callOf(hangs, id).came
  const goneAt = Date.now()
  gone.abort()
  await asking.catch(() => {})
  await Promise.race([call.over, pause(5_000)])
  return (call.abortedAt ?? Number.POSITIVE_INFINITY) - goneAt
}

/** A request that the gateway answers by itself: how late this machine makes it for anything, whatever it does. */
async function askNothing(): Promise<number> {
  const since = Date.now()
  await (await fetch(`${worker.url}/nothing`)).arrayBuffer()
  return Date.now() - since
}

function p99Of(delays: number[]): number {
  return delays.sort((a, b) => a - b)[Math.floor(delays.length * 0.99)] ?? Number.POSITIVE_INFINITY
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

// A busy machine may once be late by itself; a gateway that is late is so every time.
describe('a thousand clients that go away', { retry: 2 }, () => {
  it('before headers, during the wait, mid-stream or during failover cancel their upstreams within 100 ms, and nothing is left behind', async () => {
    const since = Date.now()
    upstream.requests.length = 0
    const delays: number[] = []
    const busy: number[] = []
    let next = 0
    const one = async () => {
      while (next < aborts) {
        const index = next++
        delays.push(await abortOne(kinds[index % kinds.length] ?? 'silent', `<${since}-${index}>`))
        if (index % 4 === 0) busy.push(await askNothing())
      }
    }
    await Promise.all(Array.from({ length: concurrency }, one))
    const [p99, busyMs] = [p99Of(delays), p99Of(busy)]
    console.info(`aborts: p50 ${delays[aborts / 2]} ms, p99 ${p99} ms; p99 of nothing at all ${busyMs} ms`)
    expect(p99 - busyMs).toBeLessThan(100)

    // Nobody calls anybody once the client has gone, and no call goes on.
    await pause(300)
    const calls = upstream.requests.length
    for (const { over } of upstream.requests) await over
    expect(calls).toBeGreaterThanOrEqual(aborts)
    expect(calls).toBeLessThanOrEqual((aborts * 5) / 4)
    await pause(500)
    expect(upstream.requests.length).toBe(calls)

    const count = (where: string) =>
      worker.database
        .prepare(`SELECT count(*) AS n FROM generations WHERE key_hash = ? AND created_at >= ? AND ${where}`)
        .bind(hash, since)
        .first<number>('n')
    await expect.poll(() => count('true'), { timeout: 15_000, interval: 200 }).toBe(aborts)
    expect(await count('cancelled = 1 AND usage_estimated = 1 AND finish_reason IS NULL')).toBe(aborts)
    expect(await count('cost_nano_usd > 0')).toBe(aborts / 4)
    expect(await count('upstream_cost_nano_usd > 0')).toBe(aborts)
    expect(await count(`attempts LIKE '%"costIsMinimum":true%'`)).toBe(aborts)
  }, 60_000)
})
