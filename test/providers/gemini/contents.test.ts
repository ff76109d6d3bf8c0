import { describe, expect, it } from 'vitest'
import type { Message, ToolCall } from '../../../src/chat/request.ts'
import { encode } from '../../../src/providers/gemini/encode.ts'
import { contents, encoded, target } from './gemini-target.ts'

const call = (id: string, name: string, args = '{}'): ToolCall => ({
  id,
  type: 'function',
  function: { name, arguments: args },
})
const ask: Message = { role: 'user', content: 'Go' }
const encrypted = (data: string, id?: string) => ({
  type: 'reasoning.encrypted' as const,
  data,
  format: 'google-gemini-v1' as const,
  ...(id === undefined ? {} : { id }),
})

describe('system and developer messages', () => {
  it('lead as the system instruction', () => {
    const { body, notes } = encoded({
      messages: [
        { role: 'system', content: 'One.' },
        { role: 'developer', content: [{ type: 'text', text: 'Two.' }] },
        ask,
      ],
    })
    expect(body.systemInstruction).toEqual({ parts: [{ text: 'One.' }, { text: 'Two.' }] })
    expect(body.contents).toEqual([{ role: 'user', parts: [{ text: 'Go' }] }])
    expect(notes).toEqual([])
  })

  it('are the user’s words later on', () => {
    const { body, notes } = encoded({ messages: [ask, { role: 'system', content: 'Be brief.' }] })
    expect(body.contents).toEqual([{ role: 'user', parts: [{ text: 'Go' }, { text: 'Be brief.' }] }])
    expect(notes).toEqual(['messages.role changed system-as-user'])
  })

  it('go before the first question where the model knows no instructions, or where there is no question', () => {
    const system: Message = { role: 'system', content: 'Draw.' }
    const image = { endpoint: { outputModalities: ['text' as const, 'image' as const] } }
    expect(contents([system, ask], image)).toEqual([{ role: 'user', parts: [{ text: 'Draw.' }, { text: 'Go' }] }])
    expect(contents([system])).toEqual([{ role: 'user', parts: [{ text: 'Draw.' }] }])
  })
})

describe('turns', () => {
  it('of one role are joined, and empty ones left out', () => {
    expect(
      contents([
        ask,
        { role: 'user', content: '' },
        { role: 'user', content: 'on' },
        { role: 'assistant', content: 'No.' },
      ]),
    ).toEqual([
      { role: 'user', parts: [{ text: 'Go' }, { text: 'on' }] },
      { role: 'model', parts: [{ text: 'No.' }] },
    ])
  })

  it('carry a name before their text', () => {
    expect(contents([{ role: 'user', name: 'Ada', content: 'Hi' }])[0].parts).toEqual([{ text: 'Ada: Hi' }])
  })

  it('may end with the beginning of the answer', () => {
    expect(contents([ask, { role: 'assistant', content: '{' }]).at(-1)).toEqual({
      role: 'model',
      parts: [{ text: '{' }],
    })
  })
})

describe('media', () => {
  it.each([
    [
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      { inlineData: { mimeType: 'image/png', data: 'AAAA' } },
    ],
    [
      { type: 'image_url', image_url: { url: 'https://x.example/a.webp?size=1' } },
      { fileData: { mimeType: 'image/webp', fileUri: 'https://x.example/a.webp?size=1' } },
    ],
    [
      { type: 'image_url', image_url: { url: 'https://x.example/a' } },
      { fileData: { mimeType: 'image/jpeg', fileUri: 'https://x.example/a' } },
    ],
    [
      { type: 'input_audio', input_audio: { data: 'UklG', format: 'wav' } },
      { inlineData: { mimeType: 'audio/wav', data: 'UklG' } },
    ],
    [
      { type: 'video_url', video_url: { url: 'https://www.youtube.com/watch?v=1' } },
      { fileData: { mimeType: 'video/mp4', fileUri: 'https://www.youtube.com/watch?v=1' } },
    ],
    [
      { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBE' } },
      { inlineData: { mimeType: 'application/pdf', data: 'JVBE' } },
    ],
    [
      { type: 'file', file: { filename: 'a.csv', file_data: 'data:application/octet-stream;base64,YQ==' } },
      { inlineData: { mimeType: 'text/csv', data: 'YQ==' } },
    ],
    [
      { type: 'file', file: { filename: 'a.txt', file_data: 'aGk=' } },
      { inlineData: { mimeType: 'text/plain', data: 'aGk=' } },
    ],
    [
      { type: 'file', file: { file_data: 'https://x.example/a.pdf' } },
      { fileData: { mimeType: 'application/pdf', fileUri: 'https://x.example/a.pdf' } },
    ],
    [
      { type: 'file', file: { file_id: 'gs://bucket/a.mp4' } },
      { fileData: { mimeType: 'video/mp4', fileUri: 'gs://bucket/a.mp4' } },
    ],
    [
      { type: 'image_url', image_url: { url: 'data:image/svg+xml,%3Csvg%2F%3E' } },
      { inlineData: { mimeType: 'image/svg+xml', data: btoa('<svg/>') } },
    ],
  ])('%j', (part, expected) => {
    expect(contents([{ role: 'user', content: [part as never] }])[0].parts).toEqual([expected])
  })

  it('that cannot be reached are dropped and told', () => {
    const { body, notes } = encoded({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Read', cache_control: { type: 'ephemeral' } },
            { type: 'file', file: { file_id: 'file-123' } },
          ],
        },
      ],
    })
    expect(body.contents[0].parts).toEqual([{ text: 'Read' }])
    expect(notes).toEqual(['messages.cache_control dropped no-cache-control', 'messages.file dropped unknown-file-id'])
  })
})

