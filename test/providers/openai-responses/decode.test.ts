import { describe, expect, it } from 'vitest'
import type { Part } from '../../../src/chat/parts.ts'
import { decodeBody, ResponsesStreamDecoder } from '../../../src/providers/openai-responses/decode.ts'
import { hear, sse } from '../openai-chat/heard.ts'
import { readOptions } from './read-options.ts'

const created = { type: 'response.created', response: { id: 'resp_1', model: 'm', service_tier: 'auto' } }
const completed = (more: object = {}) => ({ type: 'response.completed', response: { status: 'completed', ...more } })
const text = (delta: string, more: object = {}) => ({
  type: 'response.output_text.delta',
  output_index: 0,
  content_index: 0,
  delta,
  ...more,
})

function decode(...events: unknown[]): Part[] {
  const decoder = new ResponsesStreamDecoder(readOptions())
  return [...decoder.push(sse(...events)), ...decoder.end()]
}

function bodyParts(response: object): Part[] {
  return decodeBody(JSON.stringify(response), readOptions())
}

describe('a stream of response events', () => {
  it('begins with who answers and ends with how it was served and what it cost', () => {
    const usage = { input_tokens: 3, output_tokens: 2, total_tokens: 5 }
    expect(decode(created, text('Hi'), completed({ service_tier: 'flex', usage }))).toMatchObject([
      { type: 'start', upstreamId: 'resp_1', upstreamModel: 'm' },
      { type: 'text-delta', text: 'Hi' },
      { type: 'start', serviceTier: 'flex' },
      { type: 'finish', reason: 'stop', native: 'completed' },
      { type: 'usage', usage: { promptTokens: 3, completionTokens: 2 } },
    ])
  })

  it('does not repeat what the done events repeat, and adds what only they have', () => {
    const events = [
      text('Hel'),
      { type: 'response.output_text.done', output_index: 0, content_index: 0, text: 'Hello' },
      {
        type: 'response.content_part.done',
        output_index: 0,
        content_index: 0,
        part: { type: 'output_text', text: 'Hello', annotations: [] },
      },
      {
        type: 'response.output_item.done',
        output_index: 0,
        item: {
          type: 'message',
          content: [
            { type: 'output_text', text: 'Hello', annotations: [] },
            { type: 'output_text', text: ' you', annotations: [] },
          ],
        },
      },
    ]
    expect(hear(decode(...events, completed())).choices[0]?.text).toBe('Hello you')
  })

  it('keeps calls apart whose arguments arrive in turns', () => {
    const added = (output_index: number, name: string) => ({
      type: 'response.output_item.added',
      output_index,
      item: { type: 'function_call', call_id: `call_${name}`, name, arguments: '' },
    })
    const piece = (output_index: number, delta: string) => ({
      type: 'response.function_call_arguments.delta',
      output_index,
      delta,
    })
    const { choices } = hear(
      decode(added(1, 'a'), added(2, 'b'), piece(1, '{"x"'), piece(2, '{}'), piece(1, ':1}'), completed()),
    )
    expect(choices[0]?.calls).toEqual([
      { id: 'call_a', name: 'a', arguments: '{"x":1}' },
      { id: 'call_b', name: 'b', arguments: '{}' },
    ])
    expect(choices[0]?.finish).toEqual({ reason: 'tool_calls', native: 'completed' })
  })

  it('tells calls apart by their ids where positions are missing', () => {
    const { choices } = hear(
      decode(
        { type: 'response.output_item.added', item: { type: 'function_call', id: 'fc_1', call_id: 'c1', name: 'a' } },
        { type: 'response.output_item.added', item: { type: 'function_call', id: 'fc_2', name: 'b' } },
        { type: 'response.function_call_arguments.delta', item_id: 'fc_1', delta: '{"n":1}' },
        { type: 'response.function_call_arguments.done', item_id: 'fc_1', arguments: '{"n":1}' },
        completed(),
      ),
    )
    expect(choices[0]?.calls).toEqual([
      { id: 'c1', name: 'a', arguments: '{"n":1}' },
      { id: 'fc_2', name: 'b', arguments: '{}' },
    ])
  })

  it('makes up the id of a call that has none, and waits for a name', () => {
    const { choices } = hear(
      decode(
        { type: 'response.function_call_arguments.delta', output_index: 0, delta: '{"a":' },
        {
          type: 'response.output_item.done',
          output_index: 0,
          item: { type: 'function_call', name: 'f', arguments: '{"a":1}' },
        },
        completed(),
      ),
    )
    expect(choices[0]?.calls).toEqual([{ id: 'made-1', name: 'f', arguments: '{"a":1}' }])
  })

  it('gives reasoning as details that can be sent back', () => {
    const summary = (summary_index: number, delta: string) => ({
      type: 'response.reasoning_summary_text.delta',
      output_index: 0,
      summary_index,
      delta,
    })
    const parts = decode(
      summary(0, 'One'),
      summary(0, ' two'),
      summary(1, 'Three'),
      {
        type: 'response.output_item.done',
        output_index: 0,
        item: {
          type: 'reasoning',
          id: 'rs_1',
          summary: [
            { type: 'summary_text', text: 'One two' },
            { type: 'summary_text', text: 'Three' },
          ],
          encrypted_content: 'AAA',
        },
      },
      { type: 'response.reasoning_text.delta', output_index: 1, content_index: 0, delta: 'Raw' },
      completed(),
    )
    const format = 'openai-responses-v1'
    const [heard] = hear(parts).choices
    expect(heard?.reasoning).toBe('One twoThreeRaw')
    expect(heard?.details).toEqual([
      { type: 'reasoning.summary', summary: 'One', format, index: 0 },
      { type: 'reasoning.summary', summary: ' two', format, index: 0 },
      { type: 'reasoning.summary', summary: 'Three', format, index: 1 },
      { type: 'reasoning.encrypted', data: 'AAA', id: 'rs_1', format, index: 2 },
      { type: 'reasoning.text', text: 'Raw', format, index: 3 },
    ])
  })

  it('gives log probabilities where there are some', () => {
    const token = { token: 'Hi', logprob: -0.1, bytes: [72, 105], top_logprobs: [] }
    expect(decode(text('Hi', { logprobs: [token] }), text('!', { logprobs: [] }), completed())).toMatchObject([
      { type: 'text-delta', text: 'Hi', logprobs: { content: [token] } },
      { type: 'text-delta', text: '!' },
      { type: 'finish' },
    ])
  })

  it('counts the places of citations from the beginning of the whole text', () => {
    const annotation = { type: 'url_citation', url: 'https://x.example', title: 'X', start_index: 1, end_index: 3 }
    const added = (output_index: number) => ({
      type: 'response.output_text.annotation.added',
      output_index,
      content_index: 0,
      annotation,
    })
    const parts = decode(
      text('12345'),
      added(0),
      text('678', { output_index: 1 }),
      added(1),
      { ...added(1), annotation: { type: 'file_citation', file_id: 'f' } },
      completed(),
    )
    const citations = parts.flatMap((part) => (part.type === 'annotations' ? part.annotations : []))
    expect(citations).toMatchObject([
      { url_citation: { url: 'https://x.example', start_index: 1, end_index: 3 } },
      { url_citation: { start_index: 6, end_index: 8 } },
    ])
    expect(citations).toHaveLength(2)
  })

  it.each([
    ['max_output_tokens', 'length'],
    ['content_filter', 'content_filter'],
    ['max_messages', 'stop'],
  ])('finishes with %s as %s', (reason, want) => {
    const end = {
      type: 'response.incomplete',
      response: { status: 'incomplete', incomplete_details: { reason } },
    }
    expect(hear(decode(text('x'), end)).choices[0]?.finish).toEqual({ reason: want, native: reason })
  })

  it('takes a refusal for what it is', () => {
    const refusal = { type: 'response.refusal.delta', output_index: 0, content_index: 0, delta: 'No.' }
    expect(hear(decode(refusal, completed())).choices[0]).toMatchObject({
      refusal: 'No.',
      finish: { reason: 'content_filter', native: 'completed' },
    })
  })

  it('shows a generated picture once, whatever went before it', () => {
    const item = { type: 'image_generation_call', result: 'AAAA', output_format: 'webp' }
    const parts = decode(
      { type: 'response.image_generation_call.partial_image', output_index: 0, partial_image_b64: 'BBBB' },
      { type: 'response.output_item.done', output_index: 0, item },
      completed({ output: [item] }),
    )
    expect(parts.filter((part) => part.type === 'image')).toEqual([
      { type: 'image', image: { type: 'image_url', image_url: { url: 'data:image/webp;base64,AAAA' }, index: 0 } },
    ])
  })

  it('ignores whatever follows the end, and what it does not know before it', () => {
    const parts = decode(
      { type: 'keepalive' },
      { type: 'response.something_new', output_index: 0 },
      text('Hi'),
      completed(),
      '[DONE]',
      text('late'),
    )
    expect(hear(parts).choices[0]?.text).toBe('Hi')
    expect(hear(parts).errors).toEqual([])
  })
})

