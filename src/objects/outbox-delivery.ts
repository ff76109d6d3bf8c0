import type { KeyStorage } from './key-storage.ts'
import { within } from './within.ts'

/** How long settled rows gather before they go to D1. */
const flushAfterMs = 1_500
/**
 * An object that died with rows in its outbox is woken after this. Not sooner, so that the alarm is moved once in a while
 * and not with every flush: moving it costs a write, and in workerd as much as the flush.
 */
const flushAtLatestAfterMs = 10_000
const maxBackoffMs = 60_000
const maxD1Ms = 20_000
/** A flush takes what D1 takes in one value (2 MB) and no more than this many rows. */
const flushRows = 100
const flushCharacters = 500_000
const flushRounds = 50

interface Ports {
  /** Epoch milliseconds. */
  now(): number
  /** Uniform in [0, 1). */
  random(): number
  later(task: () => void, ms: number): void
  /** Stores rows in D1, all or none. */
  record(rows: readonly string[]): Promise<void>
  /** The time of the outbox has come. */
  due(): void
}

/** How the rows of a key's outbox reach D1: in batches, by a timer of the object, and with pauses while D1 is away. */
export class OutboxDelivery {
  readonly #disk: KeyStorage
  readonly #ports: Ports
  #failures = 0
  #retryAt = 0
  #isTimed = false

  constructor(disk: KeyStorage, ports: Ports) {
    this.#disk = disk
    this.#ports = ports
  }

  /** Sends all that waits. Never throws: the platform gives an alarm up after six failures, this doesn't. */
  async flush(): Promise<void> {
    try {
      for (let round = 0; round < flushRounds && this.#disk.hasUnflushed; round++) {
        const { rows, through } = this.#disk.unflushed(flushRows, flushCharacters)
        // A call that never ended would hold the alarm, and with it the outbox, for ever.
        await within(maxD1Ms, this.#ports.record(rows))
        this.#disk.flushed(through)
      }
      this.#failures = 0
      this.#retryAt = 0
    } catch (error) {
      this.#failures += 1
      const backoffMs = Math.min(maxBackoffMs, 1_000 * 2 ** this.#failures)
      this.#retryAt = this.#ports.now() + backoffMs * (0.5 + this.#ports.random() / 2)
      console.warn(`D1 did not take request metadata, ${this.#failures} times now: ${String(error)}`)
    }
  }

  /**
   * Sees to it that what waits is sent soon.
   *
   * @returns when an alarm should see to it if this object does not live to (epoch milliseconds); null where nothing waits
   */
  schedule(): number | null {
    if (!this.#disk.hasUnflushed) return null
    const now = this.#ports.now()
    // A pause cannot be longer than the longest: what says so was set by a clock that was ahead.
    const pauseMs = Math.min(this.#retryAt - now, maxBackoffMs)
    if (!this.#isTimed) {
      this.#isTimed = true
      const fire = () => {
        this.#isTimed = false
        this.#ports.due()
      }
      this.#ports.later(fire, Math.max(flushAfterMs, pauseMs))
    }
    return now + Math.max(flushAtLatestAfterMs, pauseMs)
  }
}