describe('tool loops', () => {
  const assistant: Message = {
    role: 'assistant',
    content: 'Looking.',
    tool_calls: [call('a', 'add', '{"x":1}'), call('b', 'mul')],
  }

  it('answer all calls of a turn in one content, in the order of the calls', () => {
    const [, model, results, after] = contents(
      [
        ask,
        assistant,
        { role: 'tool', tool_call_id: 'b', content: '{"product":2}' },
        { role: 'tool', tool_call_id: 'a', content: 'three' },
        { role: 'user', content: 'Thanks' },
      ],
      { id: 'gemini-2.5-flash' },
    )
    expect(model).toEqual({
      role: 'model',
      parts: [
        { text: 'Looking.' },
        { functionCall: { id: 'a', name: 'add', args: { x: 1 } } },
        { functionCall: { id: 'b', name: 'mul', args: {} } },
      ],
    })
    expect(results).toEqual({
      role: 'user',
      parts: [
        { functionResponse: { id: 'a', name: 'add', response: { output: 'three' } } },
        { functionResponse: { id: 'b', name: 'mul', response: { product: 2 } } },
      ],
    })
    expect(after).toEqual({ role: 'user', parts: [{ text: 'Thanks' }] })
  })

  it('leave their ids out where those may be refused', () => {
    const { body } = encoded(
      {
        messages: [
          ask,
          { ...assistant, reasoning_details: [encrypted('S', 'a')] },
          { role: 'tool', tool_call_id: 'a', content: '1' },
        ],
      },
      { facts: { withoutCallIds: true } },
    )
    expect(body.contents[1].parts[1]).toEqual({ functionCall: { name: 'add', args: { x: 1 } }, thoughtSignature: 'S' })
    expect(body.contents[2].parts[0].functionResponse).toEqual({ name: 'add', response: { output: '1' } })
  })

  it('answer calls that are told in several messages', () => {
    const { body, notes } = encoded({
      messages: [
        ask,
        { role: 'assistant', content: 'Both.', tool_calls: [call('a', 'add')] },
        { role: 'assistant', content: '', tool_calls: [call('b', 'mul')] },
        { role: 'tool', tool_call_id: 'b', content: '2' },
        { role: 'tool', tool_call_id: 'a', content: '1' },
      ],
    })
    // As many responses as the turn before has calls, of which the first alone is signed.
    expect(body.contents.slice(1)).toEqual([
      {
        role: 'model',
        parts: [
          { text: 'Both.' },
          { functionCall: { id: 'a', name: 'add', args: {} }, thoughtSignature: expect.any(String) },
          { functionCall: { id: 'b', name: 'mul', args: {} } },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { id: 'a', name: 'add', response: { output: '1' } } },
          { functionResponse: { id: 'b', name: 'mul', response: { output: '2' } } },
        ],
      },
    ])
    expect(notes).toEqual(['messages.reasoning_details emulated no-signature'])
  })

  it('are a turn of their own after other calls when something is said with them', () => {
    const turns = contents([
      ask,
      { role: 'assistant', tool_calls: [call('a', 'add')] },
      { role: 'assistant', content: 'And:', tool_calls: [call('b', 'mul')] },
    ])
    expect(turns.map(({ parts }: { parts: object[] }) => parts.length)).toEqual([1, 1, 2])
    expect(turns[2].parts[1]).toHaveProperty('thoughtSignature')
  })

  it.each([
    ['[1]', { output: '[1]' }],
    ['{broken', { output: '{broken' }],
    ['', { output: '' }],
  ])('wrap a result that is no object: %j', (content, response) => {
    const [, , results] = contents([ask, assistant, { role: 'tool', tool_call_id: 'a', content }])
    expect(results.parts[0].functionResponse.response).toEqual(response)
  })

  it('keep every digit of long numbers', () => {
    const id = '123456789012345678'
    const { messages } = {
      messages: [
        ask,
        { role: 'assistant', tool_calls: [call('a', 'add', `{"id":${id}}`)] } as Message,
        { role: 'tool', tool_call_id: 'a', content: `{"id":${id}}` } as Message,
      ],
    }
    // The body is read as text here: a parser would round it.
    const raw = encodedText(messages)
    expect(raw.split(`"id":${id}`)).toHaveLength(3)
  })

  it('carry images inside the response, or beside it where the model is older', () => {
    const messages: Message[] = [
      ask,
      assistant,
      {
        role: 'tool',
        tool_call_id: 'a',
        content: [
          { type: 'text', text: 'See' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } },
        ],
      },
    ]
    const picture = { inlineData: { mimeType: 'image/png', data: 'AA' } }
    expect(contents(messages)[2].parts).toEqual([
      { functionResponse: { id: 'a', name: 'add', response: { output: 'See' }, parts: [picture] } },
    ])
    expect(contents(messages, { id: 'gemini-2.5-pro' })[2].parts).toEqual([
      { functionResponse: { id: 'a', name: 'add', response: { output: 'See' } } },
      picture,
    ])
  })

  it('survive arguments that are no object', () => {
    const { body, notes } = encoded({
      messages: [ask, { role: 'assistant', tool_calls: [call('a', 'add', '{"x":')] }],
    })
    expect(body.contents[1].parts[0].functionCall.args).toEqual({ arguments: '{"x":' })
    expect(notes).toContain('messages.tool_calls.arguments changed no-object')
  })
})

