import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChatClient, chatClient } from '../support/chat-client.ts'
import { readChatStream } from '../support/chat-wire.ts'
import {
  chat,
  completionEvents,
  error,
  eventStream,
  type MockUpstream,
  startUpstream,
} from '../support/mock-upstream.ts'
import { addEndpoints, providerOfPath, reachedAt } from '../support/operator-catalogue.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'

// Everything here takes its time, so all of it runs at once. The deadlines are those that a deployment starts with.

const [role = '', first = '', ...rest] = completionEvents(['one ', 'two'])
let upstream: MockUpstream
let worker: RunningWorker
let client: ChatClient
let isHealed = false

beforeAll(async () => {
  upstream = await startUpstream((request) => {
    switch (providerOfPath(request.path)) {
      case 'healing':
        return isHealed ? chat(request, ['Hello']) : error(500)
      case 'broken':
        return error(503)
      case 'late':
        return eventStream([role, { waitMs: 6_500 }, first, ...rest])
      case 'halting':
        return eventStream([role, first, { waitMs: 6_500 }, ...rest])
      case 'lingering':
        return eventStream([role, first, ...rest.slice(0, -1), 'hang'])
      case 'silent':
        return { before: ['hang'] }
      case 'wordless':
        return eventStream([role, 'hang'])
      default:
        return chat(request, ['Hello'])
    }
  })
  const faulty = ['healing', 'broken', 'late', 'halting', 'lingering', 'silent', 'wordless']
  worker = await startWorker({ vars: reachedAt(upstream.url, [...faulty, 'backup']) })
  await addEndpoints(
    worker.database,
    faulty.flatMap((provider) => [
      { provider, model: `test/${provider}`, promptUsd: '0.000001', completionUsd: '0.000001' },
      { provider: 'backup', model: `test/${provider}`, promptUsd: '0.00001', completionUsd: '0.00001' },
    ]),
  )
  client = chatClient(worker.url, (await worker.createKey({ rate_limit: { requests: 0 } })).key)
})
afterAll(async () => {
  await worker?.stop()
  await upstream?.stop()
})

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** When a provider was called, in milliseconds since `since`. */
function callsOf(provider: string, since: number): number[] {
  return upstream.requests
    .filter(({ path }) => providerOfPath(path) === provider)
    .map(({ receivedAt }) => receivedAt - since)
}

describe.concurrent('a provider that fails under steady load', () => {
  /** Ten requests a second for as long as `goesOn` says; all must be answered. */
  async function load(model: string, goesOn: () => boolean): Promise<void> {
    // Requests that wait for a cold start would all be on their way before the first of them has failed.
    await client.whole({ model, provider: { only: ['backup'] } })
    const asking: Promise<void>[] = []
    while (goesOn()) {
      asking.push(client.whole({ model }).then(({ status }) => expect(status).toBe(200)))
      await pause(100)
    }
    await Promise.all(asking)
  }

  it('is left alone after a few calls, and gets its traffic back once a probe went well', async () => {
    const since = Date.now()
    const elapsed = () => Date.now() - since
    // A second of normal traffic is enough to tell that it is back.
    const isBack = () => callsOf('healing', since).filter((at) => at > 29_000).length > 10
    await load('test/healing', () => {
      isHealed ||= elapsed() > 20_000
      return elapsed() < 45_000 && !isBack()
    })
    const calls = callsOf('healing', since)
    expect(calls.filter((at) => at < 5_000).length).toBeLessThanOrEqual(6)
    expect(calls.filter((at) => at < 5_000).length).toBeGreaterThanOrEqual(3)
    expect(calls.filter((at) => at >= 5_000 && at < 28_000)).toEqual([])
    expect(isBack(), `calls at ${calls}`).toBe(true)
  }, 60_000)

  it('is probed once when its time has come, and left alone again', async () => {
    const since = Date.now()
    await load('test/broken', () => Date.now() - since < 37_000)
    const calls = callsOf('broken', since)
    expect(calls.filter((at) => at < 5_000).length).toBeLessThanOrEqual(6)
    expect(calls.filter((at) => at >= 5_000 && at < 28_000)).toEqual([])
    expect(calls.filter((at) => at >= 28_000)).toHaveLength(1)
  }, 60_000)
})

describe.concurrent('a stream that waits', () => {
  /** When each read of a stream came, in milliseconds since it was asked for, and what it held. */
  async function watch(model: string): Promise<{ at: number; text: string }[]> {
    const since = Date.now()
    const response = await client.post({ model, stream: true, provider: { only: [model.slice(5)] } })
    const reads: { at: number; text: string }[] = []
    const decoder = new TextDecoder()
    for await (const bytes of response.body as ReadableStream<Uint8Array>)
      reads.push({ at: Date.now() - since, text: decoder.decode(bytes, { stream: true }) })
    return reads
  }

  it('for its first word is kept alive from 3.5 s on', async () => {
    const reads = await watch('test/late')
    expect(reads[0]?.text).toMatch(/^: /)
    expect(reads[0]?.at).toBeLessThan(3_500)
    const stream = readChatStream(reads.map(({ text }) => text).join(''))
    expect(stream).toMatchObject({ text: 'one two', finishReason: 'stop' })
    expect(stream.comments).toBeGreaterThanOrEqual(2)
    expect(stream.comments).toBeLessThanOrEqual(7)
  })

  it('for its next word is kept alive too', async () => {
    const reads = await watch('test/halting')
    const comments = reads.filter(({ text }) => text.startsWith(': '))
    expect(reads[0]?.text).toContain('one ')
    expect(comments.length).toBeGreaterThanOrEqual(2)
    expect(comments[0]?.at).toBeLessThan(3_500)
    expect(readChatStream(reads.map(({ text }) => text).join(''))).toMatchObject({
      text: 'one two',
      finishReason: 'stop',
    })
  })

  it('for nothing but the end of the connection is over soon', async () => {
    const reads = await watch('test/lingering')
    expect(readChatStream(reads.map(({ text }) => text).join(''))).toMatchObject({
      text: 'one two',
      finishReason: 'stop',
    })
    expect(reads.at(-1)?.at).toBeLessThan(10_000)
  })
})

describe.concurrent('a provider that falls silent', () => {
  it.each(['silent', 'wordless'])(
    '(%s) is given up, and the next one answers',
    async (provider) => {
      const since = Date.now()
      const order = { order: [provider, 'backup'] }
      const [told, answered] = await Promise.all([
        client.streamed({ model: `test/${provider}`, provider: { only: [provider] } }),
        client.streamed({ model: `test/${provider}`, provider: order }),
      ])
      expect(Date.now() - since).toBeLessThan(40_000)
      expect(told).toMatchObject({ text: '', finishReason: 'error', error: { code: 504 } })
      expect(answered).toMatchObject({ text: 'Hello', finishReason: 'stop' })
      expect(answered.chunks[0].provider).toBe('backup')
    },
    60_000,
  )
})
