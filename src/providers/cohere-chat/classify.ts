import type { AttemptFailure, AttemptFailureKind } from '../../chat/failure.ts'
import { classify as classifyCommon, classifyInside as classifyInsideCommon } from '../openai-chat/classify.ts'
import type { ErrorAnswer } from '../wire.ts'

/** What an error answer of Cohere means (`providers.md` §5). */
export function classify(answer: ErrorAnswer): AttemptFailure {
  return classifyCommon(answer, kindOf)
}

/** What an error inside a 200 means. */
export function classifyInside(value: unknown, secrets: readonly string[]): AttemptFailure {
  return classifyInsideCommon(value, secrets, kindOf)
}

/** Where Cohere's statuses mean something of their own. */
function kindOf(status: number): AttemptFailureKind | undefined {
  // The prompt or the answer holds something that is blocked there; with others it is about capacity.
  return status === 498 ? 'content-policy' : undefined
}
