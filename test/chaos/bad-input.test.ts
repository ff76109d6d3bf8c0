import net from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fuzzedRequest, giantCount, giantRequest } from '../support/fuzzed-request.ts'
import { chat, type MockUpstream, startUpstream } from '../support/mock-upstream.ts'
import { addEndpoints, reachedAt } from '../support/operator-catalogue.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'
import { residentBytes, runtimes } from '../support/runtimes.ts'

const firstSeed = Number(process.env.FUZZ_SEED ?? 20_000_000)
const cases = Math.min(Number(process.env.FUZZ_CASES ?? 600), 20_000)
const megabyte = 1024 * 1024

let upstream: MockUpstream
let worker: RunningWorker
let key: string

beforeAll(async () => {
  upstream = await startUpstream((request) => chat(request, ['Hello']))
  worker = await startWorker({ vars: reachedAt(upstream.url, ['acme']) })
  await addEndpoints(worker.database, [
    { provider: 'acme', model: 'acme/m1', inputModalities: ['text', 'image', 'audio', 'video', 'file'] },
    { provider: 'acme', model: 'acme/m2' },
  ])
  key = (await worker.createKey({ rate_limit: { requests: 0, interval: '10s' } })).key
})
afterAll(async () => {
  await worker?.stop()
  await upstream?.stop()
})

