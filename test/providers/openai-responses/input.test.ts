import { describe, expect, it } from 'vitest'
import type { ReasoningDetail } from '../../../src/chat/parts.ts'
import type { Message } from '../../../src/chat/request.ts'
import { openaiResponses } from '../../../src/providers/openai.ts'
import { encodeInput } from '../../../src/providers/openai-responses/input.ts'
import type { ResponsesFacts } from '../../../src/providers/openai-responses/responses-facts.ts'

function input(messages: Message[], facts: ResponsesFacts = openaiResponses): { items: unknown[]; notes: string[] } {
  const notes: string[] = []
  const items = encodeInput(messages, facts, (...words) => void notes.push(words.join(' ')))
  return { items, notes }
}

const pixel = 'data:image/png;base64,iVBORw0KGgo='
const user: Message = { role: 'user', content: 'Hi' }
const call = (id: string) => ({ id, type: 'function' as const, function: { name: 'f', arguments: '{"a":1}' } })
const format = 'openai-responses-v1' as const

describe('a conversation', () => {
  it('keeps system and developer messages where they stand', () => {
    const messages: Message[] = [
      { role: 'system', content: 'Be brief.' },
      user,
      {
        role: 'developer',
        content: [
          { type: 'text', text: 'Be ' },
          { type: 'text', text: 'kind.' },
        ],
      },
    ]
    expect(input(messages)).toEqual({
      items: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
        {
          role: 'developer',
          content: [
            { type: 'input_text', text: 'Be ' },
            { type: 'input_text', text: 'kind.' },
          ],
        },
      ],
      notes: [],
    })
  })

  it('shows pictures and files of every kind', () => {
    const message: Message = {
      role: 'user',
      content: [
        { type: 'text', text: 'Look' },
        { type: 'image_url', image_url: { url: pixel } },
        { type: 'image_url', image_url: { url: 'https://x.example/a.png', detail: 'high' } },
        { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' } },
        { type: 'file', file: { file_data: 'AAAA' } },
        { type: 'file', file: { filename: 'b.pdf', file_data: 'https://x.example/b.pdf' } },
        { type: 'file', file: { file_id: 'file-1' } },
      ],
    }
    expect(input([message])).toEqual({
      items: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'Look' },
            { type: 'input_image', image_url: pixel, detail: 'auto' },
            { type: 'input_image', image_url: 'https://x.example/a.png', detail: 'high' },
            { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' },
            { type: 'input_file', filename: 'file.pdf', file_data: 'data:application/pdf;base64,AAAA' },
            { type: 'input_file', file_url: 'https://x.example/b.pdf' },
            { type: 'input_file', file_id: 'file-1' },
          ],
        },
      ],
      notes: [],
    })
  })

  it('leaves sound and video to another endpoint, and what says nothing out', () => {
    const audio = { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } } as const
    const video = { type: 'video_url', video_url: { url: 'https://x.example/v.mp4' } } as const
    for (const part of [audio, video]) expect(() => input([{ role: 'user', content: [part] }])).toThrow(/does not take/)
    expect(input([{ role: 'user', content: [{ type: 'file', file: {} }] }])).toEqual({
      items: [{ role: 'user', content: '' }],
      notes: ['messages.file dropped empty-file'],
    })
  })

  it('puts a name before the first text', () => {
    const named: Message[] = [
      { ...user, name: 'Ada' } as Message,
      { role: 'user', name: 'Bob', content: [{ type: 'image_url', image_url: { url: pixel } }] },
    ]
    const { items, notes } = input(named)
    expect(items[0]).toEqual({ role: 'user', content: 'Ada: Hi' })
    expect(items[1]).toEqual({ role: 'user', content: [{ type: 'input_image', image_url: pixel, detail: 'auto' }] })
    expect(notes).toContain('messages.name changed put-before-the-text')
  })

  it('keeps breakpoints of the cache only where they are known', () => {
    const breakpoint = { mode: 'explicit' as const }
    const content: Message['content'] = [
      { type: 'text', text: 'a', prompt_cache_breakpoint: breakpoint },
      { type: 'text', text: 'b', cache_control: { type: 'ephemeral' } },
    ]
    expect(input([{ role: 'user', content }])).toEqual({
      items: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'a', prompt_cache_breakpoint: breakpoint },
            { type: 'input_text', text: 'b' },
          ],
        },
      ],
      notes: ['messages.cache_control dropped no-cache-control'],
    })
    expect(input([{ role: 'user', content }], { format }).items).not.toContainEqual(
      expect.objectContaining({ prompt_cache_breakpoint: breakpoint }),
    )
  })

  it('tells calls and their results as items, results with pictures too', () => {
    const messages: Message[] = [
      user,
      { role: 'assistant', content: null, tool_calls: [call('call_1'), { ...call('call_2') }] },
      { role: 'tool', tool_call_id: 'call_1', content: 'sunny' },
      {
        role: 'tool',
        tool_call_id: 'call_2',
        content: [
          { type: 'text', text: 'see' },
          { type: 'image_url', image_url: { url: pixel } },
        ],
      },
    ]
    expect(input(messages).items.slice(1)).toEqual([
      { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{"a":1}' },
      { type: 'function_call', call_id: 'call_2', name: 'f', arguments: '{"a":1}' },
      { type: 'function_call_output', call_id: 'call_1', output: 'sunny' },
      {
        type: 'function_call_output',
        call_id: 'call_2',
        output: [
          { type: 'input_text', text: 'see' },
          { type: 'input_image', image_url: pixel, detail: 'auto' },
        ],
      },
    ])
  })

  it('shortens ids that are too long, a call’s and its result’s alike, and no two to the same', () => {
    const long = (end: string) => `toolu_${'x'.repeat(100)}${end}`
    const messages: Message[] = [
      { role: 'assistant', tool_calls: [call(long('a')), call(long('b'))] },
      { role: 'tool', tool_call_id: long('a'), content: '' },
      { role: 'tool', tool_call_id: long('b'), content: [] },
    ]
    const items = input(messages).items as { call_id: string; output?: string }[]
    const ids = items.map((item) => item.call_id)
    expect(ids.every((id) => id.length <= 64)).toBe(true)
    expect(ids[0]).not.toBe(ids[1])
    expect(ids.slice(2)).toEqual(ids.slice(0, 2))
    expect(items[3]?.output).toBe('')
  })

  it('gives empty arguments as an empty object', () => {
    const empty = { ...call('c'), function: { name: 'f', arguments: '' } }
    expect(input([{ role: 'assistant', tool_calls: [empty] }]).items[0]).toMatchObject({ arguments: '{}' })
  })

  it('repeats what the assistant said: texts and refusals, neither pictures nor sound', () => {
    const messages: Message[] = [
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
        images: [{ type: 'image_url', image_url: { url: pixel } }],
        audio: { id: 'audio_1' },
      },
      { role: 'assistant', content: null, refusal: 'No.' },
      { role: 'assistant', content: '' },
      user,
    ]
    expect(input(messages)).toEqual({
      items: [
        {
          role: 'assistant',
          content: [
            { type: 'output_text', text: 'a' },
            { type: 'output_text', text: 'b' },
          ],
        },
        { role: 'assistant', content: 'No.' },
        { role: 'user', content: 'Hi' },
      ],
      notes: ['messages.images dropped not-supported-by-provider', 'messages.audio dropped not-supported-by-provider'],
    })
  })

  it('notes that the beginning of an answer is not continued', () => {
    expect(input([user, { role: 'assistant', content: 'The answer is' }]).notes).toEqual([
      'messages changed prefill-not-continued',
    ])
  })
})

