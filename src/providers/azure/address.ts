import type { Variables } from '../provider.ts'

/** The API of a resource that a model is reached by. */
export type Door = 'chat' | 'responses' | 'messages'

/** An environment variable of one resource, by its name without the resource's prefix. */
export type Setting = (name: string) => string | undefined

/** Microsoft's own example for the models that are not OpenAI's. */
const modelsVersion = '2024-05-01-preview'

/** Settings of the resource whose variables begin with `prefix` and an underscore; empty ones are not set. */
export function settingsOf(prefix: string, variables: Variables): Setting {
  return (name) => variables[`${prefix}_${name}`]?.trim() || undefined
}

/**
 * Where a deployment is reached, null where no resource is configured. In this order: `BASE_URL`, taken as it is;
 * `OPENAI_ENDPOINT`, a resource's address as the portal shows it, with or without a path; `RESOURCE`, its name.
 *
 * Without `API_VERSION` the deployment is named in the body (`/openai/v1`); a dated version asks for the older addresses,
 * which carry it in their query. An endpoint that ends in `/models` asks for Foundry's inference API.
 */
export function addressOf(door: Door, deployment: string, setting: Setting): string | null {
  const version = setting('API_VERSION')
  const fixed = setting('BASE_URL')
  if (fixed) return withVersion(fixedAddress(fixed.replace(/\/+$/, ''), door, deployment), version)
  const resource = resourceOf(setting)
  return resource && addressAt({ ...resource, version: version ?? resource.version }, door, deployment)
}

interface Resource {
  /** Scheme, host and whatever path comes before the API's own. */
  root: string
  isModelsApi: boolean
  version: string | undefined
}

function resourceOf(setting: Setting): Resource | null {
  const given = setting('OPENAI_ENDPOINT') ?? setting('RESOURCE')
  if (!given) return null
  const host = /[./]/.test(given) ? given : `${given}.openai.azure.com`
  let url: URL
  try {
    url = new URL(host.includes('://') ? host : `https://${host}`)
  } catch {
    return null
  }
  const [, path = '', api] = /^(.*?)(?:\/(openai|models|anthropic)(?:\/.*)?)?\/*$/.exec(url.pathname) ?? []
  return {
    root: url.origin + path,
    isModelsApi: api === 'models',
    version: url.searchParams.get('api-version') ?? undefined,
  }
}

function addressAt({ root, isModelsApi, version }: Resource, door: Door, deployment: string): string {
  if (door === 'messages') return `${foundryOf(root)}/anthropic/v1`
  if (isModelsApi && door === 'chat') return withVersion(`${root}/models`, version ?? modelsVersion)
  if (version === undefined || !isDated(version) || isModelsApi)
    return withVersion(`${root}/openai/v1`, version === 'preview' ? version : undefined)
  const path = door === 'chat' ? `/openai/deployments/${encodeURIComponent(deployment)}` : '/openai'
  return withVersion(root + path, version)
}

/** The operator's word is taken: only a placeholder is filled, and the way to Claude is beside the way to OpenAI. */
function fixedAddress(base: string, door: Door, deployment: string): string {
  const address = base.replaceAll('{deployment}', encodeURIComponent(deployment))
  return door === 'messages' ? address.replace(/\/openai\/v1$/, '/anthropic/v1') : address
}

/** Claude is served by a resource's Foundry host only. */
function foundryOf(root: string): string {
  return root.replace(/^(https:\/\/[^./]+)\.(openai|cognitiveservices)\.azure\.com/, '$1.services.ai.azure.com')
}

function withVersion(address: string, version: string | undefined): string {
  return version === undefined ? address : `${address}?api-version=${encodeURIComponent(version)}`
}

function isDated(version: string): boolean {
  return /^\d{4}-\d\d-\d\d/.test(version)
}
