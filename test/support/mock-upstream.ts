import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One step of an answer's body. Bytes go out as their own write; whether they arrive as their own read is TCP's. */
export type Step =
  | { send: string | Uint8Array }
  | { waitMs: number }
  /** Nothing more, until the client goes away. */
  | 'hang'
  /** A TCP reset. What was written right before may be lost with it, so wait before it where that matters. */
  | 'reset'
  /** The connection is closed politely, but without the end of the body. */
  | 'fin'

export interface Answer {
  /** What happens before the status line: `waitMs`, `hang`, `reset`, `fin`. */
  before?: Step[]
  status?: number
  headers?: Record<string, string | string[]>
  body?: Step[]
}

export interface RecordedRequest {
  method: string
  /** With the query. */
  path: string
  headers: IncomingHttpHeaders
  body: string
  /** The body as JSON, null where it is none. */
  json: Record<string, unknown> | null
  /** `json.model`, empty where there is none. */
  model: string
  /** Epoch milliseconds at which the whole request was there. */
  receivedAt: number
  /** Epoch milliseconds at which the client went away before the answer was over; null where it stayed. */
  abortedAt: number | null
  /** Resolves when the answer is over or the client gone. */
  over: Promise<void>
  /** The port that it came from: requests of one connection have the same. */
  clientPort: number
}

export interface MockUpstream {
  /** `http://127.0.0.1:<port>`, without a path. */
  url: string
  requests: RecordedRequest[]
  /** What is answered; may be replaced at any time. */
  behave: (request: RecordedRequest) => Answer
  stop(): Promise<void>
}

/** Starts an HTTP server that plays whatever `behave` says and remembers who asked. */
export async function startUpstream(behave: MockUpstream['behave'] = () => completion('Hello')): Promise<MockUpstream> {
  const server = createServer({ noDelay: true, keepAliveTimeout: 30_000 }, (incoming, response) => {
    void serve(upstream, incoming, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const upstream: MockUpstream = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    behave,
    stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      return closed
    },
  }
  return upstream
}

async function serve(upstream: MockUpstream, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  let end = () => {}
  const over = new Promise<void>((resolve) => {
    end = resolve
  })
  const chunks: Buffer[] = []
  try {
    for await (const chunk of incoming) chunks.push(chunk)
  } catch {
    return end()
  }
  const body = Buffer.concat(chunks).toString()
  const json = parsed(body)
  const request: RecordedRequest = {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    headers: incoming.headers,
    body,
    json,
    model: typeof json?.model === 'string' ? json.model : '',
    receivedAt: Date.now(),
    abortedAt: null,
    over,
    clientPort: incoming.socket.remotePort ?? 0,
  }
  upstream.requests.push(request)
  const gone = new AbortController()
  let finished = false
  response.once('close', () => {
    if (!finished) request.abortedAt = Date.now()
    gone.abort()
    end()
  })

  const finish = () => {
    finished = true
  }
  const answer = upstream.behave(request)
  if (await play(answer.before ?? [], response, gone.signal, finish)) return
  response.writeHead(answer.status ?? 200, answer.headers)
  response.flushHeaders()
  if (await play(answer.body ?? [], response, gone.signal, finish)) return
  finish()
  response.end()
}

/** Answers whether the connection is over. */
async function play(steps: Step[], response: ServerResponse, gone: AbortSignal, finish: () => void): Promise<boolean> {
  for (const step of steps) {
    if (gone.aborted) return true
    if (step === 'hang') {
      await new Promise((resolve) => gone.addEventListener('abort', resolve, { once: true }))
    } else if (step === 'reset') {
      finish()
      response.socket?.resetAndDestroy()
    } else if (step === 'fin') {
      finish()
      response.socket?.end()
    } else if ('waitMs' in step) {
      await waited(step.waitMs, gone)
    } else {
      await new Promise((resolve) => response.write(step.send, resolve))
    }
    if (step === 'reset' || step === 'fin') return true
  }
  return gone.aborted
}

function waited(ms: number, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    gone.addEventListener('abort', () => [clearTimeout(timer), resolve()], { once: true })
  })
}

function parsed(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? { ...value } : null
  } catch {
    return null
  }
}

/** An answer that is one JSON document; a string is sent as it is. */
export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: [{ send: text }] }
}

/** An error in OpenAI's shape. */
export function error(status: number, message = 'mock failure', headers: Record<string, string> = {}): Answer {
  return json({ error: { message, type: 'mock_error', param: null, code: null } }, status, headers)
}

const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 }
const head = { id: 'chatcmpl-mock', created: 1_700_000_000, model: 'mock' }

/** A whole chat completion. */
export function completion(text: string, fields: Record<string, unknown> = {}): Answer {
  const choice = { index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }
  return json({ ...head, object: 'chat.completion', choices: [choice], usage, ...fields })
}

/** The events of a streamed chat completion: role, a delta a text, finish, usage, `[DONE]`. */
export function completionEvents(texts: string[]): string[] {
  const chunk = (choices: object[], fields: object = {}) =>
    event({ ...head, object: 'chat.completion.chunk', choices, ...fields })
  const delta = (fields: object, finish: string | null = null) =>
    chunk([{ index: 0, delta: fields, finish_reason: finish }])
  return [
    delta({ role: 'assistant', content: '' }),
    ...texts.map((content) => delta({ content })),
    delta({}, 'stop'),
    chunk([], { usage }),
    event('[DONE]'),
  ]
}

export function event(data: unknown): string {
  return `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`
}

/** A stream of events, a write each, `paceMs` apart; steps among them are played as they are. */
export function eventStream(events: (string | Step)[], { paceMs = 0, headers = {} } = {}): Answer {
  const steps = events.flatMap((item): Step[] => {
    if (typeof item !== 'string' || item === 'hang' || item === 'reset' || item === 'fin') return [item as Step]
    return paceMs > 0 ? [{ send: item }, { waitMs: paceMs }] : [{ send: item }]
  })
  return { headers: { 'content-type': 'text/event-stream', ...headers }, body: steps }
}

/** Chat completions as the request asks for them, streamed or whole. */
export function chat(request: RecordedRequest, texts: string[], options: { paceMs?: number } = {}): Answer {
  return request.json?.stream === true ? eventStream(completionEvents(texts), options) : completion(texts.join(''))
}

/**
 * Recorded bytes with given read boundaries. A write each, apart in time, so that they arrive as recorded.
 *
 * @param lengths byte lengths of the reads; what is left after the last goes out in one
 */
export function replay(
  bytes: Uint8Array,
  lengths: readonly number[],
  { status = 200, headers = { 'content-type': 'text/event-stream' } as Record<string, string>, gapMs = 1 } = {},
): Answer {
  const body: Step[] = []
  let at = 0
  for (const length of [...lengths, bytes.length]) {
    const piece = bytes.subarray(at, at + length)
    at += piece.length
    if (piece.length > 0) body.push({ send: piece }, { waitMs: gapMs })
  }
  return { status, headers, body }
}
