import type { ChatRequest } from '../chat/request.ts'
import type { TranslationNote, Wire } from '../providers/wire.ts'
import { compress } from '../routing/compress.ts'
import type { PlannedAttempt } from '../routing/plan.ts'

/**
 * The request as one endpoint gets it, when its context is too short for all messages, and what to tell of that; null
 * where it gets the request as it is.
 */
export function compressRequest(
  request: ChatRequest,
  { promptBudgetTokens }: PlannedAttempt,
  { maxMessages }: Wire,
): { request: ChatRequest; note: TranslationNote } | null {
  if (promptBudgetTokens === undefined) return null
  const compressed = compress(request.messages, { budgetTokens: promptBudgetTokens, maxMessages })
  if (compressed === null) return null
  const { messages, leftOut, shortened } = compressed
  const done = [
    ...(leftOut > 0 ? [`${leftOut} messages left out in the middle`] : []),
    ...(shortened > 0 ? [`${shortened} shortened in their middle`] : []),
  ]
  return {
    request: { ...request, messages },
    note: { field: 'messages', action: 'changed', reason: done.join(', ') },
  }
}
