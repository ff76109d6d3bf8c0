import { describe, expect, it } from 'vitest'
import type { ChatRequest, Message } from '../../src/chat/request.ts'
import { noUsage } from '../../src/chat/usage.ts'
import { conversationNote, conversationOf } from '../../src/dispatch/conversation.ts'
import { needsOf } from '../../src/routing/needs.ts'
import { endpointRecord, modelEntry } from '../support/catalog-records.ts'

const price = { prompt: '0.000002', completion: '0.000004', cacheRead: '0.0000002' }
const entry = modelEntry({}, [endpointRecord({ price }), endpointRecord({ id: 'other', tag: 'other', price })])

const system: Message = { role: 'system', content: 'You are terse.' }
const first: Message = { role: 'user', content: 'Hello' }
const later: Message[] = [
  { role: 'assistant', content: 'Hi' },
  { role: 'user', content: 'How are you?' },
]

function of(
  change: Partial<ChatRequest> = {},
  {
    sessionId = null,
    keyHash = 'k',
    requestedId = 'acme/m1',
  }: { sessionId?: string | null; keyHash?: string; requestedId?: string } = {},
) {
  const request: ChatRequest = { model: requestedId, messages: [system, first], ...change }
  return conversationOf({ request, sessionId, keyHash }, needsOf(request), [{ requestedId, entry }], () => true)
}
const hashOf = async (...given: Parameters<typeof of>) => (await of(...given))?.hash

describe('the conversation of a request', () => {
  it('is told by how it begins, however it goes on', async () => {
    const hash = await hashOf()
    expect(hash).toMatch(/^[0-9a-f]{1,16}$/)
    expect(await hashOf({ messages: [system, first, ...later] })).toBe(hash)
    expect(await hashOf({ messages: [system, { role: 'developer', content: 'Today is Monday.' }, first] })).toBe(hash)
    expect(await hashOf({ messages: [{ ...system, content: 'You are verbose.' }, first] })).not.toBe(hash)
    expect(await hashOf({ messages: [system, { role: 'user', content: 'Hallo' }] })).not.toBe(hash)
    expect(await hashOf({ messages: [first] })).not.toBe(hash)
  })

  it('is told by both ends and the length of a long text, and of its parts', async () => {
    const text = (middle: string, end = 'end') => `begin${' '.repeat(2_000)}${middle}${' '.repeat(2_000)}${end}`
    const asked = (content: Message['content']) => hashOf({ messages: [{ role: 'user', content: content ?? '' }] })
    expect(await asked(text('x'))).not.toBe(await asked(text('xx')))
    expect(await asked(text('x'))).not.toBe(await asked(text('x', 'End')))
    const parts = (url: string) => [
      { type: 'text' as const, text: 'Look' },
      { type: 'image_url' as const, image_url: { url } },
    ]
    expect(await asked(parts('https://a.example/1.png'))).not.toBe(await asked(parts('https://a.example/2.png')))
    expect(await asked(null)).toBe(await asked(''))
  })

  it('is what the client says it is: its session before its cache key before its beginning', async () => {
    const session = await of({ prompt_cache_key: 'c' }, { sessionId: 's' })
    expect(session?.explicit).toBe(true)
    expect(await hashOf({ messages: [first] }, { sessionId: 's' })).toBe(session?.hash)
    const cacheKey = await of({ prompt_cache_key: 's' })
    expect(cacheKey?.explicit).toBe(false)
    expect(cacheKey?.hash).not.toBe(session?.hash)
    expect(await hashOf({ messages: [first], prompt_cache_key: 's' })).toBe(cacheKey?.hash)
    expect(await of({}, { sessionId: '' })).toEqual(await of())
  })

  it('is another one with another key or model', async () => {
    const hashes = [hashOf(), hashOf({}, { keyHash: 'l' }), hashOf({}, { requestedId: 'acme/m1:floor' })]
    expect(new Set(await Promise.all(hashes)).size).toBe(3)
  })

  it('is not looked for where it could make no difference', () => {
    expect(of({ provider: { order: ['other'] } })).toBeNull()
  })
})

describe('what is remembered of a conversation', () => {
  const endpoint = endpointRecord({ id: 'one', price })
  const answeredBy = {
    endpoint,
    model: entry.model,
    requestedId: 'acme/m1',
    probability: 1,
    blocked: null,
    blockedUntil: 0,
  }
  const cached = { ...noUsage, cachedTokens: 5 }
  const note = { conversation: 'c', endpointId: 'one' }

  it('of a named session: whoever answered', () => {
    expect(conversationNote({ hash: 'c', explicit: true }, { answeredBy, usage: noUsage })).toEqual(note)
  })

  it('of any other: whoever read a cache, and then stays on', () => {
    const conversation = { hash: 'c', explicit: false }
    expect(conversationNote(conversation, { answeredBy, usage: noUsage })).toBeUndefined()
    expect(conversationNote(conversation, { answeredBy, usage: null })).toBeUndefined()
    expect(conversationNote(conversation, { answeredBy, usage: cached })).toEqual(note)
    expect(conversationNote({ ...conversation, remembered: 'one' }, { answeredBy, usage: noUsage })).toEqual(note)
    expect(conversationNote({ ...conversation, remembered: 'two' }, { answeredBy, usage: noUsage })).toBeUndefined()
  })

  it('nothing of what failed, was cancelled, or would save nothing', () => {
    const conversation = { hash: 'c', explicit: true }
    const failure = { type: 'server', message: '' } as const
    expect(conversationNote(conversation, { answeredBy, usage: cached, failure })).toBeUndefined()
    expect(conversationNote(conversation, { answeredBy, usage: cached, cancelled: true })).toBeUndefined()
    expect(conversationNote(conversation, { failure })).toBeUndefined()
    expect(conversationNote(null, { answeredBy, usage: cached })).toBeUndefined()
    const plain = { ...answeredBy, endpoint: endpointRecord({}) }
    expect(conversationNote(conversation, { answeredBy: plain, usage: cached })).toBeUndefined()
  })
})
