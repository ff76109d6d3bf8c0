import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allRecordings, bodyOf, haveRecordings, type Recording } from '../providers/recordings.ts'
import { type ChatClient, chatClient } from '../support/chat-client.ts'
import { expectErrorEnvelope, readChatStream } from '../support/chat-wire.ts'
import type { MockUpstream } from '../support/mock-upstream.ts'
import { addEndpoints, reachedAt } from '../support/operator-catalogue.ts'
import type { RecordedAnswer } from '../support/recorded/answer.ts'
import { canonical, publicReason, recordedAnswer } from '../support/recorded/replay.ts'
import { apiOf, leftOut, type Speaker, wireFor } from '../support/recorded/scope.ts'
import { type Cut, promptFor, startReplayUpstream } from '../support/replay-upstream.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'

/** One provider's one API, and an example of everything that it was recorded doing. */
interface Door {
  name: string
  model: string
  speaker: Speaker
  whole: Recording[]
  streams: Recording[]
  errors: Recording[]
}

/** The wire that most providers share is replayed in full elsewhere: here it is only one stream a provider. */
const examplesOf = (api: string) => (api === 'openai-chat' ? 1 : 2)
const doors = doorsOf(allRecordings().filter((recording) => leftOut(recording) === null))
/** Streams above this size take their time when they are cut at random, those above the other byte by byte. */
const randomBelow = 8_000
const singleBytesBelow = 1_500

let upstream: MockUpstream
let worker: RunningWorker
let client: ChatClient

describe.skipIf(!haveRecordings)('recorded traffic reaches a client through the running Worker', () => {
  beforeAll(async () => {
    upstream = await startReplayUpstream()
    const slugs = [...new Set(doors.map(({ speaker }) => speaker.slug))]
    worker = await startWorker({ vars: reachedAt(upstream.url, slugs) })
    await addEndpoints(
      worker.database,
      doors.map(({ model, speaker, streams, whole }) => ({
        provider: speaker.slug,
        upstreamId: speaker.upstreamId,
        ...(speaker.engine === undefined ? {} : { engine: speaker.engine }),
        model,
        reasoning: [...streams, ...whole].some(({ tags }) => tags.includes('reasoning')),
      })),
    )
    client = chatClient(worker.url, (await worker.createKey({ rate_limit: { requests: 0 } })).key)
  })
  afterAll(async () => {
    await worker?.stop()
    await upstream?.stop()
  })

  const ask = (door: Door, recording: Recording, cut: Cut = 'recorded') => ({
    model: door.model,
    provider: { only: [door.speaker.slug] },
    messages: [{ role: 'user', content: promptFor(recording, cut) }],
  })

  describe.concurrent.each(doors)('$name', (door) => {
    it.skipIf(door.whole.length === 0)('whole answers', async () => {
      for (const recording of door.whole) {
        const { status, body } = await client.whole(ask(door, recording))
        const want = recordedAnswer(recording)
        if (want.failed) {
          expectErrorEnvelope(status, body)
          continue
        }
        expect(status, `${recording.id}: ${JSON.stringify(body)}`).toBe(200)
        const [{ message, finish_reason: finishReason }] = body.choices
        const calls = (message.tool_calls ?? []).map((call: { function: object }) => call.function)
        compare(recording, want, { ...message, text: message.content, calls, finishReason, usage: body.usage })
      }
    })

    it.skipIf(door.streams.length === 0)('streams, as recorded and cut anew', async () => {
      for (const recording of door.streams) {
        const want = recordedAnswer(recording)
        for (const cut of cutsOf(recording)) {
          const response = await client.post({ ...ask(door, recording, cut), stream: true })
          const text = await response.text()
          if (want.failed && response.status !== 200) {
            expectErrorEnvelope(response.status, JSON.parse(text))
            continue
          }
          expect(response.status, `${recording.id}: ${text}`).toBe(200)
          const read = readChatStream(text)
          expect(read.error !== null, recording.id).toBe(want.failed)
          if (!want.failed) compare(recording, want, { ...read, calls: read.toolCalls })
        }
      }
    })
  })

  // Last and alone, because a provider that refuses the gateway's credential is not asked again for a while.
  it('errors', async () => {
    for (const door of doors) {
      const [recording] = door.errors
      if (!recording) continue
      const { status, body } = await client.whole(ask(door, recording))
      expectErrorEnvelope(status, body)
      expect(status, recording.id).toBeGreaterThanOrEqual(400)
      // An upstream's failure is never our own.
      expect(status, recording.id).not.toBe(500)
    }
  })
})

