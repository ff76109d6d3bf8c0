import type { EndpointRecord } from '../catalog/records.ts'
import { geminiWire } from './gemini/wire.ts'
import type { Provider } from './provider.ts'

const wire = geminiWire({
  passes: {
    safety_settings: 'safetySettings',
    safetySettings: 'safetySettings',
    cached_content: 'cachedContent',
    cachedContent: 'cachedContent',
  },
})

/** Models of other APIs: predictions, live sessions, research agents. */
const elsewhere = /embedding|imagen|lyria|veo|aqa|-live|deep-research/

/** Google's Gemini API (AI Studio). The key travels in a header: in the query it would end up in logs. */
export const googleAiStudio: Provider = {
  slug: 'google-ai-studio',
  cancels: false,
  wire: (endpoint) => (isGenerateContent(endpoint) ? wire : null),
  credential: (variables) => {
    const apiKey = variables.GOOGLE_AI_STUDIO_API_KEY?.trim()
    return apiKey ? { apiKey } : null
  },
  baseUrl: (endpoint, variables) =>
    (variables.GOOGLE_AI_STUDIO_BASE_URL?.trim() || endpoint.provider.baseUrl)?.replace(/\/+$/, '') ?? null,
  authorize: (request, credential) =>
    credential ? { ...request, headers: { ...request.headers, 'x-goog-api-key': credential.apiKey } } : request,
}

/** Whether the endpoint answers in text, pictures or speech when it is asked by `generateContent`. */
export function isGenerateContent({ upstreamId, outputModalities }: EndpointRecord): boolean {
  return (
    !elsewhere.test(upstreamId) &&
    outputModalities.some((modality) => modality === 'text' || modality === 'image' || modality === 'audio')
  )
}
