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
  read(): Promise<Uint8Array | null> {
    // Not `async`: a promise more for every chunk of every stream.
    return this.#byob ? this.#byob.read(new Uint8Array(this.#buffer)).then(this.#taken) : this.#readPlain()
  }

  async #readPlain(): Promise<Uint8Array | null> {
    const result = await this.#plain?.read()
    return result?.value ?? null
  }

  readonly #taken = ({ done, value }: { done: boolean; value?: Uint8Array | undefined }): Uint8Array | null => {
    if (!value) return null
    this.#buffer = value.buffer
    return done ? null : value
  }

  /** Lets go of the stream; what is left of it is thrown away. Never rejects. */
  cancel(): void {
    const reader = this.#plain ?? this.#byob
    reader?.cancel().catch(() => {})
  }
}
