import { cohereChatWire } from './cohere-chat/wire.ts'
import { openAiCompatible } from './open-ai-compatible.ts'
import type { Provider } from './provider.ts'

/** Cohere by its own API: the OpenAI-shaped door beside it has no thinking and no citations. */
export const cohere: Provider = {
  ...openAiCompatible('cohere', { cancels: true, baseUrl: 'https://api.cohere.com/v2' }),
  wire: (endpoint) => (endpoint.outputModalities.includes('text') ? cohereChatWire : null),
}
