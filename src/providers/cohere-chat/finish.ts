import type { FinishReason } from '../../chat/parts.ts'
import { finishReasonOf } from '../openai-chat/finish.ts'

const own: Readonly<Record<string, FinishReason>> = {
  ERROR: 'error',
  ERROR_LIMIT: 'error',
  ERROR_TOXIC: 'content_filter',
  TIMEOUT: 'error',
  USER_CANCEL: 'error',
}

/** The public finish reason of Cohere's (`providers.md` §2). */
export function finishOf(native: string, said: { calls: boolean; produced: boolean }): FinishReason {
  return own[native] ?? finishReasonOf(native, said)
}
