import worker from '../../src/index.ts'
import { amazonBedrock } from '../../src/providers/amazon-bedrock.ts'
import { anthropic } from '../../src/providers/anthropic.ts'
import { googleAiStudio } from '../../src/providers/google-ai-studio.ts'
import { openAiCompatible } from '../../src/providers/open-ai-compatible.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { providerOf } from '../../src/providers/registry.ts'
import type { MatrixWire } from './speech.ts'

// The Worker as it is, but with as many providers of each wire as the fault matrix has cells. A breaker belongs to a
// provider, and the registry knows Anthropic, Google and Amazon once each: one fault would hide the next.

export { HealthObject, KeyObject } from '../../src/index.ts'

/** `CELLS`, as JSON: which wire each provider speaks, and where. */
export type Cells = Record<string, { wire: MatrixWire; url: string }>

const models: Record<MatrixWire, (slug: string) => Provider> = {
  'openai-chat': (slug) => openAiCompatible(slug),
  'anthropic-messages': () => anthropic,
  gemini: () => googleAiStudio,
  'bedrock-converse': () => amazonBedrock,
}

let isRegistered = false

function register(text: string): void {
  isRegistered = true
  for (const [slug, { wire, url }] of Object.entries(JSON.parse(text) as Cells)) {
    const { wire: wireOf, authorize, cancels } = models[wire](slug)
    // An unknown slug is a plain OpenAI-shaped host to the registry, which keeps it: here it becomes what it should be.
    Object.assign(providerOf({ slug, kind: 'cloud', engine: null }) ?? {}, {
      wire: wireOf,
      authorize,
      cancels,
      baseUrl: () => url,
      credential: () => ({ apiKey: `credential-of-${slug}` }),
    })
  }
}

export default {
  fetch(request, env, context) {
    if (!isRegistered) register((env as unknown as { CELLS: string }).CELLS)
    return worker.fetch(request, env, context)
  },
} satisfies ExportedHandler<Env>
