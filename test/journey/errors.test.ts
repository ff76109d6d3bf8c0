import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { surfaces } from '../../src/routing/surfaces.ts'
import { chatClient } from '../support/chat-client.ts'
import { expectErrorEnvelope, type Json } from '../support/chat-wire.ts'
import { type MockUpstream, startUpstream } from '../support/mock-upstream.ts'
import { addEndpoints, reachedAt } from '../support/operator-catalogue.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'

const model = 'test/chat'
const chatPath = '/api/v1/chat/completions'
let upstream: MockUpstream
let worker: RunningWorker
let production: RunningWorker
let key: string

beforeAll(async () => {
  upstream = await startUpstream()
  const vars = { ...reachedAt(upstream.url, ['acme']), MAX_BODY_BYTES: '5000' }
  ;[worker, production] = await Promise.all([
    startWorker({ vars }),
    startWorker({ vars: { ...vars, ENVIRONMENT: 'production' } }),
  ])
  const endpoints = [{ provider: 'acme', model, parameters: ['temperature'], contextLength: 1_000 }]
  await Promise.all([worker, production].map(({ database }) => addEndpoints(database, endpoints)))
  key = (await worker.createKey({ rate_limit: { requests: 0 } })).key
})
afterAll(async () => {
  await Promise.all([worker?.stop(), production?.stop()])
  await upstream?.stop()
})

async function send(
  method: string,
  path: string,
  body?: BodyInit,
): Promise<{ status: number; headers: Headers; body: Json }> {
  const response = await fetch(worker.url + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) }
}

const messages = [{ role: 'user', content: 'Hello' }]
const invalid: [string, unknown, string][] = [
  ['no JSON', '{"model": ', 'not valid JSON'],
  ['no object', '[]', 'JSON object'],
  ['nothing', '', 'empty'],
  ['no model', { messages }, 'model'],
  ['no messages', { model }, 'messages'],
  ['empty messages', { model, messages: [] }, 'messages'],
  ['messages of the wrong type', { model, messages: 'Hello' }, 'messages'],
  ['an unknown role', { model, messages: [{ role: 'robot', content: 'x' }] }, 'messages[0].role'],
  ['a temperature in words', { model, messages, temperature: 'hot' }, 'temperature'],
  ['a temperature beyond bounds', { model, messages, temperature: 3 }, 'temperature'],
  ['no tokens', { model, messages, max_tokens: 0 }, 'max_tokens'],
  ['stream as a word', { model, messages, stream: 'yes' }, 'stream'],
  ['a tool without a name', { model, messages, tools: [{ type: 'function', function: {} }] }, 'tools[0]'],
  ['an order that is no list', { model, messages, provider: { order: 'acme' } }, 'provider.order'],
  ['too many models', { models: Array.from({ length: 9 }, (_, i) => `a/${i}`), messages }, 'models'],
  [
    'an embedding model',
    { model: 'openai/text-embedding-3-small', messages },
    'openai/text-embedding-3-small makes embeddings, not chat completions.',
  ],
  [
    'no reasoning of a model that always reasons',
    { model: 'openai/gpt-5', messages, reasoning: { effort: 'none' } },
    'Reasoning is mandatory for this endpoint and cannot be disabled.',
  ],
  ['an unknown model', { model: 'nobody/nothing', messages }, 'nobody/nothing is not a valid model ID'],
]

