import { describe, expect, it } from 'vitest'
import { factsBySlug } from '../../src/providers/facts.ts'
import { classify } from '../../src/providers/openai-chat/classify.ts'
import { providerOf } from '../../src/providers/registry.ts'
import { endpointRecord } from '../support/catalog-records.ts'
import { encoded, encodeInput, reasoning } from './openai-chat/encode-input.ts'

const of = (slug: string) => factsBySlug[slug] ?? {}
const thinker = (upstreamId: string, efforts: string[] | null = null) => ({
  ...reasoning(efforts),
  endpoint: { upstreamId },
})
const tool = { type: 'function' as const, function: { name: 'f' } }

describe('openai', () => {
  const sampling = { temperature: 1, top_p: 1, presence_penalty: 1, logprobs: true, stop: 'x', seed: 3, max_tokens: 9 }

  it('gives a reasoning model nothing that it refuses', () => {
    const { body, notes } = encoded({ ...sampling, reasoning: { effort: 'high' } }, of('openai'), thinker('o4-mini'))
    expect(body).toMatchObject({ max_completion_tokens: 9, reasoning_effort: 'high', seed: 3 })
    for (const field of ['temperature', 'top_p', 'presence_penalty', 'logprobs', 'stop', 'max_tokens'])
      expect(body).not.toHaveProperty(field)
    expect(notes).toContain('temperature dropped reasoning-model')
  })

  it('leaves sampling alone for a model that does not reason or is told not to', () => {
    expect(encoded(sampling, of('openai'), { endpoint: { upstreamId: 'gpt-4.1' } }).body).toMatchObject({
      temperature: 1,
      stop: 'x',
    })
    const off = encoded(
      { ...sampling, reasoning: { effort: 'none' } },
      of('openai'),
      thinker('gpt-5.4', ['high', 'none']),
    )
    expect(off.body).toMatchObject({ temperature: 1, reasoning_effort: 'none' })
  })

  it('leaves models to other wires that chat completions does not serve', () => {
    const { notChat, responses } = of('openai')
    const served = (id: string) => !notChat?.test(id) && !responses?.only.test(id)
    for (const id of ['gpt-5', 'gpt-4o-mini', 'gpt-5.3-chat-latest', 'o3', 'o3-mini', 'gpt-audio'])
      expect(served(id), id).toBe(true)
    for (const id of [
      'o3-pro',
      'gpt-5.2-pro',
      'gpt-5.3-codex',
      'codex-mini-latest',
      'o3-deep-research',
      'gpt-realtime-2.1',
      'gpt-3.5-turbo-instruct',
    ])
      expect(served(id), id).toBe(false)
  })

  it('takes the nearest of the three levels of verbosity that there are', () => {
    for (const verbosity of ['xhigh', 'max'] as const) {
      const { body, notes } = encoded({ verbosity }, of('openai'))
      expect(body.verbosity).toBe('high')
      expect(notes).toEqual(['verbosity changed nearest-level'])
      expect(encoded({ verbosity }).body.verbosity).toBe(verbosity)
    }
    expect(encoded({ verbosity: 'low' }, of('openai'))).toMatchObject({ body: { verbosity: 'low' }, notes: [] })
  })

  it('asks for streams without padding', () => {
    expect(encoded({}, of('openai'), { stream: true }).body.stream_options).toEqual({
      include_usage: true,
      include_obfuscation: false,
    })
    expect(encoded({}, of('azure'), { stream: true }).body.stream_options).toEqual({ include_usage: true })
  })
})

describe('files by address', () => {
  const file = (file_data: string) => ({
    messages: [{ role: 'user' as const, content: [{ type: 'file' as const, file: { filename: 'a.pdf', file_data } }] }],
  })

  it('are left to another endpoint by OpenAI and by Azure', () => {
    const target = encodeInput(file('https://x.example/a.pdf'), { endpoint: { model: 'openai/gpt-5' } })
    const wire = providerOf({ slug: 'azure', kind: 'cloud' })?.wire(target.target.endpoint)
    expect(() => wire?.encode(target)).toThrow('opens no address')
    expect(() => encoded(file('https://x.example/a.pdf'), of('openai'))).toThrow('opens no address')
    expect(encoded(file('data:application/pdf;base64,AA=='), of('openai')).notes).toEqual([])
    expect(encoded(file('https://x.example/a.pdf')).notes).toEqual([])
  })
})

