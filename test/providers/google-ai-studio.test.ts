import { describe, expect, it } from 'vitest'
import type { Modality } from '../../src/catalog/records.ts'
import { googleAiStudio } from '../../src/providers/google-ai-studio.ts'
import { endpointRecord, providerRecord } from '../support/catalog-records.ts'

const provider = providerRecord({
  slug: 'google-ai-studio',
  baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
})
const context = { now: 0, fetch: () => Promise.reject(new Error('Nobody may be called.')) }

function endpoint(upstreamId: string, outputModalities: Modality[] = ['text']) {
  return endpointRecord({ provider, upstreamId, outputModalities })
}

describe('Google AI Studio', () => {
  it('sends the key in a header and nowhere else', async () => {
    const request = {
      method: 'POST' as const,
      url: 'https://x.example/a',
      headers: { a: 'b' },
      body: '{}',
      translation: [],
    }
    const signed = await googleAiStudio.authorize(request, { apiKey: 'AIza-k' }, context)
    expect(signed).toEqual({ ...request, headers: { a: 'b', 'x-goog-api-key': 'AIza-k' } })
    expect(await googleAiStudio.authorize(request, null, context)).toBe(request)
  })

  it('is where the catalogue says, or where the operator says', () => {
    expect(googleAiStudio.baseUrl(endpoint('gemini-2.5-pro'), {})).toBe(
      'https://generativelanguage.googleapis.com/v1beta',
    )
    const variables = { GOOGLE_AI_STUDIO_BASE_URL: 'http://127.0.0.1:1/prefix/' }
    expect(googleAiStudio.baseUrl(endpoint('gemini-2.5-pro'), variables)).toBe('http://127.0.0.1:1/prefix')
    expect(googleAiStudio.credential({ GOOGLE_AI_STUDIO_API_KEY: ' k ' })).toEqual({ apiKey: 'k' })
    expect(googleAiStudio.credential({})).toBeNull()
  })

  it.each([
    ['gemini-2.5-pro', ['text'], 'gemini'],
    ['gemini-2.5-flash-image', ['text', 'image'], 'gemini'],
    ['gemini-2.5-flash-preview-tts', ['audio'], 'gemini'],
    ['gemini-embedding-001', ['text'], undefined],
    ['gemini-3.1-flash-live-preview', ['text', 'audio'], undefined],
    ['imagen-4.0-generate-001', ['image'], undefined],
    ['lyria-3-pro-preview', ['text', 'audio'], undefined],
    ['deep-research-preview-04-2026', ['text', 'image'], undefined],
    ['gemini-omni-flash-preview', ['video' as Modality], undefined],
  ] as const)('%s speaks %j by %s', (id, outputs, wire) => {
    expect(googleAiStudio.wire(endpoint(id, [...outputs]))?.name).toBe(wire)
  })
})
