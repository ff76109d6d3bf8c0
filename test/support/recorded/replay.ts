import type { AttemptFailureKind } from '../../../src/chat/failure.ts'
import type { FinishReason, Part } from '../../../src/chat/parts.ts'
import { factsBySlug } from '../../../src/providers/facts.ts'
import { hear } from '../../providers/openai-chat/heard.ts'
import { bodyOf, cut, type Recording, seeded } from '../../providers/recordings.ts'
import { documentsOf, type RecordedAnswer, type RecordedChoice } from './answer.ts'
import { anthropicAnswer } from './anthropic-messages.ts'
import { converseAnswer, converseStreamAnswer } from './bedrock-converse.ts'
import { cohereAnswer } from './cohere-chat.ts'
import { geminiAnswer } from './gemini.ts'
import { ollamaAnswer } from './ollama-chat.ts'
import { openAiChatAnswer } from './openai-chat.ts'
import { responsesAnswer } from './openai-responses.ts'
import { apiOf, leftOut, type Replayable, slugOf, wireFor } from './scope.ts'

/** What a recording says, read without the code under test. */
export function recordedAnswer(recording: Recording): RecordedAnswer {
  const bytes = bodyOf(recording)
  if (recording.body_kind === 'eventstream') return converseStreamAnswer(bytes)
  const documents = documentsOf(new TextDecoder().decode(bytes), recording.body_kind)
  switch (apiOf(recording)) {
    case 'openai-chat':
      return openAiChatAnswer(
        documents,
        recording.body_kind !== 'sse',
        factsBySlug[slugOf(recording)]?.thinkTags === true && recording.tags.includes('reasoning'),
      )
    case 'openai-responses':
      return responsesAnswer(documents)
    case 'anthropic-messages':
    case 'vertex-anthropic-rawpredict':
      return anthropicAnswer(documents)
    case 'gemini-generate-content':
      return geminiAnswer(documents)
    case 'bedrock-converse':
      return converseAnswer(documents)
    case 'cohere-chat':
      return cohereAnswer(documents)
    case 'ollama-chat':
      return ollamaAnswer(documents)
    default:
      throw new Error(`Nobody reads ${recording.api}.`)
  }
}

export interface Verdict {
  recording: Recording
  /** Why it was not replayed. */
  leftOut: string | null
  /** What came out wrong; nothing, when it passed. */
  faults: string[]
}

/** Streams up to this size are cut into single bytes. */
const singleBytesBelow = 24_000

/** Replays one recording through its wire: an error, a whole answer, or a stream in many cuts. */
export function replay(recording: Recording): Verdict {
  const reason = leftOut(recording)
  if (reason !== null) return { recording, leftOut: reason, faults: [] }
  const replayable = wireFor(recording)
  if (!replayable) return { recording, leftOut: null, faults: ['no provider speaks this wire'] }
  try {
    return { recording, leftOut: null, faults: faultsOf(recording, replayable) }
  } catch (error) {
    return { recording, leftOut: null, faults: [`it threw: ${error}`] }
  }
}

function faultsOf(recording: Recording, replayable: Replayable): string[] {
  if (recording.response_status >= 400) return faultsOfError(recording, replayable)
  const bytes = bodyOf(recording)
  const want = recordedAnswer(recording)
  if (!saysSomething(want)) return ['nothing was found in the recording: it is read wrongly']
  const { wire, input } = replayable
  // A list of chunks is what Google streams to those who do not ask for events.
  if (recording.body_kind === 'json')
    return faultsOfAnswer(want, wire.decodeBody(new TextDecoder().decode(bytes), input), true)

  const faults: string[] = []
  for (const [how, pieces] of cutsOf(recording, bytes)) {
    const parts: Part[] = []
    const decoder = wire.decodeStream(input)
    for (const piece of pieces) {
      parts.push(...decoder.push(piece))
      // The reader uses its memory again.
      piece.fill(0x78)
    }
    parts.push(...decoder.end())
    faults.push(...faultsOfAnswer(want, parts, false).map((fault) => `${how}: ${fault}`))
  }
  return faults
}

/** Otherwise an answer that is lost altogether would be just what was expected. */
function saysSomething({ choices, failed, usage }: RecordedAnswer): boolean {
  return (
    failed || usage !== null || choices.some(({ text, calls, native }) => text !== '' || calls.length > 0 || native)
  )
}

/** As recorded, whole, at random boundaries, and byte by byte where that is short enough. */
function cutsOf(recording: Recording, bytes: Uint8Array): [string, Uint8Array[]][] {
  const cuts: [string, Iterable<number>][] = [
    ['as recorded', recording.chunk_lengths ?? []],
    ['cut at random', randomLengths(bytes.length, recording.id)],
  ]
  if (bytes.length <= singleBytesBelow) cuts.push(['byte by byte', Array.from(bytes, () => 1)])
  return cuts.map(([how, lengths]) => [how, cut(bytes, lengths)])
}

/** Read lengths that add up to at least `total`, mostly short; the same for the same recording. */
export function randomLengths(total: number, id: string): number[] {
  const random = seeded(Array.from(id).reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) | 0, 7))
  const lengths: number[] = []
  for (let at = 0; at < total; at += lengths.at(-1) ?? 0) lengths.push(1 + Math.floor(random() ** 3 * 400))
  return lengths
}

