import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  expectChatBody,
  expectErrorEnvelope,
  type Json,
  type ReadStream,
  readChatStream,
} from '../support/chat-wire.ts'
import { type Answer, chat, event, eventStream, type MockUpstream, startUpstream } from '../support/mock-upstream.ts'
import { addEndpoints, providerOfPath, reachedAt } from '../support/operator-catalogue.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'
import { faults, harmless, type Mode } from './fault-table.ts'

/** One request to a model that a faulty provider serves, and a healthy one too. Each has a provider of its own. */
interface Scene {
  slug: string
  mode: Mode
  answer: Answer | null
  /** Whether the healthy provider is next in line. */
  hasNext: boolean
}

/** What came of a scene. */
interface Played {
  response: Response
  /** Until the headers. */
  tookMs: number
  /** Of a stream that began. */
  stream: ReadStream | null
  /** Of anything else. */
  body: Json
  /** The providers that were called, in order. */
  called: string[]
  generation: Json
}

const scenes = new Map<string, Scene>()
for (const [group, list] of Object.entries({ fault: faults, harmless })) {
  for (const [index, { modes, answer }] of list.entries()) {
    for (const mode of modes) {
      for (const hasNext of [false, true]) {
        const slug = `${group}-${index}-${mode}${hasNext ? '-next' : ''}`
        scenes.set(slug, { slug, mode, answer, hasNext })
      }
    }
  }
}
const played = new Map<string, Promise<Played>>()

let upstream: MockUpstream
let worker: RunningWorker
let key: string

beforeAll(async () => {
  upstream = await startUpstream((request) => {
    const slug = providerOfPath(request.path)
    return scenes.get(slug)?.answer ?? chat(request, ['healthy ', 'answer'])
  })
  const nobody = await startUpstream()
  await nobody.stop()
  const refused = [...scenes.values()].filter(({ answer }) => answer === null).map(({ slug }) => slug)
  worker = await startWorker({
    vars: {
      ...reachedAt(upstream.url, [...scenes.keys(), 'healthy']),
      ...reachedAt(nobody.url, refused),
      FIRST_CONTENT_TIMEOUT_MS: '2500',
      WHOLE_ANSWER_TIMEOUT_MS: '2500',
      IDLE_TIMEOUT_MS: '2500',
    },
  })
  await addEndpoints(
    worker.database,
    [...scenes.keys()].flatMap((slug) => [
      { provider: slug, model: `test/${slug}` },
      { provider: 'healthy', model: `test/${slug}` },
    ]),
  )
  key = (await worker.createKey({ rate_limit: { requests: 0 } })).key
  // All at once but not too many at a time, so that the deadlines measure the upstream and not this machine.
  const waiting = [...scenes.values()]
  const lanes = Array.from({ length: 16 }, () => ({ last: Promise.resolve() as Promise<unknown> }))
  for (const [index, scene] of waiting.entries()) {
    const lane = lanes[index % lanes.length]
    if (!lane) continue
    const playing = lane.last.then(() => play(scene))
    lane.last = playing.catch(() => {})
    played.set(scene.slug, playing)
  }
})
afterAll(async () => {
  await worker?.stop()
  await upstream?.stop()
})

