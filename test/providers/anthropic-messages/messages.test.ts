import { describe, expect, it } from 'vitest'
import { FailureError } from '../../../src/chat/failure.ts'
import type { ChatRequest, ContentPart, Message } from '../../../src/chat/request.ts'
import { onVertex } from '../../../src/providers/anthropic-messages/host.ts'
import { type Changes, encoded, type Json, tool, turns } from './claude-target.ts'

const text = (words: string) => ({ type: 'text', text: words })
const call = (id: string, name: string, args: string) => ({
  id,
  type: 'function' as const,
  function: { name, arguments: args },
})
const ask: Message = { role: 'user', content: 'Hi' }

/** The blocks of a user message with one part. */
function part(one: ContentPart, changes: Changes = {}): Json {
  return turns([{ role: 'user', content: [one, { type: 'text', text: '?' }] }], changes)[0].content[0]
}

describe('a conversation', () => {
  it('begins with what the system says, before anything else is said', () => {
    const { body, notes } = encoded({
      messages: [
        { role: 'system', content: 'One.' },
        { role: 'developer', content: [{ type: 'text', text: 'Two.' }] },
        ask,
        { role: 'assistant', content: 'Hello.' },
        { role: 'system', content: 'Three.' },
      ],
    })
    expect(body.system).toBe('One.\n\nTwo.')
    expect(body.messages.at(-1)).toEqual({ role: 'user', content: 'Three.' })
    expect(notes).toEqual(['messages.role changed developer-as-system', 'messages.role changed system-as-user'])
  })

  it('is asked by the system where nobody else does', () => {
    const { body } = encoded({ messages: [{ role: 'system', content: 'Write.' }] })
    expect(body).toMatchObject({ messages: [{ role: 'user', content: 'Write.' }] })
    expect(body).not.toHaveProperty('system')
  })

  it('has one turn for neighbours, and none for nothing', () => {
    expect(
      turns([
        ask,
        { role: 'user', content: 'there' },
        { role: 'assistant', content: '' },
        { role: 'assistant', content: null },
        { role: 'user', content: ' \n' },
        { role: 'user', content: [{ type: 'text', text: '!' }] },
      ]),
    ).toEqual([{ role: 'user', content: [text('Hi'), text('there'), text('!')] }])
  })

  it('begins with the user, somehow', () => {
    const { body, notes } = encoded({ messages: [{ role: 'assistant', content: 'Welcome!' }, ask] })
    expect(body.messages[0]).toEqual({ role: 'user', content: '.' })
    expect(notes).toEqual(['messages emulated placeholder-turn'])
  })

  it('has all results of a turn first in the next, whatever was said between', () => {
    const messages: Message[] = [
      ask,
      { role: 'assistant', content: 'Look:', tool_calls: [call('a', 'x', '{"q":1}'), call('b', 'y', '')] },
      { role: 'tool', tool_call_id: 'a', content: 'A' },
      { role: 'user', content: 'Well?' },
      { role: 'tool', tool_call_id: 'b', content: '' },
    ]
    expect(turns(messages).slice(1)).toEqual([
      {
        role: 'assistant',
        content: [
          text('Look:'),
          { type: 'tool_use', id: 'a', name: 'x', input: { q: 1 } },
          { type: 'tool_use', id: 'b', name: 'y', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: 'A' },
          { type: 'tool_result', tool_use_id: 'b' },
          text('Well?'),
        ],
      },
    ])
  })

  it('gives calls ids that the API takes, and never one twice', () => {
    const sent = turns([
      ask,
      { role: 'assistant', tool_calls: [call('functions.x:0', 'x', '{}')] },
      { role: 'tool', tool_call_id: 'functions.x:0', content: '1' },
      { role: 'assistant', tool_calls: [call('functions.x:0', 'x', '{}')] },
      { role: 'tool', tool_call_id: 'functions.x:0', content: '2' },
    ])
    expect(sent[1].content[0].id).toBe('functions_x_0')
    expect(sent[2].content[0].tool_use_id).toBe('functions_x_0')
    expect(sent[3].content[0].id).toBe('functions_x_0_2')
    expect(sent[4].content[0].tool_use_id).toBe('functions_x_0_2')
  })

  it('tells which results are errors', () => {
    const failed = (content: string | ContentPart[]) =>
      encoded({
        messages: [
          ask,
          { role: 'assistant', tool_calls: [call('a', 'x', '{}'), call('b', 'x', '{}')] },
          { role: 'tool', tool_call_id: 'a', content },
          { role: 'tool', tool_call_id: 'b', content: 'ok' },
        ],
        tools: [{ type: 'function', function: { name: 'x' } }],
        failed_tool_calls: ['a'],
      })
    expect(failed('No such file').body.messages[2].content).toEqual([
      { type: 'tool_result', tool_use_id: 'a', content: 'No such file', is_error: true },
      { type: 'tool_result', tool_use_id: 'b', content: 'ok' },
    ])
    expect(failed([{ type: 'text', text: 'No.' }]).body.messages[2].content[0]).toHaveProperty('is_error', true)
    // An error without a word is refused there.
    expect(failed('').body.messages[2].content[0]).toMatchObject({ content: '(empty)', is_error: true })
    expect(failed([]).body.messages[2].content[0]).toMatchObject({ content: '(empty)', is_error: true })
    const picture = failed([{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }])
    expect(picture.body.messages[2].content[0]).not.toHaveProperty('is_error')
    expect(picture.notes).toEqual(['messages.is_error dropped texts-only'])
  })

  it('keeps every digit of an argument', () => {
    const messages: Message[] = [
      ask,
      { role: 'assistant', tool_calls: [call('a', 'x', '{"id": 12345678901234567890}')] },
      { role: 'tool', tool_call_id: 'a', content: 'ok' },
    ]
    expect(encoded({ messages }).text).toContain('"input":{"id":12345678901234567890}')
  })

  it.each(['[1]', 'null', '{"x":', 'Paris'])('quotes arguments that are no object: %s', (args) => {
    const messages: Message[] = [
      ask,
      { role: 'assistant', tool_calls: [call('a', 'x', args)] },
      { role: 'tool', tool_call_id: 'a', content: '' },
    ]
    const { body, notes } = encoded({ messages })
    expect(body.messages[1].content[0].input).toEqual({ invalid_arguments: args })
    expect(notes).toContain('messages.tool_calls.function.arguments changed not-an-object')
  })

  it('puts names before the text', () => {
    const { body, notes } = encoded({ messages: [{ role: 'user', name: 'Ada', content: 'Hi' }] })
    expect(body.messages).toEqual([{ role: 'user', content: 'Ada: Hi' }])
    expect(notes).toEqual(['messages.name changed put-before-the-text'])
  })

  it('lets the assistant begin the answer where the model goes on from there', () => {
    const messages: Message[] = [ask, { role: 'assistant', content: '{"a": ' }]
    expect(turns(messages).at(-1)).toEqual({ role: 'assistant', content: '{"a":' })
    expect(encoded({ messages }, { id: 'claude-opus-4-8' }).notes).toEqual(['messages emulated prefill-as-turn'])
    expect(turns(messages, { id: 'claude-opus-4-8' }).at(-1)).toEqual({
      role: 'user',
      content: 'Continue your last message exactly where it ends.',
    })
    expect(encoded({ messages, reasoning: { effort: 'low' } }).notes).toEqual(['messages emulated prefill-as-turn'])
  })

  it('says what the assistant refused, and drops what it cannot show', () => {
    const { body, notes } = encoded({
      messages: [
        ask,
        { role: 'assistant', content: null, refusal: 'No.' },
        ask,
        {
          role: 'assistant',
          content: [
            { type: 'image_url', image_url: { url: 'https://x.example/a.png' } },
            { type: 'text', text: 'See.' },
          ],
          images: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }],
          audio: { id: 'x' },
        },
        ask,
      ],
    })
    expect(body.messages[1].content).toBe('No.')
    expect(body.messages[3].content).toBe('See.')
    expect(notes).toEqual([
      'messages.images dropped no-image-url-here',
      'messages.audio dropped no-input-audio-here',
      'messages.content dropped no-image-url-here',
    ])
  })
})

