import type { EndpointRecord, ModelRecord } from '../../../src/catalog/records.ts'
import type { ChatRequest } from '../../../src/chat/request.ts'
import type { DecodeOptions } from '../../../src/providers/gemini/decode.ts'
import { encode } from '../../../src/providers/gemini/encode.ts'
import type { GeminiFacts } from '../../../src/providers/gemini/provider-facts.ts'
import type { Target, TranslationNote } from '../../../src/providers/wire.ts'
import { endpointRecord, modelEntry } from '../../support/catalog-records.ts'

export const hello: ChatRequest = { messages: [{ role: 'user', content: 'Hello' }] }

export interface Changes {
  /** The upstream id; `gemini-3-flash-preview` when left out. */
  id?: string
  endpoint?: Partial<EndpointRecord>
  model?: Partial<ModelRecord>
  facts?: GeminiFacts
  stream?: boolean
}

/** A model that thinks, as nearly all of them do. */
export function target(changes: Changes = {}): Target {
  return {
    endpoint: endpointRecord({
      upstreamId: changes.id ?? 'gemini-3-flash-preview',
      parameters: null,
      maxOutputTokens: 65_536,
      ...changes.endpoint,
    }),
    model: modelEntry({ reasoning: { supported: true, mandatory: false, efforts: null }, ...changes.model }).model,
    baseUrl: 'https://google.example/v1beta',
    credential: { apiKey: 'k' },
  }
}

// biome-ignore lint/suspicious/noExplicitAny: bodies are compared with literals.
type Json = any

/** The body that goes upstream, and what was noted about it as `field action reason`. */
export function encoded(
  request: Partial<ChatRequest>,
  changes: Changes = {},
): { body: Json; notes: string[]; url: string } {
  const input = { request: { ...hello, ...request }, target: target(changes), stream: changes.stream ?? false }
  const before = structuredClone(input.request)
  const { body, translation, url } = encode(input, changes.facts ?? {})
  if (JSON.stringify(before) !== JSON.stringify(input.request)) throw new Error('The request was changed.')
  const words = ({ field, action, reason }: TranslationNote) => `${field} ${action} ${reason}`
  return { body: JSON.parse(body), notes: translation.map(words), url }
}

/** The contents of a conversation. */
export function contents(messages: ChatRequest['messages'], changes: Changes = {}): Json {
  return encoded({ messages }, changes).body.contents
}

/** Options with ids that can be foreseen. */
export function decodeOptions(changes: Partial<DecodeOptions> = {}): DecodeOptions {
  let made = 0
  return { newCallId: () => `made-${++made}`, clientName: (name) => name, secrets: [], ...changes }
}
