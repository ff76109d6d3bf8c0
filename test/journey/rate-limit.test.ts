import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chatClient } from '../support/chat-client.ts'
import { expectErrorEnvelope } from '../support/chat-wire.ts'
import { type MockUpstream, startUpstream } from '../support/mock-upstream.ts'
import { addEndpoints, reachedAt } from '../support/operator-catalogue.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'

const model = 'test/chat'
let stateDir: string
let upstream: MockUpstream
let worker: RunningWorker

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'causeway-rate-limit-'))
  upstream = await startUpstream()
  worker = await start()
  await addEndpoints(worker.database, [{ provider: 'acme', model }])
})
afterAll(async () => {
  await worker?.stop()
  await upstream?.stop()
  await rm(stateDir, { recursive: true, force: true })
})

function start(): Promise<RunningWorker> {
  return startWorker({ stateDir, vars: reachedAt(upstream.url, ['acme']) })
}

function until(atMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, atMs - Date.now()))
}

describe('1,000 requests of one key at once', () => {
  it('are exactly 40, and 40 again a window later, through a restart', async () => {
    const { key } = await worker.createKey()
    const before = upstream.requests.length
    const startedAt = Date.now()
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => chatClient(worker.url, key).whole({ model })))
    const admitted = answers.filter(({ status }) => status === 200)
    const refused = answers.filter(({ status }) => status === 429)
    const endedAt = Date.now()
    expect(endedAt - startedAt).toBeLessThan(10_000)
    expect(admitted).toHaveLength(40)
    expect(refused).toHaveLength(960)
    expect(upstream.requests.length - before).toBe(40)
    for (const { headers } of admitted)
      expect([...headers.keys()].filter((name) => name.startsWith('x-ratelimit'))).toEqual([])
    for (const { status, headers, body } of refused) {
      expectErrorEnvelope(status, body)
      expect(body.error.metadata.error_type).toBe('rate_limit_exceeded')
      expect(headers.get('x-ratelimit-limit')).toBe('40')
      expect(headers.get('x-ratelimit-remaining')).toBe('0')
      const resetAt = Number(headers.get('x-ratelimit-reset'))
      expect(resetAt).toBeGreaterThanOrEqual(startedAt + 10_000)
      expect(resetAt).toBeLessThan(endedAt + 10_000)
      expect(headers.get('retry-after')).toMatch(/^([1-9]|10)$/)
      expect(body.error.metadata.headers['X-RateLimit-Reset']).toBe(headers.get('x-ratelimit-reset'))
      expect(headers.get('x-generation-id')).toMatch(/^gen-/)
    }
    const firstResetAt = Number(refused[0]?.headers.get('x-ratelimit-reset'))

    await worker.stop()
    worker = await start()
    expect(Date.now(), 'the restart is inside the window').toBeLessThan(firstResetAt)
    const still = await chatClient(worker.url, key).whole({ model })
    expect(still.status).toBe(429)
    expect(Number(still.headers.get('x-ratelimit-reset'))).toBe(firstResetAt)

    // Not counted: neither the refused requests nor the question after the restart.
    await until(endedAt + 10_000)
    const again = await Promise.all(Array.from({ length: 60 }, () => chatClient(worker.url, key).whole({ model })))
    expect(again.filter(({ status }) => status === 200)).toHaveLength(40)
  })

  it('of a key with a limit of its own are as many as that says', async () => {
    const [three, free] = await Promise.all([
      worker.createKey({ rate_limit: { requests: 3, interval: '1m' } }),
      worker.createKey({ rate_limit: { requests: 0 } }),
    ])
    const admittedOf = async (key: string) => {
      const answers = await Promise.all(Array.from({ length: 60 }, () => chatClient(worker.url, key).whole({ model })))
      return answers.filter(({ status }) => status === 200).length
    }
    expect(await Promise.all([admittedOf(three.key), admittedOf(free.key)])).toEqual([3, 60])
  })
})
