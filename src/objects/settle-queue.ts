import type { GenerationRow } from '../metering/generation.ts'
import type { ConversationNote } from '../routing/conversations.ts'
import { within } from './within.ts'

/**
 * Hands rows to the key's object and resolves when they are durable. Called anew for each try, so it must look the
 * object up itself: a stub is broken for good once its object was reset.
 */
export type SendRows = (rows: GenerationRow[], notes: ConversationNote[] | undefined) => Promise<void>

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
const spreadMs = 500

interface Batch {
  rows: GenerationRow[]
  /** Undefined while there are none, as nearly always. */
  notes: ConversationNote[] | undefined
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
 */
export class SettleQueue {
  readonly #open = new Map<string, Batch>()
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
  async add(row: GenerationRow, send: SendRows, note?: ConversationNote): Promise<void> {
    const batch = this.#open.get(row.keyHash)
    if (batch === undefined || !this.#isFresh(batch)) return this.#begin(row, send, note)
    batch.rows.push(row)
    if (note) batch.notes = [...(batch.notes ?? []), note]
    if (batch.watched) return
    batch.watched = true
    try {
      await within(this.#timing.patienceMs, batch.sent)
    } catch {
      // So does the second request of every other isolate whose batch failed: not all in the same moment.
      await pause(this.#random() * spreadMs)
      await this.#deliver(batch, send)
    }
  }

  #begin(row: GenerationRow, send: SendRows, note: ConversationNote | undefined): Promise<void> {
    const notes = note && [note]
    const batch: Batch = { rows: [row], notes, openedAt: this.#now(), sent: Promise.resolve(), watched: false }
    batch.sent = this.#sendLater(batch, row.keyHash, send)
    this.#open.set(row.keyHash, batch)
    return batch.sent
  }

  async #sendLater(batch: Batch, keyHash: string, send: SendRows): Promise<void> {
    await pause(this.#timing.gatherMs)
    if (this.#open.get(keyHash) === batch) this.#open.delete(keyHash)
    await this.#deliver(batch, send)
  }

  /** A batch that was not sent long after it should have been belongs to a request that is gone. */
  #isFresh(batch: Batch): boolean {
    const ageMs = this.#now() - batch.openedAt
    return batch.rows.length < maxRows && ageMs >= 0 && ageMs < this.#timing.gatherMs * 4
  }

  async #deliver({ rows, notes }: Batch, send: SendRows): Promise<void> {
    for (const pauseMs of this.#timing.pausesMs) {
      try {
        return await within(this.#timing.callMs, send(rows, notes))
      } catch {
        // An object that is overloaded, moving or being replaced: it is there again in a moment.
        await pause(pauseMs * (0.5 + this.#random() / 2))
      }
    }
    await within(this.#timing.callMs, send(rows, notes))
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
