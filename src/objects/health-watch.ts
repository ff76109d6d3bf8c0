import type { EndpointRecord } from '../catalog/records.ts'
import type { Health } from '../dispatch/health.ts'
import { forgetAfterMs } from '../routing/breaker-book.ts'
import type { EndpointHealth, HealthOutcome, HealthReport } from '../routing/health.ts'
import { HealthView } from '../routing/health-view.ts'
import { HealthLine, type IsolatePorts, type RequestPorts } from './health-line.ts'

/** A snapshot is asked for again after this while something is amiss, */
const refreshTroubledMs = 2_000
/** and after this while all is well: an isolate that meets a failure learns the rest in the answer to its report. */
const refreshCalmMs = 10_000
/** A provider that was not asked about for so long is not refreshed for one request: that one would not profit. */
const idleMs = 10_000
/** Questions of one request about one provider come within this. */
const oneRequestMs = 50
/** How long a probe may take to be granted while the client waits, and while nobody does. */
const claimWithinMs = 1_500
const claimInBackgroundMs = 5_000
/** Isolates whose endpoint's time comes at the same moment ask for the probe spread over this. */
const claimSpreadMs = 250

interface Watched {
  view: HealthView
  line: HealthLine
  refreshAt: number
  askedAt: number
  /** When the provider, after an idle time, is asked about by more than one request. */
  busyFrom: number
}

/** The health of all providers as one isolate knows it. Made once; `forRequest` gives what a request uses. */
export class HealthWatch {
  readonly #watched = new Map<string, Watched>()
  readonly #ports: IsolatePorts
  #latest = 0

