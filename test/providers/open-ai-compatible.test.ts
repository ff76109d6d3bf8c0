import { describe, expect, it } from 'vitest'
import { openAiCompatible, variablePrefixOf } from '../../src/providers/open-ai-compatible.ts'
import type { EncodedRequest } from '../../src/providers/wire.ts'
import { endpointRecord, providerRecord } from '../support/catalog-records.ts'

const context = { now: 0, fetch: () => Promise.reject(new Error('not used')) }
const request: EncodedRequest = { method: 'POST', url: 'https://x', headers: { a: 'b' }, body: '{}', translation: [] }
const at = (baseUrl: string | null, region: string | null = null) =>
  endpointRecord({ provider: providerRecord({ baseUrl }), region })

describe('an OpenAI-shaped provider', () => {
  it.each([
    ['z-ai', 'Z_AI'],
    ['302ai', '302AI'],
    ['amazon-bedrock', 'AMAZON_BEDROCK'],
    ['openai', 'OPENAI'],
  ])('%s is configured under %s', (slug, prefix) => {
    expect(variablePrefixOf(slug)).toBe(prefix)
  })

  it('is usable with a key and not without', () => {
    const acme = openAiCompatible('acme')
    expect(acme.credential({ ACME_API_KEY: ' k ' })).toEqual({ apiKey: 'k' })
    for (const variables of [{}, { ACME_API_KEY: '' }, { ACME_API_KEY: ' ' }, { OTHER_API_KEY: 'k' }])
      expect(acme.credential(variables)).toBeNull()
  })

  it('is found where the catalogue says, or wholly elsewhere', () => {
    const acme = openAiCompatible('acme')
    expect(acme.baseUrl(at('https://api.acme.example/v1/'), {})).toBe('https://api.acme.example/v1')
    expect(acme.baseUrl(at('https://api.acme.example/v1'), { ACME_BASE_URL: 'http://127.0.0.1:9/p/' })).toBe(
      'http://127.0.0.1:9/p',
    )
    expect(acme.baseUrl(at(null), {})).toBeNull()
  })

  it('has its placeholders filled, or is not usable', () => {
    const acme = openAiCompatible('acme')
    const endpoint = at('https://{account}.acme.example/{region}/v1')
    expect(acme.baseUrl(endpoint, { ACME_ACCOUNT: 'me' })).toBeNull()
    expect(acme.baseUrl(endpoint, { ACME_ACCOUNT: 'me', ACME_REGION: 'fr' })).toBe('https://me.acme.example/fr/v1')
    expect(acme.baseUrl(at('https://{region}.x', 'eu-west-1'), { ACME_REGION: 'fr' })).toBe('https://eu-west-1.x')
    expect(acme.baseUrl(at('https://{workspace}/v1'), { ACME_WORKSPACE: 'https://dbc.example/' })).toBe(
      'https://dbc.example/v1',
    )
  })

  it('signs with a Bearer key, or as the provider wants it', () => {
    const key = { apiKey: 'k', extra: { PROJECT: 'p' } }
    expect(openAiCompatible('acme').authorize(request, key, context)).toMatchObject({
      headers: { a: 'b', authorization: 'Bearer k' },
    })
    const own = openAiCompatible('acme', {
      auth: { header: 'api-key', prefix: '' },
      settingHeaders: { PROJECT: 'x-project' },
    })
    expect(own.authorize(request, key, context)).toMatchObject({
      headers: { a: 'b', 'api-key': 'k', 'x-project': 'p' },
    })
    expect(own.credential({ ACME_API_KEY: 'k', ACME_PROJECT: 'p' })).toEqual(key)
    expect(own.authorize(request, null, context)).toBe(request)
    expect(request.headers).toEqual({ a: 'b' })
  })

  it('speaks chat for models that answer in words', () => {
    const acme = openAiCompatible('acme', { notChat: /-pro$/ })
    expect(acme.wire(endpointRecord())?.name).toBe('openai-chat')
    expect(acme.wire(endpointRecord({ outputModalities: ['text', 'image'] }))).not.toBeNull()
    expect(acme.wire(endpointRecord({ outputModalities: ['embeddings'] }))).toBeNull()
    expect(acme.wire(endpointRecord({ outputModalities: ['image'] }))).toBeNull()
    expect(acme.wire(endpointRecord({ upstreamId: 'm1-pro' }))).toBeNull()
  })
})
