import { describe, expect, it } from 'vitest'
import type { ChatRequest } from '../../src/chat/request.ts'
import { factsByEngine } from '../../src/providers/engines.ts'
import { classify } from '../../src/providers/openai-chat/classify.ts'
import { providerOf } from '../../src/providers/registry.ts'
import { endpointRecord, providerRecord } from '../support/catalog-records.ts'
import { encoded, reasoning } from './openai-chat/encode-input.ts'

const mine = (engine: string) =>
  providerRecord({ slug: 'my-server', kind: 'cloud', engine, baseUrl: 'http://10.0.0.1:8000/v1' })
const of = (engine: string) => factsByEngine[engine] ?? {}

describe('a server of one’s own', () => {
  it.each(['vllm', 'llamacpp', 'lmstudio', 'tgi', 'openai', 'something-new'])(
    'running %s speaks OpenAI’s chat, without a key',
    (engine) => {
      const provider = providerOf(mine(engine))
      const endpoint = endpointRecord({ provider: mine(engine) })
      expect(provider?.wire(endpoint)?.name).toBe('openai-chat')
      expect(provider?.needsCredential).toBe(false)
      expect(provider?.cancels).toBe(true)
      expect(provider?.baseUrl(endpoint, {})).toBe('http://10.0.0.1:8000/v1')
      expect(provider?.credential({ MY_SERVER_API_KEY: 'k' })).toEqual({ apiKey: 'k' })
      expect(provider?.credential({})).toBeNull()
    },
  )

  it('running Ollama speaks its own', () => {
    const provider = providerOf(mine('ollama'))
    expect(provider?.wire(endpointRecord({ provider: mine('ollama') }))?.name).toBe('ollama-chat')
    expect(provider?.wire(endpointRecord({ outputModalities: ['embeddings'] }))).toBeNull()
    expect(providerOf(mine('ollama'))).toBe(provider)
    expect(providerOf(mine('vllm'))).not.toBe(provider)
  })

  it.each(['vllm', 'llamacpp'])('running %s is told to think in the words of its template', (engine) => {
    const think = (wish: ChatRequest['reasoning'], more: object = {}) =>
      encoded({ reasoning: wish, ...more } as Partial<ChatRequest>, of(engine), reasoning())
    expect(think({ effort: 'high' }).body).toMatchObject({
      reasoning_effort: 'high',
      chat_template_kwargs: { enable_thinking: true, thinking: true },
    })
    const off = think({ effort: 'none' }, { chat_template_kwargs: { mine: 1 } })
    expect(off.body.chat_template_kwargs).toEqual({ enable_thinking: false, thinking: false, mine: 1 })
    expect(off.body).not.toHaveProperty('reasoning_effort')
    expect(off.notes).toEqual([])
    expect(encoded({}, of(engine), reasoning()).body).not.toHaveProperty('chat_template_kwargs')
  })

  it('running llama.cpp or LM Studio knows the penalty by another name', () => {
    for (const engine of ['llamacpp', 'lmstudio'])
      expect(encoded({ repetition_penalty: 1.1 }, of(engine)).body).toMatchObject({ repeat_penalty: 1.1 })
    const body = JSON.stringify({ error: { code: 400, type: 'exceed_context_size_error', message: 'too much' } })
    expect(classify({ status: 400, headers: new Headers(), body }, of('llamacpp').kindOf).kind).toBe('context-length')
  })

  it('running LM Studio or TGI is asked for JSON as it takes it', () => {
    const json = encoded({ response_format: { type: 'json_object' } }, of('lmstudio'))
    expect(json.body.response_format).toMatchObject({
      type: 'json_schema',
      json_schema: { schema: { type: 'object' } },
    })
    expect(json.notes).toEqual(['response_format emulated schema-of-any-object'])
    const schema = { type: 'object', properties: {} }
    const format = { type: 'json_schema' as const, json_schema: { name: 'x', schema } }
    expect(encoded({ response_format: format }, of('tgi')).body.response_format).toEqual({
      type: 'json',
      value: schema,
    })
    expect(encoded({ response_format: format }, of('lmstudio')).body.response_format).toEqual(format)
  })
})
