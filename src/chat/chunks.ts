import type { Envelope } from './envelope.ts'
import { errorJson } from './error-json.ts'
import type { Failure } from './failure.ts'
import type { FinishReason } from './parts.ts'
import type { UsageJson } from './usage-json.ts'

/** The end of every chat stream, after an error too. */
export const doneEvent = 'data: [DONE]\n\n'

/** How a choice ended. */
export interface Finish {
  reason: FinishReason
  /** The provider's own word for it. */
  native: string | null
}

/** A chat chunk up to where its choices begin, as every chunk of one stream repeats it. */
export function chunkHead(envelope: Envelope): string {
  const { id, created, model, provider } = envelope
  const json = JSON.stringify({ id, object: 'chat.completion.chunk', created, model, provider })
  return `data: ${json.slice(0, -1)}`
}

/** The last chunk of one choice: an empty delta and how it ended. */
export function finishChunk(envelope: Envelope, finish: Finish, choice = 0): string {
  return `${chunkHead(envelope)},"choices":[${emptyChoice(choice, finish)}]}\n\n`
}

/**
 * The chunk that carries the usage, sent before `[DONE]`. It has a choice, with the finish once more: a client that
 * indexes `choices[0]` does not fall over it, and LangChain reads usage from nowhere else.
 */
export function usageChunk(
  envelope: Envelope,
  usage: UsageJson,
  finish: Finish | null,
  serviceTier: string | null = null,
): string {
  return (
    `${chunkHead(envelope)},"service_tier":${JSON.stringify(serviceTier)},"choices":[${emptyChoice(0, finish)}]` +
    `,"usage":${JSON.stringify(usage)}}\n\n`
  )
}

/**
 * A failure after the headers are out: the only finish that the client gets. `[DONE]` follows it. Usage goes with it
 * where it is known already. For `origin` see `errorJson`.
 */
export function errorChunk(failure: Failure, envelope: Envelope, usage: UsageJson | undefined, origin: string): string {
  const native = failure.metadata?.provider_code
  const finish: Finish = { reason: 'error', native: typeof native === 'string' ? native : null }
  return (
    `${chunkHead(envelope)},"error":${JSON.stringify(errorJson(failure, origin))},"choices":[${emptyChoice(0, finish)}]` +
    `${usage === undefined ? '' : `,"usage":${JSON.stringify(usage)}`}}\n\n`
  )
}

function emptyChoice(index: number, finish: Finish | null): string {
  return (
    `{"index":${index},"delta":{"role":"assistant","content":""},"finish_reason":${JSON.stringify(finish?.reason ?? null)}` +
    `,"native_finish_reason":${JSON.stringify(finish?.native ?? null)},"logprobs":null}`
  )
}
