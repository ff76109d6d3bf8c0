/** Something that is waited for, and what happens when it takes too long. */
export interface Wait {
  /** Epoch milliseconds. */
  dueAt: number
  late(): void
}

/**
 * How long one request waits for one thing after the other, with one timer for all of them: in workerd, setting and
 * clearing a timer costs more than planning the request does, and hardly any wait comes to its end. So the timer of a
 * wait that is over is left to the next one, and the last one to the end of the request, which ends it too.
 */
export class Patience {
  readonly #now: () => number
  #waits: Wait[] = []
  /** When the timer fires; Infinity where there is none. */
  #firesAt = Number.POSITIVE_INFINITY

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** Calls `late` after `ms`, unless the wait is over by then. */
  begin(ms: number, late: () => void): Wait {
    const wait = { dueAt: this.#now() + ms, late }
    this.#waits.push(wait)
    this.#arm()
    return wait
  }

  end(wait: Wait): void {
    const index = this.#waits.indexOf(wait)
    if (index >= 0) this.#waits.splice(index, 1)
  }

  /** What the promise gives, or a rejection when it has not settled within `ms`; what it gives later is ignored. */
  within<T>(ms: number, promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const wait = this.begin(ms, () => reject(new Error(`no answer within ${ms} ms`)))
      promise.then(
        (value) => {
          this.end(wait)
          resolve(value)
        },
        (error: unknown) => {
          this.end(wait)
          reject(error)
        },
      )
    })
  }

  #arm(): void {
    const dueAt = this.#waits.reduce((first, wait) => Math.min(first, wait.dueAt), Number.POSITIVE_INFINITY)
    // One that fires too early looks again.
    if (dueAt >= this.#firesAt) return
    this.#firesAt = dueAt
    setTimeout(() => this.#fire(dueAt), Math.max(0, dueAt - this.#now()))
  }

  #fire(firesAt: number): void {
    if (this.#firesAt === firesAt) this.#firesAt = Number.POSITIVE_INFINITY
    // By the timer, whatever the clock says: it may have been set back meanwhile.
    for (const wait of this.#waits.filter(({ dueAt }) => dueAt <= firesAt)) {
      this.end(wait)
      wait.late()
    }
    this.#arm()
  }
}
