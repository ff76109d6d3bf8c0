import type { ProviderRecord } from '../catalog/records.ts'
import { amazonBedrock } from './amazon-bedrock.ts'
import { anthropic } from './anthropic.ts'
import { azure } from './azure.ts'
import { cloudflare } from './cloudflare.ts'
import { cohere } from './cohere.ts'
import { factsBySlug } from './facts.ts'
import { googleAiStudio } from './google-ai-studio.ts'
import { googleVertex } from './google-vertex.ts'
import { openAiCompatible } from './open-ai-compatible.ts'
import type { Provider } from './provider.ts'
import { replicate } from './replicate.ts'
import { selfHosted } from './self-hosted.ts'

/** Providers that are more than facts: those that speak a wire of their own, or more than one. */
const nativeProviders: readonly Provider[] = [
  amazonBedrock,
  anthropic,
  azure,
  cohere,
  googleAiStudio,
  googleVertex,
  replicate,
  cloudflare,
]

/** Providers whose API at the catalogue's address is not OpenAI's, by slug: each has a wire of its own, or none yet. */
const withoutChatCompletions: ReadonlySet<string> = new Set(['black-forest-labs', 'recraft', 'stability', 'watsonx'])

const providers = new Map<string, Provider>(nativeProviders.map((provider) => [provider.slug, provider]))

const describedSlugs: ReadonlySet<string> = new Set([...providers.keys(), ...Object.keys(factsBySlug)])

/** Whether the code here says what a provider is like: it is somebody's company then, and no server of the operator's. */
export function isDescribed(slug: string): boolean {
  return describedSlugs.has(slug)
}

/**
 * The provider that serves an endpoint, or undefined where no wire of ours reaches it. One that nobody has told us
 * about, added to the catalogue by an operator, is taken for a plain OpenAI-shaped host.
 */
export function providerOf(record: Pick<ProviderRecord, 'slug' | 'kind' | 'engine'>): Provider | undefined {
  const { slug, kind, engine } = record
  // An operator may take a server away and put another one in its place. None is taken for the company of its name: its
  // requests would go there.
  const key = engine ? `${slug} ${engine}` : slug
  let provider = providers.get(key)
  if (!provider) {
    if (engine) provider = selfHosted(slug, engine)
    else if (withoutChatCompletions.has(slug)) return undefined
    else provider = kind === 'sandbox' ? sandbox(slug) : openAiCompatible(slug, factsBySlug[slug])
    providers.set(key, provider)
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
