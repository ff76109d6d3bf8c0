import { expect } from 'vitest'
import { statusOfErrorType } from '../../src/chat/failure.ts'

// biome-ignore lint/suspicious/noExplicitAny: what comes over the wire is read as a client does, without our types.
export type Json = any

const finishReasons = ['stop', 'length', 'tool_calls', 'content_filter', 'error']
const annotationTypes = ['url_citation', 'file']
const detailTypes = ['reasoning.text', 'reasoning.summary', 'reasoning.encrypted']
const detailFormats = [
  'unknown',
  'openai-responses-v1',
  'azure-openai-responses-v1',
  'xai-responses-v1',
  'anthropic-claude-v1',
  'google-gemini-v1',
]

/** A chat stream as its client sees it, after every chunk was held against `openrouter-clients.md` §8.8. */
export interface ReadStream {
  chunks: Json[]
  comments: number
  text: string
  reasoning: string
  /** By index, as the deltas add up. */
  toolCalls: { id: string; name: string; arguments: string }[]
  /** Of the first choice. */
  finishReason: string | null
  /** The `error` of the error chunk. */
  error: Json
  usage: Json
}

/** Reads a whole chat stream and fails where it is not what every client can live with. */
export function readChatStream(stream: string): ReadStream {
  const read: ReadStream = {
    chunks: [],
    comments: 0,
    text: '',
    reasoning: '',
    toolCalls: [],
    finishReason: null,
    error: null,
    usage: null,
  }
  const events = stream.split(/(?<=\n\n)/)
  expect(events.pop(), 'a stream ends with the terminator').toBe('data: [DONE]\n\n')
  for (const event of events) {
    if (event === ': OPENROUTER PROCESSING\n\n') {
      read.comments += 1
      continue
    }
    expect(event).toMatch(/^data: \{[^\n]*\}\n\n$/)
    takeChunk(read, JSON.parse(event.slice('data: '.length)))
  }
  expect(read.chunks.length, 'a stream has chunks').toBeGreaterThan(0)
  const [first] = read.chunks
  for (const { id, created, model, provider } of read.chunks)
    expect({ id, created, model, provider }).toEqual({
      id: first.id,
      created: first.created,
      model: first.model,
      provider: first.provider,
    })
  const last = read.chunks.at(-1)
  expect(read.finishReason, 'a stream says how it ended').not.toBeNull()
  if (read.error === null) expect(last.usage, 'the last chunk carries the usage').toBeDefined()
  else {
    expect(last.error, 'the error is the end').toBeDefined()
    expect(read.finishReason, 'the error is the only finish').toBe('error')
  }
  return read
}

function takeChunk(read: ReadStream, chunk: Json): void {
  expectEnvelope(chunk, 'chat.completion.chunk')
  if ('system_fingerprint' in chunk) expect(typeof chunk.system_fingerprint).toBe('string')
  expect(Array.isArray(chunk.choices)).toBe(true)
  expect(chunk.choices.length, 'every chunk has a choice, the one with the usage too').toBeGreaterThan(0)
  for (const choice of chunk.choices) takeChoice(read, choice, chunk)
  if ('usage' in chunk) {
    expectUsage(chunk.usage)
    read.usage = chunk.usage
  }
  if ('error' in chunk) {
    expectError(chunk.error)
    expect(chunk.choices[0].finish_reason).toBe('error')
    expect(read.error, 'there is one error').toBeNull()
    read.error = chunk.error
  }
  read.chunks.push(chunk)
}

function takeChoice(read: ReadStream, choice: Json, chunk: Json): void {
  expectInteger(choice.index)
  expect(choice).toHaveProperty('finish_reason')
  expect(choice).toHaveProperty('native_finish_reason')
  const { delta } = choice
  expect(delta.role).toBe('assistant')
  expect(typeof delta.content).toBe('string')
  expectSaid(delta)
  if (choice.finish_reason !== null) {
    expect(finishReasons).toContain(choice.finish_reason)
    if (choice.index === 0) {
      // The usage chunk repeats the finish; any other chunk that follows one is out of order.
      if (read.finishReason !== null) expect(chunk.usage).toBeDefined()
      expect(choice.finish_reason).toBe(read.finishReason ?? choice.finish_reason)
      read.finishReason = choice.finish_reason
    }
  }
  if (choice.index !== 0) return
  read.text += delta.content
  read.reasoning += delta.reasoning ?? ''
  for (const call of delta.tool_calls ?? []) takeCall(read, call)
}

