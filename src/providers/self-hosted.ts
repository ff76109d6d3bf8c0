import { factsByEngine } from './engines.ts'
import { ollamaChatWire } from './ollama-chat/wire.ts'
import { openAiCompatible } from './open-ai-compatible.ts'
import type { Provider } from './provider.ts'

/** A server that the operator runs. A key is sent where one is configured, but none is needed. */
export function selfHosted(slug: string, engine: string): Provider {
  const openAiShaped = openAiCompatible(slug, { cancels: true, ...factsByEngine[engine], needsCredential: false })
  if (engine !== 'ollama') return openAiShaped
  return {
    ...openAiShaped,
    wire: (endpoint) => (endpoint.outputModalities.includes('text') ? ollamaChatWire : null),
  }
}
