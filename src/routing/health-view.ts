import { type Breaker, closeBreaker, openMs } from './breaker.ts'
import { BreakerBook, forgetAfterMs, maxCooldownMs } from './breaker-book.ts'
import { calmHealth, type EndpointHealth, type HealthReport, type HealthSnapshot } from './health.ts'

/** A probe that was refused, or whose verdict was bad, is not asked for again within this time. */
const askAgainMs = 2_000
/** A probe that was taken by a request which then called nobody is given to the next one. */
const unusedProbeMs = 2_000
/** A probe without a verdict after this is given up, as the object does. */
const probeLeaseMs = 30_000

/**
 * A probe as this isolate stands to it. `held` has no end: the object grants one an interval, so those that wait in
 * isolates for their next request cannot become more than that either.
 */
interface Probe {
  state: 'asked' | 'held' | 'taken' | 'sent'
  since: number
}

/**
 * What one isolate holds true of one provider: what it saw itself joined with the last snapshot of the health object.
 * The stricter of both wins, and what is newer closes: a success of its own after the snapshot, or a snapshot after the
 * time of its own breaker. All times are the isolate's.
 */
export class HealthView {
  readonly #book = new BreakerBook()
  readonly #told = new Map<string, EndpointHealth>()
  readonly #probes = new Map<string, Probe>()
  #providerOpenUntil = 0
  /** When the last snapshot was asked for: it cannot know of anything later. */
  #asOf = 0
  #revision = 0
  #completeAt = 0
  /** Until then nothing is plain; 0 while all is well, so that the usual case is one comparison. */
  #troubledUntil = 0

  /** Whether there is anything amiss that should be looked at more often. */
  isTroubled(now: number): boolean {
    return now < this.#troubledUntil
  }

  /** The revision that the next snapshot may build on; 0 asks for all, once a day, so that what is gone gets forgotten. */
  knownRevision(now: number): number {
    return now - this.#completeAt < forgetAfterMs ? this.#revision : 0
  }

