import type { EndpointRecord } from '../catalog/records.ts'
import type { ProviderFacts } from './openai-chat/provider-facts.ts'
import { openAiChatWire } from './openai-chat/wire.ts'
import type { Provider, Variables } from './provider.ts'
import type { Credential, Wire } from './wire.ts'

/** A provider that speaks OpenAI's chat completions, told apart from the others by facts alone. */
export function openAiCompatible(slug: string, facts: ProviderFacts = {}): Provider {
  const wire = openAiChatWire(facts)
  const prefix = variablePrefixOf(slug)
  const { header, prefix: scheme } = facts.auth ?? { header: 'authorization', prefix: 'Bearer ' }
  return {
    slug,
    cancels: facts.cancels === true,
    ...(facts.needsCredential === false ? { needsCredential: false } : {}),
    wire: (endpoint) => wireOf(endpoint, facts, wire),
    credential: (variables) => credentialOf(prefix, facts, variables),
    baseUrl: (endpoint, variables) => {
      // Nothing that is meant for the rest of the world may stand in for a place in the EU.
      if (facts.euBaseUrl !== undefined && endpoint.eu === 'yes')
        return trimmed(variables[`${prefix}_EU_BASE_URL`]) ?? facts.euBaseUrl
      const override = trimmed(variables[`${prefix}_BASE_URL`])
      if (override) return override
      return filled(trimmed(facts.baseUrl ?? endpoint.provider.baseUrl), prefix, endpoint, variables)
    },
    authorize: (request, credential) => {
      if (!credential) return request
      const headers: Record<string, string> = { ...request.headers, [header]: scheme + credential.apiKey }
      for (const [setting, name] of Object.entries(facts.settingHeaders ?? {})) {
        const value = credential.extra?.[setting]
        if (value) headers[name] = value
      }
      return { ...request, headers }
    },
  }
}

/** `z-ai` is configured by `Z_AI_API_KEY`, `302ai` by `302AI_API_KEY`. */
export function variablePrefixOf(slug: string): string {
  return slug.replace(/[^A-Za-z0-9]+/g, '_').toUpperCase()
}

/** An endpoint that answers in no words (images, vectors, scores, speech) is not asked by chat. */
function wireOf({ outputModalities, upstreamId }: EndpointRecord, facts: ProviderFacts, chat: Wire): Wire | null {
  if (!outputModalities.includes('text')) return null
  if (facts.responses?.only.test(upstreamId)) return facts.responses.wire
  return facts.notChat?.test(upstreamId) ? null : chat
}

function credentialOf(prefix: string, facts: ProviderFacts, variables: Variables): Credential | null {
  const apiKey = variables[`${prefix}_API_KEY`]?.trim()
  if (!apiKey) return null
  const extra: Record<string, string> = {}
  for (const setting of Object.keys(facts.settingHeaders ?? {})) {
    const value = variables[`${prefix}_${setting}`]?.trim()
    if (value) extra[setting] = value
  }
  return Object.keys(extra).length === 0 ? { apiKey } : { apiKey, extra }
}

/** Fills `{account}` from `<SLUG>_ACCOUNT`; an endpoint tied to a region brings that itself. Null where one is missing. */
function filled(
  template: string | null,
  prefix: string,
  endpoint: EndpointRecord,
  variables: Variables,
): string | null {
  if (template === null) return null
  let missing = false
  const url = template.replace(/\{([a-z_]+)\}/g, (_, name: string) => {
    const configured = variables[`${prefix}_${name.toUpperCase()}`]?.trim()
    const value = (name === 'region' ? endpoint.region : null) ?? configured
    if (!value) missing = true
    // A workspace is sometimes given as the address that people copy: scheme and slashes are not part of the name.
    return (value ?? '').replace(/^https:\/\//, '').replace(/\/+$/, '')
  })
  return missing ? null : url
}

function trimmed(url: string | null | undefined): string | null {
  const text = url?.trim().replace(/\/+$/, '')
  return text ? text : null
}
