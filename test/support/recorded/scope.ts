import type { ProviderRecord } from '../../../src/catalog/records.ts'
import type { ChatRequest } from '../../../src/chat/request.ts'
import { providerOf } from '../../../src/providers/registry.ts'
import type { DecodeInput, Wire, WireName } from '../../../src/providers/wire.ts'
import type { Recording } from '../../providers/recordings.ts'
import { endpointRecord, modelEntry, providerRecord } from '../catalog-records.ts'

const wireOfApi: Readonly<Record<string, WireName>> = {
  'openai-chat': 'openai-chat',
  'openai-responses': 'openai-responses',
  'anthropic-messages': 'anthropic-messages',
  'vertex-anthropic-rawpredict': 'anthropic-messages',
  'gemini-generate-content': 'gemini',
  'bedrock-converse': 'bedrock-converse',
  'cohere-chat': 'cohere-chat',
  'ollama-chat': 'ollama-chat',
  'replicate-predictions': 'replicate',
}

/** A recording that is filed under another API than it speaks. */
const misfiled: Readonly<Record<string, string>> = {
  'azure/openai-responses-stream-reasoning-text-deepseek-v4-pro-563c3333': 'openai-chat',
}

/** The API that a recording speaks. */
export function apiOf({ id, api }: Recording): string {
  return misfiled[id] ?? api
}

/** Why the recordings of an API prove nothing about chat completions. */
const otherApis: Readonly<Record<string, string>> = {
  'anthropic-count-tokens': 'counting tokens is no completion',
  'gemini-count-tokens': 'counting tokens is no completion',
  'bedrock-invoke': 'Bedrock is reached by Converse, which takes every model of it',
  'cohere-v1-chat': 'Cohere is reached by v2',
  'cohere-embed': 'embeddings are another surface',
  'gemini-embed': 'embeddings are another surface',
  'openai-embeddings': 'embeddings are another surface',
  'vertex-predict': 'embeddings are another surface',
  'gemini-interactions': 'agents of Google, no completion',
  models: 'a list of models',
  'openai-completions': 'text completions are another surface',
  rerank: 'reranking is another surface',
}

/** Why a recording is left out, or null where it has to be replayed. */
export function leftOut(recording: Recording): string | null {
  const wire = wireOfApi[apiOf(recording)]
  if (!wire) return otherApis[recording.api] ?? 'unknown api'
  if (wire === 'replicate' && recording.response_status < 400) return 'pictures and speech, no chat model'
  return null
}

const slugs: Readonly<Record<string, string>> = {
  'anthropic-openai-compat': 'anthropic',
  bedrock: 'amazon-bedrock',
  'bedrock-mantle': 'amazon-bedrock',
  'cloudflare-workers-ai': 'cloudflare',
  google: 'google-ai-studio',
  moonshot: 'moonshotai',
  'vercel-ai-gateway': 'vercel',
  vertex: 'google-vertex',
  zai: 'z-ai',
}

/** The catalogue's slug of a recording's provider. */
export function slugOf(recording: Recording): string {
  return slugs[recording.provider] ?? recording.provider
}

export interface Speaker {
  slug: string
  upstreamId: string
  engine?: NonNullable<ProviderRecord['engine']>
}

/** A provider and a model of it that surely speak a wire, for recordings of an API that their provider is not asked by. */
export const speakerOf: Readonly<Record<WireName, Speaker>> = {
  'openai-chat': { slug: 'plain-host', upstreamId: 'some/model' },
  'openai-responses': { slug: 'openai', upstreamId: 'o3-pro' },
  'anthropic-messages': { slug: 'anthropic', upstreamId: 'claude-sonnet-4-5' },
  gemini: { slug: 'google-ai-studio', upstreamId: 'gemini-3-flash-preview' },
  'bedrock-converse': { slug: 'amazon-bedrock', upstreamId: 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0' },
  'cohere-chat': { slug: 'cohere', upstreamId: 'command-a-03-2025' },
  replicate: { slug: 'replicate', upstreamId: 'meta/meta-llama-3-70b-instruct' },
  'ollama-chat': { slug: 'my-ollama', upstreamId: 'gemma3:1b', engine: 'ollama' },
}

const request: ChatRequest = { messages: [{ role: 'user', content: 'Hello' }] }

/** A wire to replay through, and whose it is. */
export interface Replayable extends Speaker {
  wire: Wire
  input: DecodeInput
}

/** The wire that a recording is replayed through, as its own provider speaks it where it does. */
export function wireFor(recording: Recording): Replayable | null {
  const name = wireOfApi[apiOf(recording)]
  if (!name) return null
  const own: Speaker = { slug: slugOf(recording), upstreamId: recording.model ?? 'm' }
  for (const { slug, upstreamId, engine } of [own, speakerOf[name]]) {
    const provider = providerRecord({ slug, kind: 'cloud', ...(engine ? { engine } : {}) })
    const endpoint = endpointRecord({ provider, upstreamId, parameters: null })
    const wire = providerOf(provider)?.wire(endpoint)
    if (wire?.name !== name) continue
    const reasoning = { supported: recording.tags.includes('reasoning'), mandatory: false, efforts: null }
    const target = { endpoint, model: modelEntry({ reasoning }).model, baseUrl: 'https://up.example', credential: null }
    return { wire, input: { target, request }, slug, upstreamId, ...(engine ? { engine } : {}) }
  }
  return null
}