function ask({ slug, mode, hasNext }: Scene): Promise<Response> {
  return fetch(`${worker.url}/api/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: `test/${slug}`,
      stream: mode === 'streamed',
      provider: { order: hasNext ? [slug, 'healthy'] : [slug], allow_fallbacks: false },
      messages: [{ role: 'user', content: 'Hello' }],
    }),
  })
}

async function play(scene: Scene): Promise<Played> {
  const { slug, mode } = scene
  const askedAt = Date.now()
  const response = await ask(scene)
  const tookMs = Date.now() - askedAt
  const text = await response.text()
  const isStream = response.headers.get('content-type') === 'text/event-stream'
  expect(isStream).toBe(mode === 'streamed' && response.status === 200)
  const generation = await fetch(`${worker.url}/api/v1/generation?id=${response.headers.get('x-generation-id')}`, {
    headers: { authorization: `Bearer ${key}` },
  })
  expect(generation.status).toBe(200)
  return {
    response,
    tookMs,
    stream: isStream ? readChatStream(text) : null,
    body: isStream ? null : JSON.parse(text),
    called: upstream.requests
      .filter(({ model }) => model === `upstream-${slug}`)
      .map(({ path }) => providerOfPath(path)),
    generation: ((await generation.json()) as Json).data,
  }
}

async function outcomeOf(slug: string): Promise<Played> {
  const outcome = played.get(slug)
  if (!outcome) throw new Error(`no scene ${slug}`)
  return outcome
}

/** Each upstream call is in the record of the request, and nothing else is. */
function expectRecorded({ called, generation }: Played, slug: string, refused: boolean): void {
  const names = generation.provider_responses.map((attempt: Json) => attempt.provider_name)
  expect(names).toEqual(refused ? [slug, ...called] : called)
}

const cases = faults.flatMap((fault, index) =>
  fault.modes.map((mode) => ({ ...fault, mode, slug: `fault-${index}-${mode}` })),
)

describe.each(cases)('$name, in place of or in a $mode answer', (fault) => {
  const { slug, mode, code, said, late } = fault

  it('is told as what it is, after one call', async () => {
    const outcome = await outcomeOf(slug)
    const { response, tookMs, stream, body, called, generation } = outcome
    expectRecorded(outcome, slug, fault.answer === null)
    expect(called).toEqual(fault.answer === null ? [] : [slug])
    expect(generation).toMatchObject({ status: code, cancelled: false, finish_reason: said === '' ? null : 'error' })
    expect(generation.usage).toBe(0)
    // An error that is known within a second is a clean one; the headers of a stream wait no longer.
    const isInside = mode === 'streamed' && (late || said !== '' || tookMs > 900)
    if (stream) {
      expect(isInside).toBe(true)
      expect(stream).toMatchObject({ text: said, finishReason: 'error', error: { code } })
    } else {
      expect(response.status).toBe(code)
      expectErrorEnvelope(code, body)
      expect(response.headers.get('retry-after')).toBe(fault.retryAfter)
      expect(response.headers.get('access-control-allow-origin')).toBe('*')
    }
  })

  it(fault.recovers ? 'is made good by the next endpoint' : 'is not tried elsewhere', async () => {
    const outcome = await outcomeOf(`${slug}-next`)
    const { response, stream, body, called, generation } = outcome
    const faulty = `${slug}-next`
    expectRecorded(outcome, faulty, fault.answer === null)
    if (fault.recovers) {
      expect(called).toEqual(fault.answer === null ? ['healthy'] : [faulty, 'healthy'])
      expect(response.status).toBe(200)
      expect(stream?.text ?? body.choices[0].message.content).toBe('healthy answer')
      expect(stream?.finishReason ?? body.choices[0].finish_reason).toBe('stop')
      expect(generation).toMatchObject({ status: 200, finish_reason: 'stop', provider_name: 'healthy' })
      if (body) expectChatBody(body)
    } else {
      expect(called).toEqual([faulty])
      expect(stream?.text ?? '').toBe(said)
      expect(stream?.error.code ?? response.status).toBe(code)
    }
  })
})

const peculiar = harmless.flatMap(({ name, modes }, index) =>
  modes.map((mode) => ({ name, mode, slug: `harmless-${index}-${mode}` })),
)

it.each(peculiar)('$name does not harm a $mode answer', async ({ mode, slug }) => {
  const outcome = await outcomeOf(slug)
  const { response, stream, body, called, generation } = outcome
  expectRecorded(outcome, slug, false)
  expect(called).toEqual([slug])
  expect(response.status).toBe(200)
  if (mode === 'whole') expectChatBody(body)
  expect(stream?.text ?? body.choices[0].message.content).toBe('partial answer')
  expect(stream?.finishReason ?? body.choices[0].finish_reason).toBe('stop')
  expect(generation).toMatchObject({ status: 200, finish_reason: 'stop' })
})

it('is an error when one of two choices was cut', async () => {
  const cut = [0, 1].map((index) => event({ choices: [{ index, delta: { content: 'Hello' } }] }))
  const ended = event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })
  const answer = eventStream([...cut, ended])
  const scene: Scene = { slug: 'healthy', mode: 'streamed', answer, hasNext: false }
  scenes.set('healthy', scene)
  await addEndpoints(worker.database, [{ provider: 'healthy', model: 'test/healthy' }])
  const response = await ask(scene)
  expect((await response.text()).split('\n\n').at(-3)).toContain('"finish_reason":"error"')
})
