import { describe, expect, it } from 'vitest'
import type { ChatRequest } from '../../../src/chat/request.ts'
import { hear } from '../openai-chat/heard.ts'
import { seeded } from '../recordings.ts'
import { ids } from './converse.ts'
import { decode, event, frame, joined } from './frames.ts'

const start = () => event('messageStart', { role: 'assistant', p: 'abcdef' })
const delta = (value: object, index = 0) =>
  event('contentBlockDelta', { contentBlockIndex: index, delta: value, p: 'abc' })
const open = (value: object, index = 0) => event('contentBlockStart', { contentBlockIndex: index, start: value })
const close = (index = 0) => event('contentBlockStop', { contentBlockIndex: index })
const stop = (stopReason = 'end_turn') => event('messageStop', { stopReason })
const metadata = (more: object = {}) =>
  event('metadata', { usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 }, metrics: { latencyMs: 1 }, ...more })
const exception = (type: string, message: string) =>
  frame({ ':message-type': 'exception', ':exception-type': type, ':content-type': 'application/json' }, { message })

describe('a stream', () => {
  it('becomes parts in order, usage after the finish', () => {
    const pieces = [
      start(),
      delta({ reasoningContent: { text: 'H' } }),
      delta({ reasoningContent: { text: 'm' } }),
      delta({ reasoningContent: { signature: 'sig' } }),
      close(),
      delta({ text: 'Grüße' }, 1),
      close(1),
      open({ toolUse: { toolUseId: 't1', name: 'add' } }, 2),
      delta({ toolUse: { input: '{"a":' } }, 2),
      delta({ toolUse: { input: '1}' } }, 2),
      close(2),
      open({ toolUse: { toolUseId: 't2', name: 'now' } }, 3),
      close(3),
      stop('tool_use'),
      metadata({ serviceTier: { type: 'priority' } }),
    ]
    const text = (more: object) => ({ type: 'reasoning.text', ...more, format: 'anthropic-claude-v1', index: 0 })
    expect(decode(pieces, ids.claude45)).toEqual([
      { type: 'start' },
      { type: 'reasoning-delta', text: 'H', details: [text({ text: 'H' })] },
      { type: 'reasoning-delta', text: 'm', details: [text({ text: 'm' })] },
      { type: 'reasoning-delta', details: [text({ signature: 'sig' })] },
      { type: 'text-delta', text: 'Grüße' },
      { type: 'tool-call-delta', index: 0, id: 't1', name: 'add', arguments: '' },
      { type: 'tool-call-delta', index: 0, arguments: '{"a":' },
      { type: 'tool-call-delta', index: 0, arguments: '1}' },
      { type: 'tool-call-delta', index: 1, id: 't2', name: 'now', arguments: '' },
      { type: 'tool-call-delta', index: 1, arguments: '{}' },
      { type: 'finish', reason: 'tool_calls', native: 'tool_use' },
      { type: 'start', serviceTier: 'priority' },
      { type: 'usage', usage: expect.objectContaining({ promptTokens: 3, completionTokens: 4 }) },
    ])
  })

  it('tells each piece as soon as it is there', () => {
    const bytes = joined([start(), delta({ text: 'Hi' }), delta({ text: ' there' })])
    const parts = decode([bytes.slice(0, bytes.length - 1)])
    expect(hear(parts).choices[0]?.text).toBe('Hi')
  })

  it('seals redacted thoughts in one piece', () => {
    const pieces = [btoa('sea'), btoa('led')].map((redactedContent) => delta({ reasoningContent: { redactedContent } }))
    const { choices } = hear(decode([start(), ...pieces, close(), delta({ text: 'x' }, 1), stop()], ids.claude45))
    expect(choices[0]?.details).toEqual([
      { type: 'reasoning.encrypted', data: 'sealed', format: 'anthropic-claude-v1', index: 0 },
    ])
  })

  it('closes what nobody closed', () => {
    const parts = decode([start(), open({ toolUse: { toolUseId: 't', name: 'now' } }), stop('tool_use')])
    expect(hear(parts).choices[0]?.calls).toEqual([{ id: 't', name: 'now', arguments: '{}' }])
  })

  it('takes the tool that stood for a schema for the answer', () => {
    const request: Partial<ChatRequest> = {
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'City', schema: { type: 'object', properties: {} } },
      },
    }
    const pieces = [
      start(),
      open({ toolUse: { toolUseId: 't', name: 'City' } }),
      delta({ toolUse: { input: '{"city":' } }),
      delta({ toolUse: { input: '"Köln"}' } }),
      close(),
      stop('tool_use'),
    ]
    expect(hear(decode(pieces, ids.nova, request)).choices[0]).toMatchObject({
      text: '{"city":"Köln"}',
      calls: [],
      finish: { reason: 'stop', native: 'tool_use' },
    })
  })

  it('cites, and carries pictures', () => {
    const citation = { title: 'T', source: 'https://x.example', sourceContent: [{ text: 'q' }] }
    const pieces = [
      start(),
      delta({ text: 'So ' }),
      close(),
      delta({ text: 'it is' }, 1),
      delta({ citation }, 1),
      close(1),
      open({ image: { format: 'webp' } }, 2),
      delta({ image: { source: { bytes: btoa('ab') } } }, 2),
      delta({ image: { source: { bytes: btoa('cd') } } }, 2),
      close(2),
      stop(),
    ]
    const parts = decode(pieces)
    expect(parts).toContainEqual({
      type: 'annotations',
      annotations: [
        {
          type: 'url_citation',
          url_citation: { url: 'https://x.example', title: 'T', content: 'q', start_index: 3, end_index: 8 },
        },
      ],
    })
    expect(parts).toContainEqual({
      type: 'image',
      image: { type: 'image_url', image_url: { url: `data:image/webp;base64,${btoa('abcd')}` } },
    })
  })

  it('ignores what it doesn’t know, and tools that Amazon runs', () => {
    const pieces = [
      event('initial-response', {}),
      start(),
      event('somethingNew', { a: 1 }),
      open({ toolUse: { toolUseId: 't', name: 'nova_code_interpreter', type: 'server_tool_use' } }),
      delta({ toolUse: { input: '{"snippet":"1"}' } }),
      close(),
      open({ toolResult: { toolUseId: 't' } }, 1),
      delta({ toolResult: [{ text: '1' }] }, 1),
      close(1),
      delta({ text: 'One' }, 2),
      stop(),
      metadata(),
    ]
    expect(hear(decode(pieces))).toMatchObject({
      choices: [{ text: 'One', calls: [], finish: { reason: 'stop' } }],
      errors: [],
    })
  })

  it('says the same however it is cut', () => {
    const random = seeded(3)
    const bytes = joined([
      start(),
      delta({ text: '🌍 äöü' }),
      delta({ text: 'x'.repeat(5000) }),
      close(),
      stop(),
      metadata(),
    ])
    for (let i = 0; i < 300; i++) {
      const pieces: Uint8Array[] = []
      for (let at = 0; at < bytes.length; ) {
        const length = 1 + Math.floor(random() ** 4 * 3000)
        pieces.push(bytes.slice(at, at + length))
        at += length
      }
      const { choices, usage, errors } = hear(decode(pieces))
      expect(choices[0]?.text).toBe(`🌍 äöü${'x'.repeat(5000)}`)
      expect([usage?.promptTokens, errors]).toEqual([3, []])
    }
  })
})

