/** Time that stands still until it is advanced: nothing waits, and a minute of many requests takes milliseconds. */
export class VirtualTime {
  #now: number
  #sequence = 0
  #sleepers: { at: number; sequence: number; wake: () => void }[] = []

  constructor(startsAt = 1_800_000_000_000) {
    this.#now = startsAt
  }

  now = () => this.#now

  sleep = (ms: number) =>
    new Promise<void>((wake) => {
      const sleeper = { at: this.#now + Math.max(0, ms), sequence: this.#sequence++, wake }
      let index = this.#sleepers.length
      while (index > 0 && (this.#sleepers[index - 1]?.at ?? 0) > sleeper.at) index--
      this.#sleepers.splice(index, 0, sleeper)
    })

  /** Lets so much time pass, waking sleepers in their order. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await settled()
    for (let next = this.#sleepers[0]; next !== undefined && next.at <= end; next = this.#sleepers[0]) {
      this.#sleepers.shift()
      this.#now = Math.max(this.#now, next.at)
      next.wake()
      await settled()
    }
    this.#now = Math.max(this.#now, end)
  }

  /** Sets the clock, forwards or back, without waking anybody. */
  jump(ms: number): void {
    this.#now += ms
  }
}

/** Everything that only waits for other promises has gone on. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 25; turn++) await Promise.resolve()
}
