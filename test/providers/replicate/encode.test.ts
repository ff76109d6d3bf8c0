import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { FailureError } from '../../../src/chat/failure.ts'
import type { ChatRequest, Message } from '../../../src/chat/request.ts'
import { replicateWire } from '../../../src/providers/replicate/wire.ts'
import { chatRequest } from '../gemini/chat-requests.ts'
import { encodeInput } from '../openai-chat/encode-input.ts'
import { seeded } from '../recordings.ts'

/** A prediction as the HTTP reference describes it: recorded 422s show that nothing else is taken beside `input`. */
const prediction = z.strictObject({
  version: z.string().optional(),
  stream: z.literal(true).optional(),
  input: z.strictObject({
    prompt: z.string(),
    system_prompt: z.string().optional(),
    max_tokens: z.int().optional(),
    max_completion_tokens: z.int().optional(),
    temperature: z.number().optional(),
    top_p: z.number().optional(),
    top_k: z.number().optional(),
    min_p: z.number().optional(),
    presence_penalty: z.number().optional(),
    frequency_penalty: z.number().optional(),
    repetition_penalty: z.number().optional(),
    seed: z.int().optional(),
    stop_sequences: z.string().optional(),
  }),
})

function encoded(request: Partial<ChatRequest>, upstreamId = 'meta/meta-llama-3-70b-instruct', stream = false) {
  const input = encodeInput(request, { endpoint: { upstreamId, parameters: ['top_k'] }, stream })
  const before = structuredClone(input.request)
  const { body, translation, url, headers } = replicateWire.encode(input)
  expect(input.request).toEqual(before)
  const json = prediction.parse(JSON.parse(body))
  return {
    json,
    input: json.input,
    url,
    headers,
    notes: translation.map(({ field, action, reason }) => `${field} ${action} ${reason}`),
  }
}

describe('a request to Replicate', () => {
  it('is a prediction of an official model that is waited for, or streamed', () => {
    expect(encoded({ max_tokens: 9, temperature: 0.5 })).toMatchObject({
      url: 'https://api.acme.example/v1/models/meta/meta-llama-3-70b-instruct/predictions',
      headers: { prefer: 'wait' },
      json: { input: { prompt: 'Hello', max_tokens: 9, temperature: 0.5 } },
      notes: [],
    })
    const streamed = encoded({}, undefined, true)
    expect(streamed.json.stream).toBe(true)
    expect(streamed.headers).not.toHaveProperty('prefer')
  })

  it.each([
    ['owner/name:5c7d', '/predictions', '5c7d'],
    ['5c7d5c7d', '/predictions', '5c7d5c7d'],
    ['deployments/me/mine', '/deployments/me/mine/predictions', undefined],
  ])('reaches %s', (upstreamId, path, version) => {
    const { url, json } = encoded({}, upstreamId)
    expect(url).toBe(`https://api.acme.example/v1${path}`)
    expect(json.version).toBe(version)
  })

  it('gives the system prompt its place, or puts it before the prompt', () => {
    const messages: Message[] = [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'Hi' },
    ]
    expect(encoded({ messages }).input).toEqual({ prompt: 'Hi', system_prompt: 'Be kind.' })
    const without = encoded({ messages }, 'deepseek-ai/deepseek-r1')
    expect(without.input).toEqual({ prompt: 'Be kind.\n\nHi' })
    expect(without.notes).toEqual(['messages.role emulated system-before-the-prompt'])
  })

  it('makes a transcript of a conversation', () => {
    const messages: Message[] = [
      { role: 'user', content: 'Hi', name: 'Ada' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '' } }],
      },
      { role: 'tool', tool_call_id: 'c', content: '7' },
      { role: 'assistant', content: 'Seven' },
      { role: 'user', content: [{ type: 'text', text: 'Sure?' }] },
    ]
    const { input, notes } = encoded({ messages })
    expect(input.prompt).toBe(
      'Ada: Hi\n\nAssistant calls f with {}\n\nResult of f: 7\n\nAssistant: Seven\n\nUser: Sure?\n\nAssistant:',
    )
    expect(notes).toEqual(['messages emulated transcript-in-the-prompt'])
    const begun = [...messages, { role: 'assistant' as const, content: 'Well,' }]
    expect(encoded({ messages: begun }).input.prompt.endsWith('Assistant: Well,')).toBe(true)
  })

  it('asks for JSON in words, stops where it can, and says what it leaves out', () => {
    const json = encoded({ response_format: { type: 'json_object' }, stop: ['END', 'a,b'], top_k: 3, seed: 4 })
    expect(json.input).toMatchObject({ stop_sequences: 'END', top_k: 3 })
    expect(json.input.system_prompt).toContain('JSON')
    expect(json.notes).toEqual([
      'response_format emulated json-in-the-prompt',
      'seed dropped not-supported-by-endpoint',
      'stop dropped not-supported-by-model',
    ])
    expect(encoded({ stop: 'x' }, 'xai/grok-4').input).toEqual({ prompt: 'Hello' })
    expect(encoded({ max_tokens: 4 }, 'openai/gpt-5').input).toEqual({ prompt: 'Hello', max_completion_tokens: 4 })
  })

  it('leaves tools and pictures to another endpoint', () => {
    const tools = [{ type: 'function' as const, function: { name: 'f' } }]
    expect(() => encoded({ tools })).toThrow(FailureError)
    expect(encoded({ tools, tool_choice: 'none' }).notes).toEqual([])
    const image = { type: 'image_url' as const, image_url: { url: 'https://x.example/a.png' } }
    expect(() => encoded({ messages: [{ role: 'user', content: [image] }] })).toThrow(FailureError)
  })

  it('is one that Replicate takes, whatever the client said', () => {
    let taken = 0
    for (let seed = 0; seed < 600; seed++) {
      try {
        encoded(chatRequest(seeded(seed)), undefined, seed % 3 === 0)
        taken++
      } catch (error) {
        if (!(error instanceof FailureError)) throw new Error(`seed ${seed}: ${error}`)
      }
    }
    expect(taken).toBeGreaterThan(100)
  })
})
