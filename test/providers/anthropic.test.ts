import { describe, expect, it } from 'vitest'
import { anthropic } from '../../src/providers/anthropic.ts'
import { providerOf } from '../../src/providers/registry.ts'
import { endpointRecord, modelEntry, providerRecord } from '../support/catalog-records.ts'

const endpoint = endpointRecord({
  provider: providerRecord({ slug: 'anthropic', baseUrl: 'https://api.anthropic.com/v1' }),
  upstreamId: 'claude-haiku-4-5',
})

describe('Anthropic', () => {
  it('is reached in its own words', () => {
    expect(providerOf({ slug: 'anthropic', kind: 'lab' })).toBe(anthropic)
    expect(anthropic.wire(endpoint)?.name).toBe('anthropic-messages')
    expect(anthropic.wire(endpointRecord({ outputModalities: ['image'] }))).toBeNull()
  })

  it('is where the catalogue or the operator says', () => {
    expect(anthropic.baseUrl(endpoint, {})).toBe('https://api.anthropic.com/v1')
    expect(anthropic.baseUrl(endpoint, { ANTHROPIC_BASE_URL: ' http://127.0.0.1:1/a/v1/ ' })).toBe(
      'http://127.0.0.1:1/a/v1',
    )
    expect(anthropic.baseUrl(endpointRecord({ provider: providerRecord({ baseUrl: null }) }), {})).toBeNull()
  })

  it('gets its key in its own header', async () => {
    expect(anthropic.credential({})).toBeNull()
    const credential = anthropic.credential({ ANTHROPIC_API_KEY: ' sk-ant-1 ' })
    const target = { endpoint, model: modelEntry().model, baseUrl: 'https://api.anthropic.com/v1', credential }
    const request = { messages: [{ role: 'user' as const, content: 'Hi' }] }
    const encoded = anthropic.wire(endpoint)?.encode({ request, target, stream: false, betas: ['a-1', 'b-2'] })
    if (!encoded) throw new Error('No wire.')
    const context = { now: 0, fetch: async () => new Response() }
    const { url, headers } = await anthropic.authorize(encoded, credential, context)
    expect(url).toBe('https://api.anthropic.com/v1/messages')
    expect(headers).toMatchObject({
      'x-api-key': 'sk-ant-1',
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'a-1,b-2',
    })
    expect(headers).not.toHaveProperty('authorization')
  })
})
