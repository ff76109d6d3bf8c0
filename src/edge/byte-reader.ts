const bufferBytes = 16 * 1024

/**
 * Reads a byte stream into one buffer that is used again and again: on workerd a fresh buffer a read is a good part of
 * what a streamed token costs. The bytes of a read are valid until the next one.
 */
export class ByteReader {
  #byob: ReadableStreamBYOBReader | null = null
  #plain: ReadableStreamDefaultReader<Uint8Array> | null = null
  #buffer: ArrayBufferLike = new ArrayBuffer(0)

  constructor(stream: ReadableStream<Uint8Array>) {
    try {
      this.#byob = stream.getReader({ mode: 'byob' })
      this.#buffer = new ArrayBuffer(bufferBytes)
    } catch {
      // Not a byte stream: one that JavaScript made.
      this.#plain = stream.getReader()
    }
  }

  /** The next bytes, null at the end. Rejects when the stream breaks. */
  async read(): Promise<Uint8Array | null> {
    if (this.#plain) {
      const { value } = await this.#plain.read()
      return value ?? null
    }
    const result = await this.#byob?.read(new Uint8Array(this.#buffer))
    if (!result?.value) return null
    this.#buffer = result.value.buffer
    return result.done ? null : result.value
  }

  /** Lets go of the stream; what is left of it is thrown away. Never rejects. */
  cancel(): void {
    const reader = this.#plain ?? this.#byob
    reader?.cancel().catch(() => {})
  }
}
