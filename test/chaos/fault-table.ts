import { gzipSync } from 'node:zlib'
import { type Answer, error, event, eventStream, json, type Step } from '../support/mock-upstream.ts'
import { type MatrixWire, type Speech, wholeStream, wires } from './speech.ts'

export type Mode = 'whole' | 'streamed'

/** What an upstream does wrong, and what everybody may expect of it. */
export interface Fault {
  name: string
  modes: readonly Mode[]
  wires: readonly MatrixWire[]
  /** Where the endpoint is: at the upstream, where nobody listens, https where plain http is spoken, or at no web server. */
  at: 'upstream' | 'nobody' | 'plain-port' | 'no-http'
  answer(speech: Speech, mode: Mode): Answer
  outcome: Outcome
  /** A `slow` one is decided by a deadline, a `heavy` one keeps this machine busy. */
  pace: 'quick' | 'slow' | 'heavy'
}

export type Outcome = Told | Answered

/** The client gets an error. */
export interface Told {
  kind: 'error'
  /** Of the answer, or of the error in the stream. */
  code: number
  /** What has reached the client before it: then nobody else is asked. */
  said: '' | 'partial '
  /** Whether the next endpoint is asked, and answers. Never after something was said. */
  recovers: boolean
  /** `Retry-After` of the answer to the client. */
  retryAfter: string | null
  /** What it does to the endpoint: three of it open the breaker, one of it makes a pause, or nothing. */
  breaker: Breaker
}

/** It looks wrong and loses nothing. */
export interface Answered {
  kind: 'answer'
  text: string
  finishReason: string
  breaker: 'none'
}

export type Breaker = 'counts' | 'pause' | 'none'

const both = ['whole', 'streamed'] as const
const streamed = ['streamed'] as const
const whole = ['whole'] as const
const openAi = ['openai-chat'] as const
/** Those whose streams are server-sent events. */
const textual = ['openai-chat', 'anthropic-messages', 'gemini'] as const

/** So that what was written before a reset is not lost with it. */
const pause: Step = { waitMs: 60 }
const said = ['partial ', 'answer']

interface Scope {
  modes?: readonly Mode[]
  wires?: readonly MatrixWire[]
  pace?: Fault['pace']
}

interface Options extends Scope {
  code?: number
  recovers?: boolean
  breaker?: Breaker
  at?: Fault['at']
  retryAfter?: string | null
}

type Play = (speech: Speech, mode: Mode) => Answer

function fault(name: string, answer: Play, saidBefore: Told['said'], options: Options): Fault {
  const { modes = both, wires: spoken = wires, at = 'upstream', pace = 'quick' } = options
  const {
    code = pace === 'slow' ? 504 : 502,
    recovers = saidBefore === '',
    breaker = 'counts',
    retryAfter = null,
  } = options
  const outcome: Told = { kind: 'error', code, said: saidBefore, recovers, retryAfter, breaker }
  return { name, modes, wires: spoken, at, answer, outcome, pace }
}

/** Before the first content: whoever comes next answers instead. */
function early(name: string, answer: Play, options: Options = {}): Fault {
  return fault(name, answer, '', options)
}

/** After the first content: told as an error, never answered anew by somebody else, never hidden. */
function inside(name: string, events: (speech: Speech) => Item[], options: Options = {}): Fault {
  const answer: Play = (speech) => stream(speech, [...speech.lifecycle, speech.delta('partial '), ...events(speech)])
  return fault(name, answer, 'partial ', { modes: streamed, ...options })
}

function harmless(name: string, answer: Play, options: Scope & Partial<Answered> = {}): Fault {
  const { modes = both, wires: spoken = wires, text = 'partial answer', finishReason = 'stop' } = options
  const { pace = 'quick' } = options
  const outcome: Answered = { kind: 'answer', text, finishReason, breaker: 'none' }
  return { name, modes, wires: spoken, at: 'upstream', answer, outcome, pace }
}

/** An event, or a step between events. */
type Item = string | Uint8Array | Step

function stream(speech: Speech, items: Item[], headers: Record<string, string> = {}): Answer {
  const steps = items.map((item): string | Step => (item instanceof Uint8Array ? { send: item } : item))
  return eventStream(steps, { headers: { 'content-type': speech.streamType, ...headers } })
}

/** The right answer, as it was asked for. */
function right(speech: Speech, mode: Mode): Answer {
  return mode === 'streamed' ? stream(speech, wholeStream(speech, said)) : json(speech.whole('partial answer'))
}

function bytesOf(items: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(items.map((item) => Buffer.from(item)))
}

function documentOf(speech: Speech): string {
  return JSON.stringify(speech.whole('partial answer'))
}

