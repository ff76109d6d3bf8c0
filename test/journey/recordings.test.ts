import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ChatStreamDecoder, decodeWhole } from '../../src/providers/openai-chat/decode.ts'
import { decodeOptions, hear } from '../providers/openai-chat/heard.ts'
import { bodyOf, haveRecordings, type Recording, recordingsOf, seeded } from '../providers/recordings.ts'
import { type ChatClient, chatClient } from '../support/chat-client.ts'
import { expectErrorEnvelope, readChatStream } from '../support/chat-wire.ts'
import { type MockUpstream, replay, startUpstream } from '../support/mock-upstream.ts'
import { addEndpoints, providerOfPath, reachedAt } from '../support/operator-catalogue.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'

const all = recordingsOf('openai-chat')
const isError = (recording: Recording) => recording.response_status >= 400
const streams = all.filter((recording) => !isError(recording) && recording.body_kind === 'sse')
const bodies = all.filter((recording) => !isError(recording) && recording.body_kind === 'json')

/** How a recording is cut on its way to the gateway. */
type Cut = 'recorded' | 'random' | 'bytes'

describe.skipIf(!haveRecordings)('recorded traffic through the running Worker', () => {
  let upstream: MockUpstream
  let worker: RunningWorker
  let client: ChatClient

  beforeAll(async () => {
    upstream = await startUpstream((request) => {
      const index = Number(/^r(\d+)$/.exec(providerOfPath(request.path))?.[1])
      const recording = all[index]
      if (!recording) throw new Error(`no recording for ${request.path}`)
      const bytes = bodyOf(recording)
      const type = recording.body_kind === 'sse' ? 'text/event-stream' : 'application/json'
      return replay(bytes, lengthsOf(recording, bytes.length, request.json?.cut as Cut), {
        status: recording.response_status,
        headers: { 'content-type': type },
        gapMs: 0,
      })
    })
    // Each has a provider of its own: a recorded error must not close the way to the next recording.
    const providers = all.map((_, index) => `r${index}`)
    worker = await startWorker({ vars: reachedAt(upstream.url, providers) })
    await addEndpoints(
      worker.database,
      providers.map((provider) => ({ provider, model: `test/${provider}` })),
    )
    client = chatClient(worker.url, (await worker.createKey({ rate_limit: { requests: 0 } })).key)
  })
  afterAll(async () => {
    await worker?.stop()
    await upstream?.stop()
  })

  function lengthsOf(recording: Recording, length: number, cut: Cut): number[] {
    if (cut === 'recorded') return recording.chunk_lengths ?? []
    if (cut === 'bytes') return Array.from({ length }, () => 1)
    const random = seeded(length)
    return Array.from({ length: Math.ceil(length / 20) }, () => 1 + Math.floor(random() ** 3 * 400))
  }

  /** Some at a time. */
  async function each(recordings: Recording[], check: (recording: Recording) => Promise<void>): Promise<void> {
    const waiting = [...recordings]
    const lane = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await check(next)
    }
    await Promise.all(Array.from({ length: 16 }, lane))
  }

  function ask(recording: Recording, stream: boolean, cut: Cut): Promise<Response> {
    return client.post({ model: `test/r${all.indexOf(recording)}`, stream, cut })
  }

  async function checkStream(recording: Recording, cut: Cut): Promise<void> {
    const response = await ask(recording, true, cut)
    const text = await response.text()
    const decoder = new ChatStreamDecoder(decodeOptions())
    const { choices, usage, errors } = hear([...decoder.push(bodyOf(recording)), ...decoder.end()])
    if (response.status !== 200) {
      expect(errors, recording.id).toHaveLength(1)
      expectErrorEnvelope(response.status, JSON.parse(text))
      return
    }
    const read = readChatStream(text)
    const [heard] = choices
    expect(read.text, recording.id).toBe(heard?.text ?? '')
    expect(read.reasoning, recording.id).toBe(heard?.reasoning ?? '')
    expect(
      read.toolCalls.map(({ name, arguments: said }) => ({ name, said })),
      recording.id,
    ).toEqual((heard?.calls ?? []).map(({ name, arguments: said }) => ({ name, said: said || '{}' })))
    expect(read.finishReason, recording.id).toBe(errors.length > 0 ? 'error' : heard?.finish?.reason)
    if (usage && errors.length === 0) expect(read.usage.prompt_tokens, recording.id).toBe(usage.promptTokens)
  }

  it('streams come through as they were recorded', () =>
    each(streams, (recording) => checkStream(recording, 'recorded')))

  it('streams come through however they are cut', () => {
    const some = streams.filter((_, index) => index % 8 === 0)
    return each(some, (recording) => checkStream(recording, 'random'))
  })

  it('streams come through byte by byte', () => {
    const short = streams.filter((recording) => bodyOf(recording).length < 1_500).slice(0, 3)
    expect(short).toHaveLength(3)
    return each(short, (recording) => checkStream(recording, 'bytes'))
  })

  it('whole answers come through', () =>
    each(bodies, async (recording) => {
      const { status, body } = await client.whole({ model: `test/r${all.indexOf(recording)}`, cut: 'recorded' })
      const { choices, errors } = hear(decodeWhole(new TextDecoder().decode(bodyOf(recording)), decodeOptions()).parts)
      if (status !== 200) {
        expect(errors, recording.id).toHaveLength(1)
        expectErrorEnvelope(status, body)
        return
      }
      const [heard] = choices
      const { message, finish_reason } = body.choices[0]
      expect(message.content ?? '', recording.id).toBe(heard?.text ?? '')
      expect(message.reasoning ?? '', recording.id).toBe(heard?.reasoning ?? '')
      expect(message.tool_calls?.length ?? 0, recording.id).toBe(heard?.calls.length)
      expect(finish_reason, recording.id).toBe(heard?.finish?.reason)
    }))

  it('errors come through as what they are', () =>
    each(all.filter(isError), async (recording) => {
      const response = await ask(recording, recording.id.includes('stream'), 'recorded')
      expectErrorEnvelope(response.status, await response.json())
      expect(response.status, recording.id).not.toBe(500)
      if (recording.response_status < 500 && response.status >= 500)
        expect([401, 402, 403, 407, 412], recording.id).toContain(recording.response_status)
    }))
})
