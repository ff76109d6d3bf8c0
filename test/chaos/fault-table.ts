import { gzipSync } from 'node:zlib'
import {
  type Answer,
  completion,
  completionEvents,
  error,
  event,
  eventStream,
  json,
  type Step,
} from '../support/mock-upstream.ts'

export type Mode = 'whole' | 'streamed'

/** What an upstream does wrong, and what the client may expect of it. */
export interface Fault {
  name: string
  modes: Mode[]
  /** Null: nothing listens at its address. */
  answer: Answer | null
  /** The code that the client is told where nobody else can answer. */
  code: number
  /** Whether the next endpoint is asked, and answers. */
  recovers: boolean
  /** What has reached the client before it. */
  said: string
  /** It shows later than the headers of a stream can wait, so a stream tells it inside. */
  late: boolean
  /** `Retry-After` of the answer to the client. */
  retryAfter: string | null
}

const both: Mode[] = ['whole', 'streamed']
const streamed: Mode[] = ['streamed']
const whole: Mode[] = ['whole']
const [role = '', first = '', second = '', finish = '', usage = '', done = ''] = completionEvents([
  'partial ',
  'answer',
])
/** So that what was written before a reset is not lost with it. */
const pause: Step = { waitMs: 60 }
const document = JSON.stringify({
  id: 'x',
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'partial answer' }, finish_reason: 'stop' }],
})
const halfDocument = document.slice(0, document.length / 2)
const errorEvent = event({ error: { message: 'upstream exploded', type: 'server_error' } })
const errorFinish = event({ choices: [{ index: 0, delta: {}, finish_reason: 'error' }] })
const umlaut = Buffer.from(event({ choices: [{ index: 0, delta: { content: 'ü' } }] }))
const inUmlaut = umlaut.indexOf(0xc3) + 1

function typed(type: string, text: string): Answer {
  return { headers: { 'content-type': type }, body: [{ send: text }] }
}

function compressed(type: string, text: string): Answer {
  return { headers: { 'content-type': type, 'content-encoding': 'gzip' }, body: [{ send: gzipSync(text) }] }
}

/** Before the first content: whoever comes next answers instead. */
function early(name: string, answer: Answer | null, { code = 502, modes = both, late = false } = {}): Fault {
  return { name, modes, answer, code, recovers: true, said: '', late, retryAfter: null }
}

/** After the first content: told as an error, never answered anew by somebody else, never hidden. */
function inside(name: string, events: (string | Step)[], { code = 502, late = false } = {}): Fault {
  const answer = eventStream([role, first, ...events])
  return { name, modes: streamed, answer, code, recovers: false, said: 'partial ', late, retryAfter: null }
}

function status(upstream: number, code: number, recovers: boolean, hint: string | null = null): Fault {
  return {
    name: `a ${upstream}${hint === null ? '' : ` with Retry-After`}`,
    modes: both,
    answer: error(upstream, 'mock failure', hint === null ? {} : { 'retry-after': hint }),
    code,
    recovers,
    said: '',
    late: false,
    retryAfter: code === 429 || code === 503 ? hint : null,
  }
}