function typed(type: string, text: string): Answer {
  return { headers: { 'content-type': type }, body: [{ send: text }] }
}

/** The right answer, compressed; `share` of its bytes. */
function compressed(speech: Speech, mode: Mode, share = 1): Answer {
  const plain = mode === 'streamed' ? bytesOf(wholeStream(speech, said)) : Buffer.from(documentOf(speech))
  const packed = gzipSync(plain)
  return {
    headers: {
      'content-type': mode === 'streamed' ? speech.streamType : 'application/json',
      'content-encoding': 'gzip',
    },
    body: [{ send: packed.subarray(0, Math.ceil(packed.length * share)) }],
  }
}

function relabelled(answer: Answer, encoding: string): Answer {
  return { ...answer, headers: { ...answer.headers, 'content-encoding': encoding } }
}

function half(bytes: string | Uint8Array): Uint8Array {
  const whole = Buffer.from(bytes)
  return whole.subarray(0, Math.ceil(whole.length * 0.6))
}

const megabyte = Buffer.alloc(1024 * 1024, 'x')

/** More of an event than anybody should keep. */
function endless(speech: Speech): Item[] {
  return [speech.endless, ...Array<Item>(26).fill(megabyte)]
}

const manyLines = Buffer.from('data: x\n'.repeat(10_000))

function hugeDocument(): Answer {
  return { headers: { 'content-type': 'application/json' }, body: Array<Step>(34).fill({ send: megabyte }) }
}

/** The bytes with one letter of the text changed, which only a checksum tells. */
function damaged(bytes: string | Uint8Array): Uint8Array {
  const changed = Buffer.from(bytes)
  changed[changed.indexOf('answer')] = 0x41
  return changed
}

function cutInCharacter(speech: Speech): Uint8Array {
  const umlaut = Buffer.from(speech.delta('ü'))
  return umlaut.subarray(0, umlaut.indexOf(0xc3) + 1)
}

/** The name of a status that comes with a hint. */
export const hinted = / with Retry-After$/

function status(upstream: number, code: number, options: Options = {}): Fault[] {
  return [null, '7'].map((hint) =>
    early(
      hint === null ? `${upstream}` : `${upstream} with Retry-After`,
      (speech) =>
        json(speech.errorBody(upstream), upstream, {
          ...speech.errorHeaders(upstream),
          ...(hint === null ? {} : { 'retry-after': hint }),
        }),
      { code, retryAfter: code === 429 || code === 503 ? hint : null, ...options },
    ),
  )
}

/** The request is at fault: every endpoint would say the same. */
const refused: Options = { recovers: false, breaker: 'none' }

const beforeHeaders: Fault[] = [
  early('connection refused', () => ({}), { at: 'nobody' }),
  early('TLS failure', () => ({}), { at: 'plain-port' }),
  early('no HTTP', () => ({}), { at: 'no-http' }),
  early('reset before the headers', () => ({ before: ['reset'] })),
  early('closed before the headers', () => ({ before: ['fin'] })),
  early('no headers', () => ({ before: ['hang'] }), { pace: 'slow' }),
  early('first byte past the deadline', (speech, mode) => ({ ...right(speech, mode), before: [{ waitMs: 8_000 }] }), {
    pace: 'slow',
  }),
]

const insteadOfAnAnswer: Fault[] = [
  early('headers, then silence', (speech, mode) => ({ ...right(speech, mode), body: ['hang'] }), { pace: 'slow' }),
  early('keep-alives only', (speech) => stream(speech, [': wait\n\n', pause, ': wait\n\n', 'hang']), {
    wires: textual,
    pace: 'slow',
  }),
  early('200 with an error body', (speech) => json(speech.errorBody(500))),
  early('200 with a rate limit', (speech) => json(speech.errorBody(429)), { code: 429, breaker: 'pause' }),
  early('200 with a refusal of the request', (speech) => json(speech.errorBody(400)), { code: 400, ...refused }),
  early('200 with HTML', () => typed('text/html', '<!doctype html><html>Just a moment</html>')),
  early('200 with words', () => typed('text/plain', 'upstream is tired')),
  early('200 without a body', () => json('')),
  early('200 with JSON that is no answer', () => json({ id: 'x', choices: [], candidates: [], content: null })),
  early('204', () => ({ status: 204 })),
  early('redirect', () => ({ status: 302, headers: { location: 'https://elsewhere.example/v1' } })),
  early('half of the body', (speech) => json(documentOf(speech).slice(0, -40))),
  early('half of the body, then a reset', (speech) => ({
    ...json(''),
    body: [{ send: documentOf(speech).slice(0, -40) }, pause, 'reset'],
  })),
  early('less body than announced', (speech) => ({
    headers: { 'content-type': 'application/json', 'content-length': '4000' },
    body: [{ send: documentOf(speech).slice(0, -40) }, 'fin'],
  })),
  early('half of a gzip body', (speech, mode) => compressed(speech, mode, 0.5), { modes: whole }),
  early('an encoding that nobody knows', (speech, mode) => relabelled(compressed(speech, mode), 'mock')),
  early('gzip in name only', (speech, mode) => relabelled(right(speech, mode), 'gzip')),
  early('oversized body', hugeDocument, { modes: whole, pace: 'heavy' }),
  early('an error without an end', () => ({ status: 500, body: [{ send: '{"error":' }, 'hang'] }), { pace: 'slow' }),
]

