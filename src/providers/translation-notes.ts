import { type ChatRequest, gatewayOnlyFields } from '../chat/request.ts'
import type { Note } from './openai-chat/provider-facts.ts'
import type { TranslationNote } from './wire.ts'

/** Collects what an encoder could not say as the client wrote it, each thing once. */
export function translationNotes(): { translation: TranslationNote[]; note: Note } {
  const translation: TranslationNote[] = []
  const note: Note = (field, action, reason) => {
    if (!translation.some((other) => other.field === field && other.reason === reason))
      translation.push({ field, action, reason })
  }
  return { translation, note }
}

/** Fields of every request, those that change nothing about an answer, and those that every wire has words for. */
const silent: ReadonlySet<string> = new Set([
  ...gatewayOnlyFields,
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'top_p',
  'tools',
  'tool_choice',
  'response_format',
  'reasoning_effort',
  'model',
  'messages',
  'stream',
  'stream_options',
  'safety_identifier',
  'store',
  'prompt_cache_key',
  'prompt_cache_retention',
])

/** Notes every field of a request that a wire has no words for. `known` are those that it has beside the usual ones. */
export function noteStrangers(request: ChatRequest, known: ReadonlySet<string>, note: Note): void {
  for (const field in request) {
    const value = request[field]
    if (value == null || silent.has(field) || known.has(field) || isDefault(field, value)) continue
    // A name that no API has may be anything, even content.
    note(/^[a-zA-Z_]{1,40}$/.test(field) ? field : 'extra', 'dropped', 'not-supported-by-provider')
  }
}

/** Asking for what holds anyhow loses nothing. */
function isDefault(field: string, value: unknown): boolean {
  switch (field) {
    case 'n':
      return value === 1
    case 'frequency_penalty':
    case 'presence_penalty':
    case 'min_p':
    case 'top_a':
    case 'top_logprobs':
      return value === 0
    case 'repetition_penalty':
      return value === 1
    case 'logprobs':
      return value === false
    case 'parallel_tool_calls':
      return value === true
    case 'service_tier':
      return value === 'auto' || value === 'default'
    case 'modalities':
      return Array.isArray(value) && value.every((modality) => modality === 'text')
    default:
      return false
  }
}
