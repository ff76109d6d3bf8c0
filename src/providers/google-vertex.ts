import type { EndpointRecord } from '../catalog/records.ts'
import { onVertex } from './anthropic-messages/host.ts'
import { anthropicMessages } from './anthropic-messages/wire.ts'
import { geminiWire } from './gemini/wire.ts'
import { GoogleAccessTokens, serviceAccountOf } from './google-access-token.ts'
import { isGenerateContent } from './google-ai-studio.ts'
import { openAiChatWire } from './openai-chat/wire.ts'
import type { Provider, Variables } from './provider.ts'
import type { Credential, Wire } from './wire.ts'

const gemini = geminiWire({
  everySamplingParameter: true,
  withoutCallIds: true,
  passes: {
    safety_settings: 'safetySettings',
    safetySettings: 'safetySettings',
    cached_content: 'cachedContent',
    cachedContent: 'cachedContent',
    labels: 'labels',
  },
})

const claude = anthropicMessages(onVertex)

/** Llama, DeepSeek, Qwen, Grok, gpt-oss and others as a service, behind an OpenAI-shaped door. */
const open = openAiChatWire({ names: false })

/** Stands for the project in the path until `authorize` knows whose credential is used; Google's own wildcard. */
const anyProject = '/projects/-/'

const tokens = new GoogleAccessTokens()

/** Google's Vertex AI: Gemini, Claude and open models, in the location of the endpoint. */
export const googleVertex: Provider = {
  slug: 'google-vertex',
  cancels: false,
  wire: (endpoint) => doorOf(endpoint)?.wire ?? null,
  credential: credentialOf,
  baseUrl: (endpoint, variables) => {
    const door = doorOf(endpoint)
    if (!door) return null
    const location = endpoint.region ?? locationIn(variables)
    const root = variables.GOOGLE_VERTEX_BASE_URL?.trim().replace(/\/+$/, '') || `https://${hostOf(location)}/v1`
    return `${root}${anyProject}locations/${location}/${door.path}`
  },
  async authorize(request, credential, context) {
    if (!credential) return request
    const account = serviceAccountOf(credential.apiKey)
    const project = credential.extra?.PROJECT ?? account?.projectId
    const url = project
      ? request.url.replace(anyProject, `/projects/${encodeURIComponent(project)}/`)
      : // Express mode: a key alone, without project and location.
        request.url.replace(/\/projects\/-\/locations\/[^/]+\//, '/')
    const header: [string, string] = account
      ? ['authorization', `Bearer ${await tokens.get(account, context)}`]
      : isApiKey(credential.apiKey)
        ? ['x-goog-api-key', credential.apiKey]
        : ['authorization', `Bearer ${credential.apiKey}`]
    return { ...request, url, headers: { ...request.headers, [header[0]]: header[1] } }
  },
}

/** Which wire an endpoint's model speaks and where, by its upstream id; null for what is no chat model of ours. */
function doorOf(endpoint: EndpointRecord): { wire: Wire; path: string } | null {
  const { upstreamId } = endpoint
  if (upstreamId.startsWith('claude')) return { wire: claude, path: 'publishers/anthropic' }
  // `publisher/model`, always in lower case there; a capital betrays the name of a repository somewhere else.
  if (upstreamId.includes('/'))
    return /^[a-z0-9][a-z0-9._/-]*$/.test(upstreamId) && endpoint.outputModalities.includes('text')
      ? { wire: open, path: 'endpoints/openapi' }
      : null
  return /^(gemini|gemma)/.test(upstreamId) && isGenerateContent(endpoint)
    ? { wire: gemini, path: 'publishers/google' }
    : null
}

/** A service account's JSON, or a key or access token of the moment. */
function credentialOf(variables: Variables): Credential | null {
  const json = variables.GOOGLE_SERVICE_ACCOUNT_JSON?.trim()
  const account = json ? serviceAccountOf(json) : null
  const apiKey = account && json ? json : variables.GOOGLE_VERTEX_API_KEY?.trim()
  if (!apiKey) return null
  const project = variables.GOOGLE_VERTEX_PROJECT?.trim() || variables.GOOGLE_CLOUD_PROJECT?.trim()
  return project ? { apiKey, extra: { PROJECT: project } } : { apiKey }
}

function locationIn(variables: Variables): string {
  return (
    variables.GOOGLE_VERTEX_LOCATION?.trim() ||
    variables.GOOGLE_VERTEX_REGION?.trim() ||
    variables.GOOGLE_CLOUD_LOCATION?.trim() ||
    'global'
  )
}

/** The two multi-regions have hosts of another form than the regions. */
function hostOf(location: string): string {
  if (location === 'global') return 'aiplatform.googleapis.com'
  if (location === 'eu' || location === 'us') return `aiplatform.${location}.rep.googleapis.com`
  return `${location}-aiplatform.googleapis.com`
}

/** Keys of Google's API are no bearer tokens: they have a header of their own. */
function isApiKey(text: string): boolean {
  return /^(AIza|AQ\.)/.test(text)
}
