import type { Envelope } from '../chat/envelope.ts'
import type { AttemptFailure } from '../chat/failure.ts'
import { FailureError } from '../chat/failure.ts'
import { PartStage } from '../chat/part-stage.ts'
import type { Part } from '../chat/parts.ts'
import type { ChatRequest } from '../chat/request.ts'
import type { StreamProgress, StreamStage } from '../chat/stream-stage.ts'
import { ByteReader } from '../edge/byte-reader.ts'
import { redact } from '../privacy/redact.ts'
import { AuthorizeError } from '../providers/authorize-error.ts'
import { providerOf } from '../providers/registry.ts'
import { secretsOf } from '../providers/secrets-of.ts'
import type { Credential, TranslationNote } from '../providers/wire.ts'
import type { PlannedAttempt } from '../routing/plan.ts'
import type { Deadline } from './deadline.ts'
import type { Dialect } from './dialect.ts'
import { encodeFor } from './encode-for.ts'
import type { Gateway } from './gateway.ts'

/** An error answer larger than this tells nothing more. */
const maxErrorBytes = 64 * 1024
/** A whole answer larger than this would not fit an isolate beside its translation. */
const maxAnswerBytes = 32 * 1024 * 1024

const tooLate: AttemptFailure = { kind: 'timeout', message: 'The provider did not answer in time.' }
const outOfTime: AttemptFailure = {
  kind: 'out-of-time',
  message: 'The time of the request was over before the provider had answered.',
}

export interface AttemptInput {
  gateway: Gateway
  planned: PlannedAttempt
  request: ChatRequest
  stream: boolean
  dialect: Dialect
  envelope: Envelope
  excludeReasoning: boolean
  userHash: string | undefined
  betas: string[] | undefined
  /** Aborts when the client has gone. */
  client: AbortSignal
  deadline: Deadline
  /** Kept up to date for whoever may give the call up. */
  inFlight?: InFlight
}

/** How far a call has come that may be given up for another one. */
export interface InFlight {
  called: boolean
  /** The upstream's HTTP status; null before it. */
  status: number | null
  /** Of a stream. */
  progress: StreamProgress | null
}

/** An upstream stream that has begun to answer; its first content waits in `stage`. */
export interface OpenStream {
  kind: 'stream'
  stage: StreamStage
  reader: ByteReader
  /** Ends the upstream call at once. */
  cancel(): void
  status: number
  translation: TranslationNote[]
}

export interface WholeAnswer {
  kind: 'answer'
  parts: Part[]
  extras: Record<string, unknown>
  status: number
  translation: TranslationNote[]
}

export interface FailedAttempt {
  kind: 'failed'
  failure: AttemptFailure
  /** False when the upstream was not called, e.g. because its address is refused. */
  called: boolean
}

/**
 * Makes one upstream call and follows it to its first content, its whole answer or its failure. A failure is a value:
 * falling back is ordinary. Nothing of a failed attempt reaches the client.
 */