describe('thoughts that come back', () => {
  const format = 'anthropic-claude-v1'
  const loop = (reasoning_details: Json, more: Partial<ChatRequest> = {}) =>
    encoded({
      ...more,
      messages: [
        ask,
        { role: 'assistant', content: 'So:', reasoning_details, tool_calls: [call('a', 'x', '{}')] },
        { role: 'tool', tool_call_id: 'a', content: 'ok' },
      ],
    })

  it('are put together as they were said, signed and sealed, before everything else', () => {
    const { body } = loop([
      { type: 'reasoning.text', text: 'Let me ', format, index: 0 },
      { type: 'reasoning.text', text: 'see.', format, index: 0 },
      { type: 'reasoning.text', signature: 'sig==', format, index: 0 },
      { type: 'reasoning.encrypted', data: 'c2Vh', format, index: 1 },
      { type: 'reasoning.text', text: '', signature: 'sig2', format, index: 2 },
    ])
    expect(body.messages[1].content.slice(0, 4)).toEqual([
      { type: 'thinking', thinking: 'Let me see.', signature: 'sig==' },
      { type: 'redacted_thinking', data: 'c2Vh' },
      { type: 'thinking', thinking: '', signature: 'sig2' },
      text('So:'),
    ])
  })

  it.each([
    ['of another model', { type: 'reasoning.encrypted', data: 'x', format: 'google-gemini-v1' }],
    ['sealed by nobody knows whom', { type: 'reasoning.encrypted', data: 'x' }],
    ['without a signature', { type: 'reasoning.text', text: 'x', format }],
    ['in short', { type: 'reasoning.summary', summary: 'x', format: 'openai-responses-v1' }],
  ])('are dropped when they are %s', (_, detail) => {
    const { body, notes } = loop([detail])
    expect(body.messages[1].content[0]).toEqual(text('So:'))
    expect(notes).toContain('messages.reasoning_details dropped other-format')
  })

  it('are known by their signature when a client lost their format', () => {
    const { body } = loop([{ type: 'reasoning.text', text: 'x', signature: 's' }])
    expect(body.messages[1].content[0]).toEqual({ type: 'thinking', thinking: 'x', signature: 's' })
  })

  it('are what a model that thinks by budget needs in a loop of tools', () => {
    const more = { reasoning: { max_tokens: 2_000 }, tools: [tool('x')] }
    const without = loop([], more)
    expect(without.body).not.toHaveProperty('thinking')
    expect(without.notes).toEqual(['reasoning dropped earlier-thoughts-missing'])
    const { body } = loop([{ type: 'reasoning.text', text: 'x', signature: 's', format }], more)
    expect(body.thinking).toEqual({ type: 'enabled', budget_tokens: 2_000 })
  })
})