describe('thoughts and signatures', () => {
  const turn = (message: Partial<Extract<Message, { role: 'assistant' }>>, changes = {}) =>
    contents([ask, { role: 'assistant', ...message }], changes)[1].parts

  it('go back in order, each signature on the part that it came with', () => {
    expect(
      turn({
        content: 'Answer',
        tool_calls: [call('a', 'add'), call('b', 'mul')],
        images: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } }],
        reasoning_details: [
          { type: 'reasoning.text', text: 'Hm.', signature: 'S0', format: 'google-gemini-v1', index: 0 },
          { type: 'reasoning.text', text: 'So.', format: 'google-gemini-v1', index: 1 },
          encrypted('S1', 'a'),
          encrypted('S2', 'image_0'),
          encrypted('S3'),
        ],
      }),
    ).toEqual([
      { text: 'Hm.', thought: true, thoughtSignature: 'S0' },
      { text: 'So.', thought: true },
      { text: 'Answer', thoughtSignature: 'S3' },
      { inlineData: { mimeType: 'image/png', data: 'AA' }, thoughtSignature: 'S2' },
      { functionCall: { id: 'a', name: 'add', args: {} }, thoughtSignature: 'S1' },
      { functionCall: { id: 'b', name: 'mul', args: {} } },
    ])
  })

  it('belong to the first call where they name nothing', () => {
    expect(turn({ tool_calls: [call('a', 'add')], reasoning_details: [encrypted('S')] })[0].thoughtSignature).toBe('S')
    expect(turn({ content: '', reasoning_details: [encrypted('S')] })).toEqual([{ text: '', thoughtSignature: 'S' }])
  })

  it('of a kind that nobody knows yet stay away', () => {
    const details = [{ type: 'reasoning.audio', format: 'google-gemini-v1' }] as never
    const { body, notes } = encoded({
      messages: [ask, { role: 'assistant', content: 'Hi', reasoning_details: details }],
    })
    expect(body.contents[1].parts).toEqual([{ text: 'Hi' }])
    expect(notes).toEqual(['messages.reasoning_details dropped unknown-kind'])
  })

  it('come in the form of routers that sign an empty thought', () => {
    const details = [{ type: 'reasoning.text' as const, signature: 'S', format: 'google-gemini-v1' as const }]
    expect(turn({ content: 'Hi', reasoning_details: details })).toEqual([{ text: 'Hi', thoughtSignature: 'S' }])
  })

  it('of another model are dropped, and a call of the going turn gets the word that Google has for that', () => {
    const messages: Message[] = [
      ask,
      { role: 'assistant', tool_calls: [call('old', 'add')] },
      { role: 'tool', tool_call_id: 'old', content: '1' },
      { role: 'user', content: 'More' },
      {
        role: 'assistant',
        tool_calls: [call('a', 'add'), call('b', 'mul')],
        reasoning_details: [{ type: 'reasoning.text', text: 'x', signature: 'claude', format: 'anthropic-claude-v1' }],
      },
      { role: 'tool', tool_call_id: 'a', content: '1' },
      { role: 'tool', tool_call_id: 'b', content: '1' },
    ]
    const { body, notes } = encoded({ messages })
    expect(JSON.stringify(body)).not.toContain('claude')
    expect(body.contents[1].parts[0]).not.toHaveProperty('thoughtSignature')
    expect(body.contents[4].parts.map((part: { thoughtSignature?: string }) => part.thoughtSignature)).toEqual([
      btoa('skip_thought_signature_validator'),
      undefined,
    ])
    expect(notes).toEqual([
      'messages.reasoning_details dropped format-of-another-model',
      'messages.reasoning_details emulated no-signature',
    ])
    expect(JSON.stringify(encoded({ messages }, { id: 'gemini-2.5-pro' }).body)).not.toContain(
      btoa('skip_thought_signature_validator'),
    )
  })
})

function encodedText(messages: Message[]): string {
  return encode({ request: { messages }, target: target(), stream: false }, {}).body
}
