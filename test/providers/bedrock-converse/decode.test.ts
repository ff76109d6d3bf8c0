import { describe, expect, it } from 'vitest'
import type { Part } from '../../../src/chat/parts.ts'
import type { ChatRequest } from '../../../src/chat/request.ts'
import { bedrockConverse } from '../../../src/providers/bedrock-converse/wire.ts'
import { hear } from '../openai-chat/heard.ts'
import { encodeInput, ids } from './converse.ts'

const usage = { inputTokens: 5, outputTokens: 7, totalTokens: 12 }

function read(
  content: unknown,
  more: object = {},
  request: Partial<ChatRequest> = {},
  id: string = ids.claude45,
): Part[] {
  const body = { output: { message: { role: 'assistant', content } }, stopReason: 'end_turn', usage, ...more }
  return bedrockConverse.decodeBody(JSON.stringify(body), encodeInput(id, request))
}

function decode(text: string): Part[] {
  return bedrockConverse.decodeBody(text, encodeInput(ids.nova, {}))
}

describe('a whole answer', () => {
  it('becomes parts in order', () => {
    const parts = read(
      [
        { reasoningContent: { reasoningText: { text: 'Hm', signature: 'sig' } } },
        { reasoningContent: { redactedContent: btoa('sealed') } },
        { text: 'Hi' },
        { toolUse: { toolUseId: 't1', name: 'add', input: { a: 1 } } },
        { toolUse: { name: 'now', input: {} } },
      ],
      { stopReason: 'tool_use', serviceTier: { type: 'flex' } },
    )
    expect(parts).toEqual([
      { type: 'start', serviceTier: 'flex' },
      {
        type: 'reasoning-delta',
        text: 'Hm',
        details: [{ type: 'reasoning.text', text: 'Hm', signature: 'sig', format: 'anthropic-claude-v1', index: 0 }],
      },
      {
        type: 'reasoning-delta',
        details: [{ type: 'reasoning.encrypted', data: 'sealed', format: 'anthropic-claude-v1', index: 1 }],
      },
      { type: 'text-delta', text: 'Hi' },
      { type: 'tool-call-delta', index: 0, id: 't1', name: 'add', arguments: '{"a":1}' },
      { type: 'tool-call-delta', index: 1, id: expect.stringMatching(/^call_\w{24}$/), name: 'now', arguments: '{}' },
      { type: 'finish', reason: 'tool_calls', native: 'tool_use' },
      { type: 'usage', usage: expect.objectContaining({ promptTokens: 5, completionTokens: 7 }) },
    ])
  })

  it('gives back redacted thoughts as they have to come back', () => {
    const odd = btoa('\xff\xfe')
    const [detail] = hear(read([{ reasoningContent: { redactedContent: odd } }])).choices[0]?.details ?? []
    expect(detail).toMatchObject({ type: 'reasoning.encrypted', data: odd })
  })

  it('keeps thoughts of others in a format of nobody’s', () => {
    const parts = read([{ reasoningContent: { reasoningText: { text: 'Hm' } } }], {}, {}, ids.r1)
    expect(hear(parts).choices[0]?.details).toEqual([
      { type: 'reasoning.text', text: 'Hm', format: 'unknown', index: 0 },
    ])
  })

  it('keeps the digits of large numbers in arguments', () => {
    const body = `{"output":{"message":{"content":[{"toolUse":{"toolUseId":"t","name":"f","input":{"id":12345678901234567890,"x":1.50}}}]}},"stopReason":"tool_use"}`
    expect(hear(decode(body)).choices[0]?.calls[0]?.arguments).toBe('{"id":12345678901234567890,"x":1.5}')
  })

  it('tells the client’s own name of a function', () => {
    const request = { tools: [{ type: 'function' as const, function: { name: 'files.read' } }] }
    const { body } = bedrockConverse.encode(encodeInput(ids.claude45, request))
    const { name } = JSON.parse(body).toolConfig.tools[0].toolSpec
    const parts = read([{ toolUse: { toolUseId: 't', name, input: {} } }], { stopReason: 'tool_use' }, request)
    expect(hear(parts).choices[0]?.calls[0]?.name).toBe('files.read')
  })

  it('takes the tool that stood for a schema for the answer', () => {
    const schema = { type: 'object', properties: { city: { type: 'string' } } }
    const request: Partial<ChatRequest> = {
      response_format: { type: 'json_schema', json_schema: { name: 'City', schema } },
    }
    const content = [{ toolUse: { toolUseId: 't', name: 'City', input: { city: 'Köln' } } }]
    const { choices } = hear(read(content, { stopReason: 'tool_use' }, request, ids.nova))
    expect(choices[0]).toMatchObject({
      text: '{"city":"Köln"}',
      calls: [],
      finish: { reason: 'stop', native: 'tool_use' },
    })
    // Where the model takes a schema itself, a tool of that name is a tool.
    expect(hear(read(content, { stopReason: 'tool_use' }, request)).choices[0]?.calls).toHaveLength(1)
  })

  it('keeps tools that Amazon runs to itself', () => {
    const parts = read([
      { toolUse: { toolUseId: 't', name: 'nova_code_interpreter', input: { snippet: '1' }, type: 'server_tool_use' } },
      { toolResult: { toolUseId: 't', content: [{ json: { stdOut: '1' } }], type: 'nova_code_interpreter_result' } },
      { text: 'One' },
    ])
    expect(hear(parts).choices[0]).toMatchObject({ text: 'One', calls: [], finish: { reason: 'stop' } })
  })

  it('cites what has an address, at its place in the answer', () => {
    const cited = (citations: object[]) => ({ citationsContent: { content: [{ text: 'Ruby is old.' }], citations } })
    const source = {
      title: 'Ruby',
      source: 'https://ruby.example/',
      sourceContent: [{ text: 'It is ' }, { text: 'old.' }],
    }
    const parts = read([{ text: 'So: ' }, cited([source, { title: 'Mine', source: 'my.pdf' }])])
    expect(parts.filter(({ type }) => type === 'annotations')).toEqual([
      {
        type: 'annotations',
        annotations: [
          {
            type: 'url_citation',
            url_citation: {
              url: 'https://ruby.example/',
              title: 'Ruby',
              content: 'It is old.',
              start_index: 4,
              end_index: 16,
            },
          },
        ],
      },
    ])
    expect(hear(parts).choices[0]?.text).toBe('So: Ruby is old.')
  })

  it('carries pictures', () => {
    const parts = read([{ image: { format: 'png', source: { bytes: 'AA==' } } }])
    expect(parts[1]).toEqual({
      type: 'image',
      image: { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
    })
  })

  it.each<[string, string]>([
    ['end_turn', 'stop'],
    ['stop_sequence', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['content_filtered', 'content_filter'],
    ['guardrail_intervened', 'content_filter'],
    ['refusal', 'content_filter'],
    ['a_new_reason', 'stop'],
  ])('finishes by %s with %s', (stopReason, reason) => {
    expect(hear(read([{ text: 'x' }], { stopReason })).choices[0]?.finish).toEqual({ reason, native: stopReason })
  })

  it('that the model has spoilt is a failure', () => {
    for (const stopReason of ['malformed_model_output', 'malformed_tool_use'])
      expect(hear(read([{ text: 'x' }], { stopReason })).errors).toMatchObject([
        { failure: { kind: 'generation-failed', providerCode: stopReason } },
      ])
  })

  it.each<[string, string, string]>([
    ['half a body', '{"output":{"mess', 'malformed'],
    ['a page', '<html></html>', 'malformed'],
    ['nothing', '', 'malformed'],
    ['a list', '[]', 'malformed'],
    ['an empty answer', '{"output":{"message":{"content":[]}}}', 'malformed'],
    ['an exception', '{"message":"Too many tokens","__type":"com.amazon#ThrottlingException"}', 'rate-limited'],
    [
      'an unknown operation',
      '{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}',
      'not-found',
    ],
  ])('that is none is told: %s', (_, text, kind) => {
    expect(hear(decode(text))).toMatchObject({ choices: [], errors: [{ failure: { kind } }] })
  })

  it('of any shape is read without throwing', () => {
    const shapes: unknown[] = [null, 1, 'x', [], {}, { text: 1 }, { toolUse: [] }, { toolUse: { input: null } }]
    shapes.push(
      { reasoningContent: 1 },
      { reasoningContent: { redactedContent: 5 } },
      { citationsContent: { content: 1 } },
    )
    shapes.push({ image: { source: null } }, { toolUse: { toolUseId: 4, name: {}, input: [1] } })
    for (const shape of shapes) {
      expect(() => read([shape])).not.toThrow()
      expect(() => decode(JSON.stringify(shape))).not.toThrow()
      expect(() => read(shape, { usage: shape, stopReason: shape, serviceTier: shape, trace: shape })).not.toThrow()
    }
  })
})

describe('usage', () => {
  const usageOf = (value: object) => hear(read([{ text: 'x' }], { usage: value })).usage

  it('counts what was cached beside the input into the prompt', () => {
    expect(
      usageOf({
        inputTokens: 3,
        outputTokens: 121,
        totalTokens: 2072,
        cacheReadInputTokens: 1712,
        cacheWriteInputTokens: 236,
        cacheDetails: [
          { inputTokens: 200, ttl: '1h' },
          { inputTokens: 36, ttl: '5m' },
        ],
      }),
    ).toMatchObject({
      promptTokens: 1951,
      completionTokens: 121,
      cachedTokens: 1712,
      cacheWriteTokens: 236,
      cacheWrite1hTokens: 200,
      reasoningTokens: 0,
    })
  })

  it('knows the older names, and takes no nonsense', () => {
    expect(usageOf({ inputTokens: 1, cacheReadInputTokenCount: 4, cacheWriteInputTokenCount: 2 })).toMatchObject({
      promptTokens: 7,
      cachedTokens: 4,
      cacheWriteTokens: 2,
    })
    expect(usageOf({})).toBeNull()
    expect(usageOf({ inputTokens: -5, outputTokens: 1.9, cacheReadInputTokens: 'x' })).toMatchObject({
      promptTokens: 0,
      completionTokens: 1,
    })
  })
})
