import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { chatDialect } from '../../src/api/chat-completions/dialect.ts'
import { chatCompletions } from '../../src/api/chat-completions/surface.ts'
import type { EndpointRecord, ModelEntry } from '../../src/catalog/records.ts'
import type { ChatRequest } from '../../src/chat/request.ts'
import { type ChatCall, dispatchChat } from '../../src/dispatch/chat.ts'
import type { Gateway } from '../../src/dispatch/gateway.ts'
import type { Admission } from '../../src/dispatch/keys.ts'
import { inspectKey, keyRandomBytes, mintKey } from '../../src/edge/api-key.ts'
import type { GenerationRow } from '../../src/metering/generation.ts'
import type { EndpointHealth } from '../../src/routing/health.ts'
import { calmHealth } from '../../src/routing/health.ts'
import { endpointRecord, modelEntry, providerRecord } from '../support/catalog-records.ts'
import { fakeGateway, surfaceApp } from '../support/fake-gateway.ts'

// Node has no identity stream. Workerd's hands bytes on as a copy before a write resolves, and the gateway counts on it.
class CopyingStream extends TransformStream<Uint8Array, Uint8Array> {
  constructor() {
    super({ transform: (bytes, controller) => controller.enqueue(bytes.slice()) })
  }
}
vi.stubGlobal('IdentityTransformStream', CopyingStream)

const start = Date.UTC(2026, 10, 21, 12)
const cheap = endpointRecord({
  provider: providerRecord({ slug: 'cheap', name: 'Cheap' }),
  price: { prompt: '0.000001', completion: '0.000001' },
})
const dear = endpointRecord({
  provider: providerRecord({ slug: 'dear', name: 'Dear' }),
  price: { prompt: '0.001', completion: '0.001' },
})
const admitted: Admission = {
  admitted: true,
  policy: { hash: 'hash', label: 'sk-cw-v1-abc...123', kind: 'inference', rateLimit: null },
}

interface World {
  gateway: Gateway
  rows: GenerationRow[]
  calls: string[]
  reports: [string, string][]
  background: Promise<unknown>[]
  client: AbortController
}

type Upstream = (endpoint: string, init: RequestInit) => Response | Promise<Response>

const hangs: Upstream = (_, { signal }) =>
  new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))))

function world(
  upstream: Upstream,
  {
    entry = modelEntry({}, [cheap, dear]),
    admission = admitted,
    health = {},
  }: { entry?: ModelEntry; admission?: Admission; health?: Record<string, Partial<EndpointHealth>> } = {},
): World {
  const rows: GenerationRow[] = []
  const calls: string[] = []
  const reports: [string, string][] = []
  const background: Promise<unknown>[] = []
  const gateway = fakeGateway({
    now: Date.now,
    // Draws the cheapest.
    random: () => 0,
    deadlines: {
      firstContentMs: 30_000,
      firstContentReasoningMs: 120_000,
      wholeAnswerMs: 60_000,
      wholeAnswerReasoningMs: 300_000,
      idleMs: 60_000,
      idleReasoningMs: 120_000,
      totalMs: 70_000,
      totalReasoningMs: 300_000,
    },
    catalog: { model: (id) => (id === entry.model.id ? entry : null), models: () => [entry], providers: () => [] },
    keys: {
      admit: async () => admission,
      renew: async () => {},
      check: async () => admission,
      settle: async (row) => void rows.push(row),
      generation: async () => null,
    },
    health: {
      of: ({ id }: EndpointRecord) => (health[id] ? { ...calmHealth, ...health[id] } : undefined),
      begin: () => {},
      answered: () => {},
      report: ({ id }: EndpointRecord, { outcome, toolCalls }) =>
        void reports.push([id, toolCalls === undefined ? outcome : `${outcome}, tools ${toolCalls}`]),
      claimProbe: async () => false,
      takeProbe: () => false,
    },
    access: ({ provider }) => ({
      baseUrl: `https://${provider.slug}.example/v1`,
      credential: { apiKey: 'sk-secret-of-the-provider' },
    }),
    fetch: async (url, init) => {
      const provider = new URL(url).hostname.split('.')[0] ?? ''
      calls.push(provider)
      return upstream(provider, init)
    },
    waitUntil: (promise) => void background.push(promise),
  })
  return { gateway, rows, calls, reports, background, client: new AbortController() }
}

