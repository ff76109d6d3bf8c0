import { describe, expect, it } from 'vitest'
import { Conversations, conversationTtlMs, maxConversations } from '../../src/routing/conversations.ts'
import { noon } from './records.ts'

describe('the conversations of a key', () => {
  it('are remembered by the endpoint that answered last', () => {
    const conversations = new Conversations()
    conversations.remember({ conversation: 'a', endpointId: 'one' }, noon)
    conversations.remember({ conversation: 'b', endpointId: 'two' }, noon)
    conversations.remember({ conversation: 'a', endpointId: 'three' }, noon)
    expect(['a', 'b', 'c'].map((conversation) => conversations.recall(conversation, noon))).toEqual([
      'three',
      'two',
      undefined,
    ])
  })

  it('are forgotten when they were idle for ten minutes, and not before', () => {
    const conversations = new Conversations()
    conversations.remember({ conversation: 'a', endpointId: 'one' }, noon)
    expect(conversations.recall('a', noon + conversationTtlMs - 1)).toBe('one')
    // To be asked for is no use of the cache.
    expect(conversations.recall('a', noon + conversationTtlMs)).toBeUndefined()
    conversations.remember({ conversation: 'a', endpointId: 'one' }, noon)
    conversations.remember({ conversation: 'a', endpointId: 'one' }, noon + 300_000)
    expect(conversations.recall('a', noon + conversationTtlMs)).toBe('one')
  })

  it('do not outlive a clock that jumped back', () => {
    const conversations = new Conversations()
    conversations.remember({ conversation: 'a', endpointId: 'one' }, noon)
    expect(conversations.recall('a', noon - 1_000)).toBe('one')
    expect(conversations.recall('a', noon - conversationTtlMs)).toBeUndefined()
  })

  it('are bounded: the one that was idle longest goes first', () => {
    const conversations = new Conversations()
    for (let i = 0; i < maxConversations; i++)
      conversations.remember({ conversation: `${i}`, endpointId: 'one' }, noon + i)
    conversations.remember({ conversation: '0', endpointId: 'two' }, noon + 5_000)
    conversations.remember({ conversation: 'new', endpointId: 'one' }, noon + 5_000)
    expect(['0', '1', '2', 'new'].map((conversation) => conversations.recall(conversation, noon + 5_000))).toEqual([
      'two',
      undefined,
      'one',
      'one',
    ])
  })
})
