import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ChatClient, chatClient } from '../support/chat-client.ts'
import {
  chat,
  completion,
  completionEvents,
  error,
  event,
  eventStream,
  json,
  type MockUpstream,
  type RecordedRequest,
  startUpstream,
} from '../support/mock-upstream.ts'
import { addEndpoints, providerOfPath, reachedAt } from '../support/operator-catalogue.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'

/** Words that must be in no file and no log line, each of one kind. */
const canaries = {
  prompt: 'canaryPromptQ7xV2',
  completion: 'canaryCompletionW8mB4',
  reasoning: 'canaryReasoningE3nK9',
  toolArguments: 'canaryArgumentsR5tJ1',
  upstreamError: 'canaryErrorT2hL6',
  credential: 'canaryCredentialY4pD8',
  foreignKey: 'sk-canaryForeignKeyU9sF3',
  user: 'canaryUserI6zG7',
  header: 'canaryHeaderO1aH5',
  fileContent: 'canaryFileP3bX2',
}
/** Words that are kept on purpose: finding them shows that the search finds. */
const kept = { userAgent: 'keptUserAgentA5cN8', planted: 'plantedInD1S7dM4', logged: 'plantedInLogsD2fC9' }

let stateDir: string
let upstream: MockUpstream
let client: ChatClient
let files: Map<string, Buffer>
let logs: string
const keys: string[] = []

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'causeway-canary-'))
  upstream = await startUpstream((request) => answerOf(request))
  const worker = await startWorker({
    stateDir,
    vars: {
      ...reachedAt(upstream.url, [...providers, 'backup']),
      ...Object.fromEntries(
        providers.map((slug) => [`${slug.toUpperCase()}_API_KEY`, `sk-${canaries.credential}-${slug}`]),
      ),
      MANAGEMENT_KEY: `${canaries.credential} of the operator, long enough`,
      IDLE_TIMEOUT_MS: '1500',
      MAX_BODY_BYTES: '20000',
    },
  })
  await plant(worker)
  const created = await Promise.all([{}, { limit: 1 }].map((options) => createKey(worker, options)))
  keys.push(...created)
  client = chatClient(worker.url, created[0] ?? '')
  await Promise.all([...providers.flatMap((provider) => talkTo(provider)), ...mistakes(worker)])
  await settled(worker)
  await worker.stop()
  await upstream.stop()
  files = await readAll(stateDir)
  logs = worker.logs.join('\n')
})
afterAll(() => rm(stateDir, { recursive: true, force: true }))

const providers = ['sound', 'reasoning', 'calling', 'erring', 'cutting', 'refusing', 'stalling', 'exploding']

function answerOf(request: RecordedRequest) {
  const isStream = request.json?.stream === true
  const whole = (message: object, finish_reason = 'stop') =>
    completion('', { choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason }] })
  const streamed = (delta: object) =>
    eventStream([event({ id: 'x', choices: [{ index: 0, delta }] }), ...completionEvents([]).slice(1)])
  const said = (message: object) => (isStream ? streamed(message) : whole(message))
  const begun = completionEvents([`${canaries.completion} `]).slice(0, 2)
  const words = `${canaries.upstreamError}: ${request.body} with ${request.headers.authorization}`
  switch (providerOfPath(request.path)) {
    case 'reasoning':
      return said({ content: canaries.completion, reasoning_content: canaries.reasoning })
    case 'calling':
      return said({
        tool_calls: [
          {
            index: 0,
            id: 'call_1',
            type: 'function',
            function: { name: 'f', arguments: `{"x":"${canaries.toolArguments}"}` },
          },
        ],
      })
    case 'erring':
      return json({ error: { message: words, type: words, code: words, param: words } }, 500)
    case 'cutting':
      return isStream ? eventStream([...begun, event({ error: { message: words, code: words } })]) : error(429, words)
    case 'refusing':
      return error(400, words)
    case 'stalling':
      return isStream ? eventStream([...begun, 'hang']) : error(401, words)
    case 'exploding':
      return json(`<html>${words}</html>`)
    default:
      return chat(request, [canaries.completion])
  }
}

/** Everything that a client may ask of one provider: whole, streamed, with failover, aborted. */
function talkTo(provider: string): Promise<unknown>[] {
  const fields = {
    model: `test/${provider}`,
    messages: [
      { role: 'system', content: canaries.prompt },
      {
        role: 'user',
        content: [
          { type: 'text', text: canaries.prompt },
          { type: 'file', file: { filename: 'a.txt', file_data: `data:text/plain,${canaries.fileContent}` } },
        ],
      },
    ],
    user: canaries.user,
    metadata: { note: canaries.user },
    stop: [canaries.prompt],
    tools: [
      { type: 'function', function: { name: 'f', description: canaries.prompt, parameters: { type: 'object' } } },
    ],
    prompt_cache_key: canaries.prompt,
  }
  const headers = {
    'user-agent': kept.userAgent,
    'x-secret': canaries.header,
    cookie: canaries.header,
    'x-provider-api-keys': JSON.stringify({ openai: canaries.foreignKey }),
  }
  const only = { provider: { only: [provider] } }
  const read = async (more: object) => (await client.post({ ...fields, ...more }, { headers })).text()
  const abort = async (stream: boolean) => {
    const gone = new AbortController()
    const asking = client.post({ ...fields, ...only, stream }, { headers, signal: gone.signal })
    setTimeout(() => gone.abort(), 100)
    await asking.then((response) => response.text()).catch(() => {})
  }
  return [read(only), read({ ...only, stream: true }), read({}), read({ stream: true }), abort(true), abort(false)]
}