function takeCall(read: ReadStream, call: Json): void {
  expectInteger(call.index)
  expect(typeof call.function?.arguments).toBe('string')
  const known = read.toolCalls[call.index]
  if (known) {
    for (const key of ['id', 'type']) if (key in call) expect(typeof call[key]).toBe('string')
    known.arguments += call.function.arguments
    return
  }
  expect(call.index, 'indices are dense').toBe(read.toolCalls.length)
  expect(call).toMatchObject({ id: expect.stringMatching(/./), type: 'function', function: { arguments: '' } })
  expect(call.function.name).toMatch(/./)
  read.toolCalls.push({ id: call.id, name: call.function.name, arguments: '' })
}

/** A whole answer, held against the same list. */
export function expectChatBody(body: Json): void {
  expectEnvelope(body, 'chat.completion')
  expect(body).toHaveProperty('system_fingerprint')
  expect(body.choices.length).toBeGreaterThan(0)
  for (const choice of body.choices) {
    expectInteger(choice.index)
    expect(finishReasons).toContain(choice.finish_reason)
    expect(choice).toHaveProperty('native_finish_reason')
    const { message } = choice
    expect(message.role).toBe('assistant')
    expect(message.content === null || typeof message.content === 'string').toBe(true)
    expectSaid(message)
    for (const call of message.tool_calls ?? []) {
      expect(call).toMatchObject({ id: expect.stringMatching(/./), type: 'function' })
      expectInteger(call.index)
      expect(call.function.name).toMatch(/./)
      expect(JSON.parse(call.function.arguments)).toBeTypeOf('object')
    }
  }
  expectUsage(body.usage)
}

/** The envelope of an error response: its code is its status, on every route. */
export function expectErrorEnvelope(status: number, body: Json): void {
  expectError(body.error)
  expect(body.error.code).toBe(status)
}

function expectEnvelope(value: Json, object: string): void {
  expect(value.id).toMatch(/^gen-\d+-[A-Za-z0-9]{20}$/)
  expect(value.object).toBe(object)
  expectInteger(value.created)
  expect(value.model).toMatch(/./)
  expect(value.provider).toMatch(/./)
}

/** What a message and a delta have in common. */
function expectSaid(said: Json): void {
  for (const key of ['tool_calls', 'reasoning_details', 'images', 'annotations'])
    if (key in said) expect(Array.isArray(said[key]), key).toBe(true)
  for (const { type } of said.annotations ?? []) expect(annotationTypes).toContain(type)
  for (const { type } of said.images ?? []) expect(type).toBe('image_url')
  for (const { type, format } of said.reasoning_details ?? []) {
    expect(detailTypes).toContain(type)
    if (format !== undefined && format !== null) expect(detailFormats).toContain(format)
  }
}

function expectUsage(usage: Json): void {
  const { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total } = usage
  for (const count of [
    prompt,
    completion,
    ...Object.values(usage.prompt_tokens_details),
    ...Object.values(usage.completion_tokens_details),
  ])
    expectInteger(count)
  expect(total).toBe(prompt + completion)
  expect(usage.prompt_tokens_details).toHaveProperty('cached_tokens')
  expect(usage.completion_tokens_details).toHaveProperty('reasoning_tokens')
  expect(usage.cost).toBeTypeOf('number')
  expect(usage.cost_details).toMatchObject({
    upstream_inference_cost: expect.any(Number),
    upstream_inference_prompt_cost: expect.any(Number),
    upstream_inference_completions_cost: expect.any(Number),
  })
}

/** Not `toSatisfy`, which only works inside of a test: `npm run chaos` reads answers too. */
function expectInteger(value: Json): void {
  expect(Number.isSafeInteger(value), `${value} is an integer`).toBe(true)
}

function expectError(error: Json): void {
  expectInteger(error.code)
  expect(error.message).toMatch(/./)
  expect(Object.keys(statusOfErrorType)).toContain(error.metadata.error_type)
  if ('availability' in error) expect(error.availability).toMatchObject({ retryable: expect.any(Boolean) })
}
