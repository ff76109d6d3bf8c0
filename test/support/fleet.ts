import { vi } from 'vitest'
import { chatDialect } from '../../src/api/chat-completions/dialect.ts'
import type { EndpointRecord, ModelEntry, ProviderRecord } from '../../src/catalog/records.ts'
import type { ChatRequest } from '../../src/chat/request.ts'
import { type ChatAnswer, dispatchChat } from '../../src/dispatch/chat.ts'
import { Patience } from '../../src/edge/patience.ts'
import type { GenerationRow } from '../../src/metering/generation.ts'
import { HealthWatch } from '../../src/objects/health-watch.ts'
import { HealthBook } from '../../src/routing/health-book.ts'
import { randomOf } from '../../src/routing/random.ts'
import { openBudget, type RetryBudget } from '../../src/routing/retry-budget.ts'
import { endpointRecord, modelEntry, providerRecord } from './catalog-records.ts'
import { fakeGateway } from './fake-gateway.ts'
import { SimulatedTime } from './simulated-time.ts'

/** What an upstream does with a call: after a time it fails with a status, or begins to answer. */
export interface Behaviour {
  status?: number
  afterMs: number
  /** When the headers of a stream come, with an event that says nothing yet. */
  beginsAfterMs?: number
}

export interface FleetCall {
  /** Milliseconds since the beginning. */
  at: number
  isolate: number
  provider: string
  /** When it was cancelled; null where it was not. */
  cancelledAt: number | null
}

interface Isolate {
  health: HealthWatch
  retryBudget: RetryBudget
}

const hopMs = 2

interface FleetOptions {
  /** Slugs, or what sets a provider apart. */
  providers: (string | Partial<ProviderRecord>)[]
  isolates?: number
  seed?: number
}

/**
 * A fleet of isolates in simulated time, each with the real life of a request (plan, attempts, streams, health, budget),
 * in front of providers that behave as they are told. One model, `acme/m1`, which all of them serve.
 */
export class Fleet {
  readonly time = new SimulatedTime()
  readonly startedAt = this.time.now()
  readonly calls: FleetCall[] = []
  readonly rows: GenerationRow[] = []
  readonly answers: { at: number; answer: ChatAnswer }[] = []
  /** Permissions to probe that health objects have given. */
  readonly probes: { at: number; provider: string }[] = []
  behave: (provider: string, at: number) => Behaviour = () => ({ afterMs: 40 })
  /** What a whole answer, or the last event of a stream, meters. */
  usage = { prompt_tokens: 1000, completion_tokens: 300, total_tokens: 1300 }
  readonly random: () => number
  readonly #entry: ModelEntry
  readonly isolates: Isolate[]
  readonly #books = new Map<string, HealthBook>()
  #requests = 0

