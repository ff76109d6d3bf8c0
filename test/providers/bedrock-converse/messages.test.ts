import { describe, expect, it } from 'vitest'
import { FailureError } from '../../../src/chat/failure.ts'
import type { ChatRequest, Message } from '../../../src/chat/request.ts'
import { encode } from '../../../src/providers/bedrock-converse/encode.ts'
import { encoded, encodeInput, ids } from './converse.ts'

type ToolContent = Extract<Message, { role: 'tool' }>['content']

const png = 'data:image/png;base64,iVBORw0K'
const call = (id: string, name = 'add', text = '{"a":1}') => ({
  id,
  type: 'function' as const,
  function: { name, arguments: text },
})
const turnsOf = (messages: Message[], id: string = ids.claude45, more: Partial<ChatRequest> = {}) => {
  const { body, notes } = encoded(id, { messages, ...more })
  return { turns: body.messages, system: body.system, notes }
}

describe('messages', () => {
  it('become a system prompt and alternating turns', () => {
    const { turns, system, notes } = turnsOf([
      { role: 'system', content: 'Be kind.' },
      { role: 'developer', content: [{ type: 'text', text: 'Be brief.' }] },
      { role: 'user', content: 'One' },
      { role: 'user', content: [{ type: 'text', text: 'Two' }] },
      { role: 'assistant', content: 'Three' },
      { role: 'user', content: 'Four' },
      { role: 'system', content: 'Five' },
    ])
    expect(system).toEqual([{ text: 'Be kind.' }, { text: 'Be brief.' }])
    expect(turns).toEqual([
      { role: 'user', content: [{ text: 'One' }, { text: 'Two' }] },
      { role: 'assistant', content: [{ text: 'Three' }] },
      { role: 'user', content: [{ text: 'Four' }, { text: 'Five' }] },
    ])
    expect(notes).toEqual(['messages.role changed developer-as-system', 'messages.role changed system-as-user'])
  })

  it('always begin with the user and say something', () => {
    expect(turnsOf([{ role: 'system', content: 'Alone' }])).toMatchObject({
      turns: [{ role: 'user', content: [{ text: 'Alone' }] }],
      system: undefined,
    })
    const { turns } = turnsOf([
      { role: 'assistant', content: 'Hello?' },
      { role: 'user', content: 'Hi' },
    ])
    expect(turns[0]).toEqual({ role: 'user', content: [{ text: '.' }] })
    expect(turnsOf([{ role: 'user', content: ' \n' }]).turns).toEqual([{ role: 'user', content: [{ text: '.' }] }])
  })

  it('have a name put before the first text', () => {
    const { turns, notes } = turnsOf([
      {
        role: 'user',
        name: 'Ada',
        content: [
          { type: 'image_url', image_url: { url: png } },
          { type: 'text', text: 'Hi' },
        ],
      },
    ])
    expect(turns[0].content[1]).toEqual({ text: 'Ada: Hi' })
    expect(notes).toEqual(['messages.name changed put-before-the-text'])
  })

  describe('that end with the assistant', () => {
    const messages: Message[] = [
      { role: 'user', content: 'Count.' },
      { role: 'assistant', content: 'One, ' },
    ]

    it('are the beginning of the answer where the model takes one', () => {
      const { turns, notes } = turnsOf(messages)
      expect(turns.at(-1)).toEqual({ role: 'assistant', content: [{ text: 'One,' }] })
      expect(notes).toEqual(['messages.content changed trailing-space'])
    })

    it.each([ids.claude46, ids.llama, ids.gptOss])('ask to go on elsewhere: %s', (id) => {
      const { turns, notes } = turnsOf(messages, id)
      expect(turns).toHaveLength(3)
      expect(notes).toContain('messages emulated prefill-as-turn')
    })

    it('ask to go on beside thinking', () => {
      const { turns } = turnsOf(messages, ids.claude45, { reasoning: { max_tokens: 2000 } })
      expect(turns.at(-1).role).toBe('user')
    })
  })
})