function post(body: string | Uint8Array): Promise<Response> {
  return fetch(`${worker.url}/api/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: body as BodyInit,
    signal: AbortSignal.timeout(20_000),
  })
}

/** Either an answer, or a 4xx in the envelope. */
async function expectWellMannered(response: Response, what: string): Promise<void> {
  const text = await response.text()
  if (response.status === 200) return
  expect(response.status, `${what}: ${text.slice(0, 300)}`).toBeGreaterThanOrEqual(400)
  expect(response.status, `${what}: ${text.slice(0, 300)}`).toBeLessThan(500)
  expect(JSON.parse(text), what).toMatchObject({
    error: { code: response.status, message: expect.any(String), metadata: { error_type: expect.any(String) } },
  })
  expect(response.headers.get('x-generation-id'), what).toMatch(/^gen-/)
}

/** What comes back for bytes that no HTTP client would send; null when the connection is closed without a word. */
function raw(...pieces: (string | Uint8Array)[]): Promise<{ status: number; text: string } | null> {
  const { port, hostname } = new URL(worker.url)
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), hostname)
    let text = ''
    const timer = setTimeout(() => reject(new Error(`no answer to ${String(pieces[0]).slice(0, 200)}`)), 10_000)
    const done = () => {
      clearTimeout(timer)
      const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]
      resolve(status === undefined ? null : { status: Number(status), text })
    }
    socket.on('data', (data) => {
      text += data.toString('latin1')
    })
    socket.on('error', () => {})
    socket.on('close', done)
    for (const piece of pieces) socket.write(piece)
    // Answers to whole requests end with this connection.
    socket.setTimeout(1_500, () => socket.destroy())
  })
}

const body = JSON.stringify({ model: 'acme/m1', messages: [{ role: 'user', content: 'Hello' }] })

function request(head: string, ...rest: string[]): string {
  return [head, 'Host: gateway.test', `Authorization: Bearer ${key}`, 'Connection: close', ...rest].join('\r\n')
}

describe('whatever comes over HTTP', () => {
  it(`is answered, or refused with a 4xx in the envelope, in ${cases} cases from ${firstSeed}`, async () => {
    for (let seed = firstSeed; seed < firstSeed + 50; seed++) await (await post(fuzzedRequest(seed))).arrayBuffer()
    const [runtime] = runtimes()
    const before = runtime === undefined ? null : residentBytes(runtime)
    let next = firstSeed
    const one = async () => {
      while (next < firstSeed + cases) {
        const seed = next++
        await expectWellMannered(await post(fuzzedRequest(seed)), `FUZZ_SEED=${seed} FUZZ_CASES=1`)
      }
    }
    await Promise.all([one(), one(), one(), one()])
    // Every request that went on is one that a provider can read.
    expect(upstream.requests.length).toBeGreaterThan(cases / 10)
    for (const { json, body: sent } of upstream.requests) expect(json, sent.slice(0, 300)).not.toBeNull()
    for (let index = 0; index < giantCount; index++)
      await expectWellMannered(await post(giantRequest(index)), `giant ${index}`)
    const after = runtime === undefined ? null : residentBytes(runtime)
    // An isolate has 128 MB; what the runtime holds beside it, it holds once and not once a request.
    if (before !== null && after !== null) expect((after - before) / megabyte).toBeLessThan(700)
    expect((await post(body)).status).toBe(200)
    expect(worker.logs.filter((line) => line.includes('"error":') && line.includes('request_id'))).toEqual([])
  }, 120_000)

  it('is no UTF-8, too long, or cut short: still a 4xx', async () => {
    const answers = await Promise.all([
      post(new Uint8Array([0x7b, 0xff, 0xfe, 0x7d])),
      post(body.slice(0, 40)),
      post(''),
      fetch(`${worker.url}/api/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-encoding': 'gzip' },
        body,
      }),
    ])
    for (const [index, answer] of answers.entries()) await expectWellMannered(answer, `body ${index}`)
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400])
    // Told by its length, before a byte of it has come.
    const head = request('POST /api/v1/chat/completions HTTP/1.1', `Content-Length: ${20 * megabyte + 1}`, '', '')
    const tooLong = await raw(head)
    expect(tooLong?.status).toBe(413)
    expect(tooLong?.text).toContain('"limit_bytes":20971520')
  })

  it('has a strange method, path or header: a 4xx, in the envelope where it reaches the gateway', async () => {
    const post = 'POST /api/v1/chat/completions HTTP/1.1'
    const length = `Content-Length: ${body.length}`
    const whole: [string, ...(string | Uint8Array)[]][] = [
      [request('PROPFIND /api/v1/models HTTP/1.1', '', '')],
      [request('TRACE /api/v1/models HTTP/1.1', '', '')],
      [request('DELETE /api/v1/chat/completions HTTP/1.1', '', '')],
      [request('GET /api/v1/chat/completions HTTP/1.1', '', '')],
      [request('GET /%00 HTTP/1.1', '', '')],
      [request('GET /%ff%fe/%zz HTTP/1.1', '', '')],
      [request('GET /api/v1/models/%2e%2e/%2e%2e/etc/passwd/endpoints HTTP/1.1', '', '')],
      [request(`GET /api/v1/models/${'x'.repeat(4_000)} HTTP/1.1`, '', '')],
      [request('GET /api/v1/generation?id=%ff%00&id=2 HTTP/1.1', '', '')],
      [request('GET /api/v1/keys/__proto__ HTTP/1.1', '', '')],
      [request('GET //api//v1//models/constructor HTTP/1.1', '', '')],
      [request(post, 'Content-Length: 5', '', ''), '{"a":'],
      [request(post, length, 'Content-Type: \xff\xfe', '', ''), `[${' '.repeat(body.length - 2)}]`],
      [request(post, 'Transfer-Encoding: chunked', '', ''), '5\r\n{"a":\r\n0\r\n\r\n'],
    ]
    for (const [head, ...rest] of whole) {
      const answer = await raw(head, ...rest)
      expect(answer?.status, head).toBeGreaterThanOrEqual(400)
      expect(answer?.status, head).toBeLessThan(500)
      if (!head.startsWith('TRACE')) expect(answer?.text, head).toContain('"error_type"')
    }
    const broken: [string, ...(string | Uint8Array)[]][] = [
      ['GARBAGE\r\n\r\n'],
      ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
      ['GET / HTTP/9.9\r\n\r\n'],
      [request(post, 'Content-Length: -1', '', ''), body],
      [request(post, 'Content-Length: 1e3', '', ''), body],
      [request(post, 'Content-Length: 99999999999999999999', '', ''), body],
      [request(post, length, 'Content-Length: 3', '', ''), body],
      [request(post, 'Transfer-Encoding: chunked', '', ''), 'zz\r\n'],
      [request(post, `X-Long: ${'x'.repeat(300_000)}`, length, '', ''), body],
      [request(post, 'Bad Header: x', length, '', ''), body],
      [request(post, 'X-Nul: a\0b', length, '', ''), body],
      [request(post, `Content-Length: ${body.length + 100}`, '', ''), body],
    ]
    for (const [head, ...rest] of broken) {
      const answer = await raw(head, ...rest)
      // The runtime, or Cloudflare before it, refuses what is no HTTP; a body that never comes is waited for.
      if (answer !== null && answer.status !== 501 && answer.status !== 505)
        expect(answer.status, head.slice(0, 200)).toBeLessThan(500)
    }
    expect((await fetch(`${worker.url}/api/v1/models/count`)).status).toBe(200)
  }, 60_000)
})
