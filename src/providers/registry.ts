import type { ProviderRecord } from '../catalog/records.ts'
import { factsBySlug } from './facts.ts'
import { openAiCompatible } from './open-ai-compatible.ts'
import type { Provider } from './provider.ts'

/** Providers whose API at the catalogue's address is not OpenAI's, by slug: each has a wire of its own, or none yet. */
const withoutChatCompletions: ReadonlySet<string> = new Set([
  'amazon-bedrock',
  'black-forest-labs',
  'google-vertex',
  'oci',
  'recraft',
  'replicate',
  'stability',
  'watsonx',
])

const providers = new Map<string, Provider>()

/**
 * The provider that serves an endpoint, or undefined where no wire of ours reaches it. One that nobody has told us
 * about, added to the catalogue by an operator, is taken for a plain OpenAI-shaped host.
 */
export function providerOf(record: Pick<ProviderRecord, 'slug' | 'kind'>): Provider | undefined {
  const { slug, kind } = record
  if (withoutChatCompletions.has(slug)) return undefined
  let provider = providers.get(slug)
  if (!provider) {
    provider = kind === 'sandbox' ? sandbox(slug) : openAiCompatible(slug, factsBySlug[slug])
    providers.set(slug, provider)
  }
  return provider
}

/** The built-in upstream, reached over HTTP like any other. */
function sandbox(slug: string): Provider {
  return {
    ...openAiCompatible(slug, { needsCredential: false, cancels: true, developerRole: true }),
    baseUrl: (_, variables) => variables.SANDBOX_BASE_URL?.trim().replace(/\/+$/, '') || null,
  }
}