function ask({ gateway, client }: World, change: Partial<ChatRequest> = {}) {
  const request: ChatRequest = { model: 'acme/m1', messages: [{ role: 'user', content: 'Hello' }], ...change }
  const call: ChatCall = {
    gateway,
    request,
    dialect: chatDialect,
    keyHash: 'hash',
    generationId: 'gen-1790000000-AbCdEfGhIjKlMnOpQrSt',
    requestId: 'req-1790000000-AbCdEfGhIjKlMnOpQrSt',
    startedAt: gateway.now(),
    client: client.signal,
    app: { referer: null, title: null, userAgent: null, origin: null },
    sessionId: null,
    betas: undefined,
    mediaCount: 0,
  }
  return dispatchChat(call)
}

const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }

function whole(text: string): Response {
  return Response.json({
    id: 'up-1',
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
    usage,
  })
}

function event(data: unknown): string {
  return `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`
}

const delta = (fields: object, finish: string | null = null) =>
  event({ id: 'up-1', choices: [{ index: 0, delta: fields, finish_reason: finish }] })
const ending = [delta({}, 'stop'), event({ id: 'up-1', choices: [], usage }), event('[DONE]')]

/** A stream that the test feeds. */
function fed(): {
  response: Response
  send(...events: string[]): void
  end(): void
  cut(): void
  cancelled: Promise<void>
} {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  let gone: () => void = () => {}
  const cancelled = new Promise<void>((resolve) => {
    gone = resolve
  })
  const stream = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given
    },
    cancel: () => gone(),
  })
  return {
    response: new Response(stream, { headers: { 'content-type': 'text/event-stream' } }),
    send: (...events) => controller?.enqueue(new TextEncoder().encode(events.join(''))),
    end: () => controller?.close(),
    cut: () => controller?.error(new Error('reset')),
    cancelled,
  }
}

function streamed(...events: string[]): Response {
  const upstream = fed()
  upstream.send(...events)
  upstream.end()
  return upstream.response
}

async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return new Response(stream).text()
}

async function settled({ background }: World): Promise<void> {
  for (let seen = 0; seen < background.length; seen++) await background[seen]
}

