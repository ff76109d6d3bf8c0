import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { faults } from '../../src/sandbox/behaviour.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'

let gateway: RunningWorker
let key: string
let client: OpenAI

beforeAll(async () => {
  gateway = await startWorker({
    vars: {
      FIRST_CONTENT_TIMEOUT_MS: '1500',
      IDLE_TIMEOUT_MS: '1500',
      WHOLE_ANSWER_TIMEOUT_MS: '1500',
      AUTO_ROUTER_TIERS: '{"low": ["sandbox/gone", "sandbox/long"]}',
    },
  })
  key = (await gateway.createKey({ rate_limit: { requests: 0, interval: '10s' } })).key
  client = new OpenAI({ apiKey: key, baseURL: `${gateway.url}/api/v1`, maxRetries: 0 })
})
afterAll(() => gateway?.stop())

function post(model: string, content = 'Hello', options: Record<string, unknown> = {}, origin = gateway.url) {
  return fetch(`${origin}/api/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content }], ...options }),
  })
}

async function complete(model: string, content?: string, options?: Record<string, unknown>) {
  const response = await post(model, content, options)
  const body = (await response.json()) as {
    id: string
    provider?: string
    choices?: OpenAI.ChatCompletion.Choice[]
    usage?: { cost: number }
  }
  return { status: response.status, ...body, choice: body.choices?.[0] }
}

async function attemptsOf(id: string): Promise<string[]> {
  const response = await fetch(`${gateway.url}/api/v1/generation?id=${id}`, {
    headers: { authorization: `Bearer ${key}` },
  })
  const { data } = (await response.json()) as {
    data: { provider_responses: { provider_name: string; status: number }[] }
  }
  return data.provider_responses.map(({ provider_name, status }) => `${provider_name} ${status}`)
}

describe('the sandbox behind the gateway', () => {
  it('streams word by word to an unmodified client, and costs something', async () => {
    const stream = await client.chat.completions.create({
      model: 'sandbox/text',
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
    })
    const times: number[] = []
    let text = ''
    let usage: OpenAI.CompletionUsage | null | undefined
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content) times.push(performance.now())
      text += chunk.choices[0]?.delta.content ?? ''
      usage = chunk.usage ?? usage
    }
    expect(text).toContain('You said: Hello')
    expect(times.length).toBeGreaterThan(15)
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(200)
    expect(usage).toMatchObject({ cost: expect.any(Number) })
    expect((usage as unknown as { cost: number }).cost).toBeGreaterThan(0)
  })

  it('calls tools, reasons and conforms to a schema', async () => {
    const tool = {
      type: 'function',
      function: { name: 'lookup', parameters: { type: 'object', properties: { word: { type: 'string' } } } },
    }
    const called = await complete('sandbox/tools', 'Hello', { tools: [tool] })
    expect(called.choice).toMatchObject({
      finish_reason: 'tool_calls',
      message: { tool_calls: [{ function: { name: 'lookup', arguments: '{"word":"Hello"}' } }] },
    })
    const reasoned = await complete('sandbox/reasoning')
    expect(reasoned.choice?.message).toMatchObject({ reasoning: expect.stringContaining('sandbox') })
    const schema = {
      type: 'object',
      properties: { on: { type: 'boolean' } },
      required: ['on'],
      additionalProperties: false,
    }
    const shaped = await complete('sandbox/json', 'Hello', {
      response_format: { type: 'json_schema', json_schema: { name: 'switch', strict: true, schema } },
    })
    expect(JSON.parse(shaped.choice?.message.content ?? '')).toEqual({ on: true })
  })

  it('fails over to its second provider, until the breaker of the first is open', async () => {
    const histories: string[][] = []
    for (let index = 0; index < 8; index++) {
      const answer = await complete('sandbox/text', '[[fail]]')
      expect(answer).toMatchObject({ status: 200, provider: 'Sandbox B' })
      histories.push(await attemptsOf(answer.id))
    }
    expect(histories[0]).toEqual(['Sandbox 500', 'Sandbox B 200'])
    expect(histories.at(-1)).toEqual(['Sandbox B 200'])
  })

  it.each(faults.filter((fault) => fault !== 'slow-first-byte'))(
    'tells %s as an error and never hides it',
    async (fault) => {
      const whole = await post(`sandbox/${fault}`)
      expect(whole.status).toBe(
        { 'rate-limited': 429, 'error-503': 503, hang: 504, stall: 504 }[fault as string] ?? 502,
      )
      expect(await whole.json()).toMatchObject({ error: { code: whole.status } })
      if (fault === 'rate-limited') expect(whole.headers.get('retry-after')).toBe('7')
      const streamed = await post(`sandbox/${fault}`, 'Hello', { stream: true })
      const text = await streamed.text()
      if (streamed.status === 200) expect(text).toContain('"finish_reason":"error"')
      else expect(streamed.status).toBeGreaterThanOrEqual(429)
      expect(text).not.toContain('"finish_reason":"stop"')
    },
  )

  it('is chosen from as the operator says', async () => {
    expect(await (await post('openrouter/auto')).json()).toMatchObject({ model: 'sandbox/long' })
  })

  it('runs in the EU, but for the model that pretends not to', async () => {
    expect((await post('sandbox/text', 'Hello', {}, gateway.euUrl)).status).toBe(200)
    expect((await post('sandbox/us-only')).status).toBe(200)
    const refused = await post('sandbox/us-only', 'Hello', {}, gateway.euUrl)
    expect(refused.status).toBe(404)
    expect(JSON.stringify(await refused.json())).toContain('EU')
  })
})
