import { anthropicMessages } from './anthropic-messages/wire.ts'
import type { Provider } from './provider.ts'

const wire = anthropicMessages()

/** Anthropic's own API, in its own words: the OpenAI-shaped door there knows neither caching nor schemas. */
export const anthropic: Provider = {
  slug: 'anthropic',
  cancels: true,
  wire: (endpoint) => (endpoint.outputModalities.includes('text') ? wire : null),
  credential: (variables) => {
    const apiKey = variables.ANTHROPIC_API_KEY?.trim()
    return apiKey ? { apiKey } : null
  },
  baseUrl: (endpoint, variables) =>
    (variables.ANTHROPIC_BASE_URL?.trim() || endpoint.provider.baseUrl)?.replace(/\/+$/, '') || null,
  authorize: (request, credential) =>
    credential ? { ...request, headers: { ...request.headers, 'x-api-key': credential.apiKey } } : request,
}
