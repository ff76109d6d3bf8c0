import { describe, expect, it } from 'vitest'
import { bindingUrl, withAiBinding } from '../../../src/providers/cloudflare/binding.ts'
import { cloudflare } from '../../../src/providers/cloudflare.ts'
import type { Variables } from '../../../src/providers/provider.ts'
import type { EncodedRequest } from '../../../src/providers/wire.ts'
import { endpointRecord, providerRecord } from '../../support/catalog-records.ts'
import { encodeInput } from '../openai-chat/encode-input.ts'
import { hear } from '../openai-chat/heard.ts'

const catalogued = providerRecord({
  slug: 'cloudflare',
  baseUrl: 'https://api.cloudflare.com/client/v4/accounts/{account}/ai/v1',
})
const endpoint = endpointRecord({
  provider: catalogued,
  upstreamId: '@cf/meta/llama',
  contextLength: 8000,
  parameters: null,
})
const wire = cloudflare.wire(endpoint)
if (!wire) throw new Error('no wire')

/** Bindings stand among the variables. */
function bound(run: (model: string, input: Record<string, unknown>, options: unknown) => unknown): Variables {
  return {
    AI: { run: async (...said: [string, Record<string, unknown>, unknown]) => run(...said) },
  } as unknown as Variables
}

/** What the binding's answer is to the rest of the gateway. */
async function answered(variables: Variables, stream: boolean) {
  const input = { ...encodeInput({}), stream }
  const target = { ...input.target, endpoint, baseUrl: bindingUrl, credential: cloudflare.credential(variables) }
  const request = cloudflare.authorize(wire?.encode({ ...input, target }) as EncodedRequest, target.credential, {
    now: 0,
    fetch: () => Promise.reject(new Error('not used')),
  }) as EncodedRequest
  expect(request.headers).not.toHaveProperty('authorization')
  const fetch = withAiBinding(() => Promise.reject(new Error('went out')), variables)
  const response = await fetch(request.url, { method: 'POST', body: request.body })
  return { response, target: { target, request: input.request } }
}

async function heard(answer: Response, stream: boolean) {
  const { response, target } = await answered(
    bound(() => answer),
    stream,
  )
  if (!stream) return hear(wire?.decodeBody(await response.text(), target) ?? [])
  const decoder = wire?.decodeStream(target)
  const parts = decoder?.push(new Uint8Array(await response.arrayBuffer())) ?? []
  return hear([...parts, ...(decoder?.end() ?? [])])
}

const sse = (...events: string[]) =>
  new Response(events.map((event) => `data: ${event}\n\n`).join(''), {
    headers: { 'content-type': 'text/event-stream' },
  })
const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 }

describe('Workers AI', () => {
  it('is reached over REST with a key and an account, else through the binding', () => {
    const ai = bound(() => null)
    expect(cloudflare.credential({})).toBeNull()
    expect(cloudflare.credential({ CLOUDFLARE_API_KEY: 'k' })).toEqual({ apiKey: 'k' })
    expect(cloudflare.baseUrl(endpoint, ai)).toBe(bindingUrl)
    const both = { ...ai, CLOUDFLARE_API_KEY: 'k', CLOUDFLARE_ACCOUNT: 'me' }
    expect(cloudflare.baseUrl(endpoint, both)).toBe('https://api.cloudflare.com/client/v4/accounts/me/ai/v1')
    expect(cloudflare.credential(both)).toEqual({ apiKey: 'k' })
    expect(cloudflare.credential({ AI: 'only a text' })).toBeNull()
  })

  it('is always told how much it may say, because it stops after 256 tokens otherwise', () => {
    const target = { ...encodeInput({}).target, endpoint, baseUrl: 'https://x', credential: null }
    const limit = (max_tokens?: number) =>
      JSON.parse(wire.encode({ ...encodeInput(max_tokens === undefined ? {} : { max_tokens }), target }).body)
        .max_tokens
    expect(limit()).toBe(4000)
    expect(limit(7)).toBe(7)
  })
})

describe('the AI binding', () => {
  it('runs the model with the rest of the request', async () => {
    const said: unknown[] = []
    const variables = bound((...all) => {
      said.push(...all)
      return Response.json({ response: 'Hi' })
    })
    await answered(variables, false)
    expect(said).toMatchObject([
      '@cf/meta/llama',
      { messages: [{ content: 'Hello' }], max_tokens: 4000 },
      { returnRawResponse: true },
    ])
    expect(said[1]).not.toHaveProperty('model')
  })

  it.each([
    ['text', { response: 'Hi', usage }],
    ['wrapped', { result: { response: 'Hi', usage }, success: true }],
    ['OpenAI’s shape', { choices: [{ message: { content: 'Hi' }, finish_reason: 'stop' }], usage }],
  ])('gives %s', async (_, body) => {
    const { choices, usage: told, errors } = await heard(Response.json(body), false)
    expect(choices[0]).toMatchObject({ text: 'Hi', finish: { reason: 'stop' } })
    expect(told).toMatchObject({ promptTokens: 5, completionTokens: 2 })
    expect(errors).toEqual([])
  })

  it('gives JSON as text and calls with ids', async () => {
    expect((await heard(Response.json({ response: { a: 1 } }), false)).choices[0]?.text).toBe('{"a":1}')
    const calls = [
      { name: 'f', arguments: { a: 1 } },
      { name: 'g', arguments: {} },
    ]
    const { choices } = await heard(Response.json({ response: '', tool_calls: calls }), false)
    expect(choices[0]).toMatchObject({
      calls: [
        { name: 'f', arguments: '{"a":1}' },
        { name: 'g', arguments: '{}' },
      ],
      finish: { reason: 'tool_calls' },
    })
    expect(new Set(choices[0]?.calls.map(({ id }) => id)).size).toBe(2)
  })

  it('streams either shape, with a finish', async () => {
    const native = await heard(
      sse('{"response":"H","p":"x"}', '{"response":"i"}', JSON.stringify({ response: '', usage }), '[DONE]'),
      true,
    )
    const shaped = await heard(
      sse(
        '{"choices":[{"index":0,"delta":{"content":"Hi"}}]}',
        JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage }),
        '[DONE]',
      ),
      true,
    )
    for (const { choices, usage: told, errors } of [native, shaped]) {
      expect(choices[0]).toMatchObject({ text: 'Hi', finish: { reason: 'stop' } })
      expect(told).toMatchObject({ promptTokens: 5 })
      expect(errors).toEqual([])
    }
    expect((await heard(sse('{"response":"Hi"}'), true)).errors).toMatchObject([{ failure: { kind: 'truncated' } }])
  })

  it.each([
    ['3040: Capacity temporarily exceeded, please try again.', 429],
    ['3036: You have used up your daily free allocation of 10,000 neurons', 429],
    ['5007: No such model @cf/x or task', 404],
    ['5006: Error: oneOf at / not met', 400],
    ['internal error', 500],
  ])('that throws "%s" has answered %i', async (message, status) => {
    const variables = bound(() => {
      throw new Error(message)
    })
    const { response } = await answered(variables, false)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ errors: [{ message }] })
  })

  it('is left alone by all other addresses, and gone where it is not bound', async () => {
    const out = async () => new Response('out')
    const variables = bound(() => new Response('in'))
    expect(await (await withAiBinding(out, variables)('https://workers-ai.binding.example/x', {})).text()).toBe('out')
    expect(withAiBinding(out, {})).toBe(out)
  })
})
