import { connect, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectChatBody, expectErrorEnvelope, type Json, type ReadStream, readChatStream } from '../support/chat-wire.ts'
import {
  type Answer,
  chat,
  completion,
  completionEvents,
  error,
  event,
  eventStream,
  json,
  type MockUpstream,
  type Step,
  startUpstream,
} from '../support/mock-upstream.ts'
import { addEndpoints, providerOfPath, reachedAt } from '../support/operator-catalogue.ts'
import { type RunningWorker, startWorker } from '../support/running-worker.ts'

/** What a fault comes to where nobody else can answer, and where a healthy endpoint is next in line. */
interface Fault {
  name: string
  /** Nothing listens. */
  refused?: true
  answer: Answer
  /** The code that the client is told. */
  code: number
  /** Whether the next endpoint is asked. */
  recovers: boolean
  /** What of the answer has reached the client before. */
  said?: string
  /** The fault shows later than the headers of a stream can wait: it is told in the stream. */
  late?: true
  retryAfter?: string
  modes: Mode[]
}

type Mode = 'whole' | 'streamed'
const both: Mode[] = ['whole', 'streamed']
const [role = '', first = '', second = '', finish = '', usage = '', done = ''] = completionEvents(['partial ', 'answer'])
const half = (text: string) => text.slice(0, Math.ceil(text.length / 2))
const document = JSON.stringify({
  id: 'x',
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'partial answer' }, finish_reason: 'stop' }],
})
const errorEvent = event({ error: { message: 'upstream exploded', type: 'server_error' } })
/** So that what was written is not lost with the reset. */
const pause: Step = { waitMs: 60 }

function statusFault(status: number, code: number, recovers: boolean, retryAfter?: string): Fault {
  const headers: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': retryAfter }
  const told = retryAfter !== undefined && (code === 429 || code === 503) ? { retryAfter } : {}
  const name = `a ${status}${retryAfter === undefined ? '' : ' with Retry-After'}`
  return { name, answer: error(status, 'mock failure', headers), code, recovers, ...told, modes: both }
}

/** A fault before the first content: whoever comes next answers instead. */
function early(name: string, answer: Answer, code = 502, modes = both): Fault {
  return { name, answer, code, recovers: true, modes }
}

/** A fault after the first content: told as an error, never repeated elsewhere, never hidden. */
function inside(name: string, events: (string | Step)[], said = 'partial ', code = 502): Fault {
  return { name, answer: eventStream([role, ...events]), code, recovers: false, said, modes: ['streamed'] }
}

