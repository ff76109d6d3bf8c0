import type { ChatRequest } from '../chat/request.ts'
import type { Deadlines } from './gateway.ts'

/** A provider slower than four tokens a second is taken for one that hangs, where the client says how many there can be. */
const slowestTokenMs = 250

export interface DeadlineInput {
  deadlines: Deadlines
  request: Pick<ChatRequest, 'max_tokens' | 'max_completion_tokens'>
  stream: boolean
  /** Whether the model can reason. */
  reasons: boolean
  /** Epoch milliseconds at which the request came in. */
  startedAt: number
}

/** How long an upstream call may take. */
export interface Deadline {
  /** Milliseconds until the first content (a stream) or the whole answer must be there. */
  ms: number
  /** The request's own time ends before the provider's does: what is late then is not the provider. */
  cutShort: boolean
}

/** The deadline of a call that begins at `now`: its own, or what is left of the request's where that is less. */
export function deadlineOf({ deadlines, request, stream, reasons, startedAt }: DeadlineInput, now: number): Deadline {
  const firstContentMs = reasons ? deadlines.firstContentReasoningMs : deadlines.firstContentMs
  const wholeAnswerMs = reasons ? deadlines.wholeAnswerReasoningMs : deadlines.wholeAnswerMs
  const maxTokens = request.max_completion_tokens ?? request.max_tokens ?? Number.POSITIVE_INFINITY
  // A short answer that hangs is given up sooner than a long one could be: somebody waits for the next provider.
  const ownMs = stream ? firstContentMs : Math.min(wholeAnswerMs, firstContentMs + maxTokens * slowestTokenMs)
  const leftMs = startedAt + (reasons ? deadlines.totalReasoningMs : deadlines.totalMs) - now
  return leftMs < ownMs ? { ms: leftMs, cutShort: true } : { ms: ownMs, cutShort: false }
}