const beforeContent: Fault[] = [
  early('error event first', (speech) => stream(speech, [speech.errorEvent(500)])),
  early('named error event first', (speech) => stream(speech, [`event: error\n${speech.errorEvent(500)}`]), {
    wires: ['openai-chat', 'gemini'],
    modes: streamed,
  }),
  early('rate limit event first', (speech) => stream(speech, [speech.errorEvent(429)]), {
    modes: streamed,
    code: 429,
    breaker: 'pause',
  }),
  early('refusal of the request as an event', (speech) => stream(speech, [speech.errorEvent(400)]), {
    modes: streamed,
    code: 400,
    ...refused,
  }),
  early(
    'lifecycle events, then an error',
    (speech) => stream(speech, [...speech.lifecycle, pause, speech.errorEvent(500)]),
    { modes: streamed },
  ),
  early(
    'lifecycle events, then "overloaded"',
    (speech) => stream(speech, [...speech.lifecycle, pause, speech.errorEvent(529, 'Overloaded: the server is busy')]),
    { modes: streamed, code: 503 },
  ),
  early('lifecycle events, then a reset', (speech) => stream(speech, [...speech.lifecycle, pause, 'reset']), {
    modes: streamed,
  }),
  early('lifecycle events, then the end', (speech) => stream(speech, speech.lifecycle), { modes: streamed }),
  early('lifecycle events, then silence', (speech) => stream(speech, [...speech.lifecycle, 'hang']), {
    modes: streamed,
    pace: 'slow',
  }),
  early('half of the first event', (speech) => stream(speech, [half(speech.delta('partial ')), 'fin']), {
    modes: streamed,
  }),
  early('first event is no JSON', (speech) => stream(speech, [speech.nonsense, ...speech.tail]), { modes: streamed }),
  early('oversized first event', (speech) => stream(speech, endless(speech)), {
    modes: streamed,
    pace: 'heavy',
  }),
  early('a first event of a million lines', (speech) => stream(speech, Array<Item>(100).fill(manyLines)), {
    wires: textual,
    modes: streamed,
    pace: 'heavy',
  }),
  early('nothing but the terminator', (speech) => stream(speech, speech.tail), { modes: streamed }),
  early('events that are no objects', (speech) => stream(speech, ['data: null\n\n', 'data: 5\n\n']), {
    wires: textual,
    modes: streamed,
  }),
  early(
    'an error for a finish',
    (speech) => stream(speech, [event({ choices: [{ index: 0, delta: {}, finish_reason: 'error' }] })]),
    { wires: openAi, modes: streamed },
  ),
  early(
    'a tool call that nobody can use',
    (speech) => stream(speech, [event({ candidates: [{ index: 0, finishReason: 'MALFORMED_FUNCTION_CALL' }] })]),
    { wires: ['gemini'], modes: streamed, breaker: 'none' },
  ),
]