beforeEach(() => {
  vi.useFakeTimers({ now: start })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('one chat request', () => {
  it('is answered by the endpoint that was drawn, and settled with what it cost', async () => {
    const here = world(() => whole('Hi'))
    expect(await ask(here)).toMatchObject({
      kind: 'body',
      providerName: 'Cheap',
      body: {
        model: 'acme/m1',
        provider: 'Cheap',
        choices: [{ message: { content: 'Hi' } }],
        usage: { cost: 0.000015 },
      },
    })
    await settled(here)
    expect(here.rows).toMatchObject([
      {
        provider: 'cheap',
        status: 200,
        promptTokens: 10,
        completionTokens: 5,
        costNanoUsd: 15_000,
        upstreamCostNanoUsd: 15_000,
        usageEstimated: false,
        finishReason: 'stop',
        attempts: [{ provider: 'cheap', status: 200, outcome: 'ok' }],
        decision: { models: [{ asked: 'acme/m1' }], order: ['cheap', 'dear'], out: {} },
      },
    ])
    expect(here.reports).toEqual([[cheap.id, 'success']])
  })

  it.each([
    [false, '{"path":"a"}', 'ok'],
    [false, '{"path', 'bad'],
    [true, '{"path":"a"}', 'ok'],
    [true, '{"path', 'bad'],
  ])('tells health whether tools were called well (stream: %s, %s)', async (stream, text, verdict) => {
    const call = { index: 0, id: 'c', type: 'function', function: { name: 'read', arguments: text } }
    const here = world(() => {
      if (!stream) {
        const message = { role: 'assistant', content: null, tool_calls: [call] }
        return Response.json({ id: 'up-1', choices: [{ index: 0, message, finish_reason: 'tool_calls' }], usage })
      }
      const halves = [text.slice(0, 4), text.slice(4)].map((piece, i) =>
        delta({
          tool_calls: [
            i === 0
              ? { ...call, function: { name: 'read', arguments: piece } }
              : { index: 0, function: { arguments: piece } },
          ],
        }),
      )
      return streamed(...halves, delta({}, 'tool_calls'), event({ id: 'up-1', choices: [], usage }), event('[DONE]'))
    })
    const answer = await ask(here, { stream, tools: [{ type: 'function', function: { name: 'read' } }] })
    if (answer.kind === 'stream') await textOf(answer.stream)
    await settled(here)
    expect(here.reports).toEqual([[cheap.id, `success, tools ${verdict}`]])
  })

  it.each([false, true])('falls over to the next endpoint before any content (stream: %s)', async (stream) => {
    const here = world((provider) =>
      provider === 'cheap'
        ? new Response('{"error":{"message":"down"}}', { status: 500 })
        : stream
          ? streamed(delta({ content: 'Hi' }), ...ending)
          : whole('Hi'),
    )
    const answer = await ask(here, { stream })
    if (answer.kind === 'stream') expect(await textOf(answer.stream)).toContain('"content":"Hi"')
    else expect(answer).toMatchObject({ kind: 'body', providerName: 'Dear' })
    await settled(here)
    expect(here.calls).toEqual(['cheap', 'dear'])
    expect(here.rows).toMatchObject([
      { provider: 'dear', attempts: [{ provider: 'cheap', status: 500, outcome: 'server-error' }, { outcome: 'ok' }] },
    ])
    expect(here.reports).toEqual([
      [cheap.id, 'error'],
      [dear.id, 'success'],
    ])
  })

  it('takes a stream that only ever began for a failure that another endpoint can mend', async () => {
    const here = world((provider) =>
      provider === 'cheap'
        ? streamed(delta({ role: 'assistant', content: '' }))
        : streamed(delta({ content: 'Hi' }), ...ending),
    )
    const answer = await ask(here, { stream: true })
    expect(answer).toMatchObject({ kind: 'stream', providerName: 'Dear' })
    if (answer.kind === 'stream') expect(await textOf(answer.stream)).not.toContain('error')
  })

  it('never falls over after content: a cut is told as the only finish, and is free', async () => {
    const upstream = fed()
    const here = world(() => upstream.response)
    upstream.send(delta({ content: 'Hel' }))
    const answer = await ask(here, { stream: true })
    if (answer.kind !== 'stream') throw new Error('no stream')
    upstream.cut()
    const text = await textOf(answer.stream)
    expect(text).toContain('"content":"Hel"')
    expect(text).toMatch(/"error":\{"code":502,.*"finish_reason":"error".*\n\ndata: \[DONE\]\n\n$/s)
    await settled(here)
    expect(here.calls).toEqual(['cheap'])
    expect(here.rows).toMatchObject([{ status: 502, finishReason: 'error', costNanoUsd: 0, usageEstimated: true }])
    expect(here.reports).toEqual([[cheap.id, 'error']])
  })

  it('does not try elsewhere what every endpoint would refuse', async () => {
    const here = world(
      () => new Response('{"error":{"message":"bad","type":"invalid_request_error"}}', { status: 400 }),
    )
    expect(await ask(here)).toMatchObject({ kind: 'failed', failure: { status: 400 } })
    expect(here.calls).toEqual(['cheap'])
    expect(here.reports).toEqual([[cheap.id, 'excluded']])
  })

  it.each(['require_parameters', 'strict'])('calls nobody that has to drop something under %s', async (rule) => {
    const here = world(() => whole('Hi'), { entry: modelEntry({}, [endpointRecord({ ...dear, parameters: null })]) })
    const cached = [{ type: 'text' as const, text: 'Hello', cache_control: { type: 'ephemeral' as const } }]
    const messages = [{ role: 'user' as const, content: cached }]
    expect(await ask(here, { messages })).toMatchObject({ kind: 'body' })
    const answer = await ask(here, { messages, provider: { [rule]: true } })
    expect(answer).toMatchObject({
      kind: 'failed',
      failure: { status: 400, message: expect.stringMatching(/^Dear cannot be told ".*cache_control"/) },
    })
    await settled(here)
    expect(here.calls).toEqual(['dear'])
    expect(here.rows[0]?.translation).toMatchObject([
      { field: expect.stringContaining('cache_control'), action: 'dropped' },
    ])
    expect(here.rows[1]?.decision?.untold).toEqual(['dear'])
  })

  it('leaves blocked endpoints alone, and says when to come back if nothing else is left', async () => {
    const blocked = { openUntil: start + 20_000 }
    const one = world(() => whole('Hi'), { health: { [cheap.id]: blocked } })
    expect(await ask(one)).toMatchObject({ kind: 'body', providerName: 'Dear' })
    const none = world(() => whole('Hi'), {
      health: { [cheap.id]: blocked, [dear.id]: { openUntil: start + 10_000 } },
    })
    const answer = await ask(none)
    expect(answer).toMatchObject({ kind: 'failed', failure: { type: 'provider_overloaded' } })
    // Never sooner than the first may be asked again, and not everybody at the same moment.
    const retryAfterMs = answer.kind === 'failed' ? answer.failure.retryAfterMs : 0
    expect(retryAfterMs).toBeGreaterThanOrEqual(10_000)
    expect(retryAfterMs).toBeLessThan(12_500)
    await settled(none)
    expect(none.calls).toEqual([])
    expect(none.rows).toMatchObject([{ status: 503, attempts: [], decision: { health: { cheap: blocked, dear: {} } } }])
  })

  it('calls nobody and settles nothing when the key object refuses', async () => {
    const here = world(() => whole('Hi'), { admission: { admitted: false, reason: 'disabled' } })
    expect(await ask(here)).toEqual({ kind: 'refused', refusal: { admitted: false, reason: 'disabled' } })
    expect(await ask(here, { model: 'no/such' })).toMatchObject({ kind: 'refused' })
    await settled(here)
    expect(here.calls).toEqual([])
    expect(here.rows).toEqual([])
  })

  it('reserves what every choice may cost, at the dearest endpoint that could answer', async () => {
    const here = world(() => whole('Hi'))
    const reserved: number[] = []
    here.gateway.keys.admit = async (_, { reserveNanoUsd }) => {
      reserved.push(reserveNanoUsd)
      return admitted
    }
    await ask(here, { max_tokens: 1000 })
    await ask(here, { max_tokens: 1000, n: 4 })
    expect(reserved[0]).toBeGreaterThanOrEqual(1_000_000_000)
    expect(reserved[1]).toBe(4 * (reserved[0] ?? 0))
  })

  it('is refused, without a call, when the key cannot be checked or the catalogue not be read', async () => {
    const errors = vi.spyOn(console, 'error').mockImplementation(() => {})
    const here = world(() => whole('Hi'))
    here.gateway.keys.admit = async () => {
      throw new Error('the object was reset')
    }
    expect(await ask(here)).toMatchObject({ kind: 'failed', failure: { status: 503, retryAfterMs: 1_000 } })
    const there = world(() => whole('Hi'))
    there.gateway.catalog.model = async () => {
      throw new Error('D1 is down')
    }
    expect(await ask(there)).toMatchObject({ kind: 'failed', failure: { status: 503 } })
    expect([...here.calls, ...there.calls]).toEqual([])
    expect(errors).toHaveBeenCalledTimes(1)
    errors.mockRestore()
  })

  it('wakes the key object while a cold isolate reads the catalogue, and not when it is warm', async () => {
    const here = world(() => whole('Hi'))
    const { model } = here.gateway.catalog
    const check = vi.spyOn(here.gateway.keys, 'check').mockRejectedValue(new Error('the object was reset'))
    expect(await ask(here)).toMatchObject({ kind: 'body' })
    expect(check).not.toHaveBeenCalled()
    here.gateway.catalog.model = async (id) => {
      await Promise.resolve()
      expect(check).toHaveBeenCalledExactlyOnceWith('hash')
      return model(id)
    }
    expect(await ask(here)).toMatchObject({ kind: 'body' })
    expect(check).toHaveBeenCalledOnce()
    await settled(here)
  })

  it('names an unknown model and a request without one', async () => {
    const here = world(() => whole('Hi'))
    expect(await ask(here, { model: 'no/such' })).toMatchObject({
      kind: 'failed',
      failure: { type: 'invalid_request' },
    })
    expect(await ask(here, { model: undefined })).toMatchObject({
      kind: 'failed',
      failure: { metadata: { field: 'model' } },
    })
  })

  it('estimates the tokens that nobody metered, and says so', async () => {
    const here = world(() => streamed(delta({ content: 'x'.repeat(40) }), delta({}, 'stop')))
    const answer = await ask(here, { stream: true })
    if (answer.kind === 'stream') await textOf(answer.stream)
    await settled(here)
    expect(here.rows).toMatchObject([{ usageEstimated: true, completionTokens: 10, finishReason: 'stop' }])
  })
})

describe('time', () => {
  it('is the provider’s from when all of the request is here: a slow upload takes none of it', async () => {
    const one = world(async (_, { signal }) => {
      await new Promise((done, stop) => {
        setTimeout(done, 20_000)
        signal?.addEventListener('abort', stop)
      })
      return whole('Hello')
    })
    const { key } = await mintKey(undefined, new Uint8Array(keyRandomBytes))
    // Once seen, a key is known without cryptography, which these timers would not wait for.
    await inspectKey(key, undefined)
    const body = new ReadableStream<Uint8Array>({
      async start(upload) {
        upload.enqueue(new TextEncoder().encode('{"model":"acme/m1",'))
        await new Promise((done) => setTimeout(done, 75_000))
        upload.enqueue(new TextEncoder().encode('"messages":[{"role":"user","content":"Hello"}]}'))
        upload.close()
      },
    })
    const answer = surfaceApp(one.gateway, chatCompletions).request('/api/v1/chat/completions', {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body,
      duplex: 'half',
    } as RequestInit)
    for (let seconds = 0; seconds < 100; seconds++) await vi.advanceTimersByTimeAsync(1_000)
    expect((await answer).status).toBe(200)
    expect(one.calls).toEqual(['cheap'])
  })

  it('gives a silent endpoint up and goes on to the next', async () => {
    const here = world((provider, init) => (provider === 'dear' ? whole('Hi') : hangs(provider, init)))
    const asking = ask(here)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await asking).toMatchObject({ kind: 'body', providerName: 'Dear' })
    expect(here.reports).toEqual([
      [cheap.id, 'error'],
      [dear.id, 'success'],
    ])
  })

  it('does not blame an endpoint for the time that others took', async () => {
    const here = world(hangs)
    const asking = ask(here)
    await vi.advanceTimersByTimeAsync(70_000)
    expect(await asking).toMatchObject({
      kind: 'failed',
      failure: { availability: { code: 'temporarily_unavailable' } },
    })
    expect(here.calls).toEqual(['cheap', 'dear'])
    expect(here.reports).toEqual([
      [cheap.id, 'error'],
      [dear.id, 'excluded'],
    ])
  })

  it('begins keep-alives after a second and still tells the failure, in the stream', async () => {
    const here = world(hangs, { entry: modelEntry({}, [cheap]) })
    const asking = ask(here, { stream: true })
    await vi.advanceTimersByTimeAsync(1_000)
    const answer = await asking
    if (answer.kind !== 'stream') throw new Error('no stream')
    const text = textOf(answer.stream)
    await vi.advanceTimersByTimeAsync(30_000)
    const told = await text
    expect(told.startsWith(': OPENROUTER PROCESSING\n\n')).toBe(true)
    expect(told.split(': OPENROUTER PROCESSING\n\n').length).toBeGreaterThan(10)
    expect(told).toContain('"code":504')
    expect(told.endsWith('data: [DONE]\n\n')).toBe(true)
  })

  it('ends a stream that falls silent, after comments', async () => {
    const upstream = fed()
    const here = world(() => upstream.response)
    upstream.send(delta({ content: 'Hel' }))
    const answer = await ask(here, { stream: true })
    if (answer.kind !== 'stream') throw new Error('no stream')
    const text = textOf(answer.stream)
    await vi.advanceTimersByTimeAsync(62_000)
    expect(await text).toMatch(/Hel.*: OPENROUTER PROCESSING.*"code":504.*\[DONE\]\n\n$/s)
  })

  it('does not hold against an endpoint what we cannot encode', async () => {
    vi.spyOn(console, 'error').mockReturnValueOnce()
    const here = world(() => whole('Hi'))
    const odd = {
      toJSON: () => {
        throw new TypeError('odd')
      },
    }
    expect(await ask(here, { odd })).toMatchObject({ kind: 'failed', failure: { status: 400 } })
    await settled(here)
    expect(here.calls).toEqual([])
    expect(here.reports.every(([, outcome]) => outcome === 'excluded')).toBe(true)
    expect(here.rows).toMatchObject([{ attempts: [], costNanoUsd: 0 }])
  })

  it('neither cuts a good stream short nor keeps a dead one when the clock jumps', async () => {
    const upstream = fed()
    const here = world(() => upstream.response)
    upstream.send(delta({ content: 'one' }))
    const answer = await ask(here, { stream: true })
    if (answer.kind !== 'stream') throw new Error('no stream')
    const text = textOf(answer.stream)
    for (const jumpMs of [600_000, -1_200_000, 86_400_000, -172_800_000]) {
      vi.setSystemTime(Date.now() + jumpMs)
      await vi.advanceTimersByTimeAsync(5_000)
      upstream.send(delta({ content: 'more' }))
    }
    await vi.advanceTimersByTimeAsync(59_000)
    expect(here.rows).toEqual([])
    await vi.advanceTimersByTimeAsync(4_000)
    expect(here.rows).toMatchObject([{ status: 504 }])
    const told = await text
    expect(told.match(/more/g)).toHaveLength(4)
    expect(told.match(/: OPENROUTER PROCESSING/g)?.length).toBeGreaterThan(35)
  })

  it('never ends a stream over a bug of ours as if it were whole', async () => {
    const upstream = fed()
    const here = world(() => upstream.response)
    here.gateway.health.answered = () => {
      throw new Error('a bug')
    }
    const asking = ask(here, { stream: true })
    await vi.advanceTimersByTimeAsync(1_100)
    const answer = await asking
    if (answer.kind !== 'stream') throw new Error('no stream')
    const told = textOf(answer.stream)
    upstream.send(delta({ content: 'Hi' }), ...ending)
    expect(await told).toContain('"finish_reason":"error"')
    await expect(settled(here)).rejects.toThrow('a bug')
  })

  it('renews its reservation while it goes on', async () => {
    const upstream = fed()
    const here = world(() => upstream.response)
    const renewed: string[] = []
    here.gateway.keys.renew = async (keyHash, id) => void renewed.push(`${keyHash} ${id}`)
    upstream.send(delta({ content: 'one' }))
    const answer = await ask(here, { stream: true })
    if (answer.kind !== 'stream') throw new Error('no stream')
    const text = textOf(answer.stream)
    for (let seconds = 0; seconds < 11 * 60; seconds += 30) {
      await vi.advanceTimersByTimeAsync(30_000)
      upstream.send(delta({ content: 'more' }))
    }
    upstream.send(...ending)
    upstream.end()
    await text
    expect(renewed).toEqual(Array(2).fill('hash gen-1790000000-AbCdEfGhIjKlMnOpQrSt'))
  })

  it('gives up a stream that sends nothing but comments', async () => {
    const upstream = fed()
    const here = world(() => upstream.response)
    upstream.send(delta({ content: 'Hel' }))
    const answer = await ask(here, { stream: true })
    if (answer.kind !== 'stream') throw new Error('no stream')
    const text = textOf(answer.stream)
    for (let second = 0; second < 58; second++) {
      upstream.send(': ping\n\n')
      await vi.advanceTimersByTimeAsync(1_000)
    }
    await vi.advanceTimersByTimeAsync(4_000)
    expect(await text).toMatch(/Hel.*"code":504.*\[DONE\]\n\n$/s)
  })

  it('does not take a slow client for a silent provider', async () => {
    const upstream = fed()
    const here = world(() => upstream.response)
    upstream.send(delta({ content: 'one' }))
    const answer = await ask(here, { stream: true })
    if (answer.kind !== 'stream') throw new Error('no stream')
    for (let i = 0; i < 50; i++) upstream.send(delta({ content: `more ${i}` }))
    await vi.advanceTimersByTimeAsync(200_000)
    upstream.send(...ending)
    upstream.end()
    const text = textOf(answer.stream)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(await text).toMatch(/more 49.*"finish_reason":"stop".*\[DONE\]\n\n$/s)
  })

  it('reads an upstream that has said all to its end, so that its connection can be used again', async () => {
    const upstream = fed()
    let signal: AbortSignal | null | undefined
    const here = world((_, init) => {
      signal = init.signal
      return upstream.response
    })
    let cancelled = false
    void upstream.cancelled.then(() => {
      cancelled = true
    })
    upstream.send(delta({ content: 'Hi' }), ...ending)
    const answer = await ask(here, { stream: true })
    if (answer.kind !== 'stream') throw new Error('no stream')
    expect(await textOf(answer.stream)).toMatch(/Hi.*\[DONE\]\n\n$/s)
    await vi.advanceTimersByTimeAsync(500)
    upstream.end()
    await settled(here)
    await vi.advanceTimersByTimeAsync(5_000)
    expect([cancelled, signal?.aborted]).toEqual([false, false])
  })

  it('cuts off an upstream that has said all and does not end, behind the answer', async () => {
    const upstream = fed()
    const here = world(() => upstream.response)
    upstream.send(delta({ content: 'Hi' }), ...ending)
    const answer = await ask(here, { stream: true })
    if (answer.kind !== 'stream') throw new Error('no stream')
    expect(await textOf(answer.stream)).toMatch(/Hi.*\[DONE\]\n\n$/s)
    expect(here.rows).toMatchObject([{ finishReason: 'stop', cancelled: false }])
    await vi.advanceTimersByTimeAsync(1_000)
    await upstream.cancelled
    await settled(here)
  })
})

describe('an upstream that goes on when it has said all', () => {
  it('is cut off at once', async () => {
    const upstream = fed()
    const here = world(() => upstream.response)
    upstream.send(delta({ content: 'Hi' }), ...ending)
    const answer = await ask(here, { stream: true })
    if (answer.kind !== 'stream') throw new Error('no stream')
    expect(await textOf(answer.stream)).toMatch(/Hi.*\[DONE\]\n\n$/s)
    for (let i = 0; i < 9; i++) upstream.send(`: ${'x'.repeat(8_192)}\n\n`)
    await upstream.cancelled
    await settled(here)
    expect(here.rows).toMatchObject([{ finishReason: 'stop', cancelled: false }])
  })
})

describe('a client that goes', () => {
  it('cancels the upstream, whatever it was doing, and is charged what it got', async () => {
    const upstream = fed()
    const here = world(() => upstream.response)
    upstream.send(delta({ content: 'x'.repeat(400) }))
    const answer = await ask(here, { stream: true })
    if (answer.kind !== 'stream') throw new Error('no stream')
    const reader = answer.stream.getReader()
    await reader.read()
    here.client.abort()
    await upstream.cancelled
    await reader.cancel()
    await settled(here)
    expect(here.rows).toMatchObject([
      { cancelled: true, finishReason: null, status: 200, usageEstimated: true, completionTokens: 100 },
    ])
    expect(here.rows[0]?.costNanoUsd).toBeGreaterThan(0)
    expect(here.reports).toEqual([[cheap.id, 'excluded']])
  })

  it('while nothing has come yet leaves a cancelled row and no further attempt', async () => {
    const here = world(hangs)
    const asking = ask(here)
    await vi.advanceTimersByTimeAsync(10)
    here.client.abort()
    expect(await asking).toMatchObject({ kind: 'failed' })
    await settled(here)
    expect(here.calls).toEqual(['cheap'])
    // The prompt was sent, and nobody knows better: a marked estimate, and the least that it may be.
    expect(here.rows).toMatchObject([
      {
        cancelled: true,
        costNanoUsd: 0,
        usageEstimated: true,
        completionTokens: 0,
        attempts: [{ outcome: 'cancelled', costIsMinimum: true }],
      },
    ])
    expect(here.rows[0]?.promptTokens).toBeGreaterThan(0)
    expect(here.rows[0]?.upstreamCostNanoUsd).toBeGreaterThan(0)
  })

  it('costs no more than it got where the provider stops with it', async () => {
    const upstream = fed()
    const endpoint = endpointRecord({ ...cheap, provider: providerRecord({ slug: 'deepseek', name: 'DeepSeek' }) })
    const here = world(() => upstream.response, { entry: modelEntry({}, [endpoint]) })
    upstream.send(delta({ content: 'x' }))
    const answer = await ask(here, { stream: true })
    if (answer.kind !== 'stream') throw new Error('no stream')
    here.client.abort()
    await answer.stream.cancel()
    await settled(here)
    expect(here.rows).toMatchObject([{ cancelled: true, attempts: [{ provider: 'deepseek', outcome: 'ok' }] }])
    expect(here.rows[0]?.attempts[0]?.costIsMinimum).toBeUndefined()
  })

  it('may have to be paid for the whole of an answer that was not streamed, wherever it is', async () => {
    const endpoint = endpointRecord({ ...cheap, provider: providerRecord({ slug: 'deepseek', name: 'DeepSeek' }) })
    const silent: Upstream = hangs
    const minimum = async (stream: boolean) => {
      const here = world(silent, { entry: modelEntry({}, [endpoint]) })
      const asking = ask(here, { stream })
      await vi.advanceTimersByTimeAsync(10)
      here.client.abort()
      await asking
      await settled(here)
      return here.rows[0]?.attempts[0]?.costIsMinimum
    }
    expect(await minimum(false)).toBe(true)
    expect(await minimum(true)).toBeUndefined()
  })

  it('pays for no message that was left out', async () => {
    const silent: Upstream = hangs
    const here = world(silent, { entry: modelEntry({}, [endpointRecord({ ...cheap, contextLength: 1_000 })]) })
    const messages = Array.from({ length: 40 }, () => ({ role: 'user' as const, content: 'word '.repeat(400) }))
    const asking = ask(here, { messages })
    await vi.advanceTimersByTimeAsync(10)
    here.client.abort()
    await asking
    await settled(here)
    expect(here.calls).toEqual(['cheap'])
    expect(here.rows[0]?.promptTokens).toBeGreaterThan(500)
    expect(here.rows[0]?.promptTokens).toBeLessThan(1_000)
    expect(here.rows[0]?.upstreamCostNanoUsd).toBeLessThan(1_000_000)
  })

  it('during failover leaves both calls on record', async () => {
    const here = world((provider, { signal }) =>
      provider === 'cheap'
        ? new Response('{"error":{"message":"down"}}', { status: 500 })
        : new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted')))),
    )
    const asking = ask(here, { stream: true })
    await vi.advanceTimersByTimeAsync(10)
    here.client.abort()
    await asking
    await settled(here)
    expect(here.rows).toMatchObject([
      { cancelled: true, attempts: [{ outcome: 'server-error' }, { outcome: 'cancelled', costIsMinimum: true }] },
    ])
  })
  it('between two calls costs nothing of the one that had failed', async () => {
    const here = world(() => new Response('{"error":{"message":"down"}}', { status: 500 }))
    const { report } = here.gateway.health
    here.gateway.health.report = (...told) => {
      here.client.abort()
      report(...told)
    }
    expect(await ask(here)).toMatchObject({ kind: 'failed' })
    await settled(here)
    expect(here.rows).toMatchObject([{ cancelled: true, upstreamCostNanoUsd: 0, attempts: [{ provider: 'cheap' }] }])
    expect(here.rows[0]?.attempts[0]).not.toHaveProperty('costIsMinimum')
  })

  it('while the call is being signed makes none, and has none on its receipt', async () => {
    const here = world(() => whole('Hi'))
    const { access } = here.gateway
    let begun = false
    here.gateway.health.begin = () => {
      begun = true
    }
    here.gateway.access = (endpoint) => {
      if (begun) queueMicrotask(() => here.client.abort())
      return access(endpoint)
    }
    expect(await ask(here)).toMatchObject({ kind: 'failed' })
    await settled(here)
    expect(here.calls).toEqual([])
    expect(here.rows).toMatchObject([{ cancelled: true, attempts: [] }])
  })
})
