import { ChatStreamEncoder } from '../../chat/chat-stream-encoder.ts'
import { doneEvent, errorChunk, usageChunk } from '../../chat/chunks.ts'
import { assembleCompletion } from '../../chat/completion.ts'
import { usageJson } from '../../chat/usage-json.ts'
import type { Dialect, Settled } from '../../dispatch/dialect.ts'

/** How chat completions word an answer (`openrouter-api.md` §1.12). */
export const chatDialect: Dialect = {
  wire: 'openai-chat',
  encoder: (envelope, options) => new ChatStreamEncoder(envelope, options),
  closing: (envelope, settled) =>
    usageChunk(envelope, usageOf(settled), settled.finish, settled.serviceTier) + doneEvent,
  failing: (envelope, failure, settled, origin) =>
    errorChunk(failure, envelope, settled === null ? undefined : usageOf(settled), origin) + doneEvent,
  body: (parts, envelope, settled, { excludeReasoning, extras }) =>
    assembleCompletion(parts, envelope, {
      usage: usageOf(settled),
      serviceTier: settled.serviceTier,
      excludeReasoning,
      extras,
    }),
}

function usageOf({ usage, cost, isByok }: Settled) {
  return usageJson(usage, cost, isByok)
}
