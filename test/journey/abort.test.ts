import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { completionEvents, eventStream, type MockUpstream, startUpstream } from '../support/mock-upstream.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'

const model = 'deepseek/deepseek-v4-flash'

// A busy machine may once be late by itself; a gateway that is late is so every time.
describe('a client that goes away', { retry: 2 }, () => {
  let upstream: MockUpstream
  let worker: RunningWorker
  let key: string

  beforeAll(async () => {
    upstream = await startUpstream()
    worker = await startWorker({ vars: { DEEPSEEK_API_KEY: 'sk-upstream', DEEPSEEK_BASE_URL: `${upstream.url}/v1` } })
    key = (await worker.createKey({ rate_limit: { requests: 0, interval: '10s' } })).key
  })
  afterAll(async () => {
    await worker.stop()
    await upstream.stop()
  })

  function ask(stream: boolean, signal: AbortSignal) {
    return fetch(`${worker.url}/api/v1/chat/completions`, {
      method: 'POST',
      signal,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model,
        stream,
        provider: { only: ['deepseek'] },
        messages: [{ role: 'user', content: 'Hello' }],
      }),
    })
  }

  async function abortedAfterMs(goneAt: number): Promise<number> {
    const request = upstream.requests.at(-1)
    await request?.over
    return (request?.abortedAt ?? Number.POSITIVE_INFINITY) - goneAt
  }

  async function generation(id: string): Promise<Record<string, unknown>> {
    const response = await fetch(`${worker.url}/api/v1/generation?id=${id}`, {
      headers: { authorization: `Bearer ${key}` },
    })
    return ((await response.json()) as { data: Record<string, unknown> }).data
  }

  it('in the middle of a stream cancels the upstream at once', async () => {
    upstream.behave = () => eventStream([...completionEvents(['one ', 'two ']).slice(0, 3), 'hang'])
    const gone = new AbortController()
    const response = await ask(true, gone.signal)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toContain('one ')
    const goneAt = Date.now()
    gone.abort()
    expect(await abortedAfterMs(goneAt)).toBeLessThan(100)
    const row = await generation(response.headers.get('x-generation-id') ?? '')
    expect(row).toMatchObject({
      cancelled: true,
      finish_reason: null,
      usage_estimated: true,
      provider_name: 'DeepSeek',
    })
  })

  it('only after its stream has said all leaves the connection to the next one', async () => {
    const answer = eventStream(completionEvents(['one ', 'two ']))
    upstream.behave = () => ({ ...answer, body: [...(answer.body ?? []), { waitMs: 20 }] })
    for (let i = 0; i < 4; i++) {
      const response = await ask(true, new AbortController().signal)
      expect(await response.text()).toMatch(/\[DONE\]\n\n$/)
      await upstream.requests.at(-1)?.over
    }
    const streams = upstream.requests.slice(-4)
    expect(streams.map(({ abortedAt }) => abortedAt)).toEqual([null, null, null, null])
    expect(new Set(streams.map(({ clientPort }) => clientPort)).size).toBe(1)
  })

  it('while the upstream is silent before its headers cancels it too', async () => {
    upstream.behave = () => ({ before: ['hang'] })
    const gone = new AbortController()
    const asking = ask(true, gone.signal).catch(() => {})
    const before = upstream.requests.length
    while (upstream.requests.length === before) await new Promise((resolve) => setTimeout(resolve, 5))
    await new Promise((resolve) => setTimeout(resolve, 50))
    const goneAt = Date.now()
    gone.abort()
    await asking
    expect(await abortedAfterMs(goneAt)).toBeLessThan(100)
  })

  it('after keep-alives have begun cancels it too', async () => {
    upstream.behave = () => ({ before: ['hang'] })
    const gone = new AbortController()
    const response = await ask(true, gone.signal)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toBe(': OPENROUTER PROCESSING\n\n')
    const goneAt = Date.now()
    gone.abort()
    expect(await abortedAfterMs(goneAt)).toBeLessThan(100)
  })

  it('while a whole answer is awaited cancels it too', async () => {
    upstream.behave = () => ({ before: ['hang'] })
    const gone = new AbortController()
    const before = upstream.requests.length
    const asking = ask(false, gone.signal).catch(() => {})
    while (upstream.requests.length === before) await new Promise((resolve) => setTimeout(resolve, 5))
    const goneAt = Date.now()
    gone.abort()
    await asking
    expect(await abortedAfterMs(goneAt)).toBeLessThan(100)
  })
})
