import { describe, expect, it } from 'vitest'
import { ChatStreamEncoder } from '../../../src/chat/chat-stream-encoder.ts'
import { openAiChatWire } from '../../../src/providers/openai-chat/wire.ts'
import { encodeInput, reasoning } from './encode-input.ts'
import { chunk, hear, sse } from './heard.ts'

const envelope = { id: 'gen-1', created: 1, model: 'acme/m1', provider: 'Acme' }

function spliced(thinkTags: boolean, events: unknown[]): { text: string; finish: unknown } {
  const wire = openAiChatWire(thinkTags ? { thinkTags: true } : {})
  const encoder = new ChatStreamEncoder(envelope, { excludeReasoning: false })
  const stage = wire.splice?.(encodeInput({}, reasoning()), { envelope, encoder, excludeReasoning: false })
  stage?.push(sse(...events))
  stage?.end()
  return { text: new TextDecoder().decode(stage?.take() ?? new Uint8Array(0)), finish: stage?.progress.finish }
}

describe('the openai-chat wire', () => {
  it('gives every call that came without an id one of its own', () => {
    const tool_calls = [{ function: { name: 'f', arguments: '{}' } }, { function: { name: 'f', arguments: '{}' } }]
    const body = JSON.stringify({ choices: [{ message: { tool_calls }, finish_reason: 'stop' }] })
    const ids = [1, 2].flatMap(() => {
      const parts = openAiChatWire({}).decodeBody(body, encodeInput({}))
      return hear(parts).choices[0]?.calls.map((call) => call.id) ?? []
    })
    for (const id of ids) expect(id).toMatch(/^call_[0-9a-f]{24}$/)
    expect(new Set(ids).size).toBe(4)
  })

  it('hands on the fields of an answer that nobody knows, and none that name the provider’s insides', () => {
    const body = {
      id: 'up',
      object: 'chat.completion',
      model: 'm',
      choices: [],
      usage: {},
      request_id: 'r',
      x_groq: { id: 'q' },
      system_fingerprint: 'fp',
      citations: ['https://x'],
      nothing: null,
    }
    const extrasOf = (text: string) => openAiChatWire({}).decodeWhole?.(text, encodeInput({})).extras
    expect(extrasOf(JSON.stringify(body))).toEqual({ system_fingerprint: 'fp', citations: ['https://x'] })
    expect(extrasOf('<html>')).toEqual({})
    expect(extrasOf('[1]')).toEqual({})
  })

  it('knows at the finish what was spliced past the decoder', () => {
    const events = [
      chunk({ role: 'assistant', content: '' }),
      chunk({ content: 'Hi' }),
      chunk({}, { finish_reason: 'odd' }),
    ]
    expect(spliced(false, events)).toMatchObject({ finish: { reason: 'stop', native: 'odd' } })
  })

  it('splits thoughts from words on the straight path too', () => {
    const events = ['<think>hm', '</think>', 'yes'].map((content) => chunk({ content }))
    const { text } = spliced(true, [...events, chunk({}, { finish_reason: 'stop' })])
    expect(text).not.toContain('think>')
    expect(text).toContain('"reasoning":"hm"')
    expect(text).toContain('"content":"yes"')
  })
})
