import type { SettledRow } from './settled-row.ts'
import { within } from './within.ts'

/**
 * Hands rows to their key's object and resolves when they are durable. Called anew for each try, so it must look the
 * object up itself: a stub is broken for good once its object was reset.
 */
export type SendRows = (rows: SettledRow[], keyHash: string) => Promise<void>

interface Timing {
  /** How long rows of one key gather. */
  gatherMs: number
  /** How long the second request of a batch waits for the first to send it. */
  patienceMs: number
  /** How long one call may take. */
  callMs: number
  /** Pauses between tries, each shortened at random to as little as half. One try more than there are pauses. */
  pausesMs: readonly number[]
}

// In all at most 8.5 s of waiting for another request and 3 * 5 + 1.3 s of own tries, within the 30 s that
// `waitUntil` gives a request after its answer.
const defaultTiming: Timing = { gatherMs: 15, patienceMs: 8_000, callMs: 5_000, pausesMs: [300, 1_000] }

const maxRows = 100
/** Calls with what was kept that one request makes: it has what is left of its 30 s for them. */
const keptCalls = 3
const spreadMs = 500
/** Between two tries with what was kept of a key. */
const keptPauseMs = 5_000
/** A row is one or two kilobytes. What is given up is accounted for by its reservation, as unsettled. */
const maxKept = 5_000

interface Batch {
  rows: SettledRow[]
  openedAt: number
  sent: Promise<void>
  /** A second request waits to see it sent. */
  watched: boolean
}

/**
 * The isolate's side of settling. Requests of one key that end within a few milliseconds share one call to its object,
 * because a call each would cost as much as their admissions did. The first request opens a batch, waits, and sends it
 * within its own context, which owns the timer and the call. Should that context die, nothing is lost: the second
 * request of the batch watches over it and after a while sends all its rows itself, which is harmless since the object
 * takes a row once by id. The others leave it to these two: waiting costs a request a tenth of all it costs.
 *
 * Rows that no try could deliver are kept: requests that come later, of any key, take them along.
 */
export class SettleQueue {
  readonly #open = new Map<string, Batch>()
  readonly #kept = new Map<string, Kept>()
  #keptRows = 0
  readonly #timing: Timing
  readonly #random: () => number
  readonly #now: () => number

  constructor({
    timing = {},
    random = Math.random,
    now = Date.now,
  }: { timing?: Partial<Timing>; random?: () => number; now?: () => number } = {}) {
    this.#timing = { ...defaultTiming, ...timing }
    this.#random = random
    this.#now = now
  }