  constructor(ports: Partial<IsolatePorts> = {}) {
    this.#ports = {
      name: ports.name ?? (() => crypto.randomUUID()),
      now: ports.now ?? Date.now,
      random: ports.random ?? Math.random,
      sleep: ports.sleep ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms))),
    }
  }

  forRequest(request: RequestPorts): Health {
    return new HealthOfRequest(this, request)
  }

  /** The methods of `Health`, with what the request lends. */
  of({ id, provider }: EndpointRecord, request: RequestPorts, looking = false): EndpointHealth | undefined {
    const now = this.#now()
    const watched = this.#watch(provider.slug, now)
    if (now - watched.askedAt > idleMs) watched.busyFrom = now + oneRequestMs
    watched.askedAt = now
    if (now >= watched.refreshAt && now >= watched.busyFrom) {
      watched.refreshAt = this.#nextRefresh(watched.view, now)
      watched.line.refresh(request)
    }
    const { view } = watched
    const health = view.of(id, now)
    if (health === undefined || health.openUntil === 0 || health.openUntil > now) return health
    if (!looking && !health.probeReady && view.asksProbe(id, now))
      request.background(this.#askProbe(id, provider.slug, view, request))
    return health
  }

  begin({ id, provider }: EndpointRecord): void {
    const now = this.#now()
    this.#watch(provider.slug, now).view.begin(id, now)
  }

  end({ id, provider }: EndpointRecord): void {
    this.#watch(provider.slug, this.#now()).view.end(id)
  }

  answered(endpoint: EndpointRecord, request: RequestPorts): void {
    this.record(endpoint, { at: this.#now(), outcome: 'answered' }, request)
  }

  takeProbe({ id, provider }: EndpointRecord): boolean {
    const now = this.#now()
    return this.#watch(provider.slug, now).view.takeProbe(id, now)
  }

  record(
    endpoint: EndpointRecord,
    report: Omit<HealthReport, 'endpoint'> & { outcome: HealthOutcome | 'answered' },
    request: RequestPorts,
  ): void {
    const now = this.#now()
    const { view, line } = this.#watch(endpoint.provider.slug, now)
    const full = { ...report, endpoint: endpoint.id }
    const tell = view.record(full, now)
    if (tell !== 'never') line.tell(full, tell === 'now', request)
  }

  async #askProbe(id: string, provider: string, view: HealthView, request: RequestPorts): Promise<void> {
    await this.#ports.sleep(claimSpreadMs * this.#ports.random())
    if (await this.#claim(id, provider, view, claimInBackgroundMs, request)) view.holdProbe(id, this.#now())
  }

  async claimProbe({ id, provider }: EndpointRecord, request: RequestPorts): Promise<boolean> {
    const now = this.#now()
    const { view } = this.#watch(provider.slug, now)
    if ((view.of(id, now)?.openUntil ?? 0) === 0 || view.takeProbe(id, now)) return true
    if (!view.canAskProbe(id, now)) return false
    const granted = await this.#claim(id, provider.slug, view, claimWithinMs, request)
    // It may have come to this isolate in the background meanwhile.
    if (!granted) return view.takeProbe(id, this.#now())
    view.useProbe(id, this.#now())
    return true
  }

  /** Asks the object for a probe. One that does not answer leaves the decision to this isolate. */
  async #claim(id: string, provider: string, view: HealthView, withinMs: number, request: RequestPorts) {
    try {
      const late = this.#ports.sleep(withinMs).then(() => null)
      const granted = await Promise.race([request.object(provider).claimProbe(id), late])
      if (granted !== null) return granted
    } catch {
      // As good as late.
    }
    return view.grantProbe(id, this.#now())
  }

  #watch(provider: string, now: number): Watched {
    const watched = this.#watched.get(provider)
    return watched ?? this.#begin(provider, now)
  }

  #begin(provider: string, now: number): Watched {
    for (const [slug, { askedAt }] of this.#watched) if (askedAt < now - forgetAfterMs) this.#watched.delete(slug)
    const view = new HealthView()
    const line = new HealthLine(
      provider,
      this.#ports,
      () => view.knownRevision(this.#ports.now()),
      (snapshot, knownRevision, sentAt) => {
        const at = this.#now()
        view.absorb(snapshot, knownRevision, sentAt, at)
        watched.refreshAt = this.#nextRefresh(view, at)
      },
    )
    const watched: Watched = { view, line, refreshAt: 0, askedAt: now, busyFrom: 0 }
    this.#watched.set(provider, watched)
    return watched
  }

  #nextRefresh(view: HealthView, now: number): number {
    const everyMs = view.isTroubled(now) ? refreshTroubledMs : refreshCalmMs
    return now + everyMs * (1 + 0.25 * this.#ports.random())
  }

  #now(): number {
    const now = this.#ports.now()
    if (now < this.#latest - 1_000) {
      for (const watched of this.#watched.values()) {
        watched.view.rewind(now)
        watched.line.rewind()
        Object.assign(watched, { refreshAt: 0, askedAt: now, busyFrom: 0 })
      }
    }
    this.#latest = now
    return now
  }
}

/** A class, as every request makes one. */
class HealthOfRequest implements Health {
  readonly #watch: HealthWatch
  readonly #ports: RequestPorts

  constructor(watch: HealthWatch, ports: RequestPorts) {
    this.#watch = watch
    this.#ports = ports
  }

  of(endpoint: EndpointRecord, looking?: boolean): EndpointHealth | undefined {
    return this.#watch.of(endpoint, this.#ports, looking)
  }

  begin(endpoint: EndpointRecord): void {
    this.#watch.begin(endpoint)
  }

  report(endpoint: EndpointRecord, report: Parameters<Health['report']>[1]): void {
    this.#watch.end(endpoint)
    this.#watch.record(endpoint, report, this.#ports)
  }

  answered(endpoint: EndpointRecord): void {
    this.#watch.answered(endpoint, this.#ports)
  }

  claimProbe(endpoint: EndpointRecord): Promise<boolean> {
    return this.#watch.claimProbe(endpoint, this.#ports)
  }

  takeProbe(endpoint: EndpointRecord): boolean {
    return this.#watch.takeProbe(endpoint)
  }
}