const afterContent: Fault[] = [
  inside('reset after content', () => [pause, 'reset']),
  inside('connection closed after content', () => ['fin']),
  inside('clean end after content, no finish', () => []),
  inside('terminator after content, no finish', () => [event('[DONE]')], { wires: textual }),
  inside('stall after content', () => ['hang'], { pace: 'slow' }),
  inside(
    'nothing but keep-alives after content',
    () => [
      ...Array<Item[]>(12)
        .fill([{ waitMs: 400 }, ': wait\n\n'])
        .flat(),
      'hang',
    ],
    { wires: textual, pace: 'slow' },
  ),
  inside('half of an event', ({ delta }) => [half(delta('answer')), 'fin']),
  inside('half of a UTF-8 character', (speech) => [cutInCharacter(speech), 'fin']),
  inside('a damaged frame', ({ delta, finish, tail }) => [damaged(delta('answer')), ...finish, ...tail], {
    wires: ['bedrock-converse'],
  }),
  inside('an event that is no JSON', ({ nonsense, delta, finish, tail }) => [
    nonsense,
    delta('answer'),
    ...finish,
    ...tail,
  ]),
  inside('oversized event', endless, { pace: 'heavy' }),
  inside('error event after content', ({ errorEvent }) => [errorEvent(500)]),
  inside('error event, then more of the answer', ({ errorEvent, delta, finish, tail }) => [
    errorEvent(500),
    delta('answer'),
    ...finish,
    ...tail,
  ]),
  inside('"overloaded" after content', ({ errorEvent }) => [errorEvent(529, 'Overloaded: the server is busy')], {
    code: 503,
  }),
  inside('rate limit after content', ({ errorEvent }) => [errorEvent(429)], { code: 429, breaker: 'pause' }),
  inside(
    'an error for a finish after content',
    () => [event({ choices: [{ index: 0, delta: {}, finish_reason: 'error' }] }), event('[DONE]')],
    { wires: openAi },
  ),
  fault(
    'half of a gzip stream',
    (speech) => {
      const bytes = bytesOf([...speech.lifecycle, speech.delta('partial ')])
      // Flushed, so that what is there unfolds; the stream has no end.
      const packed = gzipSync(bytes, { level: 0 })
      return {
        headers: { 'content-type': speech.streamType, 'content-encoding': 'gzip' },
        body: [{ send: packed.subarray(0, -8) }],
      }
    },
    'partial ',
    { modes: streamed },
  ),
]

const statuses: Fault[] = [
  ...status(400, 400, refused),
  ...status(401, 502),
  ...status(402, 502),
  ...status(403, 502),
  ...status(404, 404),
  ...status(408, 504),
  ...status(409, 502),
  ...status(413, 413, refused),
  ...status(422, 422, refused),
  ...status(429, 429, { breaker: 'pause' }),
  ...status(500, 502),
  ...status(502, 502),
  ...status(503, 503),
  ...status(504, 504),
  ...status(529, 503),
]

const lost: Fault[] = [
  early('404 for a file of the client', () => error(404, 'No such File object: file-abc'), {
    wires: openAi,
    code: 400,
    breaker: 'none',
  }),
  early(
    '403 for a file of the client',
    ({ errorBody }) =>
      json(errorBody(403, 'You do not have permission to access the File abc or it may not exist.'), 403),
    { wires: ['gemini'], code: 400, breaker: 'none' },
  ),
]

/** A stream up to its finish, and what comes then in place of the rest. */
function finished(name: string, rest: (speech: Speech) => Item[], pace: Fault['pace'] = 'quick'): Fault {
  const spoken = (speech: Speech) => [...speech.lifecycle, ...said.map(speech.delta), ...speech.finish]
  return harmless(name, (speech) => stream(speech, [...spoken(speech), ...rest(speech)]), {
    modes: streamed,
    pace,
  })
}

const harmlessOnes: Fault[] = [
  harmless('gzip', compressed),
  harmless('wrong content type', (speech, mode) => ({
    ...right(speech, mode),
    headers: { 'content-type': 'text/plain' },
  })),
  harmless(
    'a stream that calls itself JSON',
    (speech) => stream(speech, wholeStream(speech, said), { 'content-type': 'application/json' }),
    { wires: textual },
  ),
  harmless('a whole answer where a stream was asked for', (speech) => json(speech.whole('partial answer')), {
    modes: streamed,
  }),
  harmless('a byte order mark and blank lines first', (speech) => json(`\ufeff\n\n${documentOf(speech)}`), {
    modes: whole,
  }),
  harmless(
    'byte by byte',
    (speech) =>
      stream(
        speech,
        [...bytesOf(wholeStream(speech, said))].map((byte) => Uint8Array.of(byte)),
      ),
    { modes: streamed, pace: 'heavy' },
  ),
  finished('duplicate finish', ({ finish, tail }) => [...finish, ...tail]),
  finished('no terminator', () => []),
  finished('error after the finish', ({ errorEvent }) => [errorEvent(500)]),
  finished('reset after the finish', () => [pause, 'reset']),
  finished('silence after the finish', () => ['hang'], 'slow'),
  harmless(
    'a blocked prompt',
    (speech, mode) => {
      const blocked = { promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: { promptTokenCount: 7 } }
      return mode === 'streamed' ? stream(speech, [event(blocked)]) : json(blocked)
    },
    { wires: ['gemini'], text: '', finishReason: 'content_filter' },
  ),
]

/** In the order in which things go wrong. */
export const faults: readonly Fault[] = [
  ...beforeHeaders,
  ...statuses,
  ...lost,
  ...insteadOfAnAnswer,
  ...beforeContent,
  ...afterContent,
  ...harmlessOnes,
]