describe('a failure inside a 200', () => {
  it.each([
    [{ type: 'error', code: 'rate_limit_exceeded', message: 'Slow down', param: null }, 'rate-limited'],
    [{ type: 'error', error: { type: 'server_error', code: 'server_error', message: 'Oops' } }, 'stream-error'],
    [{ error: { message: 'The server is overloaded.' } }, 'overloaded'],
    ['a sentence', 'malformed'],
    [{ type: 'response.failed', response: { status: 'failed', error: { code: 'server_error' } } }, 'stream-error'],
    [{ type: 'response.failed', response: { error: { code: 'invalid_prompt', message: 'No.' } } }, 'content-policy'],
    [{ type: 'response.failed', response: { error: { code: 'image_too_large', message: 'x' } } }, 'unsupported'],
    [{ type: 'response.failed' }, 'stream-error'],
  ])('is told once: %j', (event, kind) => {
    const { errors, choices } = hear(decode(text('Hi'), event, text('late'), completed()))
    expect(errors).toMatchObject([{ failure: { kind } }])
    expect(choices[0]?.text).toBe('Hi')
    expect(choices[0]?.finish).toBeNull()
  })

  it('does not forget what the failed answer cost', () => {
    const response = { status: 'failed', error: { code: 'server_error' }, usage: { input_tokens: 7, output_tokens: 0 } }
    expect(hear(decode({ type: 'response.failed', response })).usage).toMatchObject({ promptTokens: 7 })
  })

  it('ends a cancelled answer as an error', () => {
    const end = { type: 'response.cancelled', response: { status: 'cancelled' } }
    expect(hear(decode(text('Hi'), end)).choices[0]?.finish).toEqual({ reason: 'error', native: 'cancelled' })
  })

  it('strips the credential from what the upstream quotes', () => {
    const decoder = new ResponsesStreamDecoder(readOptions({ secrets: ['very-secret-key'] }))
    const [part] = decoder.push(sse({ type: 'error', message: 'Bad key very-secret-key' }))
    expect(JSON.stringify(part)).not.toContain('very-secret')
  })

  it('is a truncation where the stream just ends', () => {
    for (const events of [[], [created], [created, text('Hi')], [created, text('Hi'), '[DONE]']])
      expect(hear(decode(...events)).errors).toMatchObject([{ failure: { kind: 'truncated' } }])
  })

  it('is an event that never ends', () => {
    const decoder = new ResponsesStreamDecoder(readOptions())
    const parts = decoder.push(new TextEncoder().encode(`data: ${'x'.repeat(25 * 1024 * 1024)}`))
    expect(parts).toMatchObject([{ type: 'error', failure: { kind: 'malformed' } }])
  })
})

