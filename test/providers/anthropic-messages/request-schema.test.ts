import { describe, expect, it } from 'vitest'
import { FailureError } from '../../../src/chat/failure.ts'
import type { ChatRequest, ContentPart, Message } from '../../../src/chat/request.ts'
import { encode } from '../../../src/providers/anthropic-messages/encode.ts'
import { Choices, chatRequest } from '../gemini/chat-requests.ts'
import { seeded } from '../recordings.ts'
import { hello, target } from './claude-target.ts'
import { complaints, messagesRequest, refusals } from './request-schema.ts'

/** A chat request of any shape, with more of what is Claude's own and less of what no Claude can take. */
function claudeRequest(c: Choices): ChatRequest {
  const request = chatRequest(c.random)
  request.messages = request.messages.map((message) => claudeMessage(message, c))
  if (c.random() < 0.3) request.messages.push({ role: 'assistant', content: c.one(['Sure: ', 'Once', ' ']) })
  if (c.random() < 0.1) request.messages.shift()
  if (c.random() < 0.2) request.messages = request.messages.filter(({ role }) => role !== 'user')
  if (c.random() < 0.2) request.cache_control = { type: 'ephemeral', ...(c.random() < 0.5 ? { ttl: '1h' } : {}) }
  if (c.random() < 0.3) request.verbosity = c.one(['low', 'medium', 'high', 'xhigh', 'max'])
  if (c.random() < 0.1) request.thinking = c.one([{ type: 'adaptive' }, { type: 'enabled', budget_tokens: 2_000 }, {}])
  if (c.random() < 0.1) request.output_config = { effort: c.one(['max', 'low', 'strange']) }
  return request
}

function claudeMessage(message: Message, c: Choices): Message {
  if (message.role === 'assistant' && c.random() < 0.5) {
    const reasoning_details = [
      { type: 'reasoning.text' as const, text: 'Hm', format: 'anthropic-claude-v1' as const, index: 0 },
      { type: 'reasoning.text' as const, signature: 'sig', format: 'anthropic-claude-v1' as const, index: 0 },
      { type: 'reasoning.encrypted' as const, data: 'QUJD', format: 'anthropic-claude-v1' as const, index: 1 },
    ]
    return { ...message, reasoning_details }
  }
  if (!Array.isArray(message.content)) return message
  const content = (message.content as ContentPart[]).map((part) =>
    part.type === 'text' || part.type === 'image_url' || c.random() < 0.02 ? part : readable(c),
  )
  return { ...message, content } as Message
}

function readable(c: Choices): ContentPart {
  const cache_control = { type: 'ephemeral' as const, ...(c.random() < 0.3 ? { ttl: '1h' as const } : {}) }
  return c.one<ContentPart>([
    { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' }, cache_control },
    { type: 'file', file: { file_data: 'data:text/plain;base64,SGk=' } },
    { type: 'file', file: { file_data: 'https://x.example/a.pdf' }, cache_control },
    { type: 'text', text: ' ', cache_control },
  ])
}

describe('every body', () => {
  it('is one that the API takes, whatever the client says and whichever model it is for', () => {
    const random = seeded(20261121)
    const c = new Choices(random)
    const models = Object.keys(refusals)
    let refused = 0
    for (let i = 0; i < 4_000; i++) {
      const request = claudeRequest(c)
      const before = JSON.stringify(request)
      const id = c.one(models)
      const to = target({
        id,
        endpoint: { maxOutputTokens: c.one([null, 900, 64_000]), parameters: c.one([null, ['temperature']]) },
        model: {
          maxOutputTokens: null,
          reasoning: { supported: true, mandatory: false, efforts: c.one([null, ['high', 'low']]) },
        },
      })
      let encoded: { body: string; translation: { field: string; reason: string }[] }
      try {
        encoded = encode({ request, target: to, stream: c.one([true, false]), userHash: 'h' }, {})
      } catch (error) {
        expect(error).toBeInstanceOf(FailureError)
        refused++
        continue
      }
      const { body, translation } = encoded
      const parsed = messagesRequest.safeParse(JSON.parse(body))
      expect(parsed.success ? '' : `${id} ${parsed.error.message}\n${body}`).toBe('')
      if (parsed.success) expect(complaints(parsed.data), `${i} ${body}\n${before}`).toEqual([])
      expect(JSON.stringify(request)).toBe(before)
      for (const { field, reason } of translation) expect(`${field} ${reason}`).toMatch(/^[a-z0-9_.]+ [a-z0-9-]+$/)
    }
    expect(refused).toBeGreaterThan(0)
    expect(refused).toBeLessThan(1_000)
  })

  it('would be refused for what the API does not know', () => {
    const body = JSON.parse(
      encode({ request: hello, target: target({ id: 'claude-opus-4-8' }), stream: false }, {}).body,
    )
    expect(messagesRequest.safeParse(body).success).toBe(true)
    expect(messagesRequest.safeParse({ ...body, seed: 1 }).success).toBe(false)
    expect(complaints({ ...body, temperature: 1 })).toEqual(['sampling parameters'])
    expect(complaints({ ...body, thinking: { type: 'enabled', budget_tokens: 2_000 } })).toEqual(['thinking enabled'])
    expect(complaints({ ...body, messages: [{ role: 'assistant', content: 'Hi' }] })).toHaveLength(2)
  })
})