describe('thinking models with tools', () => {
  const calls = {
    messages: [
      {
        role: 'assistant' as const,
        content: '',
        tool_calls: [{ id: '1', type: 'function' as const, function: { name: 'f', arguments: '{}' } }],
      },
      { role: 'tool' as const, tool_call_id: '1', content: 'r' },
    ],
  }

  it.each([
    ['deepseek', 'deepseek-v4-pro'],
    ['moonshotai', 'kimi-k2.6'],
  ])('%s gets a thought with every call unless it is not to think', (slug, id) => {
    const sent = (request: object, model = thinker(id)) => encoded({ ...calls, ...request }, of(slug), model)
    expect(sent({})).toMatchObject({
      body: { messages: [{ reasoning_content: ' ' }, {}] },
      notes: ['messages.reasoning_details emulated earlier-thoughts-missing'],
    })
    expect(sent({ reasoning: { enabled: true } }).body).toMatchObject({ messages: [{ reasoning_content: ' ' }, {}] })
    expect(sent({ reasoning: { enabled: false } }).body).toMatchObject({ messages: calls.messages })
    expect(encoded(calls, of(slug)).body.messages).toEqual(calls.messages)
  })
})

describe('moonshotai', () => {
  const sampling = { temperature: 1.5, top_p: 0.9, n: 2, presence_penalty: 1, frequency_penalty: 1 }

  it('leaves a model that thinks the sampling that it has', () => {
    for (const id of ['kimi-k2.6', 'kimi-k2-thinking', 'kimi-k3', 'kimi-k3.1-pro-highspeed']) {
      const { body, notes } = encoded(sampling, of('moonshotai'), thinker(id))
      expect(Object.keys(body)).toEqual(['model', 'messages', 'stream'])
      expect(notes).toHaveLength(5)
      expect(notes).toContain('temperature dropped fixed-by-model')
    }
  })

  it('takes no temperature above 1', () => {
    for (const id of ['moonshot-v1-8k', 'kimi-k2-0905-preview', 'kimi-latest']) {
      const { body, notes } = encoded(sampling, of('moonshotai'), { endpoint: { upstreamId: id } })
      expect(body).toMatchObject({ ...sampling, temperature: 1 })
      expect(notes).toEqual(['temperature changed model-limit'])
      expect(encoded({ temperature: 0.5 }, of('moonshotai'), { endpoint: { upstreamId: id } }).notes).toEqual([])
    }
  })

  it('gives K3 levels and earlier models a switch, never both', () => {
    const wish = { reasoning: { effort: 'high' as const } }
    for (const id of ['kimi-k3', 'kimi-k3.1-pro']) {
      const { body } = encoded(wish, of('moonshotai'), thinker(id))
      expect(body.reasoning_effort).toBe('high')
      expect(body).not.toHaveProperty('thinking')
    }
    const { body } = encoded(wish, of('moonshotai'), thinker('kimi-k2.6'))
    expect(body.thinking).toEqual({ type: 'enabled' })
    expect(body).not.toHaveProperty('reasoning_effort')
  })
})

describe('inception', () => {
  it('completes code elsewhere than by chat', () => {
    const { notChat } = of('inception')
    expect([notChat?.test('mercury-edit-2'), notChat?.test('mercury-2')]).toEqual([true, false])
  })
})

describe('mistral', () => {
  it('gets ids of nine letters, its own untouched, and the same for a call and its result', () => {
    const rewrite = of('mistral').toolCallId as (id: string) => string
    expect(rewrite('D681PevKs')).toBe('D681PevKs')
    const seen = new Set<string>()
    for (let i = 0; i < 20_000; i++) {
      const id = rewrite(`call_${i}`)
      expect(id).toMatch(/^[a-zA-Z0-9]{9}$/)
      expect(rewrite(`call_${i}`)).toBe(id)
      seen.add(id)
    }
    expect(seen.size).toBe(20_000)
  })

  it('gets a random_seed and no stream_options', () => {
    const { body } = encoded({ seed: 4, logit_bias: { 1: 2 } }, of('mistral'), { stream: true })
    expect(body).toEqual({ model: 'm1', messages: [{ role: 'user', content: 'Hello' }], stream: true, random_seed: 4 })
  })

  it('gets an effort only for models that are known to have them', () => {
    const wish = { reasoning: { effort: 'low' as const } }
    expect(encoded(wish, of('mistral'), reasoning()).notes).toEqual(['reasoning dropped no-such-control'])
    expect(encoded(wish, of('mistral'), reasoning(['high', 'none'])).body.reasoning_effort).toBe('high')
  })
})

