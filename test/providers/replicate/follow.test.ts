import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { follow, isReplicates } from '../../../src/providers/replicate/follow.ts'
import type { FollowContext } from '../../../src/providers/wire.ts'
import { forbiddenAddresses, forbiddenSchemes } from '../../edge/forbidden-addresses.ts'
import { encodeInput } from '../openai-chat/encode-input.ts'

const baseUrl = 'https://api.replicate.com/v1'
const streamUrl = 'https://stream.replicate.com/v1/files/x'
const api = `${baseUrl}/predictions/p1`

interface Call {
  url: string
  method: string
  authorization: string | undefined
}

/** A Replicate that answers what it is told, in turn, and remembers who asked. */
function replicate(answers: Record<string, (() => Response)[]>, stream = false) {
  const calls: Call[] = []
  const abort = new AbortController()
  const background: Promise<unknown>[] = []
  const { target, request } = encodeInput({})
  const context: FollowContext = {
    target: { ...target, baseUrl },
    request,
    stream,
    headers: { authorization: 'Bearer r8', 'user-agent': 'causeway', prefer: 'wait' },
    signal: abort.signal,
    background: (promise) => background.push(promise),
    fetch: async (url, init) => {
      const headers = new Headers(init.headers)
      calls.push({ url, method: init.method ?? 'GET', authorization: headers.get('authorization') ?? undefined })
      const next = answers[url]?.shift()
      if (!next) throw new Error(`nothing at ${url}`)
      return next()
    },
  }
  return { context, calls, abort, background }
}

const prediction = (fields: object) => () => Response.json({ id: 'p1', ...fields }, { status: 201 })
const begun = (fields: object = {}) => prediction({ status: 'starting', urls: { stream: streamUrl }, ...fields })()
const events = (text: string) => () => new Response(text, { headers: { 'content-type': 'text/event-stream' } })

beforeEach(() => {
  vi.useFakeTimers()
  vi.setTimerTickMode('nextTimerAsync')
})
afterEach(() => {
  vi.useRealTimers()
})

describe('following a prediction', () => {
  it('takes one that is over as it is', async () => {
    for (const fields of [
      { status: 'succeeded', output: ['Hi'] },
      { status: 'failed' },
      { status: 'processing', output: 'Hi' },
    ]) {
      const { context, calls } = replicate({})
      const answer = await follow(prediction(fields)(), context)
      expect(await answer.json()).toMatchObject(fields)
      expect(calls).toEqual([])
    }
  })

  it('takes what is no prediction as it is', async () => {
    const { context } = replicate({})
    expect(await (await follow(new Response('<html>'), context)).text()).toBe('<html>')
  })

  it('polls until it is over, at the address that it is known under', async () => {
    const { context, calls } = replicate({
      [api]: [
        prediction({ status: 'processing', output: ['H'] }),
        prediction({ status: 'succeeded', output: ['H', 'i'] }),
      ],
    })
    const answer = await follow(begun({ urls: { get: 'https://evil.example/' } }), context)
    expect(await answer.json()).toMatchObject({ status: 'succeeded', output: ['H', 'i'] })
    expect(calls).toEqual(Array(2).fill({ url: api, method: 'GET', authorization: 'Bearer r8' }))
  })

  it('forgives a poll or two, and no more', async () => {
    const broken = () => new Response('', { status: 502 })
    const mended = replicate({ [api]: [broken, broken, prediction({ status: 'succeeded', output: 'x' })] })
    expect((await follow(begun(), mended.context)).ok).toBe(true)
    const gone = replicate({ [api]: [() => new Response('', { status: 404 })] })
    expect((await follow(begun(), gone.context)).status).toBe(404)
    const down = replicate({ [api]: [broken, broken, broken, broken] })
    expect((await follow(begun(), down.context)).status).toBe(502)
  })

  it('streams where the client streams, without the credential, and reports what was metered', async () => {
    const metrics = { input_token_count: 1 }
    const { context, calls } = replicate(
      {
        [streamUrl]: [events('event: done\ndata: {}')],
        [api]: [
          prediction({ status: 'processing', output: ['x'] }),
          prediction({ status: 'succeeded', output: ['x'], metrics }),
        ],
      },
      true,
    )
    const answer = await follow(begun(), context)
    expect(await answer.text()).toBe(
      `event: done\ndata: {}\n\nevent: prediction\ndata: {"status":"succeeded","metrics":{"input_token_count":1}}\n\n`,
    )
    expect(calls.map(({ url, authorization }) => [url, authorization])).toEqual([
      [streamUrl, undefined],
      [api, 'Bearer r8'],
      [api, 'Bearer r8'],
    ])
  })

  it('ends a stream without a report where nobody gives one', async () => {
    const { context } = replicate({ [streamUrl]: [events('event: done\ndata: {}\n\n')] }, true)
    expect(await (await follow(begun(), context)).text()).toBe('event: done\ndata: {}\n\n')
  })

  it('polls for a client that streams where the model does not, or its stream cannot be had', async () => {
    const broken = { [streamUrl]: [() => new Response('', { status: 500 })] }
    const cases: [Record<string, (() => Response)[]>, object][] = [
      [{}, {}],
      [{}, { stream: 'https://evil.example/' }],
      [broken, { stream: streamUrl }],
    ]
    for (const [answers, urls] of cases) {
      const done = { [api]: [prediction({ status: 'succeeded', output: 'x' })] }
      const { context, calls } = replicate({ ...done, ...answers }, true)
      expect(await (await follow(begun({ urls }), context)).json()).toMatchObject({ output: 'x' })
      expect(calls.some(({ url }) => url.includes('evil'))).toBe(false)
    }
  })

  it('cancels the prediction when the call is given up, once and only while it runs', async () => {
    const polled = replicate({ [`${api}/cancel`]: [() => new Response('{}')] })
    vi.setTimerTickMode('manual')
    const waiting = follow(begun(), polled.context)
    await Promise.resolve()
    const rejected = expect(waiting).rejects.toBeTruthy()
    polled.abort.abort()
    await rejected
    await Promise.all(polled.background)
    expect(polled.calls).toContainEqual({ url: `${api}/cancel`, method: 'POST', authorization: 'Bearer r8' })

    const over = replicate({ [streamUrl]: [events('x')], [api]: [prediction({ status: 'succeeded' })] }, true)
    await (await follow(begun(), over.context)).text()
    over.abort.abort()
    expect(over.background).toEqual([])
  })
})

