import type { AttemptFailure } from './failure.ts'
import type { FinishReason, Part } from './parts.ts'
import { isContent } from './parts.ts'
import type { TokenUsage } from './usage.ts'

/** What a stage has seen of the upstream so far. */
export interface StreamProgress {
  /** The model has begun to answer, even if what it said is not for the client (excluded reasoning). */
  upstreamContent: boolean
  /** The output holds something the client would see as an answer: from here on there is no failover. */
  content: boolean
  /** The first finish of the lowest choice; null before it. */
  finish: { reason: FinishReason; native: string | null } | null
  /** The choices that have begun and not ended yet. */
  open: Set<number>
  usage: TokenUsage | null
  /** The upstream told an error, or ended without a finish. Nothing is sent after it. */
  failure: AttemptFailure | null
  /** The upstream said that nothing follows. */
  done: boolean
  upstreamId: string | null
  serviceTier: string | null
  /** Bytes of text that went by, for an estimate where nothing is metered. */
  contentBytes: number
  /** The pieces of tool calls, to be judged when all are there; null while there are none. */
  toolCalls: Part[] | null
}

export function newProgress(): StreamProgress {
  return {
    upstreamContent: false,
    content: false,
    finish: null,
    open: new Set(),
    usage: null,
    failure: null,
    done: false,
    upstreamId: null,
    serviceTier: null,
    contentBytes: 0,
    toolCalls: null,
  }
}

/** Every choice has ended: from here on nothing can go wrong but the usage, and no error would be believed. */
export function isFinished({ finish, open }: StreamProgress): boolean {
  return finish !== null && open.size === 0
}

/** Notes what went wrong, the first time, unless the answer is complete already. */
export function noteFailure(progress: StreamProgress, failure: AttemptFailure): void {
  if (!isFinished(progress)) progress.failure ??= failure
}

/**
 * The one stage between an upstream's bytes and a client's: fed with reads, asked for what to write. The usage event
 * and the terminator are not its business, because only the dispatcher knows the cost. Never throws on foreign bytes.
 */
export interface StreamStage {
  /** Keeps nothing of `bytes` but copies. */
  push(bytes: Uint8Array): void
  /** The upstream closed. */
  end(): void
  /** What to send now, or null. Valid until the next `push` or `end`. */
  take(): Uint8Array | null
  readonly progress: StreamProgress
}

/** Puts parts into a surface's dialect, one stream each. Answers the empty string for a part that has no form there. */
export interface PartEncoder {
  push(part: Part): string
}

/** Notes what a part tells and answers whether it has to be encoded for the client. */
export function notePart(progress: StreamProgress, part: Part, finished: Set<number>): boolean {
  switch (part.type) {
    case 'start':
      progress.upstreamId = part.upstreamId ?? progress.upstreamId
      progress.serviceTier = part.serviceTier ?? progress.serviceTier
      return false
    case 'usage':
      progress.usage = part.usage
      return false
    case 'error':
      noteFailure(progress, part.failure)
      return false
    case 'finish': {
      // Several hosts repeat the finish on their usage chunk; the client gets it once.
      const choice = part.choice ?? 0
      if (finished.has(choice)) return false
      finished.add(choice)
      progress.open.delete(choice)
      if (part.reason === 'error') {
        // The one finish a client gets of a failed generation is the error event of its dialect.
        progress.failure ??= {
          kind: 'stream-error',
          message: 'The provider ended the generation with an error.',
          ...(part.native === null ? {} : { providerCode: part.native }),
        }
        return false
      }
      progress.finish ??= { reason: part.reason, native: part.native }
      return true
    }
    case 'text-delta':
    case 'refusal-delta':
      progress.contentBytes += part.text.length
      break
    case 'reasoning-delta':
      progress.contentBytes += part.text?.length ?? 0
      break
    case 'tool-call-delta':
      progress.contentBytes += part.arguments.length
      progress.toolCalls ??= []
      progress.toolCalls.push(part)
      break
    case 'annotations':
    case 'image':
    case 'audio-delta':
      break
  }
  if (isContent(part)) {
    const choice = part.choice ?? 0
    progress.upstreamContent = true
    if (!finished.has(choice)) progress.open.add(choice)
  }
  return true
}
