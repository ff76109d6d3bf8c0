import { hasOutage } from './breaker.ts'
import { BreakerBook, forgetAfterMs, type SavedBreakers } from './breaker-book.ts'
import { calmHealth, type EndpointHealth, type HealthMessage, type HealthSnapshot } from './health.ts'
import { countCall, describe, emptyStatistics, type Statistics } from './statistics.ts'

/** Percentiles and uptimes are worked out again this often at most while calls come in, */
const describeEveryMs = 2_000
/** and this often when none do, because the windows move on. */
const describeIdleMs = 30_000
/** Isolates whose place in their count is remembered, the longest silent ones forgotten first. */
const maxIsolates = 2_000

interface Published {
  health: EndpointHealth
  /** The revision of the book at which `health` became what it is. */
  revision: number
  describedAt: number
  /** Calls were counted since. */
  stale: boolean
}

/** Statistics by endpoint id that changed since the last save; null = forgotten. */
export type UnsavedStatistics = Map<string, Statistics | null>

/** All that a health object knows of one provider: breakers, counts and performance of its endpoints. */
export class HealthBook {
  readonly #breakers: BreakerBook
  readonly #statistics: Map<string, Statistics>
  readonly #published = new Map<string, Published>()
  readonly #heard = new Map<string, number>()
  readonly #unsaved = new Set<string>()
  #revision: number

  constructor(now: number, breakers?: SavedBreakers, statistics: Map<string, Statistics> = new Map()) {
    this.#breakers = new BreakerBook(breakers)
    this.#statistics = statistics
    // Greater than any revision that an earlier life of the object gave out.
    this.#revision = now
    for (const id of new Set([...statistics.keys(), ...Object.keys(breakers?.endpoints ?? {})])) this.#publish(id, now)
  }

  /**
   * Takes in the reports of one isolate, each once, however often, late or out of order they come. Answers whether a
   * breaker, a cooldown or a probe changed, which is what must not be lost.
   */
  receive(message: HealthMessage, now: number): boolean {
    const { isolate, firstSequence, reports } = message
    const repeated = Math.max(0, (this.#heard.get(isolate) ?? firstSequence - 1) + 1 - firstSequence)
    const news = repeated === 0 ? reports : reports.slice(repeated)
    if (news.length === 0) return false
    this.#heard.delete(isolate)
    this.#heard.set(isolate, firstSequence + reports.length - 1)
    if (this.#heard.size > maxIsolates) for (const oldest of this.#heard.keys()) return this.#forgetIsolate(oldest, news, message, now)
    return this.#take(news, message, now)
  }

  /** What changed since `knownRevision`; everything for 0 and for a revision that this book has not reached. */
  snapshot(provider: string, knownRevision: number, now: number): HealthSnapshot {
    const since = knownRevision > this.#revision ? 0 : knownRevision
    const endpoints: Record<string, EndpointHealth> = {}
    for (const [id, published] of this.#published) {
      const age = now - published.describedAt
      if (age < 0 || age >= (published.stale ? describeEveryMs : describeIdleMs)) this.#publish(id, now)
      if (published.revision > since) endpoints[id] = published.health
    }
    const providerOpenUntil = this.#breakers.provider.openUntil
    return { provider, takenAt: now, revision: this.#revision, providerOpenUntil, endpoints }
  }

  /** Whether the caller may call this endpoint now: yes when it is not open, and once an interval when it is. */
  claimProbe(endpoint: string, now: number): boolean {
    return this.#breakers.claimProbe(endpoint, now)
  }

  saveBreakers(now: number): SavedBreakers {
    return this.#breakers.save(now)
  }

  /** What has to be saved of the statistics, handed out once. Forgets endpoints that were not heard of for a day. */
  takeUnsavedStatistics(now: number): UnsavedStatistics {
    const taken: UnsavedStatistics = new Map()
    for (const id of this.#unsaved) taken.set(id, this.#statistics.get(id) ?? null)
    this.#unsaved.clear()
    for (const [id, { seenAt }] of this.#statistics) {
      if (seenAt >= now - forgetAfterMs) continue
      this.#statistics.delete(id)
      this.#published.delete(id)
      taken.set(id, null)
    }
    return taken
  }
}
