import { frame, event as frameOf } from '../providers/bedrock-converse/frames.ts'
import { completionEvents, event } from '../support/mock-upstream.ts'

/** The wires of the fault matrix. */
export const wires = ['openai-chat', 'anthropic-messages', 'gemini', 'bedrock-converse'] as const
export type MatrixWire = (typeof wires)[number]

type Bytes = string | Uint8Array

/** How a provider says things in one wire: what every fault is made of. */
export interface Speech {
  wire: MatrixWire
  /** What the provider calls a model that speaks it. */
  model: string
  /** Content type of a stream. */
  streamType: string
  /** A whole answer that says this. */
  whole(text: string): object
  /** What a stream says before the model says anything. */
  lifecycle: Bytes[]
  delta(text: string): Bytes
  /** The events up to the one that says how it ended, */
  finish: Bytes[]
  /** and what comes behind it. */
  tail: Bytes[]
  /** An event that is framed well and is nonsense inside. */
  nonsense: Bytes
  /** An error as the provider words one with this status, as a body */
  errorBody(status: number, message?: string): object
  /** and in the headers. */
  errorHeaders(status: number): Record<string, string>
  /** The same as an event of a stream. */
  errorEvent(status: number, message?: string): Bytes
  /** The beginning of an event that never ends. */
  endless: Bytes
}

/** All that is said in a stream that goes well. */
export function wholeStream({ lifecycle, delta, finish, tail }: Speech, texts: string[]): Bytes[] {
  return [...lifecycle, ...texts.map(delta), ...finish, ...tail]
}

const head = { created: 1_700_000_000, model: 'mock', id: 'chatcmpl-mock' }

const [role = '', , stop = '', usage = '', done = ''] = completionEvents(['x'])

const openAiTypes: Record<number, string> = {
  400: 'invalid_request_error',
  404: 'invalid_request_error',
  429: 'rate_limit_exceeded',
}
const openAiError = (status: number, message: string) => ({
  error: { message, type: openAiTypes[status] ?? 'server_error', param: null, code: null },
})

const openAiChat: Speech = {
  wire: 'openai-chat',
  model: 'mock',
  streamType: 'text/event-stream',
  whole: (content) => ({
    ...head,
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
  }),
  lifecycle: [role],
  delta: (text) => completionEvents([text])[1] ?? '',
  finish: [stop],
  tail: [usage, done],
  nonsense: 'data: {"choices": oops\n\n',
  errorBody: (status, message = 'mock failure') => openAiError(status, message),
  errorHeaders: () => ({}),
  errorEvent: (status, message = 'mock failure') => event(openAiError(status, message)),
  endless: 'data: {"choices":[{"index":0,"delta":{"content":"',
}

