import type { Deadlines } from './gateway.ts'

export interface DeadlineInput {
  deadlines: Deadlines
  stream: boolean
  /** Whether the model can reason. */
  reasons: boolean
  /** Epoch milliseconds at which all of the request had come in. */
  startedAt: number
}

/** How long an upstream call may take. */
export interface Deadline {
  /** Milliseconds until the first content (a stream) or the whole answer must be there. */
  ms: number
  /** Calls before this one have left it so little of the request's time that it is not to blame for needing more. */
  cutShort: boolean
}

/** The deadline of a call that begins at `now`: its own, or what is left of the request's where that is less. */
export function deadlineOf({ deadlines, stream, reasons, startedAt }: DeadlineInput, now: number): Deadline {
  const firstContentMs = reasons ? deadlines.firstContentReasoningMs : deadlines.firstContentMs
  const wholeAnswerMs = reasons ? deadlines.wholeAnswerReasoningMs : deadlines.wholeAnswerMs
  const totalMs = reasons ? deadlines.totalReasoningMs : deadlines.totalMs
  const ownMs = Math.min(stream ? firstContentMs : wholeAnswerMs, totalMs)
  const leftMs = startedAt + totalMs - now
  // Who had most of its time and said nothing hangs, whatever was before.
  return { ms: Math.min(ownMs, leftMs), cutShort: leftMs < ownMs / 2 }
}
