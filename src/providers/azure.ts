import type { EndpointRecord } from '../catalog/records.ts'
import { anthropicMessages } from './anthropic-messages/wire.ts'
import { addressOf, type Door, settingsOf } from './azure/address.ts'
import { atResource } from './azure/at-resource.ts'
import { deploymentOf } from './azure/deployments.ts'
import { EntraTokens, type ServicePrincipal } from './azure/entra-tokens.ts'
import { openai, openaiResponses, responsesOnly } from './openai.ts'
import { openAiChatWire } from './openai-chat/wire.ts'
import { openAiResponsesWire } from './openai-responses/wire.ts'
import type { Provider, Variables } from './provider.ts'
import type { Credential, Wire } from './wire.ts'

const chat = atResource(openAiChatWire({ ...openai, streamOptions: {}, userField: 'user' }))

// Padding cannot be switched off there.
const { streamOptions, ...responsesFacts } = openaiResponses
const responses = atResource(
  openAiResponsesWire({ ...responsesFacts, format: 'azure-openai-responses-v1', userField: 'user' }),
)

/** DeepSeek, Grok, Llama, Mistral, Phi and others, which share the door of OpenAI's models and none of their manners. */
const open = atResource(
  openAiChatWire({
    efforts: [],
    thinkTags: true,
    refuses: ['top_k', 'min_p', 'top_a', 'repetition_penalty', 'logit_bias', 'n', 'verbosity', 'service_tier'],
  }),
)

const claude = atResource(anthropicMessages({ refuses: ['service_tier', 'inference_geo'] }))

const tokens = new EntraTokens()

/**
 * Azure OpenAI and Microsoft Foundry. The type of a deployment (regional, data zone, global) cannot be seen on the wire,
 * so endpoints of the EU data zone are sent to a resource that the operator declares to be one: its variables begin
 * with `AZURE_EU_` and nothing of `AZURE_…` stands in for its address or its key.
 */
export const azure: Provider = {
  slug: 'azure',
  cancels: true,
  wire: (endpoint) => doorOf(endpoint)?.wire ?? null,
  credential: (variables, endpoint) => credentialOf(prefixOf(endpoint), variables),
  baseUrl: (endpoint, variables) => {
    const found = doorOf(endpoint)
    const setting = settingsOf(prefixOf(endpoint), variables)
    return found && addressOf(found.door, deploymentOf(endpoint.upstreamId, setting('DEPLOYMENTS')), setting)
  },
  async authorize(request, credential, context) {
    if (!credential) return request
    const { apiKey, extra } = credential
    const header: [string, string] =
      extra?.TENANT_ID !== undefined && extra.CLIENT_ID !== undefined
        ? ['authorization', `Bearer ${await tokens.get(principalOf(apiKey, extra), context)}`]
        : extra?.AUTH === 'bearer'
          ? ['authorization', `Bearer ${apiKey}`]
          : ['api-key', apiKey]
    return { ...request, headers: { ...request.headers, [header[0]]: header[1] } }
  },
}

function prefixOf(endpoint: EndpointRecord | undefined): 'AZURE' | 'AZURE_EU' {
  return endpoint?.eu === 'yes' ? 'AZURE_EU' : 'AZURE'
}

/** Which wire an endpoint's model speaks and at which door; null for what is no chat model of ours. */
function doorOf({ model, upstreamId, outputModalities }: EndpointRecord): { wire: Wire; door: Door } | null {
  if (!outputModalities.includes('text') || /embed/.test(upstreamId)) return null
  if (upstreamId.startsWith('claude')) return { wire: claude, door: 'messages' }
  if (!/^(openai|azure)\//.test(model)) return { wire: open, door: 'chat' }
  if (responsesOnly.test(upstreamId)) return { wire: responses, door: 'responses' }
  return openai.notChat?.test(upstreamId) ? null : { wire: chat, door: 'chat' }
}

/** A key of the resource, a token of the moment, or a service principal, whose secret then takes the key's place. */
function credentialOf(prefix: 'AZURE' | 'AZURE_EU', variables: Variables): Credential | null {
  const setting = settingsOf(prefix, variables)
  const deployments = setting('DEPLOYMENTS')
  const common: Record<string, string> = deployments === undefined ? {} : { DEPLOYMENTS: deployments }
  const key = setting('API_KEY') ?? setting('OPENAI_API_KEY')
  if (key) return deployments === undefined ? { apiKey: key } : { apiKey: key, extra: common }
  const token = setting('AD_TOKEN') ?? setting('OPENAI_AD_TOKEN')
  if (token) return { apiKey: token, extra: { ...common, AUTH: 'bearer' } }
  // A principal is a name, not a place: one may have roles on several resources.
  const shared = settingsOf('AZURE', variables)
  const identity = (name: string) => setting(name) ?? shared(name)
  const secret = identity('CLIENT_SECRET')
  const tenantId = identity('TENANT_ID')
  const clientId = identity('CLIENT_ID')
  if (!secret || !tenantId || !clientId) return null
  const authority = identity('AUTHORITY_HOST')
  return {
    apiKey: secret,
    extra: {
      ...common,
      TENANT_ID: tenantId,
      CLIENT_ID: clientId,
      ...(authority === undefined ? {} : { AUTHORITY_HOST: authority }),
    },
  }
}

function principalOf(clientSecret: string, extra: Record<string, string>): ServicePrincipal {
  const { TENANT_ID: tenantId = '', CLIENT_ID: clientId = '', AUTHORITY_HOST: authority } = extra
  return { tenantId, clientId, clientSecret, ...(authority === undefined ? {} : { authority }) }
}