describe('a medium', () => {
  const png = 'iVBORw0KGgoAAAANSUhEUg=='

  it('is an image by its bytes or its address', () => {
    expect(part({ type: 'image_url', image_url: { url: `data:image/png;base64,${png}` } })).toEqual({
      type: 'image',
      source: { type: 'base64', media_type: 'image/png', data: png },
    })
    expect(part({ type: 'image_url', image_url: { url: 'https://x.example/a.png' } })).toEqual({
      type: 'image',
      source: { type: 'url', url: 'https://x.example/a.png' },
    })
  })

  it('is what its bytes say, whatever the client calls it', () => {
    const url = `data:image/jpg;charset=x;base64,${png.slice(0, 8)}\n${png.slice(8)}`
    expect(part({ type: 'image_url', image_url: { url } }).source).toEqual({
      type: 'base64',
      media_type: 'image/png',
      data: png,
    })
  })

  it.each<[string, ContentPart & { type: 'file' }, Json]>([
    [
      'a PDF',
      { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' } },
      { title: 'a.pdf', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' } },
    ],
    [
      'a PDF by address',
      { type: 'file', file: { file_data: 'https://x.example/a.pdf' } },
      { source: { type: 'url', url: 'https://x.example/a.pdf' } },
    ],
    [
      'a PDF without a word about it',
      { type: 'file', file: { file_data: 'JVBERi0=' } },
      { source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' } },
    ],
    [
      'a text',
      { type: 'file', file: { filename: 'a.csv', file_data: `data:text/csv;base64,${btoa('a,\u00c3\u00a4')}` } },
      { title: 'a.csv', source: { type: 'text', media_type: 'text/plain', data: 'a,ä' } },
    ],
    [
      'a text by its name',
      { type: 'file', file: { filename: 'a.py', file_data: 'data:application/octet-stream;base64,eD0x' } },
      { title: 'a.py', source: { type: 'text', media_type: 'text/plain', data: 'x=1' } },
    ],
    [
      'a text that is not base64',
      { type: 'file', file: { file_data: 'data:text/plain,50%25%20off' } },
      { source: { type: 'text', media_type: 'text/plain', data: '50% off' } },
    ],
  ])('is a document: %s', (_, one, document) => {
    expect(part(one)).toEqual({ type: 'document', ...document })
  })

  it('is an image when a picture is sent as a file', () => {
    expect(part({ type: 'file', file: { file_data: `data:image/png;base64,${png}` } }).type).toBe('image')
  })

  it('is part of a tool’s result too', () => {
    const image_url = { url: `data:image/png;base64,${png}` }
    const sent = turns([
      ask,
      { role: 'assistant', tool_calls: [call('a', 'x', '{}')] },
      {
        role: 'tool',
        tool_call_id: 'a',
        content: [
          { type: 'text', text: 'Here:' },
          { type: 'image_url', image_url },
        ],
      },
    ])
    expect(sent[2].content[0].content).toEqual([
      text('Here:'),
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } },
    ])
  })

  it.each<[string, ContentPart, Changes]>([
    ['audio', { type: 'input_audio', input_audio: { data: 'AA==', format: 'wav' } }, {}],
    ['video', { type: 'video_url', video_url: { url: 'https://x.example/a.mp4' } }, {}],
    ['a picture of another format', { type: 'image_url', image_url: { url: 'data:image/bmp;base64,Qk0=' } }, {}],
    ['an address without TLS', { type: 'image_url', image_url: { url: 'http://x.example/a.png' } }, {}],
    [
      'an address where nothing is fetched',
      { type: 'image_url', image_url: { url: 'https://x.example/a.png' } },
      { host: onVertex },
    ],
    ['an uploaded file', { type: 'file', file: { file_id: 'file_1' } }, {}],
    [
      'a file of another format',
      { type: 'file', file: { filename: 'a.docx', file_data: 'data:application/x;base64,AA==' } },
      {},
    ],
    ['a text that is none', { type: 'file', file: { filename: 'a.txt', file_data: 'data:text/plain;base64,%%' } }, {}],
  ])('makes the endpoint unfit, and not the request: %s', (_, one, changes) => {
    expect(() => part(one, changes)).toThrow(FailureError)
  })
})
