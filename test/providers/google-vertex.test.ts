import { exportPKCS8, generateKeyPair } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Modality } from '../../src/catalog/records.ts'
import { googleVertex } from '../../src/providers/google-vertex.ts'
import type { Credential } from '../../src/providers/wire.ts'
import { endpointRecord, modelEntry, providerRecord } from '../support/catalog-records.ts'

const provider = providerRecord({ slug: 'google-vertex', baseUrl: 'https://aiplatform.googleapis.com/v1' })
let keyFile = ''

beforeAll(async () => {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  keyFile = JSON.stringify({
    client_email: 'me@my-project.example',
    private_key: await exportPKCS8(privateKey),
    project_id: 'my-project',
    token_uri: 'https://tokens.example/token',
  })
})

function endpoint(upstreamId: string, region: string | null = null, outputModalities: Modality[] = ['text']) {
  return endpointRecord({ provider, upstreamId, region, outputModalities })
}

/** Where a chat request ends up, and with which credential. */
async function sent(
  upstreamId: string,
  variables: Record<string, string>,
  { region = null, stream = false }: { region?: string | null; stream?: boolean } = {},
) {
  const record = endpoint(upstreamId, region)
  const credential = googleVertex.credential(variables)
  const target = {
    endpoint: record,
    model: modelEntry().model,
    baseUrl: googleVertex.baseUrl(record, variables) ?? '',
    credential,
  }
  const encoded = googleVertex
    .wire(record)
    ?.encode({ request: { messages: [{ role: 'user', content: 'Hi' }] }, target, stream })
  if (!encoded) throw new Error('No wire.')
  return authorized(encoded, credential)
}

async function authorized(encoded: Parameters<typeof googleVertex.authorize>[0], credential: Credential | null) {
  const context = {
    now: 1_800_000_000_000,
    fetch: async () => Response.json({ access_token: 'ya29.t', expires_in: 3_600 }),
  }
  const { url, headers, body } = await googleVertex.authorize(encoded, credential, context)
  return { url, headers, body: JSON.parse(body) }
}