  constructor({ providers, isolates = 1, seed = 1 }: FleetOptions) {
    vi.stubGlobal('IdentityTransformStream', CopyingStream)
    const random = randomOf(seed)
    this.random = random
    this.#entry = modelEntry(
      {},
      providers.map((provider) => {
        const change = typeof provider === 'string' ? { slug: provider } : provider
        return endpointRecord({ provider: providerRecord({ name: change.slug ?? '', ...change }) })
      }),
    )
    this.isolates = Array.from({ length: isolates }, (_, index) => ({
      health: new HealthWatch({ name: () => `isolate-${index}`, random }),
      retryBudget: openBudget(this.time.now()),
    }))
  }

  at(): number {
    return this.time.now() - this.startedAt
  }

  /** Requests at an even rate, each to a random isolate. */
  async traffic(ms: number, requestsPerSecond: number, fields: Partial<ChatRequest> = {}): Promise<void> {
    const count = Math.round((ms * requestsPerSecond) / 1000)
    for (let index = 0; index < count; index++) {
      void this.request(fields)
      await this.time.advance(1000 / requestsPerSecond)
    }
  }

  /** One request, read to its end: the text of a stream, the body of a whole answer, or the failure as JSON. */
  async request(fields: Partial<ChatRequest> = {}, client = new AbortController().signal): Promise<string> {
    const at = this.at()
    const isolate = Math.floor(this.random() * this.isolates.length)
    const answer = await dispatchChat({
      gateway: this.#gateway(isolate),
      request: { model: 'acme/m1', messages: [{ role: 'user', content: 'Hello' }], ...fields },
      dialect: chatDialect,
      keyHash: 'hash',
      generationId: `gen-${++this.#requests}`,
      requestId: `req-${this.#requests}`,
      startedAt: this.time.now(),
      client,
      app: { referer: null, title: null, userAgent: null, origin: null },
      sessionId: null,
      betas: undefined,
      mediaCount: 0,
    })
    this.answers.push({ at, answer })
    return answer.kind === 'stream' ? new Response(answer.stream).text() : JSON.stringify(answer)
  }

  #gateway(index: number) {
    const isolate = this.isolates[index]
    if (!isolate) throw new Error(`there is no isolate ${index}`)
    const background = (promise: Promise<unknown>) => void promise
    const policy = { hash: 'hash', label: 'sk', kind: 'inference', rateLimit: null } as const
    return fakeGateway({
      now: this.time.now,
      random: this.random,
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
      catalog: { model: () => this.#entry, models: () => [this.#entry], providers: () => [] },
      keys: {
        admit: async () => ({ admitted: true, policy }),
        check: async () => ({ admitted: true, policy }),
        settle: async (row) => void this.rows.push(row),
        renew: async () => {},
        generation: async () => null,
      },
      health: isolate.health.forRequest({ background, object: (provider) => this.#object(provider) }),
      retryBudget: isolate.retryBudget,
      patience: new Patience(this.time.now),
      access: ({ provider }: EndpointRecord) => ({
        baseUrl: `https://${provider.slug}/v1`,
        credential: { apiKey: 'k' },
      }),
      fetch: (url, init) => this.#upstream(new URL(url).hostname, index, init),
      waitUntil: background,
    })
  }

  async #upstream(provider: string, isolate: number, { signal, body }: RequestInit): Promise<Response> {
    const call: FleetCall = { at: this.at(), isolate, provider, cancelledAt: null }
    this.calls.push(call)
    const { status = 200, afterMs, beginsAfterMs = afterMs } = this.behave(provider, this.at())
    let over = false
    signal?.addEventListener('abort', () => {
      if (!over) call.cancelledAt = this.at()
    })
    await wait(beginsAfterMs, signal)
    over = beginsAfterMs === afterMs
    if (status !== 200) return Response.json({ error: { message: 'mock failure' } }, { status })
    const { usage } = this
    const choice = (fields: object) => ({ id: 'up', choices: [{ index: 0, ...fields }] })
    if (!String(body).includes('"stream":true')) {
      return Response.json({
        ...choice({ message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }),
        usage,
      })
    }
    const events = [
      choice({ delta: { content: 'Hi' } }),
      choice({ delta: {}, finish_reason: 'stop' }),
      { id: 'up', choices: [], usage },
    ]
    const text = `${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}data: [DONE]\n\n`
    const stream = new ReadableStream<Uint8Array>({
      start: async (controller) => {
        controller.enqueue(
          bytesOf(`data: ${JSON.stringify(choice({ delta: { role: 'assistant', content: '' } }))}\n\n`),
        )
        try {
          if (!over) await wait(afterMs - beginsAfterMs, signal)
          over = true
          controller.enqueue(bytesOf(text))
          controller.close()
        } catch (error) {
          controller.error(error)
        }
      },
    })
    return new Response(over ? text : stream, { headers: { 'content-type': 'text/event-stream' } })
  }

  #object(provider: string) {
    let book = this.#books.get(provider)
    if (book === undefined) {
      book = new HealthBook(this.time.now())
      this.#books.set(provider, book)
    }
    const heard = book
    const hop = () => new Promise<void>((resolve) => setTimeout(resolve, hopMs))
    return {
      report: async (message: Parameters<HealthBook['receive']>[0]) => {
        await hop()
        heard.receive(structuredClone(message), this.time.now())
        const snapshot = structuredClone(heard.snapshot(provider, message.knownRevision, this.time.now()))
        await hop()
        return snapshot
      },
      claimProbe: async (endpoint: string) => {
        await hop()
        const granted = heard.claimProbe(endpoint, this.time.now())
        if (granted) this.probes.push({ at: this.at(), provider })
        await hop()
        return granted
      },
    }
  }
}

function wait(ms: number, signal?: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener('abort', () => [clearTimeout(timer), reject(new Error('aborted'))], { once: true })
  })
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

// Node has no identity stream. Workerd's hands bytes on as a copy before a write resolves, and the gateway counts on it.
class CopyingStream extends TransformStream<Uint8Array, Uint8Array> {
  constructor() {
    super({ transform: (bytes, controller) => controller.enqueue(bytes.slice()) })
  }
}
