import type { Part } from './parts.ts'
import { newProgress, notePart, type PartEncoder, type StreamStage } from './stream-stage.ts'

const utf8 = new TextEncoder()

/** The stage between different wires: the provider's decoder and the surface's encoder, joined by parts. */
export class PartStage implements StreamStage {
  readonly progress = newProgress()
  #text = ''
  #finished = new Set<number>()
  #decoder: { push(bytes: Uint8Array): Part[]; end(): Part[] }
  #encoder: PartEncoder

  constructor(decoder: { push(bytes: Uint8Array): Part[]; end(): Part[] }, encoder: PartEncoder) {
    this.#decoder = decoder
    this.#encoder = encoder
  }

  push(bytes: Uint8Array): void {
    this.#encode(this.#decoder.push(bytes))
  }

  end(): void {
    this.#encode(this.#decoder.end())
    if (this.progress.finish === null)
      this.progress.failure ??= { kind: 'truncated', message: 'The stream ended before it was finished.' }
  }

  take(): Uint8Array | null {
    if (this.#text === '') return null
    const bytes = utf8.encode(this.#text)
    this.#text = ''
    return bytes
  }

  #encode(parts: Part[]): void {
    for (const part of parts) {
      if (this.progress.failure !== null) return
      if (!notePart(this.progress, part, this.#finished)) continue
      const text = this.#encoder.push(part)
      if (text === '') continue
      this.#text += text
      if (this.progress.upstreamContent) this.progress.content = true
    }
  }
}
