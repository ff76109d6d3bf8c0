import { describe, expect, it } from 'vitest'
import { ChatStreamEncoder } from '../../src/chat/chat-stream-encoder.ts'
import { factsBySlug } from '../../src/providers/facts.ts'
import { openAiChatWire } from '../../src/providers/openai-chat/wire.ts'
import { encoded, encodeInput, reasoning } from './openai-chat/encode-input.ts'
import { hear } from './openai-chat/heard.ts'
import { bodyOf, haveRecordings, recordingsOf } from './recordings.ts'

const facts = factsBySlug.snowflake ?? {}
const wire = openAiChatWire(facts)
const envelope = { id: 'gen-1', created: 1, model: 'acme/m1', provider: 'Snowflake' }

describe('snowflake', () => {
  it('takes reasoning, and gives it back, as OpenRouter does', () => {
    const details = [
      { type: 'reasoning.text' as const, text: 'Hm', signature: 's', format: 'anthropic-claude-v1' as const },
    ]
    const messages = [{ role: 'assistant' as const, content: 'A', reasoning_details: details }]
    const { body } = encoded({ messages, reasoning: { effort: 'low' } }, facts, reasoning())
    expect(body).toMatchObject({ reasoning: { effort: 'low' }, messages: [{ reasoning_details: details }] })
  })

  it.skipIf(!haveRecordings)('ends its streams with the usage, because it never tells a finish', () => {
    const streams = recordingsOf('openai-chat').filter(({ id }) => id.startsWith('snowflake/openai-chat-stream'))
    expect(streams.length).toBeGreaterThan(0)
    for (const recording of streams) {
      const bytes = bodyOf(recording)
      const decoder = wire.decodeStream(encodeInput({}))
      const { choices, errors } = hear([...decoder.push(bytes.slice()), ...decoder.end()])
      expect(errors).toEqual([])
      expect(choices[0]?.finish).toEqual({ reason: 'stop', native: null })
      const encoder = new ChatStreamEncoder(envelope, { excludeReasoning: false })
      const stage = wire.splice?.(encodeInput({}), { envelope, encoder, excludeReasoning: false })
      stage?.push(bytes.slice())
      stage?.end()
      expect(stage?.progress).toMatchObject({ failure: null, finish: { reason: 'stop' } })
      // What is cut before the usage has no end.
      const cut = wire.splice?.(encodeInput({}), { envelope, encoder, excludeReasoning: false })
      const beforeUsage = new TextDecoder('latin1').decode(bytes).lastIndexOf('data: {')
      cut?.push(bytes.slice(0, beforeUsage))
      cut?.end()
      expect(cut?.progress.failure?.kind).toBe('truncated')
    }
  })
})
