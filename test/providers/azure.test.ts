import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { EndpointRecord } from '../../src/catalog/records.ts'
import type { ChatRequest } from '../../src/chat/request.ts'
import { azure } from '../../src/providers/azure.ts'
import type { Variables } from '../../src/providers/provider.ts'
import { providerOf } from '../../src/providers/registry.ts'
import { endpointRecord, modelEntry, providerRecord } from '../support/catalog-records.ts'
import { hear } from './openai-chat/heard.ts'
import { bodyOf, haveRecordings, recordingsOf, requestOf } from './recordings.ts'

const provider = providerRecord({ slug: 'azure', baseUrl: 'https://{resource}.openai.azure.com/openai/v1' })
const hello: ChatRequest = { messages: [{ role: 'user', content: 'Hello' }] }

function endpoint(upstreamId: string, change: Partial<EndpointRecord> = {}): EndpointRecord {
  return endpointRecord({ provider, upstreamId, model: `openai/${upstreamId}`, parameters: null, ...change })
}

/** What is sent for an endpoint with an environment, as it leaves. */
async function sent(at: EndpointRecord, variables: Variables, request: Partial<ChatRequest> = {}, stream = false) {
  const wire = azure.wire(at)
  const credential = azure.credential(variables, at)
  const baseUrl = azure.baseUrl(at, variables)
  if (!wire || baseUrl === null) throw new Error('not routable')
  const target = { endpoint: at, model: modelEntry().model, baseUrl, credential }
  const encoded = wire.encode({ request: { ...hello, ...request }, target, stream, userHash: 'hash' })
  const signed = await azure.authorize(encoded, credential, {
    now: 0,
    fetch: async () => Response.json({ access_token: 'entra-token', expires_in: 3600 }),
  })
  return { ...signed, body: JSON.parse(signed.body) as Record<string, unknown> }
}

const key = { AZURE_API_KEY: 'k', AZURE_RESOURCE: 'res' }

describe('azure', () => {
  it('knows no more levels of verbosity than OpenAI does', async () => {
    expect((await sent(endpoint('gpt-5'), key, { verbosity: 'max' })).body.verbosity).toBe('high')
  })

  it('sends the deployment in the body and the key in a header of its own', async () => {
    const { url, headers, body } = await sent(endpoint('gpt-4o'), key, { max_tokens: 9 }, true)
    expect(url).toBe('https://res.openai.azure.com/openai/v1/chat/completions')
    expect(headers).toMatchObject({ 'api-key': 'k' })
    expect(headers).not.toHaveProperty('authorization')
    expect(body).toMatchObject({
      model: 'gpt-4o',
      max_completion_tokens: 9,
      user: 'hash',
      stream_options: { include_usage: true },
    })
  })

  it('sends the deployment in the address where a dated version is asked for', async () => {
    const old = { ...key, AZURE_API_VERSION: '2024-10-21' }
    const { url } = await sent(endpoint('gpt-4o'), old)
    expect(url).toBe('https://res.openai.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21')
    const responses = await sent(endpoint('gpt-5-pro'), { ...key, AZURE_API_VERSION: '2025-03-01-preview' })
    expect(responses.url).toBe('https://res.openai.azure.com/openai/responses?api-version=2025-03-01-preview')
  })

  it('calls a deployment by the name that the operator gave it', async () => {
    const named = { ...key, AZURE_DEPLOYMENTS: 'gpt-4o=prod,claude-opus-5=opus', AZURE_API_VERSION: '2024-10-21' }
    const { url, body } = await sent(endpoint('gpt-4o'), named, {
      messages: [{ role: 'user', content: '{"model":"gpt-4o"' }],
    })
    expect(url).toContain('/deployments/prod/chat/completions?')
    expect(body).toMatchObject({ model: 'prod', messages: [{ content: '{"model":"gpt-4o"' }] })
    const claude = await sent(endpoint('claude-opus-5', { model: 'anthropic/claude-opus-5' }), named)
    expect(claude.body.model).toBe('opus')
  })

  it('asks Foundry’s inference API to let everything through to the model', async () => {
    const models = { AZURE_API_KEY: 'k', AZURE_OPENAI_ENDPOINT: 'https://res.services.ai.azure.com/models' }
    const { url, headers } = await sent(endpoint('phi-4', { model: 'microsoft/phi-4' }), models)
    expect(url).toBe('https://res.services.ai.azure.com/models/chat/completions?api-version=2024-05-01-preview')
    expect(headers['extra-parameters']).toBe('pass-through')
    expect((await sent(endpoint('gpt-4o'), key)).headers).not.toHaveProperty('extra-parameters')
  })

  it('speaks to each model in its own words', async () => {
    expect((await sent(endpoint('gpt-5-pro'), key, { max_tokens: 99 })).body).toMatchObject({
      input: [{ role: 'user', content: 'Hello' }],
      max_output_tokens: 99,
      store: false,
      user: 'hash',
    })
    expect((await sent(endpoint('gpt-5-pro'), key, {}, true)).body).not.toHaveProperty('stream_options')
    const claude = await sent(endpoint('claude-opus-5', { model: 'anthropic/claude-opus-5' }), key)
    expect(claude.url).toBe('https://res.services.ai.azure.com/anthropic/v1/messages')
    expect(claude.headers).toMatchObject({ 'api-key': 'k', 'anthropic-version': '2023-06-01' })
    const grok = await sent(endpoint('grok-4-1-fast', { model: 'x-ai/grok-4.1-fast' }), key, {
      max_tokens: 9,
      min_p: 1,
    })
    expect(grok.body).toMatchObject({ max_tokens: 9 })
    for (const field of ['min_p', 'user', 'max_completion_tokens']) expect(grok.body).not.toHaveProperty(field)
  })

  it.each([
    'text-embedding-3-large',
    'cohere-embed-v3-english',
    'gpt-image-1.5',
    'gpt-3.5-turbo-instruct',
    'gpt-realtime',
  ])('asks no completion of %s', (upstreamId) => {
    expect(azure.wire(endpoint(upstreamId))).toBeNull()
  })

  it('asks no completion of what answers in no words', () => {
    expect(azure.wire(endpoint('flux.2-pro', { outputModalities: ['image'] }))).toBeNull()
  })

  it('takes a token of the moment, or has one made for a service principal', async () => {
    const address = { AZURE_RESOURCE: 'res' }
    const given = await sent(endpoint('gpt-4o'), { ...address, AZURE_AD_TOKEN: 'eyJ' })
    expect(given.headers).toMatchObject({ authorization: 'Bearer eyJ' })
    const entra = { AZURE_TENANT_ID: 'tenant', AZURE_CLIENT_ID: 'client', AZURE_CLIENT_SECRET: 'secret' }
    const made = await sent(endpoint('gpt-4o'), { ...address, ...entra })
    expect(made.headers).toMatchObject({ authorization: 'Bearer entra-token' })
    expect(made.headers).not.toHaveProperty('api-key')
    expect(azure.credential({ ...entra, AZURE_API_KEY: 'k' })).toEqual({ apiKey: 'k' })
    expect(azure.credential({ AZURE_OPENAI_API_KEY: 'k' })).toEqual({ apiKey: 'k' })
    for (const name of Object.keys(entra)) expect(azure.credential({ ...entra, [name]: ' ' })).toBeNull()
  })

  it('is what the catalogue’s slug leads to', () => {
    expect(providerOf({ slug: 'azure', kind: 'cloud' })).toBe(azure)
  })
})

