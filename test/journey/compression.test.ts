import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ChatClient, chatClient } from '../support/chat-client.ts'
import { expectErrorEnvelope, type Json } from '../support/chat-wire.ts'
import { type Answer, chat, type MockUpstream, startUpstream } from '../support/mock-upstream.ts'
import { addEndpoints, providerOfPath, reachedAt } from '../support/operator-catalogue.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'

let upstream: MockUpstream
let worker: RunningWorker
let client: ChatClient

beforeAll(async () => {
  upstream = await startUpstream((request): Answer => {
    if (providerOfPath(request.path) !== 'claude') return chat(request, ['Hello'])
    const content = [{ type: 'text', text: 'Hello' }]
    const usage = { input_tokens: 5, output_tokens: 1 }
    const body = { id: 'msg_1', type: 'message', role: 'assistant', content, stop_reason: 'end_turn', usage }
    return { headers: { 'content-type': 'application/json' }, body: [{ send: JSON.stringify(body) }] }
  })
  worker = await startWorker({
    vars: { ...reachedAt(upstream.url, ['small', 'large']), ...reachedAt(`${upstream.url}/claude`, ['anthropic']) },
  })
  await addEndpoints(worker.database, [
    { provider: 'small', model: 'test/small', contextLength: 4_000 },
    { provider: 'large', model: 'test/large', contextLength: 20_000 },
    { provider: 'small', model: 'test/both', contextLength: 4_000 },
    { provider: 'large', model: 'test/both', contextLength: 20_000 },
    { provider: 'anthropic', model: 'test/claude', contextLength: 1_000_000 },
  ])
  client = chatClient(worker.url, (await worker.createKey({ rate_limit: { requests: 0 } })).key)
})
afterAll(async () => {
  await worker?.stop()
  await upstream?.stop()
})
beforeEach(() => {
  upstream.requests.length = 0
})

const system = { role: 'system', content: 'You are terse.' }
const turns = (count: number, words: number) =>
  Array.from({ length: count }, (_, i) => [
    { role: 'user', content: `Question ${i}: ${'word '.repeat(words)}` },
    { role: 'assistant', content: `Answer ${i}: ${'word '.repeat(words)}` },
  ]).flat()
const last = { role: 'user', content: 'And now?' }
/** Some 50,000 tokens. */
const messages = [system, ...turns(20, 1_000), last]
const on = { plugins: [{ id: 'context-compression' }] }

function sent(): Json[] {
  return upstream.requests.at(-1)?.json?.messages as Json[]
}

describe('a conversation that has outgrown its context', () => {
  it.each([false, true])(
    'loses its middle where the context is small, and the record says so (streamed: %s)',
    async (stream) => {
      const response = await client.post({ model: 'test/small', messages, stream })
      await response.text()
      expect(response.status).toBe(200)
      const names = sent().map(({ content }) => String(content).split(' word')[0])
      expect(names[0]).toBe('You are terse.')
      expect(names[1]).toBe('Question 0:')
      expect(names.at(-1)).toBe('And now?')
      expect(JSON.stringify(sent()).length / 4).toBeLessThan(4_000)
      const { translation, usage_estimated: estimated } = await client.generation(
        response.headers.get('x-generation-id'),
      )
      expect(estimated).toBe(false)
      expect(translation).toEqual([
        { field: 'messages', action: 'changed', reason: expect.stringMatching(/^\d+ messages left out in the middle/) },
      ])
    },
  )

  it('is a 400 that names both remedies where the context is large, or where it is switched off', async () => {
    const refused = [
      { model: 'test/large' },
      { model: 'test/small', transforms: [] },
      { model: 'test/small', plugins: [{ id: 'context-compression', enabled: false }] },
      { model: 'test/small', provider: { strict: true } },
    ]
    for (const fields of refused) {
      const { status, body } = await client.whole({ messages: [...messages, ...turns(20, 1_000), last], ...fields })
      expect(status).toBe(400)
      expectErrorEnvelope(400, body)
      expect(body.error.metadata.error_type).toBe('context_length_exceeded')
      expect(body.error.message).toContain('Please reduce the length of either one')
      expect(body.error.message).toContain('context-compression')
    }
    expect(upstream.requests).toEqual([])
  })

  it('fits a large context too where the client asks for it', async () => {
    for (const fields of [
      on,
      { transforms: ['middle-out'] },
      { ...on, provider: { strict: true, require_parameters: true } },
    ]) {
      const { status } = await client.whole({ model: 'test/large', messages, ...fields })
      expect(status).toBe(200)
      expect(sent().length).toBeGreaterThan(5)
      expect(sent().length).toBeLessThan(messages.length)
    }
  })

  it('reaches the endpoint that takes it whole unchanged', async () => {
    const short = [system, ...turns(4, 1_000), last]
    for (let i = 0; i < 5; i++) {
      const { status, headers } = await client.whole({ model: 'test/both', messages: short, ...on })
      expect(status).toBe(200)
      expect(providerOfPath(upstream.requests.at(-1)?.path ?? '')).toBe('large')
      expect(sent()).toEqual(short)
      expect((await client.generation(headers.get('x-generation-id'))).translation).toEqual([])
    }
  })

  it('keeps the calls of tools with their results', async () => {
    const loop = Array.from({ length: 60 }, (_, i) => [
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: `call_${i}`, type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: `call_${i}`, content: 'word '.repeat(300) },
    ]).flat()
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }]
    const { status } = await client.whole({ model: 'test/small', messages: [system, last, ...loop], tools })
    expect(status).toBe(200)
    const calls = sent().flatMap(({ tool_calls }) => (tool_calls ?? []).map(({ id }: Json) => id))
    const results = sent().flatMap(({ tool_call_id }) => tool_call_id ?? [])
    expect(results).toEqual(calls)
    expect(results.at(-1)).toBe('call_59')
    expect(results.length).toBeLessThan(60)
    expect(sent()).toContainEqual(last)
  })

  it('has at most the messages that Anthropic takes', async () => {
    const many = [system, ...turns(600, 1), last]
    const { status, headers } = await client.whole({ model: 'test/claude', messages: many, ...on })
    expect(status).toBe(200)
    expect(sent().length).toBeGreaterThan(990)
    expect(sent().length).toBeLessThanOrEqual(1_000)
    expect((await client.generation(headers.get('x-generation-id'))).translation).toContainEqual(
      expect.objectContaining({ field: 'messages', action: 'changed' }),
    )
  })
})
