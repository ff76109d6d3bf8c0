import type { EndpointRecord, ModelRecord } from '../../../src/catalog/records.ts'
import type { ChatRequest } from '../../../src/chat/request.ts'
import { encode } from '../../../src/providers/anthropic-messages/encode.ts'
import type { MessagesHost } from '../../../src/providers/anthropic-messages/host.ts'
import type { DecodeOptions } from '../../../src/providers/anthropic-messages/message-events.ts'
import type { Target, TranslationNote } from '../../../src/providers/wire.ts'
import { endpointRecord, modelEntry } from '../../support/catalog-records.ts'

export const hello: ChatRequest = { messages: [{ role: 'user', content: 'Hello' }] }

export interface Changes {
  /** The upstream id; `claude-sonnet-4-5` when left out: it thinks by a budget. */
  id?: string
  endpoint?: Partial<EndpointRecord>
  model?: Partial<ModelRecord>
  host?: MessagesHost
  stream?: boolean
  betas?: string[]
  userHash?: string
}

export function target(changes: Changes = {}): Target {
  return {
    endpoint: endpointRecord({
      upstreamId: changes.id ?? 'claude-sonnet-4-5',
      parameters: null,
      contextLength: 200_000,
      maxOutputTokens: 64_000,
      ...changes.endpoint,
    }),
    model: modelEntry({ reasoning: { supported: true, mandatory: false, efforts: null }, ...changes.model }).model,
    baseUrl: 'https://anthropic.example/v1',
    credential: { apiKey: 'k' },
  }
}

// biome-ignore lint/suspicious/noExplicitAny: bodies are compared with literals.
export type Json = any

export interface Encoded {
  body: Json
  /** `field action reason` */
  notes: string[]
  url: string
  headers: Record<string, string>
  /** The body as it is sent. */
  text: string
}

/** What goes upstream, and what was noted about it. */
export function encoded(request: Partial<ChatRequest>, changes: Changes = {}): Encoded {
  const { stream = false, betas, userHash } = changes
  const input = {
    request: { ...hello, ...request },
    target: target(changes),
    stream,
    ...(betas ? { betas } : {}),
    ...(userHash ? { userHash } : {}),
  }
  const before = structuredClone(input.request)
  const { body, translation, url, headers } = encode(input, changes.host ?? {})
  if (JSON.stringify(before) !== JSON.stringify(input.request)) throw new Error('The request was changed.')
  const words = ({ field, action, reason }: TranslationNote) => `${field} ${action} ${reason}`
  return { body: JSON.parse(body), notes: translation.map(words), url, headers, text: body }
}

/** The turns of a conversation. */
export function turns(messages: ChatRequest['messages'], changes: Changes = {}): Json {
  return encoded({ messages }, changes).body.messages
}

/** A tool of the given name without parameters. */
export function tool(name: string): NonNullable<ChatRequest['tools']>[number] {
  return { type: 'function', function: { name, parameters: { type: 'object', properties: {} } } }
}

/** Options with ids that can be foreseen. */
export function decodeOptions(changes: Partial<DecodeOptions> = {}): DecodeOptions {
  let made = 0
  return {
    newCallId: () => `made-${++made}`,
    clientName: (name) => name,
    answerTool: null,
    secrets: [],
    ...changes,
  }
}

/** Bedrock's InvokeModel: the model in the path, everything else in the body. */
export const onBedrockInvoke: MessagesHost = {
  path: ({ target: { endpoint }, stream }) =>
    `/model/${encodeURIComponent(endpoint.upstreamId)}/invoke${stream ? '-with-response-stream' : ''}`,
  bodyVersion: 'bedrock-2023-05-31',
  streamField: false,
  betas: 'body',
  fetchesUrls: false,
  structured: false,
  refuses: ['service_tier', 'inference_geo', 'container', 'mcp_servers', 'eager_input_streaming'],
}
