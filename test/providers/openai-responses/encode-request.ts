import type { ChatRequest } from '../../../src/chat/request.ts'
import { openaiResponses } from '../../../src/providers/openai.ts'
import { encode } from '../../../src/providers/openai-responses/encode.ts'
import type { ResponsesFacts } from '../../../src/providers/openai-responses/responses-facts.ts'
import type { EncodeInput, TranslationNote } from '../../../src/providers/wire.ts'
import { encodeInput, reasoning } from '../openai-chat/encode-input.ts'

type Changes = Parameters<typeof encodeInput>[1]

/** OpenAI's own facts, for a model of theirs that reasons. */
export const pro = { ...reasoning(['high', 'medium']), endpoint: { upstreamId: 'gpt-5.4-pro', parameters: null } }

/** The body that goes upstream, and what was noted about it as `field action reason`. */
export function encoded(
  request: Partial<ChatRequest>,
  changes: Changes = {},
  facts: ResponsesFacts = openaiResponses,
): { body: Record<string, unknown>; notes: string[]; url: string } {
  const input: EncodeInput = encodeInput(request, changes)
  const { body, translation, url } = encode(input, facts)
  const words = ({ field, action, reason }: TranslationNote) => `${field} ${action} ${reason}`
  return { body: JSON.parse(body), notes: translation.map(words), url }
}
