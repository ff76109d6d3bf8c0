import { expect } from 'vitest'

export interface Chunk {
  id: string
  object: string
  created: number
  model: string
  provider: string
  service_tier?: string | null
  error?: { code: number; message: string; metadata: Record<string, unknown>; availability?: Record<string, unknown> }
  choices: {
    index: number
    delta: Record<string, unknown> & { role: string; content: string }
    finish_reason: string | null
    native_finish_reason: string | null
    logprobs: unknown
  }[]
  usage?: Record<string, unknown>
}

/** The chunks of a piece of a chat stream, framed as the contract says: one JSON line an event, nothing else. */
export function readChunks(stream: string): Chunk[] {
  return stream.split(/(?<=\n\n)/).flatMap((event) => {
    expect(event).toMatch(/^data: [^\n]+\n\n$/)
    const data = event.slice('data: '.length).trimEnd()
    return data === '[DONE]' ? [] : [JSON.parse(data) as Chunk]
  })
}
