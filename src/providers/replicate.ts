import { openAiCompatible } from './open-ai-compatible.ts'
import type { Provider } from './provider.ts'
import { replicateWire } from './replicate/wire.ts'

/** Replicate. What is given up is cancelled there by a call of its own, and billed for the time it ran. */
export const replicate: Provider = {
  ...openAiCompatible('replicate', { cancels: true }),
  wire: (endpoint) => (endpoint.outputModalities.includes('text') ? replicateWire : null),
}
