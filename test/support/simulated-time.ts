import { vi } from 'vitest'

interface Timer {
  id: number
  at: number
  everyMs: number | null
  run: () => void
}

// Before anybody replaces it: a turn of the real loop, in which everything that waits for promises goes on.
const turn = setImmediate

/**
 * The clock and timers of a whole process, simulated: `Date.now`, `setTimeout` and `setInterval`. Unlike fake timers it
 * costs microseconds a timer, so a minute of a hundred requests a second takes a second.
 */
export class SimulatedTime {
  #now: number
  #lastId = 0
  /** In order of time, and of their making where that is the same. */
  #timers: Timer[] = []

  constructor(startsAt = 1_800_000_000_000) {
    this.#now = startsAt
    vi.stubGlobal('setTimeout', (run: () => void, ms = 0) => this.#set(run, ms, null))
    vi.stubGlobal('setInterval', (run: () => void, ms = 0) => this.#set(run, ms, ms))
    vi.stubGlobal('clearTimeout', (id?: number) => this.#clear(id))
    vi.stubGlobal('clearInterval', (id?: number) => this.#clear(id))
    vi.spyOn(Date, 'now').mockImplementation(this.now)
  }

  now = (): number => this.#now

  /** Lets so much time pass. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await settled()
    for (let next = this.#timers[0]; next !== undefined && next.at <= end; next = this.#timers[0]) {
      this.#timers.shift()
      this.#now = Math.max(this.#now, next.at)
      if (next.everyMs !== null) this.#insert({ ...next, at: next.at + Math.max(1, next.everyMs) })
      next.run()
      await settled()
    }
    this.#now = end
  }

  /** Back to real time. */
  stop(): void {
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
  }

  #set(run: () => void, ms: number, everyMs: number | null): number {
    const id = ++this.#lastId
    this.#insert({ id, at: this.#now + Math.max(0, ms), everyMs, run })
    return id
  }

  #insert(timer: Timer): void {
    let index = this.#timers.length
    while (index > 0 && (this.#timers[index - 1]?.at ?? 0) > timer.at) index--
    this.#timers.splice(index, 0, timer)
  }

  #clear(id: number | undefined): void {
    const index = this.#timers.findIndex((timer) => timer.id === id)
    if (index >= 0) this.#timers.splice(index, 1)
  }
}

/** Bodies take a few turns of the loop. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => turn(resolve))
}