  /**
   * Resolves when the row is durable, or in the care of two other requests; rejects when the former could not be had. To
   * be awaited inside `waitUntil`.
   */
  async add(keyHash: string, row: SettledRow, send: SendRows): Promise<void> {
    const batch = this.#open.get(keyHash)
    if (batch === undefined || !this.#isFresh(batch)) return this.#begin(keyHash, row, send)
    batch.rows.push(row)
    if (batch.watched) return
    batch.watched = true
    try {
      await within(this.#timing.patienceMs, batch.sent)
    } catch {
      // So does the second request of every other isolate whose batch failed: not all in the same moment.
      await pause(this.#random() * spreadMs)
      await this.#deliver(keyHash, batch.rows, send)
    }
  }

  /** How many rows wait for their object to come back. */
  get kept(): number {
    return this.#keptRows
  }

  #begin(keyHash: string, row: SettledRow, send: SendRows): Promise<void> {
    const rows = [row]
    const batch: Batch = { rows, openedAt: this.#now(), sent: Promise.resolve(), watched: false }
    batch.sent = this.#sendLater(batch, keyHash, send)
    this.#open.set(keyHash, batch)
    return batch.sent
  }

  async #sendLater(batch: Batch, keyHash: string, send: SendRows): Promise<void> {
    await pause(this.#timing.gatherMs)
    if (this.#open.get(keyHash) === batch) this.#open.delete(keyHash)
    await this.#deliver(keyHash, batch.rows, send)
  }

  /** A batch that was not sent long after it should have been belongs to a request that is gone. */
  #isFresh(batch: Batch): boolean {
    const ageMs = this.#now() - batch.openedAt
    return batch.rows.length < maxRows && ageMs >= 0 && ageMs < this.#timing.gatherMs * 4
  }

  async #deliver(keyHash: string, rows: SettledRow[], send: SendRows): Promise<void> {
    for (const pauseMs of [...this.#timing.pausesMs, null]) {
      try {
        await within(this.#timing.callMs, send(rows, keyHash))
        break
      } catch (error) {
        if (pauseMs === null) {
          this.#keep(keyHash, rows)
          throw error
        }
        // An object that is overloaded, moving or being replaced: it is there again in a moment.
        await pause(pauseMs * (0.5 + this.#random() / 2))
      }
    }
    if (this.#keptRows > 0) await this.#deliverKept(keyHash, send)
  }

  #keep(keyHash: string, rows: Iterable<SettledRow>): void {
    const kept = this.#kept.get(keyHash) ?? { rows: new Map(), triedAt: 0, takenAt: Number.NEGATIVE_INFINITY }
    this.#kept.set(keyHash, kept)
    this.#keptRows -= kept.rows.size
    for (const row of rows) kept.rows.set(row.id, row)
    this.#keptRows += kept.rows.size
    kept.triedAt = this.#now()
    for (const [oldest, { rows: given }] of this.#kept) {
      if (this.#keptRows <= maxKept) return
      this.#kept.delete(oldest)
      this.#keptRows -= given.size
      console.error(JSON.stringify({ event: 'settlements-given-up', count: given.size }))
    }
  }

  /**
   * The rows of this key, whose object is there, or else of the one that has waited longest. They stay here until they
   * are durable: the request that takes them along may die on the way.
   */
  async #deliverKept(keyHash: string, send: SendRows): Promise<void> {
    const own = this.#kept.get(keyHash)
    const key = own && !this.#isTaken(own) ? keyHash : this.#nextKept()
    const kept = key === undefined ? undefined : this.#kept.get(key)
    if (key === undefined || kept === undefined) return
    for (let call = 0; call < keptCalls && kept.rows.size > 0; call++) {
      kept.takenAt = this.#now()
      const rows = [...kept.rows.values()].slice(0, maxRows)
      try {
        await within(this.#timing.callMs, send(rows, key))
      } catch {
        kept.triedAt = this.#now()
        // Behind the others, so that one object that stays away doesn't hold up theirs.
        if (this.#kept.get(key) === kept) {
          this.#kept.delete(key)
          this.#kept.set(key, kept)
        }
        break
      }
      const before = kept.rows.size
      for (const { id } of rows) kept.rows.delete(id)
      // What was given up meanwhile is counted no more.
      if (this.#kept.get(key) === kept) this.#keptRows -= before - kept.rows.size
    }
    kept.takenAt = Number.NEGATIVE_INFINITY
    if (kept.rows.size === 0 && this.#kept.get(key) === kept) this.#kept.delete(key)
  }

  #nextKept(): string | undefined {
    const now = this.#now()
    for (const [key, kept] of this.#kept)
      if (Math.abs(now - kept.triedAt) >= keptPauseMs && !this.#isTaken(kept)) return key
    return undefined
  }

  /** Whether a request is on its way with these rows; not one that should have been back long ago. */
  #isTaken({ takenAt }: Kept): boolean {
    return Math.abs(this.#now() - takenAt) < this.#timing.callMs * 2
  }
}

interface Kept {
  rows: Map<string, SettledRow>
  /** Epoch milliseconds. */
  triedAt: number
  /** Epoch milliseconds at which a request last went with some of the rows; -Infinity where none is under way. */
  takenAt: number
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