describe('Vertex AI', () => {
  it.each([
    ['eu', 'https://aiplatform.eu.rep.googleapis.com/v1/projects/my-project/locations/eu/'],
    ['us', 'https://aiplatform.us.rep.googleapis.com/v1/projects/my-project/locations/us/'],
    ['global', 'https://aiplatform.googleapis.com/v1/projects/my-project/locations/global/'],
    ['us-east5', 'https://us-east5-aiplatform.googleapis.com/v1/projects/my-project/locations/us-east5/'],
    [null, 'https://aiplatform.googleapis.com/v1/projects/my-project/locations/global/'],
  ])('is called in the region of the endpoint: %s', async (region, start) => {
    const { url, headers } = await sent('gemini-2.5-pro', { GOOGLE_SERVICE_ACCOUNT_JSON: keyFile }, { region })
    expect(url).toBe(`${start}publishers/google/models/gemini-2.5-pro:generateContent`)
    expect(headers.authorization).toBe('Bearer ya29.t')
  })

  it('is called where the operator says, if the endpoint does not', async () => {
    const variables = { GOOGLE_SERVICE_ACCOUNT_JSON: keyFile, GOOGLE_VERTEX_LOCATION: 'europe-west4' }
    expect((await sent('gemini-2.5-pro', variables)).url).toContain('//europe-west4-aiplatform.googleapis.com/')
    expect((await sent('gemini-2.5-pro', variables, { region: 'us-east5' })).url).toContain('/locations/us-east5/')
    const moved = { ...variables, GOOGLE_VERTEX_BASE_URL: 'http://127.0.0.1:9/prefix/', GOOGLE_VERTEX_PROJECT: 'p' }
    expect((await sent('gemini-2.5-pro', moved, { stream: true })).url).toBe(
      'http://127.0.0.1:9/prefix/projects/p/locations/europe-west4/publishers/google/models/gemini-2.5-pro:streamGenerateContent?alt=sse',
    )
  })

  it('serves Claude by its own predictions', async () => {
    const variables = { GOOGLE_SERVICE_ACCOUNT_JSON: keyFile }
    const { url, body } = await sent('claude-sonnet-4-5@20250929', variables, { region: 'us-east5' })
    expect(decodeURIComponent(url)).toBe(
      'https://us-east5-aiplatform.googleapis.com/v1/projects/my-project/locations/us-east5/publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict',
    )
    expect(body.anthropic_version).toBe('vertex-2023-10-16')
    expect(body).not.toHaveProperty('model')
    const stream = await sent('claude-sonnet-4-5@20250929', variables, { stream: true })
    expect(stream.url).toMatch(/:streamRawPredict$/)
    expect(stream.body.stream).toBe(true)
  })

  it('serves open models behind the door of OpenAI', async () => {
    const { url, body } = await sent('deepseek-ai/deepseek-v3.2-maas', { GOOGLE_SERVICE_ACCOUNT_JSON: keyFile })
    expect(url).toBe(
      'https://aiplatform.googleapis.com/v1/projects/my-project/locations/global/endpoints/openapi/chat/completions',
    )
    expect(body.model).toBe('deepseek-ai/deepseek-v3.2-maas')
  })

  it('takes a key or an access token instead of an account', async () => {
    const bearer = await sent('gemini-2.5-pro', { GOOGLE_VERTEX_API_KEY: 'ya29.mine', GOOGLE_VERTEX_PROJECT: 'p' })
    expect(bearer.headers.authorization).toBe('Bearer ya29.mine')
    expect(bearer.url).toContain('/projects/p/')
    const express = await sent('gemini-2.5-pro', { GOOGLE_VERTEX_API_KEY: 'AQ.express' })
    expect(express.headers['x-goog-api-key']).toBe('AQ.express')
    expect(express.headers).not.toHaveProperty('authorization')
    expect(express.url).toBe(
      'https://aiplatform.googleapis.com/v1/publishers/google/models/gemini-2.5-pro:generateContent',
    )
  })

  it('knows the project of an account that a customer brings', async () => {
    const baseUrl = googleVertex.baseUrl(endpoint('gemini-2.5-pro', 'eu'), {})
    const request = {
      method: 'POST' as const,
      url: `${baseUrl}/models/x:generateContent`,
      headers: {},
      body: '{}',
      translation: [],
    }
    expect((await authorized(request, { apiKey: keyFile })).url).toContain('/projects/my-project/locations/eu/')
  })

  it('is not routable without a credential, or with half of one', () => {
    expect(googleVertex.credential({})).toBeNull()
    expect(googleVertex.credential({ GOOGLE_SERVICE_ACCOUNT_JSON: '{"client_email":"x"}' })).toBeNull()
    expect(googleVertex.credential({ GOOGLE_SERVICE_ACCOUNT_JSON: '{', GOOGLE_VERTEX_API_KEY: 'k' })).toEqual({
      apiKey: 'k',
    })
  })

  it.each([
    ['gemini-3-flash-preview', ['text'], 'gemini'],
    ['gemini-2.5-flash-image', ['text', 'image'], 'gemini'],
    ['claude-opus-4-7@default', ['text'], 'anthropic-messages'],
    ['meta/llama-3.3-70b-instruct-maas', ['text'], 'openai-chat'],
    ['Qwen/Qwen3-Coder-480B-A35B-Instruct', ['text'], undefined],
    ['gemini-embedding-001', ['text'], undefined],
    ['multimodalembedding@001', ['embeddings'], undefined],
    ['imagen-4.0-generate-001', ['image'], undefined],
    ['deep-research-pro-preview-12-2025', ['image'], undefined],
  ] as const)('%s speaks %j by %s', (id, outputs, wire) => {
    const record = endpoint(id, null, [...outputs] as Modality[])
    expect(googleVertex.wire(record)?.name).toBe(wire)
    expect(googleVertex.baseUrl(record, {}) === null).toBe(wire === undefined)
  })
})