function named(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`
}

const anthropicTypes: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  422: 'invalid_request_error',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
}
const anthropicError = (status: number, message: string) => ({
  type: 'error',
  error: { type: anthropicTypes[status] ?? 'api_error', message },
})

const anthropicMessages: Speech = {
  wire: 'anthropic-messages',
  model: 'claude-mock',
  streamType: 'text/event-stream',
  whole: (text) => ({
    id: 'msg_mock',
    type: 'message',
    role: 'assistant',
    model: 'claude-mock',
    content: [{ type: 'text', text }],
    stop_reason: 'end_turn',
    usage: { input_tokens: 7, output_tokens: 3 },
  }),
  lifecycle: [
    named('message_start', {
      message: {
        id: 'msg_mock',
        type: 'message',
        role: 'assistant',
        model: 'claude-mock',
        content: [],
        stop_reason: null,
        usage: { input_tokens: 7, output_tokens: 1 },
      },
    }),
    named('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    named('ping', {}),
  ],
  delta: (text) => named('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
  finish: [
    named('content_block_stop', { index: 0 }),
    named('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 3 } }),
  ],
  tail: [named('message_stop', {})],
  nonsense: 'event: content_block_delta\ndata: {"type": oops\n\n',
  errorBody: (status, message = 'mock failure') => anthropicError(status, message),
  errorHeaders: () => ({}),
  errorEvent: (status, message = 'mock failure') => named('error', anthropicError(status, message)),
  endless: 'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"text":"',
}

const googleStatuses: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}
const googleError = (status: number, message: string) => ({
  error: { code: status, message, status: googleStatuses[status] ?? 'UNKNOWN' },
})
const googleUsage = { promptTokenCount: 7, candidatesTokenCount: 3, totalTokenCount: 10 }
const googleChunk = (candidate: object, fields: object = {}) => ({
  candidates: [{ index: 0, ...candidate }],
  responseId: 'mock',
  modelVersion: 'gemini-mock',
  ...fields,
})
const googleText = (text: string) => ({ content: { role: 'model', parts: [{ text }] } })

const gemini: Speech = {
  wire: 'gemini',
  model: 'gemini-mock',
  streamType: 'text/event-stream',
  whole: (text) => googleChunk({ ...googleText(text), finishReason: 'STOP' }, { usageMetadata: googleUsage }),
  lifecycle: [event(googleChunk({ content: { role: 'model' } }, { usageMetadata: { promptTokenCount: 7 } }))],
  delta: (text) => event(googleChunk(googleText(text))),
  finish: [event(googleChunk({ ...googleText(''), finishReason: 'STOP' }, { usageMetadata: googleUsage }))],
  tail: [],
  nonsense: 'data: {"candidates": oops\n\n',
  errorBody: (status, message = 'mock failure') => googleError(status, message),
  errorHeaders: () => ({}),
  errorEvent: (status, message = 'mock failure') => event(googleError(status, message)),
  endless: 'data: {"candidates":[{"content":{"parts":[{"text":"',
}

const amazonTypes: Record<number, string> = {
  400: 'ValidationException',
  401: 'UnrecognizedClientException',
  403: 'AccessDeniedException',
  404: 'ResourceNotFoundException',
  408: 'ModelTimeoutException',
  429: 'ThrottlingException',
  500: 'InternalServerException',
  503: 'ServiceUnavailableException',
  529: 'ServiceUnavailableException',
}
const amazonUsage = { inputTokens: 7, outputTokens: 3, totalTokens: 10 }

const bedrockConverse: Speech = {
  wire: 'bedrock-converse',
  model: 'amazon.mock-v1:0',
  streamType: 'application/vnd.amazon.eventstream',
  whole: (text) => ({
    output: { message: { role: 'assistant', content: [{ text }] } },
    stopReason: 'end_turn',
    usage: amazonUsage,
    metrics: { latencyMs: 1 },
  }),
  lifecycle: [frameOf('messageStart', { role: 'assistant' })],
  delta: (text) => frameOf('contentBlockDelta', { contentBlockIndex: 0, delta: { text } }),
  finish: [frameOf('contentBlockStop', { contentBlockIndex: 0 }), frameOf('messageStop', { stopReason: 'end_turn' })],
  tail: [frameOf('metadata', { usage: amazonUsage, metrics: { latencyMs: 1 } })],
  nonsense: frameOf('contentBlockDelta', '{"delta": oops'),
  errorBody: (status, message = 'mock failure') => ({
    message,
    ...(amazonTypes[status] === undefined ? {} : { __type: amazonTypes[status] }),
  }),
  errorHeaders: (status): Record<string, string> =>
    amazonTypes[status] === undefined ? {} : { 'x-amzn-errortype': amazonTypes[status] },
  errorEvent: (status, message = 'mock failure') => {
    const type = amazonTypes[status] ?? 'InternalServerException'
    const name = type.charAt(0).toLowerCase() + type.slice(1)
    return frame({ ':message-type': 'exception', ':exception-type': name }, { message })
  },
  // A length of 17 MB and as much of a frame as comes of it.
  endless: Uint8Array.of(0x01, 0x10, 0, 0, 0, 0, 0, 0),
}

export const speeches: Record<MatrixWire, Speech> = {
  'openai-chat': openAiChat,
  'anthropic-messages': anthropicMessages,
  gemini,
  'bedrock-converse': bedrockConverse,
}