  of(endpoint: string, now: number): EndpointHealth | undefined {
    const told = this.#told.get(endpoint)
    if (now >= this.#troubledUntil) return told
    const openUntil = this.#openUntil(endpoint, now)
    const unstable = openUntil !== 0 || this.#book.isUnstable(endpoint, now)
    const cooldownUntil = Math.max(this.#book.cooldownUntil(endpoint, now), told?.cooldownUntil ?? 0)
    // What it was told may be overruled by what it saw since.
    if (!unstable && cooldownUntil <= now && !told?.unstable) return told
    const probeReady = openUntil !== 0 && openUntil <= now && this.#holdsProbe(endpoint, now)
    return { ...(told ?? calmHealth), unstable, openUntil, probeReady, cooldownUntil }
  }

  begin(endpoint: string, now: number): void {
    this.#book.begin(endpoint, now)
    const probe = this.#probes.get(endpoint)
    if (probe?.state === 'taken') this.#probes.set(endpoint, { state: 'sent', since: now })
  }

  /** A call that `begin` counted is over. */
  end(endpoint: string): void {
    this.#book.end(endpoint)
  }

  /** Notes an outcome. Answers whether the object has to hear of it, and whether at once. */
  record(report: HealthReport, now: number): 'never' | 'soon' | 'now' {
    const { endpoint, outcome } = report
    const wasOpen = this.isTroubled(now) && this.#openUntil(endpoint, now) !== 0
    const well = outcome === 'success' || outcome === 'answered'
    const silent = outcome === 'excluded' && report.latencyAtLeastMs === undefined
    if (!wasOpen && (outcome === 'answered' || silent)) return 'never'
    const changed = this.#book.record(report, now)
    if (wasOpen && well) this.#probes.delete(endpoint)
    else if (wasOpen) this.#probes.set(endpoint, { state: 'asked', since: now })
    if (changed || wasOpen || !well) this.#assess(now)
    return wasOpen || (!well && outcome !== 'excluded') ? 'now' : 'soon'
  }

  /** Whether this isolate should ask for the probe of a waiting endpoint now: once in a while, until it has it. */
  asksProbe(endpoint: string, now: number): boolean {
    const probe = this.#probes.get(endpoint)
    if (probe?.state === 'asked' && now - probe.since < askAgainMs) return false
    if (!this.canAskProbe(endpoint, now) || this.#holdsProbe(endpoint, now)) return false
    this.#probes.set(endpoint, { state: 'asked', since: now })
    return true
  }

  /** Whether asking for a probe could be of use: the time has come, and no request of this isolate is the probe. */
  canAskProbe(endpoint: string, now: number): boolean {
    const probe = this.#probes.get(endpoint)
    const out = probe !== undefined && (probe.state === 'taken' || probe.state === 'sent')
    return !(out && now - probe.since < probeLeaseMs) && this.#openUntil(endpoint, now) <= now
  }

  /** The object granted the probe to this isolate: for its next request. */
  holdProbe(endpoint: string, now: number): void {
    if (this.#probes.get(endpoint)?.state === 'asked') this.#probes.set(endpoint, { state: 'held', since: now })
  }

  /** Takes the probe of an endpoint, where this isolate holds one. */
  takeProbe(endpoint: string, now: number): boolean {
    if (!this.#holdsProbe(endpoint, now) || this.#openUntil(endpoint, now) > now) return false
    this.useProbe(endpoint, now)
    return true
  }

  /** A request that asked for the probe itself was granted it. */
  useProbe(endpoint: string, now: number): void {
    this.#probes.set(endpoint, { state: 'taken', since: now })
  }

  /** Grants a probe by what this isolate knows alone, when the object cannot be asked. */
  grantProbe(endpoint: string, now: number): boolean {
    return this.canAskProbe(endpoint, now) && this.#book.claimProbe(endpoint, now)
  }

  /** Takes in what the object answered to a message of `sentAt` that told it `knownRevision`. */
  absorb(snapshot: HealthSnapshot, knownRevision: number, sentAt: number, now: number): void {
    if (sentAt < this.#asOf) return
    if (knownRevision === 0) {
      this.#told.clear()
      this.#completeAt = now
    }
    // To this isolate's clock. What the answer took on its way makes it a little later, never earlier.
    const shiftMs = now - snapshot.takenAt
    const shift = (time: number) => (time === 0 ? 0 : time + shiftMs)
    for (const [id, health] of Object.entries(snapshot.endpoints)) {
      this.#told.set(id, {
        ...health,
        openUntil: shift(health.openUntil),
        cooldownUntil: shift(health.cooldownUntil),
      })
    }
    this.#providerOpenUntil = shift(snapshot.providerOpenUntil)
    this.#revision = snapshot.revision
    this.#asOf = sentAt
    this.#assess(now)
  }

  /** The clock went back to `now`. */
  rewind(now: number): void {
    this.#book.rewind(now)
    this.#probes.clear()
    this.#asOf = 0
    this.#completeAt = 0
    this.#providerOpenUntil = Math.min(this.#providerOpenUntil, now + openMs)
    for (const [id, health] of this.#told) {
      const openUntil = Math.min(health.openUntil, now + openMs)
      this.#told.set(id, { ...health, openUntil, cooldownUntil: Math.min(health.cooldownUntil, now + maxCooldownMs) })
    }
    this.#assess(now)
  }

  #openUntil(endpoint: string, now: number): number {
    const told = this.#told.get(endpoint)?.openUntil ?? 0
    return Math.max(
      this.#join(this.#book.breakerOf(endpoint), told, now),
      this.#join(this.#book.provider, this.#providerOpenUntil, now),
    )
  }

  #join(own: Breaker | undefined, told: number, now: number): number {
    if (!own) return told
    // Seen after the snapshot was asked for, and after the time of the breaker came: that was a probe that went well.
    const theirs = own.lastSuccessAt >= this.#asOf && own.lastSuccessAt >= told ? 0 : told
    if (own.openUntil !== 0 && theirs === 0 && this.#asOf >= own.openUntil) closeBreaker(own, now)
    return Math.max(own.openUntil, theirs)
  }

  #holdsProbe(endpoint: string, now: number): boolean {
    const probe = this.#probes.get(endpoint)
    return probe?.state === 'held' || (probe?.state === 'taken' && now - probe.since >= unusedProbeMs)
  }

  #assess(now: number): void {
    let until = this.#providerOpenUntil === 0 ? 0 : Number.POSITIVE_INFINITY
    for (const { openUntil, cooldownUntil } of this.#told.values()) {
      if (openUntil !== 0) until = Number.POSITIVE_INFINITY
      else if (cooldownUntil > until) until = cooldownUntil
    }
    until = Math.max(until, this.#book.troubledUntil(now))
    this.#troubledUntil = until <= now ? 0 : until
    if (this.#troubledUntil === 0) this.#probes.clear()
  }
}
