import { afterAll, beforeAll, expect, it } from 'vitest'
import { run } from '../../scripts/provider.mjs'
import {
  type Answer,
  eventStream,
  json,
  type MockUpstream,
  type RecordedRequest,
  startUpstream,
} from '../support/mock-upstream.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are read as a client reads them.
type Json = any

let upstream: MockUpstream
let worker: RunningWorker

beforeAll(async () => {
  upstream = await startUpstream(behave)
  const vars = {
    REPLICATE_API_KEY: 'r8_a-credential-of-replicate',
    REPLICATE_BASE_URL: `${upstream.url}/replicate/v1`,
    OPENROUTER_API_KEY: 'sk-or-a-credential',
    OPENROUTER_BASE_URL: `${upstream.url}/openrouter/v1`,
  }
  worker = await startWorker({ vars })
})
afterAll(async () => {
  await worker?.stop()
  await upstream?.stop()
})

/** Ollama, Replicate and OpenRouter in one. */
function behave({ path, json: body, method }: RecordedRequest): Answer {
  const streams = body?.stream === true
  switch (`${method} ${path}`) {
    case 'GET /ollama/api/tags':
      return json({ models: [{ model: 'qwen3:8b' }] })
    case 'POST /ollama/api/show':
      return json({ capabilities: ['completion', 'thinking'], model_info: { 'q.context_length': 4096 } })
    case 'POST /ollama/api/chat': {
      const end = { done: true, done_reason: 'stop', prompt_eval_count: 9, eval_count: 4 }
      const lines = [
        { message: { thinking: 'Hm' } },
        { message: { content: 'Grü' } },
        { message: { content: 'ße' }, ...end },
      ]
      if (!streams) return json({ message: { content: 'Grüße', thinking: 'Hm' }, ...end })
      const bytes = new TextEncoder().encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
      // Cut inside of a character.
      const at = bytes.indexOf(0xc3) + 1
      const headers = { 'content-type': 'application/x-ndjson' }
      return { headers, body: [{ send: bytes.slice(0, at) }, { waitMs: 20 }, { send: bytes.slice(at) }] }
    }
    case 'POST /replicate/v1/models/meta/llama-3-70b/predictions':
      return json(
        { id: 'p1', status: 'starting', urls: streams ? { stream: `${upstream.url}/replicate/stream` } : {} },
        201,
      )
    case 'GET /replicate/stream':
      return eventStream(['event: output\ndata: Hel\n\n', 'event: output\ndata: lo\n\n', 'event: done\ndata: {}\n\n'])
    case 'GET /replicate/v1/predictions/p1':
      return json({
        id: 'p1',
        status: 'succeeded',
        output: ['Hel', 'lo'],
        metrics: { input_token_count: 5, output_token_count: 2 },
      })
    case 'GET /openrouter/v1/models':
      return json({ data: [{ id: 'acme/only-there', pricing: { prompt: '0.000001', completion: '0.000002' } }] })
    case 'POST /openrouter/v1/chat/completions':
      return json({
        choices: [{ message: { content: 'Hi' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 1, completion_tokens: 1 },
      })
    default:
      return json({ detail: `nothing at ${method} ${path}` }, 404)
  }
}

/** `npm run provider -- …` on the database of the gateway that is running. */
function provider(command: string, variables: Record<string, string> = {}): Promise<string> {
  return run(command.split(' '), {
    variables,
    open: () => ({
      query: async (statements) =>
        (
          await worker.database.batch<Record<string, unknown>>(statements.map((sql) => worker.database.prepare(sql)))
        ).map(({ results }) => results),
      execute: async (statements) => {
        await worker.database.batch(statements.map((sql) => worker.database.prepare(sql)))
      },
    }),
  })
}

const headers = () => ({ authorization: `Bearer ${worker.apiKey}`, 'content-type': 'application/json' })

async function ask(fields: object): Promise<{ status: number; body: Json; chunks: Json[]; id: string }> {
  const messages = [{ role: 'user', content: 'Hello' }]
  const response = await fetch(`${worker.url}/api/v1/chat/completions`, {
    method: 'POST',
    headers: headers(),
    body: JSON.stringify({ messages, ...fields }),
  })
  const text = await response.text()
  const id = response.headers.get('x-generation-id') ?? ''
  if (!text.startsWith('data:')) return { status: response.status, body: JSON.parse(text), chunks: [], id }
  const data = text.split('\n\n').filter((event) => event.startsWith('data: {'))
  return { status: response.status, body: null, chunks: data.map((event) => JSON.parse(event.slice(6))), id }
}

const told = (chunks: Json[], field: string) => chunks.map((chunk) => chunk.choices[0]?.delta[field] ?? '').join('')

async function get(path: string): Promise<Json> {
  return ((await (await fetch(`${worker.url}/api/v1${path}`, { headers: headers() })).json()) as Json).data
}

it('a server of one’s own answers as soon as it is added, and needs no key', async () => {
  await provider(`add box --base-url ${upstream.url}/ollama --engine ollama --eu`)
  const whole = await ask({ model: 'box/qwen3-8b' })
  expect(whole.body.choices[0].message).toMatchObject({ content: 'Grüße', reasoning: 'Hm' })
  expect(whole.body.usage).toMatchObject({ prompt_tokens: 9, completion_tokens: 4 })
  const { chunks } = await ask({ model: 'box/qwen3-8b', stream: true })
  expect([told(chunks, 'content'), told(chunks, 'reasoning')]).toEqual(['Grüße', 'Hm'])
  const sent = upstream.requests.filter(({ path }) => path === '/ollama/api/chat')
  expect(sent.map(({ json: body }) => [body?.stream, body?.options])).toEqual([
    [false, { num_ctx: 4096 }],
    [true, { num_ctx: 4096 }],
  ])
  expect(sent[0]?.headers.authorization).toBeUndefined()
  const [{ endpoints }] = [await get('/models/box/qwen3-8b/endpoints')]
  expect(endpoints).toMatchObject([{ tag: 'box', self_hosted: true, router: false, usable: true, eu: 'yes' }])
})

it('Replicate is followed from its first answer to the real one, streamed and whole', async () => {
  const only = { model: 'meta-llama/llama-3-70b-instruct', provider: { only: ['replicate'] } }
  const { chunks } = await ask({ ...only, stream: true })
  expect(told(chunks, 'content')).toBe('Hello')
  expect(chunks.at(-1).usage).toMatchObject({ prompt_tokens: 5, completion_tokens: 2 })
  const whole = await ask(only)
  expect(whole.body).toMatchObject({
    choices: [{ message: { content: 'Hello' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 5, completion_tokens: 2 },
  })
  const calls = upstream.requests.filter(({ path }) => path.startsWith('/replicate/'))
  expect(calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /replicate/v1/models/meta/llama-3-70b/predictions',
    'GET /replicate/stream',
    'GET /replicate/v1/predictions/p1',
    'POST /replicate/v1/models/meta/llama-3-70b/predictions',
    'GET /replicate/v1/predictions/p1',
  ])
  const record = await get(`/generation?id=${whole.id}`)
  expect(record.attempts).toMatchObject([{ provider_name: 'Replicate', outcome: 'ok', router: false }])
})

it('a router is marked wherever it is shown', async () => {
  const variables = { OPENROUTER_API_KEY: 'k', OPENROUTER_BASE_URL: `${upstream.url}/openrouter/v1` }
  await provider('add openrouter', variables)
  const { body, id } = await ask({ model: 'acme/only-there' })
  expect(body.choices[0].message.content).toBe('Hi')
  expect((await get(`/generation?id=${id}`)).attempts).toMatchObject([{ provider_name: 'OpenRouter', router: true }])
  expect((await get('/models/acme/only-there/endpoints')).endpoints).toMatchObject([
    { router: true, self_hosted: false },
  ])
  const listed: Json[] = await get('/providers')
  expect(listed.find(({ slug }) => slug === 'openrouter')).toMatchObject({ kind: 'router', router: true })
  for (const slug of ['litellm', 'orq', 'eurouter', 'github-models', 'portkey', 'helicone', 'requesty', 'vercel'])
    expect(
      listed.find((other) => other.slug === slug),
      slug,
    ).toMatchObject({ kind: 'router', router: true })
})
