/** Collects bytes for one write after the other in one buffer, which grows by doubling. */
export class ByteBuilder {
  #bytes = new Uint8Array(1024)
  #length = 0

  add(source: Uint8Array): void {
    this.#reserve(source.length)
    this.#bytes.set(source, this.#length)
    this.#length += source.length
  }

  /** Adds `source[start, end)`. */
  addRange(source: Uint8Array, start: number, end: number): void {
    const length = end - start
    this.#reserve(length)
    // For the few dozen bytes of a token a loop is cheaper than a view and a call into the engine.
    if (length > 64) this.#bytes.set(source.subarray(start, end), this.#length)
    else for (let i = 0; i < length; i++) this.#bytes[this.#length + i] = source[start + i] as number
    this.#length += length
  }

  /** What was collected, or null when there is nothing. Valid until something is added again. */
  take(): Uint8Array | null {
    if (this.#length === 0) return null
    const taken = this.#bytes.subarray(0, this.#length)
    this.#length = 0
    return taken
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    let capacity = this.#bytes.length * 2
    while (capacity < needed) capacity *= 2
    const grown = new Uint8Array(capacity)
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}
