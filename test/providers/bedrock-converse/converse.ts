import type { EndpointRecord, ModelRecord } from '../../../src/catalog/records.ts'
import type { ChatRequest } from '../../../src/chat/request.ts'
import { encode } from '../../../src/providers/bedrock-converse/encode.ts'
import type { EncodeInput, TranslationNote } from '../../../src/providers/wire.ts'
import { endpointRecord, modelEntry } from '../../support/catalog-records.ts'

// biome-ignore lint/suspicious/noExplicitAny: bodies are read as whatever they are.
type Json = any

export const hello: ChatRequest = { messages: [{ role: 'user', content: 'Hello' }] }

export const ids = {
  claude3: 'anthropic.claude-3-haiku-20240307-v1:0',
  claude37: 'us.anthropic.claude-3-7-sonnet-20250219-v1:0',
  claude45: 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0',
  claude46: 'eu.anthropic.claude-opus-4-6-v1',
  claude48: 'anthropic.claude-opus-4-8',
  claude5: 'global.anthropic.claude-opus-5',
  claude55: 'us.anthropic.claude-sonnet-5-5',
  fable: 'us.anthropic.claude-fable-5-1',
  nova: 'eu.amazon.nova-lite-v1:0',
  nova2: 'us.amazon.nova-2-lite-v1:0',
  llama: 'us.meta.llama4-maverick-17b-instruct-v1:0',
  pixtral: 'eu.mistral.pixtral-large-2502-v1:0',
  mistralLarge: 'mistral.mistral-large-2402-v1:0',
  deepseek: 'deepseek.v3-v1:0',
  r1: 'us.deepseek.r1-v1:0',
  qwen: 'qwen.qwen3-32b-v1:0',
  gptOss: 'openai.gpt-oss-120b',
  gpt6: 'us.openai.gpt-6-luna',
  kimi: 'moonshotai.kimi-k2.5',
  grok: 'us.xai.grok-4.6',
  palmyra: 'us.writer.palmyra-x5-v1:0',
} as const

export interface Changes {
  endpoint?: Partial<EndpointRecord>
  model?: Partial<ModelRecord>
  stream?: boolean
  extra?: Record<string, string>
  betas?: string[]
}

export function encodeInput(upstreamId: string, request: Partial<ChatRequest>, changes: Changes = {}): EncodeInput {
  return {
    request: { ...hello, ...request },
    target: {
      endpoint: endpointRecord({ parameters: null, upstreamId, ...changes.endpoint }),
      model: modelEntry({ reasoning: { supported: true, mandatory: false, efforts: null }, ...changes.model }).model,
      baseUrl: 'https://bedrock-runtime.eu-central-1.amazonaws.com',
      credential: { apiKey: 'k', ...(changes.extra ? { extra: changes.extra } : {}) },
    },
    stream: changes.stream ?? false,
    ...(changes.betas ? { betas: changes.betas } : {}),
  }
}

/** The body that goes upstream, and what was noted about it as `field action reason`. */
export function encoded(
  upstreamId: string,
  request: Partial<ChatRequest>,
  changes: Changes = {},
): { body: Json; notes: string[] } {
  const { body, translation } = encode(encodeInput(upstreamId, request, changes))
  const words = ({ field, action, reason }: TranslationNote) => `${field} ${action} ${reason}`
  return { body: JSON.parse(body), notes: translation.map(words) }
}