/** Requests that come to nothing, with canaries in every place. */
function mistakes(worker: RunningWorker): Promise<unknown>[] {
  const { prompt, foreignKey } = canaries
  const post = async (body: string, key = keys[0]) => {
    const response = await fetch(`${worker.url}/api/v1/chat/completions?q=${prompt}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'user-agent': kept.userAgent },
      body,
    })
    expect(response.status).toBeGreaterThanOrEqual(400)
    await response.text()
  }
  const messages = [{ role: 'user', content: prompt }]
  return [
    post(`{"messages": "${prompt}`),
    post(JSON.stringify({ messages: prompt })),
    post(JSON.stringify({ model: 'test/sound', messages: [{ role: prompt, content: prompt }] })),
    post(JSON.stringify({ model: `nobody/${prompt}`, messages })),
    post(JSON.stringify({ model: 'test/sound', messages, provider: { only: [prompt] } })),
    post(JSON.stringify({ model: 'test/sound', messages: [{ role: 'user', content: prompt.repeat(2_000) }] })),
    post(JSON.stringify({ model: 'test/sound', messages }), foreignKey),
    post(JSON.stringify({ model: 'test/sound', messages }), `sk-cw-v1-${prompt}`),
    fetch(`${worker.url}/api/v1/${prompt}`).then((response) => response.text()),
    fetch(`${worker.url}/api/v1/generation?id=${prompt}`, { headers: { authorization: `Bearer ${keys[0]}` } }).then(
      (response) => response.text(),
    ),
  ]
}

async function createKey(worker: RunningWorker, options: object): Promise<string> {
  const response = await fetch(`${worker.url}/api/v1/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${canaries.credential} of the operator, long enough` },
    body: JSON.stringify({ name: 'canary', rate_limit: { requests: 0 }, ...options }),
  })
  expect(response.status).toBe(201)
  return ((await response.json()) as { key: string }).key
}

/** Endpoints for all, words where the search has to find some, and a broken row, for the Worker to complain about. */
async function plant({ database }: RunningWorker): Promise<void> {
  await addEndpoints(database, [
    ...providers.flatMap((provider) => [
      { provider, model: `test/${provider}`, promptUsd: '0.0000001', inputModalities: ['text', 'file'] },
      { provider: 'backup', model: `test/${provider}`, promptUsd: '0.001', inputModalities: ['text', 'file'] },
    ]),
    { provider: 'broken', model: 'test/sound', region: kept.logged, promptUsd: 'nothing' },
  ])
  await database.prepare('UPDATE models SET description = ? WHERE id = ?').bind(kept.planted, 'test/sound').run()
}

/** Waits until the outboxes are empty: no new row for a while longer than they gather. */
async function settled({ database }: RunningWorker): Promise<void> {
  const count = () => database.prepare('SELECT count(*) AS n FROM generations').first<number>('n')
  for (let before = -1, now = 0; now !== before || now === 0; ) {
    before = now
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    now = (await count()) ?? 0
  }
}

async function readAll(directory: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return new Map(await Promise.all(paths.map(async (path) => [path, await readFile(path)] as const)))
}

/** The word in every form in which something may have written it down. */
function formsOf(word: string): Buffer[] {
  const base64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.from(' '.repeat(offset) + word).toString('base64')
    // Without what depends on the neighbours.
    return encoded.slice(Math.ceil((offset * 4) / 3), -4)
  })
  const texts = [word, encodeURIComponent(word), Buffer.from(word).toString('hex'), ...base64]
  return [...texts.map((text) => Buffer.from(text)), Buffer.from(word, 'utf16le')]
}

function filesWith(word: string): string[] {
  const forms = formsOf(word)
  return [...files].filter(([, bytes]) => forms.some((form) => bytes.includes(form))).map(([path]) => path)
}

function isLogged(word: string): boolean {
  return formsOf(word).some((form) => logs.includes(form.toString('latin1')))
}

describe('after requests of every kind', () => {
  it('the search finds what is there: in D1, in the objects, in the logs', () => {
    expect(filesWith(kept.planted).some((path) => path.includes('/d1/'))).toBe(true)
    expect(filesWith(kept.userAgent).some((path) => path.includes('/d1/'))).toBe(true)
    expect(filesWith(kept.userAgent).some((path) => path.includes('KeyObject'))).toBe(true)
    expect([...files.keys()].some((path) => path.includes('HealthObject'))).toBe(true)
    expect(isLogged(kept.logged)).toBe(true)
  })

  it('the canaries really went through', () => {
    const seen = upstream.requests.map(({ body, headers }) => body + JSON.stringify(headers)).join('\n')
    expect(seen).toContain(canaries.prompt)
    expect(seen).toContain(canaries.fileContent)
    expect(seen).toContain(canaries.credential)
    const called = new Set(upstream.requests.map(({ path }) => providerOfPath(path)))
    for (const provider of providers) expect(called).toContain(provider)
  })

  it.each(Object.entries(canaries))('no store and no log line holds the %s', (_, word) => {
    expect(filesWith(word)).toEqual([])
    expect(isLogged(word)).toBe(false)
  })

  it('no store and no log line holds an API key', () => {
    expect(keys).toHaveLength(2)
    for (const key of keys) {
      expect(filesWith(key)).toEqual([])
      expect(filesWith(key.slice('sk-cw-v1-'.length))).toEqual([])
      expect(isLogged(key)).toBe(false)
    }
  })
})