describe('a whole answer', () => {
  it('is read although it came as a stream', () => {
    const body = new TextDecoder().decode(sse(created, text('Hi'), completed()))
    expect(hear(decodeBody(body, readOptions())).choices[0]).toMatchObject({ text: 'Hi', finish: { reason: 'stop' } })
  })

  it('may be an error', () => {
    expect(bodyParts({ error: { code: 'server_error', message: 'x' } })).toMatchObject([
      { type: 'error', failure: { kind: 'stream-error' } },
    ])
    expect(
      hear(bodyParts({ status: 'failed', error: { code: 'insufficient_quota' }, output: [] })).errors,
    ).toMatchObject([{ failure: { kind: 'payment' } }])
  })

  it.each(['', 'null', '[]', '"x"', '{}', '{"output":7}', '<html>', '{"output":[],"status":"queued"}'])(
    'is none: %s',
    (body) => {
      const [part] = decodeBody(body, readOptions())
      expect(part?.type).toBe('error')
    },
  )

  it('survives items of any shape', () => {
    const output = [null, 7, {}, { type: 'message' }, { type: 'message', content: [null, { type: 'output_text' }] }]
    const more = [{ type: 'reasoning', summary: [null, {}] }, { type: 'function_call' }, { type: 'unheard_of' }]
    expect(hear(bodyParts({ status: 'completed', output: [...output, ...more] })).errors).toEqual([])
  })
})