export async function attempt(input: AttemptInput): Promise<OpenStream | WholeAnswer | FailedAttempt> {
  const { gateway, planned } = input
  const { endpoint } = planned
  const provider = providerOf(endpoint.provider)
  const wire = provider?.wire(endpoint)
  const access = gateway.access(endpoint)
  if (!provider || !wire || !access)
    return failed({ kind: 'not-found', message: 'The endpoint is not configured here.' }, false)

  const abort = new AbortController()
  let gaveUp: 'deadline' | 'client' | null = null
  const giveUp = (why: 'deadline' | 'client') => {
    gaveUp ??= why
    abort.abort()
  }
  const onClientGone = () => giveUp('client')
  if (input.client.aborted) return failed({ kind: 'cancelled', message: 'The client has gone.' }, false)
  input.client.addEventListener('abort', onClientGone, { once: true })
  const wait = gateway.patience.begin(input.deadline.ms, () => giveUp('deadline'))
  const settle = () => {
    gateway.patience.end(wait)
    input.client.removeEventListener('abort', onClientGone)
  }
  let called = false
  let isEncoded = false

  try {
    const { encoded, request, target, untold } = encodeFor(input, wire, access)
    isEncoded = true
    if (untold !== null) return failed({ kind: 'unsupported', message: untold }, false)
    const signed = await provider.authorize(encoded, access.credential, {
      now: gateway.now(),
      fetch: (url, init) => gateway.fetch(url, { ...init, signal: abort.signal }),
    })
    abort.signal.throwIfAborted()
    called = true
    if (input.inFlight) input.inFlight.called = true
    const decodeInput = { target, request }
    const first = await gateway.fetch(signed.url, {
      method: signed.method,
      headers: signed.headers,
      body: signed.body,
      signal: abort.signal,
    })
    const response =
      first.ok && wire.follow
        ? await wire.follow(first, {
            ...decodeInput,
            stream: input.stream,
            headers: signed.headers,
            fetch: (url, init) => gateway.fetch(url, init),
            signal: abort.signal,
            background: (promise) => gateway.waitUntil(promise),
          })
        : first
    if (!response.ok) {
      const body = await readText(response, maxErrorBytes)
      abort.abort()
      const failure = wire.classify({
        status: response.status,
        headers: response.headers,
        body: body.text,
        secrets: secretsOf(access.credential),
      })
      return failed({ upstreamStatus: response.status, ...withoutSecrets(failure, access.credential) }, true)
    }
    if (!input.stream || isDocument(response)) {
      const body = await readText(response, maxAnswerBytes)
      if (body.cut) {
        abort.abort()
        return failed({ kind: 'malformed', message: 'The answer was too large.' }, true)
      }
      const { parts, extras } =
        !input.stream && wire.name === input.dialect.wire && wire.decodeWhole
          ? wire.decodeWhole(body.text, decodeInput)
          : { parts: wire.decodeBody(body.text, decodeInput), extras: {} }
      const failure = failureAmong(parts)
      if (failure)
        return failed({ upstreamStatus: response.status, ...withoutSecrets(failure, access.credential) }, true)
      if (!input.stream)
        return { kind: 'answer', parts, extras, status: response.status, translation: encoded.translation }
      // A provider that answers a streaming request with a whole body still gets its answer through.
      const stage = new PartStage(
        { push: () => parts, end: () => [] },
        input.dialect.encoder(input.envelope, { excludeReasoning: input.excludeReasoning }),
      )
      stage.push(new Uint8Array(0))
      const nothingMore = new ReadableStream<Uint8Array>({ start: (controller) => controller.close() })
      return {
        kind: 'stream',
        stage,
        reader: new ByteReader(nothingMore),
        cancel: () => {},
        status: response.status,
        translation: encoded.translation,
      }
    }

    const encoder = input.dialect.encoder(input.envelope, { excludeReasoning: input.excludeReasoning })
    const stage =
      wire.name === input.dialect.wire && wire.splice
        ? wire.splice(decodeInput, { envelope: input.envelope, encoder, excludeReasoning: input.excludeReasoning })
        : new PartStage(wire.decodeStream(decodeInput), encoder)
    const reader = new ByteReader(response.body as ReadableStream<Uint8Array>)
    const { progress } = stage
    if (input.inFlight) Object.assign(input.inFlight, { progress, status: response.status })
    // Lifecycle events are held until the model says something: until then another endpoint can still take over.
    while (!progress.content && !progress.upstreamContent && !progress.finish && !progress.failure && !progress.done) {
      const bytes = await reader.read()
      if (bytes === null) break
      stage.push(bytes)
    }
    const begun = progress.upstreamContent || progress.finish !== null
    if (!begun && !progress.failure) stage.end()
    if (progress.failure && !progress.content) {
      abort.abort()
      return failed({ upstreamStatus: response.status, ...withoutSecrets(progress.failure, access.credential) }, true)
    }
    return {
      kind: 'stream',
      stage,
      reader,
      cancel: () => abort.abort(),
      status: response.status,
      translation: encoded.translation,
    }
  } catch (error) {
    abort.abort()
    if (gaveUp === 'client') return failed({ kind: 'cancelled', message: 'The client has gone.' }, called)
    if (gaveUp === 'deadline') return failed(input.deadline.cutShort ? outOfTime : tooLate, called)
    if (error instanceof AuthorizeError) return failed(error.failure, called)
    if (error instanceof FailureError) return failed({ kind: 'unsupported', message: error.failure.message }, false)
    if (!isEncoded) {
      // A bug of ours, met by what this client asks: no reason to think ill of the endpoint.
      console.error(JSON.stringify({ event: 'encode-failed', wire: wire.name, error: nameOf(error) }))
      return failed(
        { kind: 'unsupported', message: 'The request cannot be put into the format of the provider.' },
        false,
      )
    }
    return failed({ kind: 'network', message: 'The connection to the provider failed.' }, called)
  } finally {
    settle()
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown'
}

function failed(failure: AttemptFailure, called: boolean): FailedAttempt {
  return { kind: 'failed', failure, called }
}

/** Wires redact what looks like a credential; here the very credential in use goes, whatever it looks like. */
function withoutSecrets(failure: AttemptFailure, credential: Credential | null): AttemptFailure {
  return failure.raw === undefined ? failure : { ...failure, raw: redact(failure.raw, secretsOf(credential)) }
}

function failureAmong(parts: Part[]): AttemptFailure | null {
  for (const part of parts) {
    if (part.type === 'error') return part.failure
    if (part.type === 'finish' && part.reason === 'error')
      return {
        kind: 'stream-error',
        message: 'The provider ended the generation with an error.',
        ...(part.native === null ? {} : { providerCode: part.native }),
      }
  }
  return null
}

/** Whether what should be a stream says of itself that it is one document. */
function isDocument(response: Response): boolean {
  const type = response.headers.get('content-type') ?? ''
  return type.startsWith('application/json') || type.startsWith('text/html')
}

/** At most `maxBytes` of a body as text; a body that breaks rejects. */
async function readText(response: Response, maxBytes: number): Promise<{ text: string; cut: boolean }> {
  // The length of a compressed body says nothing of the text it unfolds into.
  const compressed = response.headers.has('content-encoding')
  const declared = Number((compressed ? null : response.headers.get('content-length')) ?? Number.NaN)
  if (declared <= maxBytes) return { text: await response.text(), cut: false }
  if (!response.body) return { text: '', cut: false }
  const decoder = new TextDecoder()
  let text = ''
  let length = 0
  for await (const bytes of response.body as ReadableStream<Uint8Array>) {
    length += bytes.length
    if (length > maxBytes) return { text, cut: true }
    text += decoder.decode(bytes, { stream: true })
  }
  return { text: text + decoder.decode(), cut: false }
}
