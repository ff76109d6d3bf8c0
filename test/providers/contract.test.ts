import { describe, expect, it } from 'vitest'
import { FailureError } from '../../src/chat/failure.ts'
import type { Part } from '../../src/chat/parts.ts'
import type { ChatRequest } from '../../src/chat/request.ts'
import { factsBySlug } from '../../src/providers/facts.ts'
import { variablePrefixOf } from '../../src/providers/open-ai-compatible.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { providerOf } from '../../src/providers/registry.ts'
import type { Target, Wire, WireName } from '../../src/providers/wire.ts'
import { endpointRecord, modelEntry, providerRecord } from '../support/catalog-records.ts'
import { type Speaker, speakerOf } from '../support/recorded/scope.ts'
import { chatRequest } from './gemini/chat-requests.ts'
import { hear } from './openai-chat/heard.ts'
import { seeded } from './recordings.ts'
import { seededProviders } from './seeded-endpoints.ts'

// What every provider has to keep, whatever it speaks. One that is added to the catalogue is held to it by that alone.

const requestsAnEndpoint = 12
const credential = 'canary-credential'
const base = 'https://up.example/prefix'
const context = { now: 1_790_000_000_000, fetch: () => Promise.reject(new Error('no token endpoint')) }

/** Catalogue providers of pictures or vectors alone, and those whose format no wire here speaks. */
const withoutWire = ['black-forest-labs', 'jina', 'recraft', 'snowflake', 'stability', 'voyage', 'watsonx']

/** What an operator sets for the placeholders in a base URL. */
const settings = ['ACCOUNT', 'WORKSPACE', 'REGION', 'RESOURCE', 'PRODUCT', 'GATEWAY', 'PROJECT']

function variablesOf(slug: string, more: Record<string, string> = {}): Record<string, string> {
  const prefix = variablePrefixOf(slug)
  const named = Object.fromEntries(settings.map((name) => [`${prefix}_${name}`, 'x']))
  return { ...named, [`${prefix}_API_KEY`]: credential, ...more }
}

/** Gateway-only fields that mean nothing to any provider but a router of our own kind, with a canary in each. */
function withCanaries(request: ChatRequest): ChatRequest {
  return {
    ...request,
    models: ['canary-models'],
    route: 'fallback',
    provider: { only: ['canary-provider'] },
    preset: 'canary-preset',
    user: 'canary-user',
    safety_identifier: 'canary-safety',
    session_id: 'canary-session',
    metadata: { note: 'canary-metadata' },
    trace: { note: 'canary-trace' },
    debug: { note: 'canary-debug' },
    transforms: ['canary-transforms'],
    plugins: [{ id: 'canary-plugins' }],
    stop_server_tools_when: 'canary-stop',
  }
}

const simple: ChatRequest = { messages: [{ role: 'user', content: 'Hello' }] }
const providers = seededProviders(4)

describe.each(providers)('$record.slug', ({ record, endpoints }) => {
  const provider = providerOf(record) as Provider
  if (withoutWire.includes(record.slug)) {
    it('has no wire for what the catalogue lists', () => {
      expect(endpoints.filter(({ endpoint }) => provider?.wire(endpoint))).toEqual([])
    })
    return
  }
  const targets = targetsOf(provider, endpoints, variablesOf(record.slug, overrideOf(record.slug)))

  it('is reached with a credential alone', () => {
    expect(provider.slug).toBe(record.slug)
    expect(provider.credential({})).toBeNull()
    expect(provider.credential(variablesOf(record.slug))?.apiKey).toBe(credential)
    for (const { endpoint } of endpoints) {
      if (!provider.wire(endpoint)) continue
      const url = provider.baseUrl(endpoint, variablesOf(record.slug))
      if (url !== null) expect(url).toMatch(/^(https?:\/\/[^\s{}]+[^/{}]|binding:.*)$/)
    }
  })

  it('gets requests that are its own, at its own address', async () => {
    const random = seeded(record.slug.length)
    expect(targets.length).toBeGreaterThan(0)
    for (const { wire, target } of targets) {
      for (let i = 0; i < requestsAnEndpoint; i++) {
        const request = withCanaries(chatRequest(random))
        const passed = factsBySlug[record.slug]?.passes ?? []
        for (const field of passed) delete request[field]
        const stream = i % 2 === 0
        const before = JSON.stringify(request)
        const encoded = encodedOrRefused(wire, { request, target, stream, userHash: 'the-hash' })
        expect(JSON.stringify(request), 'the request is left as it was').toBe(before)
        if (!encoded) continue
        expect(encoded.url.startsWith(`${target.baseUrl}/`) || encoded.url === target.baseUrl, encoded.url).toBe(true)
        expect(encoded.body).not.toContain('canary')
        expect(typeof JSON.parse(encoded.body)).toBe('object')
        expect(JSON.stringify([encoded.url, encoded.headers])).not.toContain('canary')
        for (const note of encoded.translation) expect(note.reason).toMatch(/^[a-z0-9-]+$/)

        const signed = await provider.authorize(encoded, target.credential, context)
        expect(signed.body, 'a signature covers the body').toBe(encoded.body)
        expect(signed.url).not.toContain(credential)
        expect(JSON.stringify(signed.headers)).toContain(credential)
        expect(signed.url.startsWith(base)).toBe(true)
      }
    }
  })

  it('can always be asked the simplest thing, streamed or not', () => {
    for (const { wire, target } of targets) {
      for (const stream of [true, false]) {
        const { body, url } = wire.encode({ request: simple, target, stream })
        expect(body).toContain('Hello')
        expect(new URL(url).hash).toBe('')
      }
    }
  })
})