describe('a request that cannot be answered', () => {
  it.each(invalid)('for having %s is a 400 that says so', async (_, body, words) => {
    const answer = await send('POST', chatPath, typeof body === 'string' ? body : JSON.stringify(body))
    expect(answer.status).toBe(400)
    expectErrorEnvelope(400, answer.body)
    expect(answer.body.error.message).toContain(words)
    expect(answer.headers.get('x-generation-id')).toMatch(/^gen-/)
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(answer.headers.get('content-type')).toBe('application/json')
  })

  it('for what its model makes names the route of that, and says whether this gateway has it', async () => {
    const { body } = await send('POST', chatPath, JSON.stringify({ model: 'openai/whisper-large-v3', messages }))
    expect(body.error).toMatchObject({
      metadata: { error_type: 'invalid_request' },
      availability: {
        code: 'wrong_endpoint',
        constraint: { field: 'model', detail: '/api/v1/audio/transcriptions (not served by this gateway)' },
      },
    })
    for (const { path, served } of surfaces) {
      const { status } = await send('POST', path, '{}')
      expect([path, status]).toEqual([path, served ? 400 : 404])
    }
  })

  it('for a model without its author says which is meant', async () => {
    const { body } = await send('POST', chatPath, JSON.stringify({ model: 'gpt-4o', messages }))
    expectErrorEnvelope(400, body)
    expect(body.error.message).toBe('gpt-4o is not a valid model ID. Did you mean openai/gpt-4o?')
    expect(body.error.availability).not.toHaveProperty('fallback_models')
    const sandbox = await send('POST', chatPath, JSON.stringify({ model: 'nobody/reasoning', messages }))
    expect(sandbox.body.error.availability.fallback_models).toEqual(['sandbox/reasoning'])
    const router = await send('POST', chatPath, JSON.stringify({ model: 'auto', messages }))
    expect(router.body.error.message).toContain('Did you mean openrouter/auto')
  })

  it('for an unknown model names the field that holds it', async () => {
    const fieldOf = async (body: object) =>
      (await send('POST', chatPath, JSON.stringify({ ...body, messages }))).body.error.metadata.field
    expect(await fieldOf({ model: 'nobody/nothing' })).toBe('model')
    expect(await fieldOf({ model, models: ['nobody/nothing'] })).toBe('models')
  })

  it('for a session name that would have to be cut is a 400 that says so', async () => {
    const response = await fetch(worker.url + chatPath, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'x-session-id': 's'.repeat(257) },
      body: JSON.stringify({ model, messages }),
    })
    expect(response.status).toBe(400)
    const { error } = (await response.json()) as { error: { message: string; metadata: { field: string } } }
    expect(error).toMatchObject({
      message: expect.stringContaining('at most 256 characters'),
      metadata: { field: 'x-session-id' },
    })
  })

  it('for its size is a 413, told by its length or while it comes', async () => {
    const large = JSON.stringify({ model, messages: [{ role: 'user', content: 'x'.repeat(6_000) }] })
    const told = await send('POST', chatPath, large)
    expect(told.status).toBe(413)
    expectErrorEnvelope(413, told.body)
    // Chunked: nobody says how long it will be.
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { authorization: `Bearer ${key}`, 'transfer-encoding': 'chunked' }
      const request = httpRequest(worker.url + chatPath, { method: 'POST', headers }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode))
      })
      request.on('error', reject)
      request.end(large)
    })
    expect(status).toBe(413)
    expect(upstream.requests).toHaveLength(0)
  })

  it.each([
    ['tools', { tools: [{ type: 'function', function: { name: 'f' } }] }, 404, 'support tool use'],
    [
      'context',
      { messages: [{ role: 'user', content: 'word '.repeat(900) }], max_tokens: 800, transforms: [] },
      400,
      'maximum context length',
    ],
    ['price', { provider: { max_price: { prompt: 0.5 } } }, 404, 'max_price'],
    ['quantization', { provider: { quantizations: ['fp8'] } }, 404, 'quantization'],
    ['privacy', { provider: { zdr: true } }, 404, 'Zero data retention'],
    ['parameters', { seed: 1, provider: { require_parameters: true } }, 404, 'requested parameters'],
  ])('because its %s left no endpoint says so', async (_, fields, status, words) => {
    const { status: told, body } = await chatClient(worker.url, key).whole({ model, ...fields })
    expect(told).toBe(status)
    expectErrorEnvelope(status, body)
    expect(body.error.message).toContain(words)
    expect(body.error.availability).toMatchObject({ retryable: false, requested_models: [model] })
  })

  it('for its path or method is a 404 or a 405', async () => {
    const nowhere = await send('GET', '/api/v1/nowhere')
    expect(nowhere.status).toBe(404)
    expectErrorEnvelope(404, nowhere.body)
    const wrong = await send('GET', chatPath)
    expect(wrong.status).toBe(405)
    expectErrorEnvelope(405, wrong.body)
    expect(wrong.headers.get('allow')).toBe('POST')
    const preflight = await fetch(worker.url + chatPath, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-headers': 'x-stainless-lang, authorization' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-headers')).toBe('x-stainless-lang, authorization')
  })
})

it('in production a plain-http or private upstream is no provider, and never called', async () => {
  const { key: apiKey } = await production.createKey()
  const { whole } = chatClient(production.url, apiKey)
  const { status, body } = await whole({ model })
  expect(status).toBe(404)
  expect(body.error.message).toContain('plain http and private addresses are only used with ENVIRONMENT=development')
  expect(body.error.message).not.toContain(new URL(upstream.url).host)
  expect((await whole({ model: 'sandbox/text' })).body.error.message).toContain('SANDBOX_BASE_URL')
  expectErrorEnvelope(status, body)
  expect(upstream.requests).toHaveLength(0)
})
