import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { factsBySlug } from '../../src/providers/facts.ts'
import { providerOf } from '../../src/providers/registry.ts'
import { endpointRecord, modelEntry, providerRecord } from '../support/catalog-records.ts'

const seed = JSON.parse(readFileSync(join(import.meta.dirname, '../../seed/providers.json'), 'utf8')) as {
  slug: string
  kind: 'lab' | 'cloud' | 'router'
  base_url: string | null
}[]

/** What an operator sets for the placeholders in a base URL. */
const settings = ['ACCOUNT', 'WORKSPACE', 'REGION', 'RESOURCE', 'PRODUCT', 'GATEWAY']

describe('the registry', () => {
  it('reaches every provider of the catalogue, except those with an API of their own', () => {
    const missing: string[] = []
    for (const { slug, kind, base_url: baseUrl } of seed) {
      const provider = providerOf({ slug, kind })
      if (!provider) {
        missing.push(slug)
        continue
      }
      expect(provider.slug).toBe(slug)
      // Its addresses depend on the model: google-vertex.test.ts.
      if (slug === 'google-vertex') continue
      const endpoint = endpointRecord({ provider: providerRecord({ slug, kind, baseUrl }) })
      const prefix = slug.replaceAll('-', '_').toUpperCase()
      const variables = Object.fromEntries(settings.map((name) => [`${prefix}_${name}`, 'x']))
      const url = provider.baseUrl(endpoint, variables)
      if (baseUrl === null) expect(url, slug).toBe(factsBySlug[slug]?.baseUrl ?? null)
      else expect(url, slug).toMatch(/^https?:\/\/[^{}]+[^/{}]$/)
      expect(provider.credential({ [`${prefix}_API_KEY`]: 'k' }), slug).toEqual({ apiKey: 'k' })
      expect(provider.baseUrl(endpoint, { [`${prefix}_BASE_URL`]: 'https://other.example/v9' })).toBe(
        'https://other.example/v9',
      )
    }
    expect(missing.sort()).toEqual(['black-forest-labs', 'recraft', 'stability', 'watsonx'])
  })

  it('knows of no provider where nobody says where it is', () => {
    const slugs = new Set(seed.map(({ slug }) => slug))
    expect(Object.keys(factsBySlug).filter((slug) => !slugs.has(slug) && !factsBySlug[slug]?.baseUrl)).toEqual([])
  })

  it('takes a provider that an operator added for a plain host, and always the same one', () => {
    const provider = providerOf({ slug: 'my-vllm', kind: 'cloud' })
    expect(provider?.wire(endpointRecord())?.name).toBe('openai-chat')
    expect(provider?.needsCredential).toBeUndefined()
    expect(providerOf({ slug: 'my-vllm', kind: 'cloud' })).toBe(provider)
  })

  it('never takes an operator’s server for the company of its name', () => {
    const provider = providerRecord({ slug: 'thinkingmachines', engine: 'openai', baseUrl: 'http://10.0.0.1/v1' })
    const endpoint = endpointRecord({ provider })
    expect(providerOf(provider)?.baseUrl(endpoint, {})).toBe('http://10.0.0.1/v1')
    expect(providerOf({ ...provider, engine: null })?.baseUrl(endpoint, {})).toMatch(/^https:\/\/tinker\./)
    expect(providerOf({ slug: 'cohere', kind: 'cloud', engine: 'openai' })?.wire(endpoint)?.name).toBe('openai-chat')
  })

  it('reaches sandboxes without a key, all at one address', () => {
    for (const slug of ['sandbox', 'sandbox-b']) {
      const provider = providerOf({ slug, kind: 'sandbox' })
      const endpoint = endpointRecord({ provider: providerRecord({ slug, kind: 'sandbox', baseUrl: null }) })
      expect(provider?.needsCredential).toBe(false)
      expect(provider?.baseUrl(endpoint, {})).toBeNull()
      expect(provider?.baseUrl(endpoint, { SANDBOX_BASE_URL: 'http://127.0.0.1:1/sandbox/v1/' })).toBe(
        'http://127.0.0.1:1/sandbox/v1',
      )
    }
  })

  it('never sends the end user’s name, the gateway’s fields or a second token limit to anyone', () => {
    const request = {
      messages: [{ role: 'user' as const, content: 'Hi' }],
      user: 'canary-user',
      metadata: { x: 'canary-metadata' },
      models: ['canary-model'],
      provider: { only: ['canary-provider'] },
      session_id: 'canary-session',
      max_tokens: 5,
      max_completion_tokens: 5,
    }
    for (const { slug, kind, base_url: baseUrl } of seed) {
      const endpoint = endpointRecord({ provider: providerRecord({ slug, kind, baseUrl }) })
      const wire = providerOf({ slug, kind })?.wire(endpoint)
      if (!wire) continue
      const target = { endpoint, model: modelEntry().model, baseUrl: 'https://x.example', credential: { apiKey: 'k' } }
      const { body } = wire.encode({ request, target, stream: true, userHash: 'hash' })
      expect(body, slug).not.toContain('canary')
      // The rest is how OpenAI's wire says it.
      if (wire.name !== 'openai-chat') continue
      const sent = JSON.parse(body) as Record<string, unknown>
      expect(
        Object.keys(sent).filter((key) => key.endsWith('_tokens')),
        slug,
      ).toHaveLength(1)
      expect(sent, slug).toMatchObject({ model: 'm1', stream: true, messages: request.messages })
    }
  })
})
