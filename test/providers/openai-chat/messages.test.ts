import { describe, expect, it } from 'vitest'
import type { Message } from '../../../src/chat/request.ts'
import { encodeMessages } from '../../../src/providers/openai-chat/messages.ts'
import type { ProviderFacts } from '../../../src/providers/openai-chat/provider-facts.ts'

const notes: string[] = []
function encode(messages: unknown[], facts: ProviderFacts = {}, demandsThoughts = false): readonly unknown[] {
  notes.length = 0
  const note = (field: string, _: string, reason: string) => notes.push(`${field} ${reason}`)
  return encodeMessages(messages as Message[], facts, note, demandsThoughts)
}

describe('encodeMessages', () => {
  it('hands on the very same list when nothing has to change', () => {
    const messages: Message[] = [
      { role: 'system', content: 'S' },
      { role: 'user', content: [{ type: 'text', text: 'x' }] },
      {
        role: 'assistant',
        content: 'a',
        tool_calls: [{ id: '1', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: '1', content: 'r' },
    ]
    expect(encode(messages)).toBe(messages)
  })

  it('copies no more than the messages that change', () => {
    const messages = [
      { role: 'user', content: 'x' },
      { role: 'assistant', content: 'a', reasoning: 'r' },
    ]
    const result = encode(messages)
    expect(result[0]).toBe(messages[0])
    expect(result[1]).toEqual({ role: 'assistant', content: 'a' })
  })

  it('makes developers system where they are unknown', () => {
    expect(encode([{ role: 'developer', content: 'D' }])).toEqual([{ role: 'system', content: 'D' }])
    expect(notes).toEqual(['messages.role developer-as-system'])
    const kept = [{ role: 'developer', content: 'D' }]
    expect(encode(kept, { developerRole: true })).toBe(kept)
  })

  it('puts names before the text where messages have none', () => {
    const messages = [
      { role: 'user', name: 'Ada', content: 'Hi' },
      {
        role: 'user',
        name: 'Bo',
        content: [
          { type: 'image_url', image_url: { url: 'x' } },
          { type: 'text', text: 'Yo' },
        ],
      },
      { role: 'user', name: '', content: 'Ho' },
      { role: 'tool', name: 'f', tool_call_id: '1', content: 'r' },
    ]
    expect(encode(messages)).toBe(messages)
    expect(encode(messages, { names: false })).toEqual([
      { role: 'user', content: 'Ada: Hi' },
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url: 'x' } },
          { type: 'text', text: 'Bo: Yo' },
        ],
      },
      { role: 'user', content: 'Ho' },
      messages[3],
    ])
  })

  it('strips cache marks, or writes them as the provider knows them', () => {
    const marked = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl: '1h' } },
          { type: 'text', text: 'b', prompt_cache_breakpoint: { mode: 'explicit' } },
          { type: 'text', text: 'c' },
        ],
      },
    ]
    expect(encode(marked)).toEqual([{ role: 'user', content: ['a', 'b', 'c'].map((text) => ({ type: 'text', text })) }])
    expect(notes).toContain('messages.cache_control no-cache-control')
    expect(encode(marked, { cacheControl: true })).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl: '1h' } },
          { type: 'text', text: 'b', cache_control: { type: 'ephemeral' } },
          { type: 'text', text: 'c' },
        ],
      },
    ])
  })

  it('strips what only answers have', () => {
    const answer = {
      role: 'assistant',
      content: 'a',
      reasoning: 'r',
      reasoning_content: 'r',
      reasoning_details: [{ type: 'reasoning.text', text: 'r' }],
      refusal: null,
      images: [],
      annotations: [],
      audio: { id: 'aud', data: 'x' },
      tool_calls: [],
      model: 'acme/m1',
    }
    expect(encode([answer])).toEqual([{ role: 'assistant', content: 'a', audio: { id: 'aud' } }])
    expect(encode([{ role: 'assistant', content: 'a', model: 'acme/m1' }])).toEqual([
      { role: 'assistant', content: 'a' },
    ])
    expect(encode([{ role: 'assistant', content: null, refusal: 'No.' }])).toEqual([
      { role: 'assistant', content: 'No.' },
    ])
  })

  describe('earlier reasoning', () => {
    const turns = [
      { role: 'user', content: '1' },
      { role: 'assistant', content: 'a', reasoning: 'old' },
      { role: 'user', content: '2' },
      {
        role: 'assistant',
        content: '',
        reasoning_details: [
          { type: 'reasoning.text', text: 'n' },
          { type: 'reasoning.summary', summary: 'ew' },
          { type: 'reasoning.encrypted', data: 'z' },
        ],
      },
      { role: 'tool', tool_call_id: '1', content: 'r' },
    ]

    it('goes back under the name that the provider knows', () => {
      expect(encode(turns, { echo: 'reasoning_content' })).toMatchObject([
        {},
        { reasoning_content: 'old' },
        {},
        { reasoning_content: 'new' },
        {},
      ])
      expect(encode(turns, { echo: 'reasoning' })[3]).toEqual({ role: 'assistant', content: '', reasoning: 'new' })
    })

    const tool_calls = [{ id: '1', type: 'function', function: { name: 'f', arguments: '{}' } }]

    it('goes back with every call where only turns without one may forget theirs', () => {
      const earlier = [
        { role: 'assistant', content: '', reasoning: 'why', tool_calls },
        { role: 'tool', tool_call_id: '1', content: 'r' },
        { role: 'assistant', content: 'a', reasoning: 'so' },
        { role: 'user', content: '2' },
      ]
      const result = encode(earlier, { echo: 'reasoning_content', echoInToolLoop: true })
      expect(result[0]).toEqual({ role: 'assistant', content: '', reasoning_content: 'why', tool_calls })
      expect(result[2]).toEqual({ role: 'assistant', content: 'a' })
    })

    it('is stood in for where a call without it is refused', () => {
      const bare = [
        { role: 'assistant', content: '', tool_calls },
        { role: 'assistant', content: '', reasoning_content: '', tool_calls },
        { role: 'assistant', content: '', reasoning: 'why', tool_calls },
        { role: 'assistant', content: 'a' },
      ]
      const facts = { echo: 'reasoning_content' } as const
      const call = { role: 'assistant', content: '', tool_calls }
      expect(encode(bare, facts, true)).toEqual([
        { ...call, reasoning_content: ' ' },
        { ...call, reasoning_content: ' ' },
        { ...call, reasoning_content: 'why' },
        bare[3],
      ])
      expect(notes).toContain('messages.reasoning_details earlier-thoughts-missing')
      expect(encode(bare, facts)).toEqual([call, call, { ...call, reasoning_content: 'why' }, bare[3]])
      expect(notes).toEqual([])
    })

    it('goes back only inside the tool loop where earlier turns are refused', () => {
      const result = encode(turns, { echo: 'reasoning_content', echoInToolLoop: true })
      expect(result[1]).toEqual({ role: 'assistant', content: 'a' })
      expect(result[3]).toEqual({ role: 'assistant', content: '', reasoning_content: 'new' })
    })

    it('goes back into the text for a model that thinks there', () => {
      expect(encode(turns, { echo: 'think-tags' })[1]).toEqual({
        role: 'assistant',
        content: '<think>\nold\n</think>\n\na',
      })
    })

    it('goes back untouched to a router that knows the details', () => {
      expect(encode(turns, { echo: 'details' })[3]).toEqual(turns[3])
    })
  })

  it('gives earlier calls without arguments an empty object', () => {
    const call = { id: '1', type: 'function', function: { name: 'f', arguments: '' } }
    expect(encode([{ role: 'assistant', content: null, tool_calls: [call] }])).toMatchObject([
      { tool_calls: [{ id: '1', function: { name: 'f', arguments: '{}' } }] },
    ])
  })

  it('rewrites the id of a call and of its result alike', () => {
    const call = { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } }
    const result = encode(
      [
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', tool_call_id: 'call_1', content: 'r' },
      ],
      { toolCallId: (id) => id.toUpperCase() },
    )
    expect(result).toMatchObject([{ tool_calls: [{ id: 'CALL_1' }] }, { tool_call_id: 'CALL_1' }])
  })

  it('marks a last answer as the beginning of the next', () => {
    const messages = [
      { role: 'user', content: 'x' },
      { role: 'assistant', content: 'Sure' },
    ]
    expect(encode(messages, { prefill: 'prefix' })[1]).toEqual({ role: 'assistant', content: 'Sure', prefix: true })
    expect(encode(messages)).toBe(messages)
  })
})