describe('the EU data zone of azure', () => {
  const eu = endpoint('gpt-5.1', { eu: 'yes', region: 'eu', tag: 'azure/eu' })
  const everywhere = endpoint('gpt-5.1', { eu: 'selectable' })
  const zone = { AZURE_EU_API_KEY: 'eu-key', AZURE_EU_RESOURCE: 'eu-res' }

  it('is only reached at the resource that is declared to be there, with that resource’s key', async () => {
    const { url, headers } = await sent(eu, { ...key, ...zone })
    expect(url).toBe('https://eu-res.openai.azure.com/openai/v1/chat/completions')
    expect(headers['api-key']).toBe('eu-key')
  })

  it('is not routable by the address or the key of any other resource', () => {
    const other = { ...key, AZURE_BASE_URL: 'https://x.example', AZURE_OPENAI_ENDPOINT: 'https://x.example' }
    expect(azure.baseUrl(eu, other)).toBeNull()
    expect(azure.credential(other, eu)).toBeNull()
    expect(azure.baseUrl(eu, { ...other, AZURE_EU_API_KEY: 'k' })).toBeNull()
    expect(azure.credential({ ...other, AZURE_EU_RESOURCE: 'eu-res' }, eu)).toBeNull()
  })

  it('keeps its resource to itself', () => {
    expect(azure.baseUrl(everywhere, zone)).toBeNull()
    expect(azure.credential(zone, everywhere)).toBeNull()
  })

  it('may be entered by a principal that is known at both', () => {
    const principal = { AZURE_TENANT_ID: 'tenant', AZURE_CLIENT_ID: 'client', AZURE_CLIENT_SECRET: 'secret' }
    expect(azure.credential({ ...principal, AZURE_EU_DEPLOYMENTS: 'a=b', AZURE_DEPLOYMENTS: 'c=d' }, eu)).toEqual({
      apiKey: 'secret',
      extra: { TENANT_ID: 'tenant', CLIENT_ID: 'client', DEPLOYMENTS: 'a=b' },
    })
  })

  it('has every endpoint of the catalogue that is tied to the EU', () => {
    const rows = readFileSync(join(import.meta.dirname, '../../seed/endpoints.jsonl'), 'utf8')
      .trim()
      .split('\n')
    const tied = rows
      .map((row) => JSON.parse(row) as { provider: string; upstream_id: string; model: string; eu?: string })
      .filter((row) => row.provider === 'azure' && row.eu === 'yes')
    expect(tied.length).toBeGreaterThan(10)
    for (const { upstream_id: upstreamId, model } of tied) {
      const at = endpoint(upstreamId, { model, eu: 'yes' })
      expect(azure.wire(at), upstreamId).not.toBeNull()
      expect(azure.baseUrl(at, { ...key, ...zone })).toContain('https://eu-res.')
    }
  })
})