const faults: Fault[] = [
  { ...early('a refused connection', {}), refused: true },
  early('a reset before the headers', { before: ['reset'] }),
  early('a connection closed before the headers', { before: ['fin'] }),
  { ...early('silence before the headers', { before: ['hang'] }, 504), late: true },
  { ...early('silence after the headers', { ...eventStream([]), body: ['hang'] }, 504), late: true },
  { ...early('keep-alives and nothing else', eventStream([': wait\n\n', pause, ': wait\n\n', 'hang']), 504), late: true },
  { ...early('a role and nothing else', eventStream([role, 'hang']), 504, ['streamed']), late: true },
  early('a 200 with an error', json({ error: { message: 'upstream exploded', type: 'server_error' } })),
  early('a 200 with a rate limit inside', json({ error: { message: 'slow down', code: 429 } }), 429),
  early('a 200 with no choices', json({ id: 'x', object: 'chat.completion', choices: [] })),
  early('a 200 with an empty body', json('')),
  early('a 200 with a page', { ...json('<!doctype html><html>Just a moment</html>'), headers: { 'content-type': 'text/html' } }),
  early('a 200 with words', { ...json('upstream is tired'), headers: { 'content-type': 'text/plain' } }),
  early('a redirect', { status: 302, headers: { location: 'https://elsewhere.example/v1/chat/completions' } }),
  early('an error event first', eventStream([errorEvent])),
  early('a named error event first', eventStream([`event: error\n${errorEvent}`]), 502, ['streamed']),
  early('a role, then an error', eventStream([role, pause, errorEvent]), 502, ['streamed']),
  early('a role, then a reset', eventStream([role, pause, 'reset']), 502, ['streamed']),
  early('a role, then the end', eventStream([role, 'fin']), 502, ['streamed']),
  early('nothing but the terminator', eventStream([done]), 502, ['streamed']),
  early('an event cut in half first', eventStream([half(first), 'fin']), 502, ['streamed']),
  early('an event that is no JSON first', eventStream(['data: {"choices": oops\n\n', done]), 502, ['streamed']),
  early('an error as the finish', eventStream([role, event({ choices: [{ index: 0, delta: {}, finish_reason: 'error' }] }), done]), 502, [
    'streamed',
  ]),
  early('a whole answer that breaks half way', { ...json(half(document)), headers: { 'content-length': '4000' }, body: [{ send: half(document) }, pause, 'reset'] }, 502, ['whole']),
  early('a whole answer that ends half way', json(half(document)), 502, ['whole']),
  early('half a whole answer to who wanted a stream', json(half(document)), 502, ['streamed']),

  inside('a reset in the middle', [first, pause, 'reset']),
  inside('an end in the middle', [first, 'fin']),
  inside('a clean end without a finish', [first]),
  inside('a terminator without a finish', [first, done]),
  inside('an error in the middle', [first, errorEvent, done]),
  inside('an error in the middle, then more', [first, errorEvent, second, finish, usage, done]),
  inside('an event cut in half', [first, half(second), 'fin']),
  inside('an event that is no JSON', [first, 'data: {"choices": oops\n\n', second, finish, done]),
  inside('a character cut in half', [first, { send: Buffer.from(event({ choices: [{ index: 0, delta: { content: 'ü' } }] })).subarray(0, 44) }, 'fin']),
  { ...inside('silence in the middle', [first, 'hang'], 'partial ', 504), late: true },
  inside('a generation that ended with an error', [first, event({ choices: [{ index: 0, delta: {}, finish_reason: 'error' }] }), done]),

  statusFault(400, 400, false),
  statusFault(401, 502, true),
  statusFault(402, 502, true),
  statusFault(403, 502, true),
  statusFault(404, 404, true),
  statusFault(408, 504, true),
  statusFault(409, 502, true),
  statusFault(413, 413, false),
  statusFault(422, 422, false),
  statusFault(429, 429, true),
  statusFault(429, 429, true, '7'),
  statusFault(500, 502, true),
  statusFault(500, 502, true, '7'),
  statusFault(502, 502, true),
  statusFault(503, 503, true),
  statusFault(503, 503, true, '7'),
  statusFault(504, 504, true),
  statusFault(529, 503, true),
  statusFault(529, 503, true, '7'),
]

/** What looks like a fault and is none: the answer gets through. */
const harmless: { name: string; answer(mode: Mode): Answer }[] = [
  { name: 'a stream without a terminator', answer: (mode) => (mode === 'whole' ? completion('partial answer') : eventStream([role, first, second, finish, usage])) },
  { name: 'a finish said twice', answer: () => eventStream([role, first, second, finish, finish, usage, done]) },
  { name: 'a reset after the finish', answer: (mode) => mode === 'whole' ? completion('partial answer') : eventStream([role, first, second, finish, usage, pause, 'reset']) },
  { name: 'a stream that nobody asked for, or one of the wrong type', answer: () => ({ ...eventStream([role, first, second, finish, usage, done]), headers: { 'content-type': 'text/plain' } }) },
  { name: 'a stream that says it is JSON', answer: () => ({ ...eventStream([role, first, second, finish, usage, done]), headers: { 'content-type': 'application/json' } }) },
  { name: 'a whole answer to who wanted a stream', answer: () => completion('partial answer') },
  { name: 'events that arrive byte by byte', answer: () => eventStream([...`${role}${first}${second}${finish}${usage}${done}`], {}) },
  { name: 'characters that arrive in halves', answer: () => eventStream(halves(role + event({ choices: [{ index: 0, delta: { content: 'partial answer' } }] }) + event({ choices: [{ index: 0, delta: { content: '' } }], note: 'ü' }) + finish + done)) },
]

function halves(text: string): Step[] {
  const bytes = Buffer.from(text)
  const at = bytes.indexOf(0xc3) + 1
  return [{ send: bytes.subarray(0, at) }, pause, { send: bytes.subarray(at) }]
}
