import type { AttemptFailure } from '../../chat/failure.ts'
import type { FinishReason } from '../../chat/parts.ts'

/** What a candidate ended with: a reason that clients know, or a failure. */
export type Ending = { reason: FinishReason } | { failure: AttemptFailure }

/** With `enum-encoding=int` the reason is a number; these are the ones that both APIs number alike. */
const numbered: readonly (string | undefined)[] = [undefined, 'STOP', 'MAX_TOKENS', 'SAFETY', 'RECITATION', 'OTHER']

const filtered: ReadonlySet<string> = new Set([
  'SAFETY',
  'RECITATION',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
  'LANGUAGE',
  'MODEL_ARMOR',
])

/** The model called tools in a way that nobody can use. */
const unusable: ReadonlySet<string> = new Set([
  'MALFORMED_FUNCTION_CALL',
  'UNEXPECTED_TOOL_CALL',
  'TOO_MANY_TOOL_CALLS',
  'MISSING_THOUGHT_SIGNATURE',
  'MALFORMED_RESPONSE',
])

/** Google's word for how a candidate ended, or null while it goes on. */
export function nativeFinishOf(value: unknown): string | null {
  const word = typeof value === 'number' ? numbered[value] : value
  return typeof word === 'string' && word !== '' && word !== 'FINISH_REASON_UNSPECIFIED' ? word : null
}

/** `openrouter-normalisation.md` §4.2. Google says `STOP` for tool calls too. */
export function endingOf(native: string, said: { calls: boolean; produced: boolean }): Ending {
  if (native === 'STOP') return { reason: said.calls ? 'tool_calls' : 'stop' }
  if (native === 'MAX_TOKENS') return { reason: 'length' }
  if (filtered.has(native) || native.startsWith('IMAGE_')) return { reason: 'content_filter' }
  if (unusable.has(native))
    return {
      failure: {
        kind: 'generation-failed',
        message: 'The model produced output that could not be used.',
        providerCode: native,
      },
    }
  if (native !== 'OTHER' && said.produced) return { reason: said.calls ? 'tool_calls' : 'stop' }
  return {
    failure: {
      kind: 'stream-error',
      message: 'The provider ended the generation with an error.',
      providerCode: native.slice(0, 100),
    },
  }
}