describe('a stream that goes wrong', () => {
  it.each<[string, string, string, string]>([
    ['throttlingException', 'Too many requests', 'rate-limited', 'ThrottlingException'],
    ['validationException', 'Input is too long for requested model.', 'context-length', 'ValidationException'],
    ['validationException', 'Could not process image', 'bad-request', 'ValidationException'],
    ['modelStreamErrorException', 'The model stopped', 'stream-error', 'ModelStreamErrorException'],
    ['internalServerException', 'oops', 'stream-error', 'InternalServerException'],
    ['serviceUnavailableException', 'Model is getting throttled.', 'rate-limited', 'ServiceUnavailableException'],
    ['modelTimeoutException', 'slow', 'stream-error', 'ModelTimeoutException'],
    ['aNewException', 'surprise', 'stream-error', 'ANewException'],
  ])('begins or breaks with an exception: %s, %s', (type, message, kind, providerCode) => {
    for (const before of [[], [start()], [start(), delta({ text: 'Hi' })]]) {
      const parts = decode([...before, exception(type, message), delta({ text: 'late' })])
      const failure = { kind, providerCode, raw: JSON.stringify({ message }) }
      expect(parts.at(-1)).toMatchObject({ type: 'error', failure })
      expect(parts.filter((part) => part.type === 'error')).toHaveLength(1)
      expect(JSON.stringify(parts)).not.toContain('late')
    }
  })

  it('may say it in headers, or in no JSON', () => {
    const headers = { ':message-type': 'error', ':error-code': 'InternalFailure', ':error-message': 'Something broke' }
    expect(decode([frame(headers, '')]).at(-1)).toMatchObject({
      failure: { kind: 'stream-error', providerCode: 'InternalFailure' },
    })
    const words = frame({ ':message-type': 'exception', ':exception-type': 'throttlingException' }, 'slow down')
    expect(decode([words]).at(-1)).toMatchObject({ failure: { kind: 'rate-limited' } })
  })

  it('is truncated without a finish, and clean after one', () => {
    for (const pieces of [[], [start()], [start(), delta({ text: 'Hi' })]])
      expect(decode(pieces).at(-1)).toMatchObject({ type: 'error', failure: { kind: 'truncated' } })
    expect(hear(decode([start(), delta({ text: 'Hi' }), stop(), metadata().slice(0, 20)])).errors).toEqual([])
    expect(
      hear(decode([start(), delta({ text: 'Hi' }), stop(), exception('throttlingException', 'x')])).errors,
    ).toEqual([])
  })

  it('is malformed where a checksum or a length is wrong, or an event is no JSON', () => {
    const wrong = delta({ text: 'Hi' })
    wrong[wrong.length - 1] = (wrong[wrong.length - 1] ?? 0) ^ 1
    const tiny = Uint8Array.of(0, 0, 0, 3, 0, 0, 0, 0)
    const huge = Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0)
    const page = new TextEncoder().encode('<html><body>Bad gateway</body></html>')
    for (const bytes of [
      wrong,
      tiny,
      huge,
      page,
      event('contentBlockDelta', 'not json'),
      event('messageStart', '[]'),
    ]) {
      const parts = decode([start(), bytes, stop()])
      expect(parts.at(-1)).toMatchObject({ type: 'error', failure: { kind: 'malformed' } })
    }
  })

  it('that the model has spoilt says so', () => {
    expect(decode([start(), delta({ text: 'x' }), stop('malformed_tool_use')]).at(-1)).toMatchObject({
      failure: { kind: 'generation-failed', providerCode: 'malformed_tool_use' },
    })
  })

  it('never throws, whatever the bytes are', () => {
    const random = seeded(5)
    const shapes: unknown[] = [
      {},
      { delta: 1 },
      { delta: { text: 1, toolUse: {} } },
      { contentBlockIndex: 'x', delta: {} },
    ]
    shapes.push(
      { start: { toolUse: { name: 1 } } },
      { stopReason: 5 },
      { usage: [] },
      { delta: { reasoningContent: {} } },
    )
    const types = [
      'messageStart',
      'contentBlockStart',
      'contentBlockDelta',
      'contentBlockStop',
      'messageStop',
      'metadata',
    ]
    for (const type of types) for (const shape of shapes) expect(() => decode([event(type, shape)])).not.toThrow()
    for (let i = 0; i < 200; i++) {
      const bytes = Uint8Array.from({ length: 200 }, () => Math.floor(random() * 256))
      // A length that is believable, so that the rest is looked at.
      bytes.set([0, 0, 0, 100])
      expect(() => decode([bytes])).not.toThrow()
    }
  })
})