interface Got {
  text: string | null
  reasoning?: string | null
  calls: { name?: string; arguments?: string }[]
  finishReason: string | null
  usage: { prompt_tokens: number; completion_tokens: number } | null
}

/** The first choice of an answer against what was recorded. */
function compare(recording: Recording, { choices, usage }: RecordedAnswer, got: Got): void {
  const [want] = choices
  if (!want) throw new Error(`${recording.id} says nothing.`)
  const compact = (text: string | null | undefined) => (text ?? '').replace(/\s+/g, '')
  const said = {
    text: got.text ?? '',
    reasoning: compact(got.reasoning),
    calls: got.calls.map(({ name, arguments: text }) => ({ name, arguments: canonical(text ?? '') })),
    finish: got.finishReason,
  }
  expect(said, recording.id).toEqual({
    text: want.text,
    reasoning: compact(want.reasoning),
    calls: want.calls.map(({ name, arguments: text }) => ({ name, arguments: canonical(text) })),
    finish: publicReason(want),
  })
  if (usage)
    expect(got.usage, recording.id).toMatchObject({
      prompt_tokens: usage.promptTokens,
      completion_tokens: usage.completionTokens,
    })
}

function cutsOf(recording: Recording): Cut[] {
  const { length } = bodyOf(recording)
  return [
    'recorded',
    ...(length < randomBelow ? (['random'] as const) : []),
    ...(length < singleBytesBelow ? (['bytes'] as const) : []),
  ]
}

/** A few recordings of each provider and API, as different in what they hold as can be. */
function doorsOf(recordings: Recording[]): Door[] {
  const groups = new Map<string, Recording[]>()
  for (const recording of recordings) {
    const name = `${recording.provider} · ${apiOf(recording)}`
    groups.set(name, [...(groups.get(name) ?? []), recording])
  }
  return [...groups].flatMap(([name, group], index) => {
    const [first] = group
    const sample = (fits: (recording: Recording) => boolean) =>
      varied(group.filter(fits), examplesOf(first ? apiOf(first) : ''))
    const speaker = first && wireFor(first)
    if (!speaker) return []
    const isStream = ({ body_kind: kind }: Recording) => kind !== 'json' && kind !== 'text'
    return {
      name,
      model: `replay/door-${index}`,
      speaker,
      whole: sample((recording) => recording.response_status < 400 && !isStream(recording)),
      streams: sample((recording) => recording.response_status < 400 && isStream(recording)),
      errors: sample((recording) => recording.response_status >= 400).slice(0, 1),
    }
  })
}

/** The recordings that add most tags to those before them; small ones first, because they are sent in pieces. */
function varied(recordings: Recording[], count: number): Recording[] {
  const chosen: Recording[] = []
  const seen = new Set<string>()
  const news = ({ tags }: Recording) => tags.filter((tag) => !tag.startsWith('req:') && !seen.has(tag)).length
  while (chosen.length < count && chosen.length < recordings.length) {
    const left = recordings.filter((recording) => !chosen.includes(recording))
    const [best] = left.sort((a, b) => news(b) - news(a) || bodyOf(a).length - bodyOf(b).length)
    if (!best) break
    chosen.push(best)
    for (const tag of best.tags) seen.add(tag)
  }
  return chosen
}
