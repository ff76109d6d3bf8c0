import { describe, expect, it } from 'vitest'
import type { ChatRequest } from '../../../src/chat/request.ts'
import { factsBySlug } from '../../../src/providers/facts.ts'
import { openAiChatWire } from '../../../src/providers/openai-chat/wire.ts'
import { endpointRecord, modelEntry, providerRecord } from '../../support/catalog-records.ts'
import { chatRequest } from '../gemini/chat-requests.ts'
import { seeded } from '../recordings.ts'
import { dialects, objectionsOf } from './request-schema.ts'

const requestsAProvider = 200

/** Routers of our own kind take more than the schema knows: they are asked in the client's words. */
const alike = Object.keys(factsBySlug).filter((slug) => factsBySlug[slug]?.echo === 'details')
/** Cache marks are theirs to take. */
const marking = Object.keys(factsBySlug).filter((slug) => factsBySlug[slug]?.cacheControl)
const slugs = [...new Set([...Object.keys(factsBySlug), 'a-plain-host'])].filter(
  (slug) => !alike.includes(slug) && !marking.includes(slug),
)

const models: Readonly<Record<string, string[]>> = {
  openai: ['gpt-4.1', 'gpt-5.1', 'o4-mini'],
  alibaba: ['qwen3-max', 'qwen3-32b'],
}

describe('bodies for OpenAI-shaped providers', () => {
  it.each(slugs)('%s objects to none of them', (slug) => {
    const random = seeded(slug.length * 31)
    const wire = openAiChatWire(factsBySlug[slug] ?? {})
    const provider = providerRecord({ slug })
    for (let i = 0; i < requestsAProvider; i++) {
      const { unheard_of: _, ...request } = chatRequest(random)
      const reasoning = i % 3 !== 0
      const [upstreamId = 'm'] = (models[slug] ?? ['m']).slice(i % (models[slug]?.length ?? 1))
      const target = {
        endpoint: endpointRecord({ provider, upstreamId, parameters: null }),
        model: modelEntry({ reasoning: { supported: reasoning, mandatory: false, efforts: null } }).model,
        baseUrl: 'https://up.example/v1',
        credential: { apiKey: 'k' },
      }
      const { body } = wire.encode({ request: request as ChatRequest, target, stream: i % 2 === 0, userHash: 'hash' })
      expect(objectionsOf(slug, JSON.parse(body), reasoning), body.slice(0, 2000)).toEqual([])
    }
  })

  it('are held against words of every provider that has any', () => {
    expect(Object.keys(dialects).filter((slug) => factsBySlug[slug] === undefined)).toEqual([])
  })
})

describe('the schema', () => {
  const sound = { model: 'm', stream: false, messages: [{ role: 'user', content: 'Hello' }] }

  it.each<[string, string, object]>([
    ['a field that nobody knows', 'x', { provider: {} }],
    [
      'a field of the client in a message',
      'x',
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'x', cache_control: {} }] }] },
    ],
    ['a null', 'x', { temperature: null }],
    ['an empty list of tools', 'x', { tools: [] }],
    ['a parameter that one provider refuses', 'mistral', { seed: 1 }],
    ['a parameter that reasoning models refuse', 'openai', { temperature: 1 }],
    ['a limit by the wrong name', 'openai', { max_tokens: 1 }],
    [
      'an id that one provider refuses',
      'mistral',
      { messages: [{ role: 'tool', tool_call_id: 'call_1', content: '' }] },
    ],
    [
      'a choice of tools that one provider refuses',
      'z-ai',
      { tools: [{ type: 'function', function: { name: 'f' } }], tool_choice: 'required' },
    ],
  ])('objects to %s', (_, slug, fields) => {
    expect(objectionsOf(slug, sound, true)).toEqual([])
    expect(objectionsOf(slug, { ...sound, ...fields }, true)).not.toEqual([])
  })
})
