import { describe, expect, it } from 'vitest'
import type { Part } from '../../../src/chat/parts.ts'
import { replicateWire } from '../../../src/providers/replicate/wire.ts'
import { encodeInput } from '../openai-chat/encode-input.ts'
import { hear } from '../openai-chat/heard.ts'
import { bodyOf, cut, haveRecordings, recordingsOf, seeded } from '../recordings.ts'

const input = encodeInput({})
const thinker = encodeInput({}, { model: { reasoning: { supported: true, mandatory: false, efforts: null } } })
const whole = (body: unknown, of = input) =>
  replicateWire.decodeBody(typeof body === 'string' ? body : JSON.stringify(body), of)
const failures = (parts: Part[]) => parts.flatMap((part) => (part.type === 'error' ? [part.failure] : []))

function streamed(text: string, of = input, lengths: number[] = []): Part[] {
  const decoder = replicateWire.decodeStream(of)
  const pieces = cut(new TextEncoder().encode(text), lengths)
  return [...pieces.flatMap((piece) => decoder.push(piece)), ...decoder.end()]
}

const metrics = { input_token_count: 12, output_token_count: 34, predict_time: 0.5 }

describe('a prediction of Replicate', () => {
  it.each([
    ['pieces', ['Hel', 'lo'], 'Hello'],
    ['one text', 'Hello', 'Hello'],
    ['an object', { a: 1 }, '{"a":1}'],
    ['nothing in pieces', [], ''],
  ])('that succeeded with %s is an answer', (_, output, text) => {
    const { choices, usage } = hear(whole({ id: 'p1', status: 'succeeded', output, metrics }))
    expect(choices[0]).toMatchObject({ text, finish: { reason: 'stop', native: 'succeeded' } })
    expect(usage).toMatchObject({ promptTokens: 12, completionTokens: 34 })
  })

  it('tells the thoughts of a model that thinks apart', () => {
    const output = ['<think>\nHm', '</thi', 'nk>\n\nYes']
    expect(hear(whole({ status: 'succeeded', output }, thinker)).choices[0]).toMatchObject({
      reasoning: 'Hm',
      text: 'Yes',
    })
    expect(hear(whole({ status: 'succeeded', output })).choices[0]?.text).toContain('<think>')
  })

  it.each([
    ['failed', 'CUDA out of memory', 'stream-error', 'failed'],
    ['failed', 'The input or output was flagged as sensitive. Please try again (E005)', 'content-policy', 'E005'],
    ['failed', 'Prediction interrupted; please retry (code: PA)', 'overloaded', 'PA'],
    ['failed', 'Model ran out of memory (E1001)', 'stream-error', 'E1001'],
    ['canceled', null, 'stream-error', 'canceled'],
  ])('that is %s with "%s" is an error of kind %s', (status, error, kind, providerCode) => {
    expect(failures(whole({ status, error, output: ['x'] }))).toMatchObject([{ kind, providerCode }])
  })

  it('that is no prediction is malformed', () => {
    for (const body of ['', '<html>', '[]', '{}', 'null', '{"status":"succeeded"}'])
      expect(failures(whole(body)), body).toMatchObject([{ kind: 'malformed' }])
  })
})

const events = [
  ': hi\n\n',
  'event: output\nid: 1\ndata: Grü\n\n',
  'event: output\nid: 2\ndata: ße\n\n',
  'event: logs\nid: 3\ndata: not for you\n\n',
  'event: output\nid: 4\ndata: \ndata: \n\n',
  'event: output\nid: 5\ndata:  {"a": 1} 🌍\n\n',
  'event: done\nid: 6\ndata: {}\n\n',
].join('')
const report = `\n\nevent: prediction\ndata: ${JSON.stringify({ status: 'succeeded', metrics })}\n\n`

describe('a stream of Replicate', () => {
  it('is text, line breaks included, with what the report metered', () => {
    const { choices, usage, errors } = hear(streamed(events + report))
    expect(choices[0]).toMatchObject({ text: 'Grüße\n {"a": 1} 🌍', finish: { reason: 'stop', native: 'succeeded' } })
    expect(usage).toMatchObject({ promptTokens: 12, completionTokens: 34 })
    expect(errors).toEqual([])
    expect(hear(streamed(events))).toMatchObject({ usage: null, errors: [] })
  })

  it('says the same however it is cut', () => {
    const once = hear(streamed(events + report))
    const random = seeded(9)
    for (let round = 0; round < 200; round++) {
      const lengths = Array.from({ length: 400 }, () => 1 + Math.floor(random() * (round % 40)))
      expect(hear(streamed(events + report, input, lengths))).toEqual(once)
    }
  })

  it('tells thoughts apart across pieces', () => {
    const thoughts = 'event: output\ndata: <thi\n\nevent: output\ndata: nk>Hm</think>Yes\n\nevent: done\ndata: {}\n\n'
    expect(hear(streamed(thoughts, thinker)).choices[0]).toMatchObject({ reasoning: 'Hm', text: 'Yes' })
  })

  it.each([
    ['is cut', 'event: output\ndata: x\n\n', 'truncated'],
    ['is empty', '', 'truncated'],
    [
      'tells an error',
      'event: error\ndata: {"detail":"flagged as sensitive"}\n\nevent: done\ndata: {}\n\n',
      'content-policy',
    ],
    ['tells an error in words', 'event: error\ndata: it broke\n\n', 'stream-error'],
    ['was cancelled', 'event: done\ndata: {"reason":"canceled"}\n\n', 'stream-error'],
  ])('that %s is an error, once', (_, text, kind) => {
    expect(failures(streamed(text))).toMatchObject([{ kind }])
  })
})

describe('an error of Replicate', () => {
  it.each([
    [401, { title: 'Unauthenticated', detail: 'You did not pass a valid authentication token' }, 'credential'],
    [402, { title: 'Insufficient credit', detail: 'You have insufficient credit to run this model' }, 'payment'],
    [404, { detail: 'The requested resource could not be found.' }, 'not-found'],
    [422, { title: 'Invalid version or not permitted', detail: 'The specified version does not exist' }, 'unsupported'],
    [422, { detail: 'Invalid version or not permitted' }, 'not-found'],
    [429, { detail: 'Request was throttled. Expected available in 1 second.' }, 'rate-limited'],
    [500, { detail: 'Internal server error' }, 'server-error'],
  ])('%i %o is %s', (status, body, kind) => {
    const answer = { status, headers: new Headers(), body: JSON.stringify({ status, ...body }) }
    expect(replicateWire.classify(answer)).toMatchObject({ kind, upstreamStatus: status })
  })
})

describe.skipIf(!haveRecordings)('recorded traffic of Replicate', () => {
  it('is pictures and speech, which are read without a throw; its refusals are the endpoint’s own', () => {
    const recordings = recordingsOf('replicate-predictions')
    expect(recordings.length).toBeGreaterThan(10)
    for (const recording of recordings) {
      const body = new TextDecoder().decode(bodyOf(recording))
      if (recording.response_status < 400) expect(whole(body).length, recording.id).toBeGreaterThan(0)
      else {
        const headers = new Headers(recording.response_headers ?? {})
        expect(replicateWire.classify({ status: recording.response_status, headers, body }).kind).toBe('unsupported')
      }
    }
  })
})