describe('tool loops', () => {
  const loop: Message[] = [
    { role: 'user', content: 'Add.' },
    { role: 'assistant', content: '', tool_calls: [call('c1'), call('c2', 'add', '')] },
    { role: 'tool', tool_call_id: 'c1', content: '2' },
    { role: 'tool', tool_call_id: 'c2', content: [{ type: 'text', text: '' }] },
    { role: 'user', content: 'Thanks' },
  ]

  it('have their results together and first in the user’s turn', () => {
    const { turns } = turnsOf(loop)
    expect(turns.slice(1)).toEqual([
      {
        role: 'assistant',
        content: [
          { toolUse: { toolUseId: 'c1', name: 'add', input: { a: 1 } } },
          { toolUse: { toolUseId: 'c2', name: 'add', input: {} } },
        ],
      },
      {
        role: 'user',
        content: [
          { toolResult: { toolUseId: 'c1', content: [{ text: '2' }] } },
          { toolResult: { toolUseId: 'c2', content: [{ text: '(empty)' }] } },
          { text: 'Thanks' },
        ],
      },
    ])
  })

  it('have them alone in it where the family wants that', () => {
    const { turns, notes } = turnsOf(loop, ids.llama)
    expect(turns.map(({ role, content }: { role: string; content: object[] }) => `${role} ${content.length}`)).toEqual([
      'user 1',
      'assistant 2',
      'user 2',
      'assistant 1',
      'user 1',
    ])
    expect(notes).toContain('messages emulated placeholder-turn')
  })

  it('keep the digits of large numbers', () => {
    const messages: Message[] = [{ role: 'assistant', tool_calls: [call('c1', 'add', '{"id":12345678901234567890}')] }]
    expect(encode(encodeInput(ids.claude45, { messages })).body).toContain('"input":{"id":12345678901234567890}')
  })

  it('quote arguments that are no object', () => {
    const { turns, notes } = turnsOf([{ role: 'assistant', content: 'x', tool_calls: [call('c1', 'add', '{"cut":')] }])
    expect(turns[1].content[1].toolUse.input).toEqual({ invalid_arguments: '{"cut":' })
    expect(notes).toContain('messages.tool_calls.function.arguments changed not-an-object')
  })

  it('rename what Bedrock would refuse, call and result alike', () => {
    const { turns } = turnsOf([
      { role: 'user', content: 'x' },
      { role: 'assistant', tool_calls: [call('call_1|fc_2', 'files.read')] },
      { role: 'tool', tool_call_id: 'call_1|fc_2', content: 'ok' },
    ])
    const { toolUseId, name } = turns[1].content[0].toolUse
    expect(toolUseId).toBe('call_1_fc_2')
    expect(name).toMatch(/^files_read_[a-z0-9]+$/)
    expect(turns[2].content[0].toolResult.toolUseId).toBe(toolUseId)
  })

  const idsIn = (messages: Message[]) =>
    turnsOf([{ role: 'user', content: 'x' }, ...messages]).turns.flatMap(({ content }: { content: object[] }) =>
      content.flatMap((block) => {
        if ('toolUse' in block) return [`call ${(block.toolUse as { toolUseId: string }).toolUseId}`]
        return 'toolResult' in block ? [`result ${(block.toolResult as { toolUseId: string }).toolUseId}`] : []
      }),
    )

  it('have calls of different ids, also where a provider counts them from the start in every turn', () => {
    const turn: Message[] = [
      { role: 'assistant', tool_calls: [call('functions.f:0')] },
      { role: 'tool', tool_call_id: 'functions.f:0', content: 'ok' },
    ]
    expect(idsIn([...turn, ...turn])).toEqual([
      'call functions_f_0',
      'result functions_f_0',
      'call functions_f_0_2',
      'result functions_f_0_2',
    ])
    const long = 'x'.repeat(70)
    const [first, second] = idsIn([{ role: 'assistant', tool_calls: [call(`${long}a`), call(`${long}b`)] }])
    expect([first, second]).toEqual([`call ${'x'.repeat(64)}`, `call ${'x'.repeat(62)}_2`])
  })

  it('give each of the calls of one id its own result, and none to a call that was left alone', () => {
    expect(
      idsIn([
        { role: 'assistant', tool_calls: [call('c')] },
        { role: 'user', content: 'Again' },
        { role: 'assistant', tool_calls: [call('c'), call('c')] },
        { role: 'tool', tool_call_id: 'c', content: '1' },
        { role: 'tool', tool_call_id: 'c', content: '2' },
      ]),
    ).toEqual(['call c', 'call c_2', 'call c_3', 'result c_2', 'result c_3'])
  })

  describe('with a result that is an error', () => {
    const failed = (content: ToolContent): Message[] => [
      { role: 'user', content: 'x' },
      { role: 'assistant', tool_calls: [call('c1'), call('c2')] },
      { role: 'tool', tool_call_id: 'c1', content },
      { role: 'tool', tool_call_id: 'c2', content: 'ok' },
    ]
    const more: Partial<ChatRequest> = {
      failed_tool_calls: ['c1'],
      tools: [{ type: 'function', function: { name: 'add' } }],
    }

    it('say so where the model knows the word', () => {
      for (const id of [ids.claude45, ids.nova]) {
        const { turns, notes } = turnsOf(failed('No such file'), id, more)
        expect(turns[2].content).toEqual([
          { toolResult: { toolUseId: 'c1', content: [{ text: 'No such file' }], status: 'error' } },
          { toolResult: { toolUseId: 'c2', content: [{ text: 'ok' }] } },
        ])
        expect(notes).toEqual([])
      }
    })

    it('lose it where not, and say that', () => {
      const { turns, notes } = turnsOf(failed('No such file'), ids.kimi, more)
      expect(turns[2].content[0].toolResult).not.toHaveProperty('status')
      expect(notes).toContain('messages.is_error dropped no-such-control')
      const picture = turnsOf(failed([{ type: 'image_url', image_url: { url: png } }]), ids.claude45, more)
      expect(picture.turns[2].content[0].toolResult).not.toHaveProperty('status')
      expect(picture.notes).toEqual(['messages.is_error dropped texts-only'])
    })
  })

  describe('with media in a result', () => {
    const withMedia: Message[] = [
      { role: 'user', content: 'Look.' },
      { role: 'assistant', tool_calls: [call('c1'), call('c2')] },
      {
        role: 'tool',
        tool_call_id: 'c1',
        content: [
          { type: 'text', text: 'Here.' },
          { type: 'image_url', image_url: { url: png } },
        ],
      },
      {
        role: 'tool',
        tool_call_id: 'c2',
        content: [{ type: 'file', file: { filename: 'a.pdf', file_data: 'JVBERi0=' } }],
      },
    ]
    const image = { image: { format: 'png', source: { bytes: 'iVBORw0K' } } }
    const document = { document: { format: 'pdf', name: 'a', source: { bytes: 'JVBERi0=' } } }

    it('have them inside where the family takes them there', () => {
      const { turns } = turnsOf(withMedia)
      expect(turns[2].content).toEqual([
        { toolResult: { toolUseId: 'c1', content: [{ text: 'Here.' }, image] } },
        { toolResult: { toolUseId: 'c2', content: [document] } },
      ])
    })

    it('have them beside it where not', () => {
      const { turns, notes } = turnsOf(withMedia, ids.kimi)
      expect(turns[2].content).toEqual([
        { toolResult: { toolUseId: 'c1', content: [{ text: 'Here.' }, { text: 'See file 1.' }] } },
        { toolResult: { toolUseId: 'c2', content: [{ text: 'See file 2.' }] } },
        { text: 'This is file 1:' },
        image,
        { text: 'This is file 2:' },
        document,
      ])
      expect(notes).toContain('messages.content changed medium-beside-the-result')
    })

    it('have them in a turn of their own where a result has to be alone', () => {
      const { turns } = turnsOf(withMedia, ids.pixtral)
      expect(turns[2].content).toHaveLength(2)
      expect(turns[4].content).toEqual([{ text: 'This is file 1:' }, image])
    })
  })
})