/** `parts` against what was recorded, to the character and the token. */
export function faultsOfAnswer(want: RecordedAnswer, parts: Part[], whole: boolean): string[] {
  const faults: string[] = []
  const { choices, usage, errors } = hear(parts)
  // Snowflake tells no finish, but a usage at the end.
  const unfinished = !whole && want.choices.every((choice) => choice.native === null) && want.usage === null
  const expectError = want.failed || unfinished
  if (errors.length !== (expectError ? 1 : 0)) faults.push(`${errors.length} errors`)
  for (const [index, choice] of want.choices.entries()) {
    const got = choices[index]
    same(faults, `text of ${index}`, got?.text ?? '', choice.text)
    same(faults, `reasoning of ${index}`, compact(got?.reasoning ?? ''), compact(choice.reasoning))
    same(faults, `refusal of ${index}`, got?.refusal ?? '', choice.refusal)
    compareCalls(faults, got?.calls ?? [], choice.calls)
    if (expectError || choice.native === null) continue
    same(faults, 'native finish', got?.finish?.native, choice.native)
    same(faults, 'finish', got?.finish?.reason, publicReason(choice))
  }
  if (choices.length > want.choices.length) faults.push('a choice that nobody gave')
  // What a failed answer cost may be no more than an estimate.
  if (!expectError) compareUsage(faults, usage, want)
  return faults
}

/** Pieces of a summary are joined by a blank line or not: white space is nobody's word there. */
function compact(text: string): string {
  return text.replace(/\s+/g, '')
}

function compareCalls(
  faults: string[],
  got: { id?: string | undefined; name: string | undefined; arguments: string }[],
  want: RecordedChoice['calls'],
): void {
  same(faults, 'calls', got.map(({ name }) => name).join(), want.map(({ name }) => name).join())
  for (const [index, call] of want.entries()) {
    const { id, arguments: text } = got[index] ?? {}
    if (!id) faults.push(`call ${index} has no id`)
    if (text !== call.arguments && text !== undefined && canonical(text) === canonical(call.arguments)) continue
    same(faults, `arguments of ${index}`, text, call.arguments)
  }
}

/** One text for every spelling of the same JSON; nothing said is an empty object. */
export function canonical(text: string): string {
  const ordered = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(ordered)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, item]) => [key, ordered(item)]),
    )
  }
  if (text.trim() === '') return '{}'
  try {
    return JSON.stringify(ordered(JSON.parse(text)))
  } catch {
    return text
  }
}

function compareUsage(faults: string[], got: ReturnType<typeof hear>['usage'], { usage: want }: RecordedAnswer): void {
  if (want === null || got === null) {
    same(faults, 'usage', got === null, want === null)
    return
  }
  for (const value of Object.values(got)) if (!Number.isSafeInteger(Number(value))) faults.push(`usage holds ${value}`)
  same(faults, 'prompt tokens', got.promptTokens, want.promptTokens)
  same(faults, 'completion tokens', got.completionTokens, want.completionTokens)
  if (want.cachedTokens !== null) same(faults, 'cached tokens', got.cachedTokens, want.cachedTokens)
  if (want.reasoningTokens !== null) same(faults, 'reasoning tokens', got.reasoningTokens, want.reasoningTokens)
}

/** `openrouter-normalisation.md` §4.2, over all the words that occur in recordings. */
export function publicReason({ native, calls, refusal }: RecordedChoice): FinishReason {
  const word = native ?? 'stop'
  // A response is completed even where the model refused.
  if (word === 'completed' && refusal !== '') return 'content_filter'
  if (/max_|length|context_window/i.test(word)) return 'length'
  if (/content_filter|refusal|safety|guardrail|blocklist|model_armor|sensitive/i.test(word)) return 'content_filter'
  if (/tool|function_call/i.test(word)) return 'tool_calls'
  return calls.length > 0 ? 'tool_calls' : 'stop'
}

const refusals: AttemptFailureKind[] = [
  'bad-request',
  'unsupported',
  'context-length',
  'content-policy',
  'generation-failed',
  // A wrong key is a 400 at Gemini and at xAI.
  'credential',
  'not-found',
]
const kindsOfStatus: Readonly<Record<number, AttemptFailureKind[]>> = {
  400: refusals,
  401: ['credential'],
  402: ['payment'],
  403: ['credential', 'content-policy', 'not-found', 'geo', 'payment', 'unsupported'],
  404: ['not-found', 'unsupported'],
  413: ['too-large', 'context-length'],
  422: ['unprocessable', 'unsupported', 'bad-request', 'context-length'],
  424: ['server-error', 'generation-failed'],
  429: ['rate-limited', 'payment'],
  500: ['server-error'],
  502: ['server-error'],
  503: ['overloaded', 'server-error'],
}

function faultsOfError(recording: Recording, { wire }: Replayable): string[] {
  const faults: string[] = []
  const body = new TextDecoder().decode(bodyOf(recording))
  const headers = new Headers(recording.response_headers ?? {})
  const failure = wire.classify({ status: recording.response_status, headers, body })
  const kinds = kindsOfStatus[recording.response_status] ?? []
  if (!kinds.includes(failure.kind)) faults.push(`a ${recording.response_status} is classified as ${failure.kind}`)
  same(faults, 'upstream status', failure.upstreamStatus, recording.response_status)
  if (!failure.raw) faults.push('the words of the upstream are lost')
  if (body.includes(failure.message)) faults.push('the message is the words of the upstream')
  return faults
}

function same(faults: string[], what: string, got: unknown, want: unknown): void {
  if (got !== want) faults.push(`${what}: ${excerpt(got, want)} instead of ${excerpt(want, got)}`)
}

/** Where two texts part. */
function excerpt(value: unknown, other: unknown): string {
  if (typeof value !== 'string' || typeof other !== 'string' || value.length < 60) return JSON.stringify(value)
  let at = 0
  while (at < value.length && value[at] === other[at]) at++
  return `…${JSON.stringify(value.slice(Math.max(0, at - 20), at + 40))}… (${value.length})`
}
