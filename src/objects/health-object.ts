import { DurableObject } from 'cloudflare:workers'
import type { SavedBreakers } from '../routing/breaker-book.ts'
import type { HealthMessage, HealthSnapshot } from '../routing/health.ts'
import { HealthBook } from '../routing/health-book.ts'
import type { Statistics } from '../routing/statistics.ts'

const breakersKey = 'breakers'
const statisticsPrefix = 'statistics:'
/** What one `put` or `delete` of several keys takes. */
const keysAtOnce = 128

/**
 * The health of one provider on one continent, reached by `idFromName('<provider>@<continent>')`. Memory decides and is
 * saved behind the answer: breakers as soon as they change, so that an eviction never closes one, statistics now and
 * then. Nobody waits for a write.
 */
export class HealthObject extends DurableObject<Env> {
  clock = () => Date.now()
  /** Statistics may lose this much when the object is moved. With 50 busy endpoints it makes 100 row writes a minute. */
  saveStatisticsAfterMs = 30_000
  #book = new HealthBook(this.clock())
  #savingBreakers = false
  #savingStatistics = false

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    ctx.blockConcurrencyWhile(async () => {
      const breakers = await ctx.storage.get<SavedBreakers>(breakersKey)
      const statistics = await ctx.storage.list<Statistics>({ prefix: statisticsPrefix })
      const byId = new Map([...statistics].map(([key, value]) => [key.slice(statisticsPrefix.length), value]))
      this.#book = new HealthBook(this.clock(), breakers, byId)
    })
  }

  /** Takes in what an isolate saw and answers what changed since it last asked. An empty message only asks. */
  report(message: HealthMessage): HealthSnapshot {
    const now = this.clock()
    if (this.#book.receive(message, now)) this.#saveBreakersSoon()
    if (message.reports.length > 0) this.#saveStatisticsSoon()
    return this.#book.snapshot(this.#provider(), message.knownRevision, now)
  }

  /** Everything known. */
  snapshot(): HealthSnapshot {
    return this.#book.snapshot(this.#provider(), 0, this.clock())
  }

  /** Whether the caller may call this endpoint now; the one call of an interval when it is open. */
  claimProbe(endpoint: string): boolean {
    const granted = this.#book.claimProbe(endpoint, this.clock())
    if (granted) this.#saveBreakersSoon()
    return granted
  }

  #provider(): string {
    return this.ctx.id.name?.split('@')[0] ?? ''
  }

  #saveBreakersSoon(): void {
    if (this.#savingBreakers) return
    this.#savingBreakers = true
    setTimeout(() => {
      this.#savingBreakers = false
      // Unconfirmed: otherwise the next answer would wait for the disk.
      void this.ctx.storage.put(breakersKey, this.#book.savedBreakers(this.clock()), { allowUnconfirmed: true })
    }, 0)
  }

  #saveStatisticsSoon(): void {
    if (this.#savingStatistics) return
    this.#savingStatistics = true
    setTimeout(() => {
      this.#savingStatistics = false
      const entries: [string, Statistics][] = []
      const gone: string[] = []
      for (const [id, statistics] of this.#book.takeUnsaved(this.clock())) {
        if (statistics) entries.push([statisticsPrefix + id, statistics])
        else gone.push(statisticsPrefix + id)
      }
      const { storage } = this.ctx
      for (let i = 0; i < entries.length; i += keysAtOnce) {
        void storage.put(Object.fromEntries(entries.slice(i, i + keysAtOnce)), { allowUnconfirmed: true })
      }
      for (let i = 0; i < gone.length; i += keysAtOnce) {
        void storage.delete(gone.slice(i, i + keysAtOnce), { allowUnconfirmed: true })
      }
      // Windows that closed in the meantime need no place in the next life.
      this.#saveBreakersSoon()
    }, this.saveStatisticsAfterMs)
  }
}