describe('thoughts', () => {
  const signed = {
    type: 'reasoning.text' as const,
    text: 'Hm',
    signature: 'sig',
    format: 'anthropic-claude-v1' as const,
  }
  const sealed = { type: 'reasoning.encrypted' as const, data: 'sealed+data==', format: 'anthropic-claude-v1' as const }
  const foreign = { type: 'reasoning.encrypted' as const, data: 'x', format: 'openai-responses-v1' as const }
  const assistant = (details: object[]): Message[] => [
    { role: 'user', content: 'x' },
    { role: 'assistant', content: 'Done', reasoning: 'Hm', reasoning_details: details as never },
    { role: 'user', content: 'y' },
  ]

  it('of Claude come back unchanged, in order and first', () => {
    const details = [
      { ...signed, index: 0 },
      { ...sealed, index: 1 },
      { ...signed, text: 'So', signature: 'sig2', index: 2 },
    ]
    expect(turnsOf(assistant(details)).turns[1].content).toEqual([
      { reasoningContent: { reasoningText: { text: 'Hm', signature: 'sig' } } },
      { reasoningContent: { redactedContent: btoa('sealed+data==') } },
      { reasoningContent: { reasoningText: { text: 'So', signature: 'sig2' } } },
      { text: 'Done' },
    ])
  })

  it('are put together from the pieces of a stream', () => {
    const pieces = [
      { type: 'reasoning.text', text: 'H', format: 'anthropic-claude-v1', index: 0 },
      { type: 'reasoning.text', text: 'm', format: 'anthropic-claude-v1', index: 0 },
      { type: 'reasoning.text', signature: 'sig', format: 'anthropic-claude-v1', index: 0 },
    ]
    expect(turnsOf(assistant(pieces)).turns[1].content[0]).toEqual({
      reasoningContent: { reasoningText: { text: 'Hm', signature: 'sig' } },
    })
  })

  it('stay away where nobody signed them, or somebody else did', () => {
    const { turns, notes } = turnsOf(assistant([{ ...signed, signature: null }, foreign]))
    expect(turns[1].content).toEqual([{ text: 'Done' }])
    expect(notes).toEqual(['messages.reasoning_details dropped other-format'])
    expect(turnsOf(assistant([signed]), ids.nova).turns[1].content).toEqual([{ text: 'Done' }])
  })
})