export const faults: Fault[] = [
  early('a refused connection', null),
  early('a reset before the headers', { before: ['reset'] }),
  early('a connection closed before the headers', { before: ['fin'] }),
  early('silence before the headers', { before: ['hang'] }, { code: 504, late: true }),
  early('silence after the headers', eventStream(['hang']), { code: 504, late: true }),
  early('keep-alives only', eventStream([': wait\n\n', pause, ': wait\n\n', 'hang']), { code: 504, late: true }),
  early('a role, then silence', eventStream([role, 'hang']), { code: 504, modes: streamed, late: true }),
  early('a 200 with an error', json({ error: { message: 'upstream exploded', type: 'server_error' } })),
  early('a 200 with a rate limit', json({ error: { message: 'slow down', code: 429 } }), { code: 429 }),
  early('a 200 without choices', json({ id: 'x', object: 'chat.completion', choices: [] })),
  early('a 200 without a body', json('')),
  early('a 204', { status: 204 }),
  early('a 200 with a page', typed('text/html', '<!doctype html><html>Just a moment</html>')),
  early('a 200 with words', typed('text/plain', 'upstream is tired')),
  early('a redirect', { status: 302, headers: { location: 'https://elsewhere.example/v1' } }),
  early('an error event', eventStream([errorEvent])),
  early('a named error event', eventStream([`event: error\n${errorEvent}`]), { modes: streamed }),
  early('a role, then an error', eventStream([role, pause, errorEvent]), { modes: streamed }),
  early('a role, then a reset', eventStream([role, pause, 'reset']), { modes: streamed }),
  early('a role, then the end', eventStream([role, 'fin']), { modes: streamed }),
  early('a terminator alone', eventStream([done]), { modes: streamed }),
  early('half of the first event', eventStream([first.slice(0, 40), 'fin']), { modes: streamed }),
  early('a first event that is no JSON', eventStream(['data: {"choices": oops\n\n', done]), { modes: streamed }),
  early('an error for a finish', eventStream([role, errorFinish, done]), { modes: streamed }),
  early('half an answer, then a reset', { ...json(halfDocument), body: [{ send: halfDocument }, pause, 'reset'] }),
  early('half an answer', json(halfDocument)),
  early('less of an answer than was announced', {
    headers: { 'content-type': 'application/json', 'content-length': '4000' },
    body: [{ send: halfDocument }, 'fin'],
  }),
  early('an error without an end', { status: 500, body: [{ send: '{"error":' }, 'hang'] }, { code: 504, late: true }),
  early('events that are no objects', eventStream(['data: null\n\n', 'data: 5\n\n', done]), { modes: streamed }),

  inside('a reset', [pause, 'reset']),
  inside('a cut connection', ['fin']),
  inside('an end without a finish', []),
  inside('a terminator without a finish', [done]),
  inside('an error event', [errorEvent, done]),
  inside('an error event and more behind it', [errorEvent, second, finish, usage, done]),
  inside('an error for a finish', [errorFinish, done]),
  inside('half an event', [second.slice(0, 40), 'fin']),
  inside('an event that is no JSON', ['data: {"choices": oops\n\n', second, finish, done]),
  inside('half a character', [{ send: umlaut.subarray(0, inUmlaut) }, 'fin']),
  inside('silence', ['hang'], { code: 504, late: true }),

  status(400, 400, false),
  status(401, 502, true),
  status(402, 502, true),
  status(403, 502, true),
  status(404, 404, true),
  status(408, 504, true),
  status(409, 502, true),
  status(413, 413, false),
  status(422, 422, false),
  status(429, 429, true),
  status(429, 429, true, '7'),
  status(500, 502, true),
  status(500, 502, true, '7'),
  status(502, 502, true),
  status(503, 503, true),
  status(503, 503, true, '7'),
  status(504, 504, true),
  status(529, 503, true),
  status(529, 503, true, '7'),
]

/** What looks wrong and loses nothing: the answer "partial answer" gets through. */
export const harmless: { name: string; modes: Mode[]; answer: Answer }[] = [
  { name: 'no terminator', modes: streamed, answer: eventStream([role, first, second, finish, usage]) },
  {
    name: 'an error after the finish',
    modes: streamed,
    answer: eventStream([role, first, second, finish, errorEvent]),
  },
  { name: 'a finish said twice', modes: both, answer: eventStream([role, first, second, finish, finish, usage, done]) },
  {
    name: 'a reset after the finish',
    modes: streamed,
    answer: eventStream([role, first, second, finish, pause, 'reset']),
  },
  { name: 'silence after the finish', modes: streamed, answer: eventStream([role, first, second, finish, 'hang']) },
  { name: 'compression', modes: whole, answer: compressed('application/json', document) },
  { name: 'compression', modes: streamed, answer: compressed('text/event-stream', first + second + finish + done) },
  {
    name: 'a stream of another type',
    modes: both,
    answer: eventStream([role, first, second, finish, usage, done], { headers: { 'content-type': 'text/plain' } }),
  },
  {
    name: 'a stream that calls itself JSON',
    modes: both,
    answer: eventStream([role, first, second, finish, usage, done], {
      headers: { 'content-type': 'application/json' },
    }),
  },
  { name: 'a whole answer where a stream was asked for', modes: streamed, answer: completion('partial answer') },
  {
    name: 'a whole answer with blank lines before it',
    modes: whole,
    answer: { ...json(document), body: [{ send: '\n\n' }, pause, { send: `\n${document}` }] },
  },
  {
    name: 'events that arrive byte by byte',
    modes: streamed,
    answer: eventStream([...`${role}${first}${second}${finish}${usage}${done}`]),
  },
]