describe('the catalogue', () => {
  it('has chat models at every provider but those that have none', () => {
    const silent = providers.filter(
      ({ record, endpoints }) => !endpoints.some(({ endpoint }) => providerOf(record)?.wire(endpoint)),
    )
    expect(silent.map(({ record }) => record.slug).filter((slug) => !withoutWire.includes(slug))).toEqual([])
  })
})

describe.each(Object.entries(speakerOf) as [WireName, Speaker][])('the wire %s', (name, speaker) => {
  const provider = providerRecord({ slug: speaker.slug, kind: 'cloud', engine: speaker.engine ?? null })
  const endpoint = endpointRecord({ provider, upstreamId: speaker.upstreamId, parameters: null })
  const wire = providerOf(provider)?.wire(endpoint) as Wire
  const target: Target = { endpoint, model: modelEntry().model, baseUrl: base, credential: null }
  const input = { target, request: simple }

  it('is spoken', () => {
    expect(wire?.name).toBe(name)
  })

  it('never throws on hostile bytes, and says that there was no answer', () => {
    const random = seeded(99)
    for (const bytes of hostile(random)) {
      const decoder = wire.decodeStream(input)
      const parts: Part[] = []
      for (let at = 0; at < bytes.length; ) {
        const length = 1 + Math.floor(random() * 60)
        parts.push(...decoder.push(bytes.slice(at, at + length)))
        at += length
      }
      parts.push(...decoder.end())
      const text = new TextDecoder().decode(bytes)
      expect(hear(parts).errors, JSON.stringify(text.slice(0, 200))).toHaveLength(1)
      expect(parts.at(-1)?.type, 'nothing follows an error').toBe('error')
      expect(hear(wire.decodeBody(text, input)).errors, JSON.stringify(text.slice(0, 200))).toHaveLength(1)
    }
  })

  it('takes a stream that says nothing for a cut', () => {
    for (const bytes of [new Uint8Array(0), new TextEncoder().encode('\n\n')]) {
      const decoder = wire.decodeStream(input)
      const parts = [...decoder.push(bytes), ...decoder.end()]
      expect(parts).toMatchObject([{ type: 'error', failure: { kind: expect.stringMatching(/truncated|malformed/) } }])
    }
  })

  it('classifies whatever comes with an error status', () => {
    const random = seeded(5)
    for (const status of [400, 401, 403, 404, 408, 413, 418, 422, 429, 500, 502, 503, 504, 529, 599]) {
      for (const bytes of hostile(random).slice(0, 12)) {
        const body = new TextDecoder().decode(bytes)
        const failure = wire.classify({ status, headers: new Headers({ 'retry-after': '2' }), body })
        expect(failure.upstreamStatus).toBe(status)
        expect(failure.message).toMatch(/^[A-Z].*\.$/)
        expect(failure.raw?.length ?? 0).toBeLessThanOrEqual(8192)
      }
    }
  })
})

/** Bytes that are no answer in any wire. */
function hostile(random: () => number): Uint8Array[] {
  const text = (value: string) => new TextEncoder().encode(value)
  const noise = () => Uint8Array.from({ length: 1 + Math.floor(random() * 400) }, () => Math.floor(random() * 256))
  const values = ['null', '0', '"x"', '[]', '{}', '[[]]', '{"__proto__":{"x":1}}', '{"type":null}', '{"choices":7}']
  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
  return [
    text('<!doctype html><html><body>502 Bad Gateway</body></html>'),
    text('data: {"half":'),
    text('{"half":'),
    text('data: \ud800\n\n'),
    text(`data: ${deep}\n\n`),
    text(deep),
    text(`data: {"type":"content_block_delta","choices":${deep},"candidates":${deep},"error":${deep}}\n\n`),
    ...values.map((value) => text(value)),
    ...values.map((value) => text(`data: ${value}\n\n`)),
    text('event: error\ndata: words and no JSON\n\n'),
    text('event: message_start\ndata: {"type":"message_start","message":[]}\n\n'),
    ...Array.from({ length: 40 }, noise),
  ]
}

/** A wire may refuse what it cannot say at all; anything else that it throws is a fault of ours. */
function encodedOrRefused(wire: Wire, input: Parameters<Wire['encode']>[0]) {
  try {
    return wire.encode(input)
  } catch (error) {
    if (!(error instanceof FailureError)) throw error
    return null
  }
}

function overrideOf(slug: string): Record<string, string> {
  return { [`${variablePrefixOf(slug)}_BASE_URL`]: base }
}

function targetsOf(
  provider: Provider,
  endpoints: (typeof providers)[number]['endpoints'],
  variables: Record<string, string>,
): { wire: Wire; target: Target }[] {
  return endpoints.flatMap(({ endpoint, model }) => {
    const wire = provider.wire(endpoint)
    const baseUrl = provider.baseUrl(endpoint, variables)
    if (!wire || baseUrl === null) return []
    return [{ wire, target: { endpoint, model, baseUrl, credential: provider.credential(variables, endpoint) } }]
  })
}