describe('a turn of thoughts alone', () => {
  it('is left out: nothing came of them', () => {
    const thought = {
      type: 'reasoning.text' as const,
      text: 'Hm',
      signature: 's',
      format: 'anthropic-claude-v1' as const,
    }
    const { turns } = turnsOf([
      { role: 'user', content: 'x' },
      { role: 'assistant', content: '', reasoning_details: [thought] },
      { role: 'user', content: 'y' },
    ])
    expect(turns).toEqual([{ role: 'user', content: [{ text: 'x' }, { text: 'y' }] }])
  })
})

describe('media', () => {
  const blocks = (part: object) =>
    turnsOf([{ role: 'user', content: [{ type: 'text', text: 'x' }, part as never] }]).turns[0].content

  it.each<[string, object, object]>([
    [
      'a picture',
      { type: 'image_url', image_url: { url: 'data:image/jpg;base64,AA==' } },
      { image: { format: 'jpeg', source: { bytes: 'AA==' } } },
    ],
    [
      'a film',
      { type: 'video_url', video_url: { url: 'data:video/3gpp;base64,AA==' } },
      { video: { format: 'three_gp', source: { bytes: 'AA==' } } },
    ],
    [
      'a recording',
      { type: 'input_audio', input_audio: { data: 'AA==', format: 'pcm16' } },
      { audio: { format: 'pcm', source: { bytes: 'AA==' } } },
    ],
    [
      'a document',
      {
        type: 'file',
        file: { filename: 'Übersicht: 2.1_v2.PDF', file_data: 'data:application/octet-stream;base64,AA==' },
      },
      { document: { format: 'pdf', name: 'Ubersicht 2 1 v2', source: { bytes: 'AA==' } } },
    ],
    [
      'a text without base64',
      { type: 'file', file: { file_data: 'data:text/x-python;charset=utf-8,print(%22%C3%BC%22)' } },
      { document: { format: 'txt', name: 'Document 1', source: { bytes: btoa('print("Ã¼")') } } },
    ],
    [
      'a picture as a file',
      { type: 'file', file: { file_data: 'data:image/webp;base64,AA==' } },
      { image: { format: 'webp', source: { bytes: 'AA==' } } },
    ],
  ])('%s', (_, part, block) => {
    expect(blocks(part)[1]).toEqual(block)
  })

  it.each<[string, object]>([
    ['an address', { type: 'image_url', image_url: { url: 'https://x.example/cat.png' } }],
    ['a document’s address', { type: 'file', file: { file_data: 'https://x.example/a.pdf' } }],
    ['an object in the operator’s bucket', { type: 'image_url', image_url: { url: 's3://bucket/cat.png' } }],
    ['an uploaded file', { type: 'file', file: { file_id: 'file-1' } }],
    ['a format that nobody knows', { type: 'image_url', image_url: { url: 'data:image/heic;base64,AA==' } }],
    ['a film as a picture', { type: 'image_url', image_url: { url: 'data:video/mp4;base64,AA==' } }],
  ])('that Bedrock cannot take make another endpoint answer: %s', (_, part) => {
    expect(() => blocks(part)).toThrow(FailureError)
  })

  it('give documents different names, and a text beside them', () => {
    const file = { type: 'file' as const, file: { filename: 'a.pdf', file_data: 'AA==' } }
    const { turns } = turnsOf([{ role: 'user', content: [file, file] }])
    expect(turns[0].content).toMatchObject([{ text: 'a' }, { document: { name: 'a' } }, { document: { name: 'a 2' } }])
  })
})

