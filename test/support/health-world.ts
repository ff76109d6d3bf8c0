import type { EndpointRecord } from '../../src/catalog/records.ts'
import type { HealthPort, RequestPorts } from '../../src/objects/health-line.ts'
import { HealthWatch } from '../../src/objects/health-watch.ts'
import type { HealthMessage, HealthOutcome } from '../../src/routing/health.ts'
import { HealthBook } from '../../src/routing/health-book.ts'
import { randomOf } from '../../src/routing/random.ts'
import { endpointRecord, providerRecord } from './catalog-records.ts'
import { VirtualTime } from './virtual-time.ts'

export interface Call {
  /** Milliseconds since the world began. */
  at: number
  isolate: number
  endpoint: string
}

export function endpointOf(provider: string, model = 'acme/m1'): EndpointRecord {
  return endpointRecord({ provider: providerRecord({ slug: provider }), model })
}

/**
 * Isolates with their real `HealthWatch`, a health object for each provider, and upstreams that answer as they are
 * told, all in virtual time. Requests choose among endpoints as routing does: probes first, stable ones in the given
 * order, then unstable ones, and an open one only where nothing else is left and its probe can be had.
 */
export class HealthWorld {
  readonly time = new VirtualTime()
  readonly startedAt = this.time.now()
  readonly random: () => number
  readonly isolates: HealthWatch[]
  /** Every upstream call, in order of time. */
  readonly calls: Call[] = []
  /** Every message to a health object. */
  readonly messages: { at: number; provider: string; message: HealthMessage }[] = []
  readonly claims: { at: number; endpoint: string; granted: boolean }[] = []
  answeredRequests = 0
  unansweredRequests = 0
  /** What an upstream does with a call; null = nothing comes back, ever. */
  upstream: (endpoint: EndpointRecord, at: number) => { outcome: HealthOutcome; afterMs: number } | null = () => ({
    outcome: 'success',
    afterMs: 40,
  })
  /** What becomes of a call to a health object. */
  objects: 'well' | 'down' | 'silent' = 'well'
  hopMs = 2
  readonly #books = new Map<string, HealthBook>()

  constructor({ isolates = 1, seed = 1 } = {}) {
    const random = randomOf(seed)
    this.random = random
    this.isolates = Array.from(
      { length: isolates },
      (_, index) =>
        new HealthWatch({ name: () => `isolate-${index}`, now: this.time.now, sleep: this.time.sleep, random }),
    )
  }

  at(): number {
    return this.time.now() - this.startedAt
  }

  ports(): RequestPorts {
    return {
      object: (provider) => this.#port(provider),
      background: (promise) => {
        promise.catch((cause) => {
          throw new Error('a background promise must not reject', { cause })
        })
      },
    }
  }

  health(isolate = 0) {
    const watch = this.isolates[isolate]
    if (!watch) throw new Error(`there is no isolate ${isolate}`)
    return watch.forRequest(this.ports())
  }

  /** One request: calls endpoints until one succeeds. */
  async request(endpoints: EndpointRecord[], isolate = 0): Promise<void> {
    const health = this.health(isolate)
    const known = endpoints.map((endpoint) => ({ endpoint, health: health.of(endpoint) }))
    const open = known.filter((one) => one.health !== undefined && one.health.openUntil !== 0)
    const callable = known.filter((one) => !open.includes(one) && !((one.health?.cooldownUntil ?? 0) > this.time.now()))
    const probe = open.find((one) => one.health?.probeReady && health.takeProbe(one.endpoint))
    const planned = [
      ...(probe ? [probe] : []),
      ...callable.filter((one) => !one.health?.unstable),
      ...callable.filter((one) => one.health?.unstable),
      ...open.filter((one) => one !== probe),
    ]
    for (const { endpoint } of planned) {
      if (open.some((one) => one !== probe && one.endpoint === endpoint) && !(await health.claimProbe(endpoint)))
        continue
      if (await this.call(endpoint, isolate)) {
        this.answeredRequests++
        return
      }
    }
    this.unansweredRequests++
  }

  /** One upstream call. Answers whether it went well. */
  async call(endpoint: EndpointRecord, isolate = 0): Promise<boolean> {
    const health = this.health(isolate)
    this.calls.push({ at: this.at(), isolate, endpoint: endpoint.id })
    health.begin(endpoint)
    const answer = this.upstream(endpoint, this.at())
    if (answer === null) return new Promise<boolean>(() => {})
    await this.time.sleep(answer.afterMs)
    health.report(endpoint, { at: this.time.now(), outcome: answer.outcome, latencyMs: answer.afterMs })
    return answer.outcome === 'success'
  }

  /** Requests at an even rate, each to a random isolate, from now on for so long. */
  async traffic(ms: number, requestsPerSecond: number, choose: (index: number) => EndpointRecord[]): Promise<void> {
    const count = Math.round((ms * requestsPerSecond) / 1000)
    for (let index = 0; index < count; index++) {
      void this.request(choose(index), Math.floor(this.random() * this.isolates.length))
      await this.time.advance(1000 / requestsPerSecond)
    }
  }

  /** How many calls an endpoint (or all of a provider) got within [from, to), in milliseconds since the beginning. */
  callsTo(idOrProvider: string, from: number, to: number): number {
    return this.calls.filter(
      ({ at, endpoint }) =>
        at >= from && at < to && (endpoint === idOrProvider || endpoint.startsWith(`${idOrProvider}:`)),
    ).length
  }

  #port(provider: string): HealthPort {
    let book = this.#books.get(provider)
    if (book === undefined) {
      book = new HealthBook(this.time.now())
      this.#books.set(provider, book)
    }
    const heard = book
    return {
      report: async (message) => {
        this.messages.push({ at: this.at(), provider, message })
        await this.#hop()
        heard.receive(structuredClone(message), this.time.now())
        const snapshot = structuredClone(heard.snapshot(provider, message.knownRevision, this.time.now()))
        await this.#hop()
        return snapshot
      },
      claimProbe: async (endpoint) => {
        await this.#hop()
        const granted = heard.claimProbe(endpoint, this.time.now())
        this.claims.push({ at: this.at(), endpoint, granted })
        await this.#hop()
        return granted
      },
    }
  }

  async #hop(): Promise<void> {
    if (this.objects === 'down') throw new Error('the object is overloaded')
    if (this.objects === 'silent') return new Promise<void>(() => {})
    await this.time.sleep(this.hopMs)
  }
}