describe.skipIf(!haveRecordings)('recorded traffic of azure', () => {
  const recordings = recordingsOf('openai-chat').filter(({ provider: slug }) => slug === 'azure')
  const target = (upstreamId: string) => ({
    endpoint: endpoint(upstreamId),
    model: modelEntry().model,
    baseUrl: 'https://res.openai.azure.com/openai/v1',
    credential: null,
  })

  it('is classified, the filter’s answer as a matter of policy', () => {
    const kinds = recordings
      .filter(({ response_status: status }) => status >= 400)
      .map((recording) => {
        const headers = new Headers(recording.response_headers ?? {})
        const body = new TextDecoder().decode(bodyOf(recording))
        return azure.wire(endpoint('gpt-4o'))?.classify({ status: recording.response_status, headers, body }).kind
      })
    expect(kinds.sort()).toEqual(['credential', 'not-found'])
    const filtered = {
      error: {
        message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        type: null,
        param: 'prompt',
        code: 'content_filter',
        status: 400,
        innererror: {
          code: 'ResponsibleAIPolicyViolation',
          content_filter_result: { jailbreak: { filtered: true, detected: true } },
        },
      },
    }
    for (const id of ['gpt-4o', 'gpt-5-pro', 'grok-4']) {
      const answer = { status: 400, headers: new Headers(), body: JSON.stringify(filtered) }
      expect(azure.wire(endpoint(id))?.classify(answer)).toMatchObject({
        kind: 'content-policy',
        providerCode: 'content_filter',
      })
    }
  })

  it('waits as long as it is told to, and a while where it is told zero', () => {
    const body = '{"error":{"code":"RateLimitReached","message":"Your requests have exceeded the call rate limit"}}'
    const classify = (headers: HeadersInit) =>
      azure.wire(endpoint('gpt-4o'))?.classify({ status: 429, headers: new Headers(headers), body })
    expect(classify({ 'retry-after': '12' })).toMatchObject({ kind: 'rate-limited', retryAfterMs: 12_000 })
    expect(classify({ 'retry-after-ms': '0', 'retry-after': '0' })?.retryAfterMs).toBeGreaterThan(0)
  })

  it('begins with a chunk without choices, which says nothing', () => {
    const streams = recordings.filter(({ tags }) => tags.includes('empty-choices-chunk'))
    expect(streams.length).toBeGreaterThan(5)
    for (const recording of streams) {
      const decoder = azure.wire(endpoint('gpt-4o'))?.decodeStream({ target: target('gpt-4o'), request: hello })
      const parts = [...(decoder?.push(bodyOf(recording)) ?? []), ...(decoder?.end() ?? [])]
      const { choices, errors } = hear(parts)
      expect(errors, recording.id).toEqual([])
      expect(choices[0]?.finish?.native, recording.id).toMatch(/stop|tool_calls/)
    }
  })

  it('was asked what we would ask', () => {
    let compared = 0
    for (const recording of recordings) {
      const text = requestOf(recording)
      if (text === null || recording.response_status >= 400) continue
      const recorded = JSON.parse(text)
      // The older addresses name the deployment; the end user travels as a hash, and limits under their newer name.
      const { model = 'm', user, max_tokens: maxTokens, stream = false, stream_options, ...rest } = recorded
      // Where OpenAI's parameters do not hold, the model is somebody else's.
      const author = /grok/.test(model) ? 'x-ai' : 'openai'
      const at = endpoint(model, { model: `${author}/${model}` })
      const reasoning = { supported: rest.reasoning_effort !== undefined, mandatory: false, efforts: null }
      const limit = author === 'openai' ? 'max_completion_tokens' : 'max_tokens'
      const sent = azure.wire(at)?.encode({
        request: recorded,
        target: { ...target(model), endpoint: at, model: modelEntry({ reasoning }).model },
        stream,
      })
      expect(JSON.parse(sent?.body ?? ''), recording.id).toEqual({
        ...rest,
        model,
        stream,
        ...(stream ? { stream_options: { include_usage: true } } : {}),
        ...(maxTokens == null ? {} : { [limit]: maxTokens }),
      })
      compared++
    }
    expect(compared).toBeGreaterThan(15)
  })
})
