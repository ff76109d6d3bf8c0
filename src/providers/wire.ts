import type { EndpointRecord, ModelRecord } from '../catalog/records.ts'
import type { Envelope } from '../chat/envelope.ts'
import type { AttemptFailure } from '../chat/failure.ts'
import type { Part } from '../chat/parts.ts'
import type { ChatRequest } from '../chat/request.ts'
import type { PartEncoder, StreamStage } from '../chat/stream-stage.ts'

/** A field of the request that did not reach the provider as the client wrote it. Codes only, never content. */
export interface TranslationNote {
  field: string
  action: 'dropped' | 'changed' | 'emulated'
  reason: string
}

export interface Credential {
  /** The secret, or for clouds the set of secrets, under the names of `.dev.vars`. */
  apiKey: string
  /** Further settings of this provider from the environment, names without the provider's prefix (`REGION`, `PROJECT`). */
  extra?: Record<string, string>
}

/** Where and what an attempt is sent to. */
export interface Target {
  endpoint: EndpointRecord
  model: ModelRecord
  /** Scheme, host and base path, without a trailing slash. */
  baseUrl: string
  credential: Credential | null
}

export interface EncodeInput {
  request: ChatRequest
  target: Target
  /** Whether the provider is asked to stream: exactly when the client asked to. */
  stream: boolean
  /** The account-scoped hash of the end user, for providers that need one; the raw `user` never leaves. */
  userHash?: string
  /** Beta names a client passed in `x-anthropic-beta`. */
  betas?: string[]
}

/** An upstream HTTP request before it is signed. */
export interface EncodedRequest {
  method: 'POST'
  /** Absolute. */
  url: string
  headers: Record<string, string>
  body: string
  translation: TranslationNote[]
}

/** Bytes of one stream to parts. One a stream: it keeps what a cut left over. Never throws on foreign bytes: it answers an `error` part. */
export interface StreamDecoder {
  push(bytes: Uint8Array): Part[]
  /** The upstream closed. Answers a last unterminated event, and an `error` part of kind `truncated` when there was no finish. */
  end(): Part[]
}

export interface ErrorAnswer {
  status: number
  headers: Headers
  /** The body as text, at most 64 kB of it. */
  body: string
  /** The credential in use, stripped from what the upstream quotes (`secretsOf`). */
  secrets?: readonly string[]
}

/** What a wire may use of the attempt to follow its first answer. */
export interface FollowContext extends DecodeInput {
  stream: boolean
  /** Of the request that was sent, credential included. */
  headers: Readonly<Record<string, string>>
  /** The one egress. */
  fetch: (url: string, init: RequestInit) => Promise<Response>
  /** Aborts when the attempt is over, however it ended. */
  signal: AbortSignal
  /** Keeps alive what nobody waits for. */
  background(promise: Promise<unknown>): void
}

/** A format spoken over HTTP by providers: chat completions in, parts out. */
export interface Wire {
  name: WireName
  /** Messages that a request may have there; left out where nobody says. */
  maxMessages?: number
  encode(input: EncodeInput): EncodedRequest
  /**
   * For providers whose first answer only says where the real one will be: makes the further calls and answers what is
   * then read in place of it, an error included. Not asked where the first answer is an error.
   */
  follow?(first: Response, context: FollowContext): Promise<Response>
  /** A whole answer to parts, `finish` and `usage` included; an `error` part where a 200 is none. */
  decodeBody(body: string, input: DecodeInput): Part[]
  decodeStream(input: DecodeInput): StreamDecoder
  classify(answer: ErrorAnswer): AttemptFailure
  /** The straight-through stage, for a surface that speaks this very wire. */
  splice?(input: DecodeInput, options: StraightThrough): StreamStage
  /** `decodeBody` with the top-level fields that the gateway doesn't know, for a surface that speaks this very wire. */
  decodeWhole?(body: string, input: DecodeInput): WholeBody
}

export interface WholeBody {
  parts: Part[]
  extras: Record<string, unknown>
}

export interface StraightThrough {
  envelope: Envelope
  /** For the events that are not spliced. */
  encoder: PartEncoder
  excludeReasoning: boolean
}

export interface DecodeInput {
  target: Target
  request: ChatRequest
}

export type WireName =
  | 'openai-chat'
  | 'openai-responses'
  | 'anthropic-messages'
  | 'gemini'
  | 'bedrock-converse'
  | 'cohere-chat'
  | 'replicate'
  | 'ollama-chat'
