import type { EndpointRecord, ModelRecord } from '../../../src/catalog/records.ts'
import type { ChatRequest } from '../../../src/chat/request.ts'
import { encode } from '../../../src/providers/openai-chat/encode.ts'
import type { ProviderFacts } from '../../../src/providers/openai-chat/provider-facts.ts'
import type { EncodeInput, TranslationNote } from '../../../src/providers/wire.ts'
import { endpointRecord, modelEntry } from '../../support/catalog-records.ts'

export const hello: ChatRequest = { messages: [{ role: 'user', content: 'Hello' }] }

interface Changes {
  endpoint?: Partial<EndpointRecord>
  model?: Partial<ModelRecord>
  stream?: boolean
  userHash?: string
}

export function encodeInput(request: Partial<ChatRequest>, changes: Changes = {}): EncodeInput {
  return {
    request: { ...hello, ...request },
    target: {
      endpoint: endpointRecord({ parameters: null, ...changes.endpoint }),
      model: modelEntry(changes.model).model,
      baseUrl: 'https://api.acme.example/v1',
      credential: { apiKey: 'k' },
    },
    stream: changes.stream ?? false,
    ...(changes.userHash === undefined ? {} : { userHash: changes.userHash }),
  }
}

/** The body that goes upstream, and what was noted about it as `field action reason`. */
export function encoded(
  request: Partial<ChatRequest>,
  facts: ProviderFacts = {},
  changes: Changes = {},
): { body: Record<string, unknown>; notes: string[] } {
  const { body, translation } = encode(encodeInput(request, changes), facts)
  const words = ({ field, action, reason }: TranslationNote) => `${field} ${action} ${reason}`
  return { body: JSON.parse(body), notes: translation.map(words) }
}

/** A model that reasons. */
export function reasoning(efforts: string[] | null = null): Changes {
  return { model: { reasoning: { supported: true, mandatory: false, efforts } } }
}