describe('an address that a prediction names', () => {
  it.each([
    [streamUrl, baseUrl, true],
    ['https://replicate.com/x', baseUrl, true],
    ['http://stream.replicate.com/x', baseUrl, false],
    ['https://replicate.com.evil.example/x', baseUrl, false],
    ['https://evilreplicate.com/x', baseUrl, false],
    ['https://169.254.169.254/', baseUrl, false],
    ['not a url', baseUrl, false],
    ['http://127.0.0.1:9/stream', 'http://127.0.0.1:9/v1', true],
    ['http://127.0.0.1:8/stream', 'http://127.0.0.1:9/v1', false],
    [streamUrl, 'https://proxy.example/v1', false],
  ])('%s from %s is followed: %s', (address, base, followed) => {
    expect(isReplicates(address, base)).toBe(followed)
  })
})

describe('an address in an answer', () => {
  const forbidden = [
    ...forbiddenAddresses,
    ...forbiddenSchemes,
    'https://replicate.com.evil.example/',
    'https://evilreplicate.com/',
    'https://replicate.com@evil.example/',
    'http://stream.replicate.com/x',
    'https://stream.replicate.com.',
    '//evil.example/',
  ]

  it('is followed to Replicate and to nowhere else', async () => {
    for (const url of forbidden) {
      const { context, calls } = replicate({ [api]: [prediction({ status: 'succeeded', output: ['Hi'] })] }, true)
      const answer = await follow(begun({ urls: { stream: url, get: url, cancel: url } }), context)
      expect(await answer.json()).toMatchObject({ status: 'succeeded' })
      expect(
        calls.map((call) => call.url),
        url,
      ).toEqual([api])
    }
  })

  it('cannot be smuggled in as the id of the prediction', async () => {
    for (const id of ['../../x', 'https://evil.example/', '@evil.example/', 'p1?x#y', '..\\..\\x', '\u0000']) {
      const { context, calls } = replicate({})
      await follow(begun({ id }), context).catch(() => {})
      for (const { url } of calls) {
        expect(new URL(url).origin).toBe('https://api.replicate.com')
        expect(new URL(url).pathname).toMatch(/^\/v1\/predictions\/[^/]+$/)
      }
    }
  })
})
