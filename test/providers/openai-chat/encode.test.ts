import { describe, expect, it } from 'vitest'
import { gatewayOnlyFields } from '../../../src/chat/request.ts'
import { encode } from '../../../src/providers/openai-chat/encode.ts'
import { encoded, encodeInput, hello } from './encode-input.ts'

const tool = { type: 'function' as const, function: { name: 'add', parameters: { type: 'object' } } }
const other = { type: 'function' as const, function: { name: 'sub' } }

describe('encode', () => {
  it('asks the right address for JSON or a stream', () => {
    const whole = encode(encodeInput({}), {})
    expect(whole).toMatchObject({
      method: 'POST',
      url: 'https://api.acme.example/v1/chat/completions',
      translation: [],
    })
    expect(whole.headers.accept).toBe('application/json')
    expect(encode(encodeInput({}, { stream: true }), {}).headers.accept).toBe('text/event-stream')
  })

  it('puts in the upstream model and asks to stream exactly when the client did', () => {
    expect(encoded({ model: 'acme/m1' }).body).toEqual({ model: 'm1', messages: hello.messages, stream: false })
    expect(encoded({ stream: false }, {}, { stream: true }).body).toMatchObject({
      stream: true,
      stream_options: { include_usage: true },
    })
  })

  it('always asks for the usage of a stream, unless that is refused', () => {
    const options = { stream_options: { include_usage: false, continuous: 1 } }
    expect(encoded(options, {}, { stream: true }).body.stream_options).toEqual({ include_usage: true, continuous: 1 })
    expect(encoded(options, { streamUsage: false }, { stream: true }).body).not.toHaveProperty('stream_options')
    expect(encoded(options).body).not.toHaveProperty('stream_options')
  })

  it('keeps every field that the gateway does not own, known or not', () => {
    const extras = { safe_prompt: true, chat_template_kwargs: { a: [1, null] }, top_k: 5, unknown_null: null }
    expect(encoded(extras).body).toMatchObject(extras)
  })

  it('lets nothing of the gateway through', () => {
    const own = Object.fromEntries(gatewayOnlyFields.map((field) => [field, 'canary']))
    const request = { ...own, safety_identifier: 'canary', model: 'canary' }
    expect(JSON.stringify(encoded(request as never, {}, { userHash: 'hash' }).body)).not.toMatch(/canary|hash/)
  })

  it('names the end user by the hash, and only to a provider that wants it', () => {
    expect(encoded({ user: 'ada' }, { userField: 'user' }, { userHash: 'h' }).body.user).toBe('h')
    expect(encoded({ user: 'ada' }, { userField: 'user' }).body).not.toHaveProperty('user')
  })

  it('leaves out parameters that are null', () => {
    const { body } = encoded({ temperature: null, max_tokens: null, tools: null as never, stop: null, seed: null })
    expect(body).toEqual({ model: 'm1', messages: hello.messages, stream: false })
  })

  it('sends one limit of tokens, by the name that the provider knows', () => {
    expect(encoded({ max_tokens: 5 }).body).toMatchObject({ max_tokens: 5 })
    expect(encoded({ max_completion_tokens: 7, max_tokens: 5 }).body).toMatchObject({ max_tokens: 7 })
    const { body } = encoded({ max_tokens: 5 }, { maxTokens: 'max_completion_tokens' })
    expect(body).toMatchObject({ max_completion_tokens: 5 })
    expect(body).not.toHaveProperty('max_tokens')
  })

  it('drops what the provider refuses and says so, and renames what it calls otherwise', () => {
    const facts = { refuses: ['top_k', 'min_p'], rename: { seed: 'random_seed' } }
    const { body, notes } = encoded({ top_k: 4, seed: 9 }, facts)
    expect(body).toMatchObject({ random_seed: 9 })
    expect(body).not.toHaveProperty('top_k')
    expect(body).not.toHaveProperty('seed')
    expect(notes).toEqual(['top_k dropped refused-by-provider'])
  })

  describe('for an endpoint with a list of parameters', () => {
    const request = { temperature: 1, top_p: 0.5, top_k: 3, seed: 1, max_tokens: 9, stop: 'x', tools: [tool] }

    it('drops the sampling parameters that a complete list does not name', () => {
      const { body, notes } = encoded(request, {}, { endpoint: { parameters: ['temperature', 'top_k'] } })
      expect(body).toMatchObject({ temperature: 1, top_k: 3, max_tokens: 9, stop: 'x', tools: [tool] })
      expect(notes).toEqual(['top_p dropped not-supported-by-endpoint', 'seed dropped not-supported-by-endpoint'])
    })

    it('believes a list that was worked out only in what it can tell', () => {
      const listed = encoded(request, {}, { endpoint: { parameters: ['max_tokens', 'temperature', 'top_p', 'stop'] } })
      expect(listed.notes).toEqual([])
      const without = encoded(request, {}, { endpoint: { parameters: ['max_tokens', 'tools'] } })
      expect(without.body).toMatchObject({ top_k: 3, seed: 1 })
      expect(without.notes.map((note) => note.split(' ')[0])).toEqual(['temperature', 'top_p'])
    })

    it('drops nothing where nobody says', () => {
      expect(encoded(request, {}, { endpoint: { parameters: null } }).notes).toEqual([])
    })
  })

  describe('tools', () => {
    it('go without their choice when there are none', () => {
      const { body } = encoded({ tools: [], tool_choice: 'auto', parallel_tool_calls: false })
      expect(body).toEqual({ model: 'm1', messages: hello.messages, stream: false })
    })

    it('lose marks that are for other providers', () => {
      const marked = { ...tool, cache_control: { type: 'ephemeral' as const }, eager_input_streaming: true }
      expect(encoded({ tools: [marked, other] }).body.tools).toEqual([tool, other])
      expect(encoded({ tools: [marked] }, { cacheControl: true }).body.tools).toEqual([marked])
    })

    it('are left out for a provider that cannot be told "none"', () => {
      const { body, notes } = encoded({ tools: [tool], tool_choice: 'none' }, { toolChoices: ['auto'] })
      expect(body).not.toHaveProperty('tools')
      expect(body).not.toHaveProperty('tool_choice')
      expect(notes).toEqual(['tool_choice emulated tools-left-out'])
    })

    it('are reduced to the named one where only "required" is understood', () => {
      const choice = { type: 'function' as const, function: { name: 'sub' } }
      const request = { tools: [tool, other], tool_choice: choice }
      const { body } = encoded(request, { toolChoices: ['auto', 'none', 'required'] })
      expect(body).toMatchObject({ tools: [other], tool_choice: 'required' })
      expect(encoded(request, { toolChoices: ['auto'] }).notes).toEqual(['tool_choice dropped refused-by-provider'])
      expect(encoded(request).body.tool_choice).toEqual(choice)
    })
  })

  it('tells a schema in words where only JSON mode is known', () => {
    const response_format = { type: 'json_schema' as const, json_schema: { name: 'x', schema: { type: 'object' } } }
    const messages = [
      { role: 'system' as const, content: 'Be brief.' },
      { role: 'user' as const, content: 'Hi' },
    ]
    const { body, notes } = encoded({ messages, response_format }, { jsonSchema: false })
    expect(body.response_format).toEqual({ type: 'json_object' })
    expect(body.messages).toMatchObject([{ role: 'system' }, { role: 'system' }, { role: 'user' }])
    expect((body.messages as { content: string }[])[1]?.content).toContain('{"type":"object"}')
    expect(notes).toEqual(['response_format emulated schema-in-the-prompt'])
    expect(messages).toHaveLength(2)
  })

  it('does not change the request, whatever the provider wants', () => {
    const request = {
      messages: [
        { role: 'developer' as const, content: 'D' },
        { role: 'user' as const, name: 'ada', content: [{ type: 'text' as const, text: 'x' }] },
        { role: 'assistant' as const, content: null, reasoning: 'r', tool_calls: [] },
      ],
      tools: [tool],
      seed: 3,
    }
    const before = structuredClone(request)
    encode(encodeInput(request), { names: false, rename: { seed: 's' }, echo: 'reasoning_content', prefill: 'prefix' })
    expect(request).toEqual(before)
  })
})