describe('groq', () => {
  it('keeps the reasoning out of the text', () => {
    expect(encoded({}, of('groq'), thinker('qwen/qwen3.6-27b')).body.reasoning_format).toBe('parsed')
    expect(encoded({}, of('groq'), thinker('openai/gpt-oss-120b')).body).not.toHaveProperty('reasoning_format')
    expect(encoded({}, of('groq')).body).not.toHaveProperty('reasoning_format')
  })

  it('switches Qwen on and off, and gives gpt-oss levels', () => {
    const high = { reasoning: { effort: 'high' as const } }
    const qwen = thinker('qwen/qwen3.6-27b')
    expect(encoded(high, of('groq'), qwen).body.reasoning_effort).toBe('default')
    expect(encoded({ reasoning: { enabled: false } }, of('groq'), qwen).body.reasoning_effort).toBe('none')
    expect(encoded(high, of('groq'), thinker('openai/gpt-oss-120b')).body.reasoning_effort).toBe('high')
  })
})

describe('alibaba', () => {
  it('does not let an open model think in an answer that is not streamed', () => {
    const open = thinker('qwen3-32b')
    const wish = { reasoning: { enabled: true } }
    expect(encoded(wish, of('alibaba'), open)).toMatchObject({
      body: { enable_thinking: false },
      notes: ['reasoning dropped only-in-streams'],
    })
    expect(encoded({}, of('alibaba'), open).body.enable_thinking).toBe(false)
    expect(encoded(wish, of('alibaba'), { ...open, stream: true }).body.enable_thinking).toBe(true)
    expect(encoded(wish, of('alibaba'), thinker('qwen3-max')).body.enable_thinking).toBe(true)
  })
})

describe('xai', () => {
  it('gets an effort and sampling only where its models take them', () => {
    const request = { reasoning: { effort: 'high' as const }, stop: 'x', temperature: 1 }
    const plain = encoded(request, of('xai'), thinker('grok-4.7'))
    expect(plain.body).toMatchObject({ temperature: 1 })
    expect(plain.body).not.toHaveProperty('reasoning_effort')
    expect(plain.body).not.toHaveProperty('stop')
    expect(encoded(request, of('xai'), thinker('grok-4.5', ['high', 'low'])).body.reasoning_effort).toBe('high')
  })
})

describe('z-ai', () => {
  it('streams the arguments of calls as they come', () => {
    expect(encoded({ tools: [tool] }, of('z-ai'), { stream: true }).body.tool_stream).toBe(true)
    expect(encoded({ tools: [tool] }, of('z-ai')).body).not.toHaveProperty('tool_stream')
    expect(encoded({}, of('z-ai'), { stream: true }).body).not.toHaveProperty('tool_stream')
  })
})

describe('cerebras', () => {
  it('keeps the reasoning out of the text', () => {
    expect(encoded({}, of('cerebras'), thinker('qwen-3.8-27b')).body.reasoning_format).toBe('parsed')
    expect(encoded({}, of('cerebras')).body).not.toHaveProperty('reasoning_format')
  })
})

describe('errors by number', () => {
  it.each([
    ['z-ai', '1113', 'payment'],
    ['z-ai', '1301', 'content-policy'],
    ['z-ai', '1302', 'rate-limited'],
    ['hyperbolic', 40301, 'not-found'],
    ['minimax', 1008, 'payment'],
  ])('%s %s is %s', (slug, code, want) => {
    const answer = { status: 400, headers: new Headers(), body: JSON.stringify({ error: { code, message: 'x' } }) }
    expect(classify(answer, of(slug).kindOf).kind).toBe(want)
  })
})

describe('an error of xai', () => {
  it('knows a wrong key by words that no request can put there', () => {
    const xai = providerOf({ slug: 'xai', kind: 'lab' })
    const kind = (upstreamId: string, error: string) =>
      xai?.wire(endpointRecord({ upstreamId }))?.classify({
        status: 400,
        headers: new Headers(),
        body: JSON.stringify({ code: 'invalid-argument', error }),
      }).kind
    for (const upstreamId of ['grok-4', 'grok-4.20-multi-agent']) {
      expect(kind(upstreamId, 'Incorrect API key provided. You can obtain an API key from https://console.x.ai.')).toBe(
        'credential',
      )
      expect(kind(upstreamId, "No such tool 'Incorrect API key provided'")).toBe('bad-request')
    }
  })
})