describe('reasoning of earlier turns', () => {
  const details: ReasoningDetail[] = [
    { type: 'reasoning.summary', summary: 'First', format, index: 0 },
    { type: 'reasoning.summary', summary: ' part', format, index: 0 },
    { type: 'reasoning.summary', summary: 'Second', format, index: 1 },
    { type: 'reasoning.encrypted', data: 'AAA', id: 'rs_1', format, index: 2 },
    { type: 'reasoning.text', text: 'Raw', format, index: 3 },
    { type: 'reasoning.encrypted', data: 'BBB', id: 'rs_2', format, index: 4 },
  ]
  const items = [
    {
      type: 'reasoning',
      id: 'rs_1',
      summary: [
        { type: 'summary_text', text: 'First part' },
        { type: 'summary_text', text: 'Second' },
      ],
      encrypted_content: 'AAA',
    },
    {
      type: 'reasoning',
      id: 'rs_2',
      summary: [],
      content: [{ type: 'reasoning_text', text: 'Raw' }],
      encrypted_content: 'BBB',
    },
  ]
  const turn = (reasoning_details: ReasoningDetail[], more: Partial<Message> = {}): Message[] => [
    { role: 'assistant', content: 'Yes.', reasoning_details, ...more } as Message,
    user,
  ]

  it('goes back item by item, in order, before what came of it', () => {
    const { items: got, notes } = input(turn(details, { tool_calls: [call('c')] } as Partial<Message>))
    expect(got).toEqual([
      ...items,
      { role: 'assistant', content: 'Yes.' },
      { type: 'function_call', call_id: 'c', name: 'f', arguments: '{"a":1}' },
      { role: 'user', content: 'Hi' },
    ])
    expect(notes).toEqual([])
  })

  it('is understood without ids on summaries and without indices, as other gateways give it', () => {
    const plain = details.map(({ index, ...detail }) => detail as ReasoningDetail)
    expect(input(turn(plain)).items.slice(0, 2)).toMatchObject([
      { id: 'rs_1', encrypted_content: 'AAA' },
      { id: 'rs_2', encrypted_content: 'BBB' },
    ])
    const all = details.map((detail) => ({ ...detail, id: detail.index && detail.index > 2 ? 'rs_2' : 'rs_1' }))
    expect(input(turn(all)).items.slice(0, 2)).toEqual(items)
  })

  it('is left out where it is another provider’s, or not encrypted', () => {
    const foreign = details.map((detail): ReasoningDetail => ({ ...detail, format: 'azure-openai-responses-v1' }))
    expect(input(turn(foreign))).toEqual({
      items: [
        { role: 'assistant', content: 'Yes.' },
        { role: 'user', content: 'Hi' },
      ],
      notes: ['messages.reasoning_details dropped other-format'],
    })
    expect(input(turn(details.slice(0, 3))).notes).toEqual(['messages.reasoning_details dropped not-encrypted'])
    expect(input(turn(foreign), { format: 'azure-openai-responses-v1' }).items.slice(0, 2)).toEqual(items)
  })

  it('is left out where nothing came of it: such an item is an error there', () => {
    expect(input(turn(details, { content: null }))).toEqual({
      items: [{ role: 'user', content: 'Hi' }],
      notes: ['messages.reasoning_details dropped nothing-follows'],
    })
  })
})