describe('cache marks', () => {
  const marked = (text: string, ttl?: '1h') => ({
    type: 'text' as const,
    text,
    cache_control: { type: 'ephemeral' as const, ...(ttl ? { ttl } : {}) },
  })
  const messages: Message[] = [
    { role: 'system', content: [marked('System', '1h')] },
    {
      role: 'user',
      content: [marked('One'), { type: 'text', text: 'Two', prompt_cache_breakpoint: { mode: 'explicit' } }],
    },
  ]

  it('become cache points after what they mark', () => {
    const { turns, system, notes } = turnsOf(messages)
    expect(system).toEqual([{ text: 'System' }, { cachePoint: { type: 'default', ttl: '1h' } }])
    const point = { cachePoint: { type: 'default' } }
    expect(turns[0].content).toEqual([{ text: 'One' }, point, { text: 'Two' }, point])
    expect(notes).toEqual([])
  })

  it('live five minutes where an hour is not offered', () => {
    const { system, notes } = turnsOf(messages, ids.nova)
    expect(system[1]).toEqual({ cachePoint: { type: 'default' } })
    expect(notes).toEqual(['messages.cache_control changed five-minutes-only'])
  })

  it('go where there is no cache', () => {
    const { turns, notes } = turnsOf(messages, ids.llama)
    expect(turns[0].content).toEqual([{ text: 'One' }, { text: 'Two' }])
    expect(notes).toEqual(['messages.cache_control dropped no-cache-control'])
    expect(JSON.stringify(turnsOf(messages, ids.claude3))).not.toContain('cachePoint')
  })

  it('are set at the end by one for the whole request', () => {
    const { turns } = turnsOf([{ role: 'user', content: 'Hi' }], ids.claude45, {
      cache_control: { type: 'ephemeral', ttl: '1h' },
    })
    expect(turns[0].content).toEqual([{ text: 'Hi' }, { cachePoint: { type: 'default', ttl: '1h' } }])
  })

  it('are never more than four: the last ones stay', () => {
    const content = ['a', 'b', 'c', 'd', 'e'].map((text) => marked(text))
    const tools = [
      { type: 'function' as const, function: { name: 'add' }, cache_control: { type: 'ephemeral' as const } },
    ]
    const { body, notes } = encoded(ids.claude45, { messages: [{ role: 'user', content }], tools })
    expect(body.toolConfig.tools).toHaveLength(1)
    expect(body.messages[0].content).toHaveLength(9)
    expect(body.messages[0].content[1]).toEqual({ text: 'b' })
    expect(notes).toEqual(['messages.cache_control dropped more-than-four'])
  })

  it('live for an hour only before those that live for five minutes: tools, system, messages', () => {
    const tools = [
      {
        type: 'function' as const,
        function: { name: 'add' },
        cache_control: { type: 'ephemeral' as const, ttl: '1h' as const },
      },
    ]
    const { body, notes } = encoded(ids.claude45, {
      tools,
      messages: [
        { role: 'system', content: [marked('System')] },
        { role: 'user', content: [marked('One', '1h')] },
      ],
    })
    expect(body.toolConfig.tools[1]).toEqual({ cachePoint: { type: 'default', ttl: '1h' } })
    expect(body.system[1]).toEqual({ cachePoint: { type: 'default' } })
    expect(body.messages[0].content[1]).toEqual({ cachePoint: { type: 'default' } })
    expect(notes).toEqual(['messages.cache_control changed behind-a-shorter-one'])
  })

  it('keep their hour where the shorter one before them is one too many', () => {
    const content = [marked('a'), marked('b', '1h'), marked('c', '1h'), marked('d', '1h'), marked('e', '1h')]
    const { turns, notes } = turnsOf([{ role: 'user', content }])
    expect(JSON.stringify(turns).split('"ttl":"1h"')).toHaveLength(5)
    expect(notes).toEqual(['messages.cache_control dropped more-than-four'])
  })

  it('stand after the result of a tool, and not right after a document', () => {
    const { turns } = turnsOf([
      { role: 'user', content: 'x' },
      { role: 'assistant', tool_calls: [call('c1')] },
      { role: 'tool', tool_call_id: 'c1', content: [marked('ok')] },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'y' },
          { type: 'file', file: { file_data: 'AA==' }, cache_control: { type: 'ephemeral' } },
        ],
      },
    ])
    expect(Object.keys(turns[2].content[1])).toEqual(['cachePoint'])
    expect(turns[4].content.map((block: object) => Object.keys(block)[0])).toEqual([
      'text',
      'document',
      'text',
      'cachePoint',
    ])
  })
})
