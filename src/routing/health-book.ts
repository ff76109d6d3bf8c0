import { BreakerBook, forgetAfterMs, type SavedBreakers } from './breaker-book.ts'
import {
  calmHealth,
  type EndpointHealth,
  type HealthMessage,
  type HealthReport,
  type HealthSnapshot,
} from './health.ts'
import { countCall, describe, emptyStatistics, type Statistics } from './statistics.ts'

/** Percentiles and uptimes are worked out again this often at most while calls come in, */
const describeEveryMs = 2_000
/** and this often when none do, because the windows move on. */
const describeIdleMs = 30_000
/** Isolates whose count of reports is remembered; the one that was silent longest is forgotten first. */
const maxIsolates = 2_000

interface Published {
  health: EndpointHealth
  /** The revision of the book at which `health` became what it is. */
  revision: number
  describedAt: number
  /** Calls were counted since. */
  stale: boolean
}

/** All that a health object knows of one provider: breakers, counts and performance of its endpoints. */
export class HealthBook {
  readonly #breakers: BreakerBook
  readonly #statistics: Map<string, Statistics>
  readonly #published = new Map<string, Published>()
  /** The number of the last report heard, by isolate. */
  readonly #heard = new Map<string, number>()
  readonly #unsaved = new Set<string>()
  #revision: number
  #latest: number

  constructor(now: number, breakers?: SavedBreakers, statistics: Map<string, Statistics> = new Map()) {
    this.#breakers = new BreakerBook(breakers)
    this.#statistics = statistics
    // Greater than any revision that an earlier life of the object gave out: none makes a thousand changes a second.
    this.#revision = now
    this.#latest = now
    this.#breakers.rewind(now)
    for (const id of new Set([...statistics.keys(), ...Object.keys(breakers?.endpoints ?? {})])) this.#publish(id, now)
  }

  /**
   * Takes in the reports of one isolate, each once, however often, late or out of order they come. Answers whether a
   * breaker, a cooldown or a probe changed, which is what must not be lost.
   */
  receive(message: HealthMessage, now: number): boolean {
    this.#follow(now)
    const news = this.#newsOf(message)
    // Undoes a difference of clocks. What cannot be, a time in the future, becomes now.
    const ahead = now - message.sentAt
    let changed = false
    for (const told of news) {
      const report = { ...told, at: Math.min(told.at + ahead, now) }
      const decisive = this.#breakers.record(report, now)
      changed ||= decisive
      this.#count(report, now)
      if (decisive) this.#publish(report.endpoint, now)
    }
    return changed
  }

  /** What changed since `knownRevision`; everything for 0 and for a revision that this book has not reached. */
  snapshot(provider: string, knownRevision: number, now: number): HealthSnapshot {
    this.#follow(now)
    const since = knownRevision > this.#revision ? 0 : knownRevision
    const endpoints: Record<string, EndpointHealth> = {}
    for (const [id, before] of this.#published) {
      const due = now - before.describedAt >= (before.stale ? describeEveryMs : describeIdleMs)
      const { health, revision } = due ? this.#publish(id, now) : before
      if (revision > since) endpoints[id] = health
    }
    const providerOpenUntil = this.#breakers.provider.openUntil
    return { provider, takenAt: now, revision: this.#revision, providerOpenUntil, endpoints }
  }

  /** Whether the caller may call this endpoint now: yes when it is not open, and once an interval when it is. */
  claimProbe(endpoint: string, now: number): boolean {
    this.#follow(now)
    return this.#breakers.claimProbe(endpoint, now)
  }

  savedBreakers(now: number): SavedBreakers {
    return this.#breakers.save(now)
  }

  /**
   * The statistics that changed since this was last asked, by endpoint id. Null stands for an endpoint that was not
   * heard of for a day and is forgotten.
   */
  takeUnsaved(now: number): Map<string, Statistics | null> {
    const unsaved = new Map<string, Statistics | null>()
    for (const id of this.#unsaved) unsaved.set(id, this.#statistics.get(id) ?? null)
    this.#unsaved.clear()
    for (const [id, { seenAt }] of this.#statistics) {
      if (seenAt >= now - forgetAfterMs) continue
      this.#statistics.delete(id)
      this.#published.delete(id)
      unsaved.set(id, null)
    }
    return unsaved
  }

  /** Keeps what is open from staying so for as long as the clock went back. */
  #follow(now: number): void {
    if (now < this.#latest - 1_000) {
      this.#breakers.rewind(now)
      for (const id of this.#published.keys()) this.#publish(id, now)
    }
    this.#latest = now
  }

  #newsOf({ isolate, firstSequence, reports }: HealthMessage): HealthReport[] {
    if (reports.length === 0) return []
    const heard = this.#heard.get(isolate) ?? firstSequence - 1
    // To the end of the map, whose order is that of last messages.
    this.#heard.delete(isolate)
    this.#heard.set(isolate, Math.max(heard, firstSequence + reports.length - 1))
    if (this.#heard.size > maxIsolates) {
      const [silent] = this.#heard.keys()
      if (silent !== undefined) this.#heard.delete(silent)
    }
    return reports.slice(Math.max(0, heard + 1 - firstSequence))
  }

  #count(report: HealthReport, now: number): void {
    let statistics = this.#statistics.get(report.endpoint)
    if (statistics === undefined) {
      statistics = emptyStatistics()
      this.#statistics.set(report.endpoint, statistics)
    }
    countCall(statistics, report, now)
    this.#unsaved.add(report.endpoint)
    const published = this.#published.get(report.endpoint)
    if (published) published.stale = true
    else this.#published.set(report.endpoint, { health: calmHealth, revision: 0, describedAt: 0, stale: true })
  }

  #publish(id: string, now: number): Published {
    const openUntil = this.#breakers.breakerOf(id)?.openUntil ?? 0
    const statistics = this.#statistics.get(id)
    const health: EndpointHealth = {
      ...calmHealth,
      ...(statistics ? describe(statistics, now) : {}),
      unstable: openUntil !== 0,
      openUntil,
      cooldownUntil: this.#breakers.cooldownUntil(id, now),
    }
    const before = this.#published.get(id)
    const same = before !== undefined && before.revision > 0 && JSON.stringify(before.health) === JSON.stringify(health)
    const revision = same ? before.revision : ++this.#revision
    const published = { health, revision, describedAt: now, stale: false }
    this.#published.set(id, published)
    return published
  }
}
