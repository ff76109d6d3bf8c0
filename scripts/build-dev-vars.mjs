// Makes .dev.vars.example from the catalogue: node scripts/build-dev-vars.mjs
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const head = `# Copy to .dev.vars (git-ignored) and fill in what you have; what stays empty is not set.
# On Cloudflare the same names are variables and secrets: npx wrangler secret put OPENAI_API_KEY

# --- This gateway

# development | production. Only development accepts plain-http and private upstream addresses. npm start sets it.
ENVIRONMENT=
# The region that this deployment answers for: global | eu. The host eu.localhost is the EU's in any case.
REGION=
# The jurisdiction of the Durable Objects: empty or eu. Has to be empty here: the local runtime has none.
STATE_JURISDICTION=
# Any string of 32 characters or more, accepted as a management key beside those in the database.
MANAGEMENT_KEY=
# Makes the checksum in new API keys one that only this gateway can make. Changing it refuses every key made before.
KEY_CHECKSUM_SECRET=
# The largest request body, in bytes. Default 20971520.
MAX_BODY_BYTES=
# How long the object of an API key may take to answer before the request is refused, in milliseconds. Default 5000.
KEY_TIMEOUT_MS=
# While that object cannot be reached: closed refuses the request; degraded lets keys go on that were admitted in the
# last ten minutes and have no spending limit. Default closed.
ON_KEY_OBJECT_FAILURE=
# Where the sandbox is found, where that is not this gateway's own address and /sandbox/v1.
SANDBOX_BASE_URL=
# What openrouter/auto chooses from: {"low": ["author/slug", ...], "medium": [...], "high": [], "xhigh": [], "max": []}
AUTO_ROUTER_TIERS=
# How long upstreams may take, in milliseconds: to the first content of a stream, for a whole answer, between two
# pieces of a stream, and over all attempts; each once more for models that reason.
FIRST_CONTENT_TIMEOUT_MS=
FIRST_CONTENT_REASONING_TIMEOUT_MS=
WHOLE_ANSWER_TIMEOUT_MS=
WHOLE_ANSWER_REASONING_TIMEOUT_MS=
IDLE_TIMEOUT_MS=
IDLE_REASONING_TIMEOUT_MS=
TOTAL_TIMEOUT_MS=
TOTAL_REASONING_TIMEOUT_MS=

# --- Providers
#
# A key makes a provider routable. A base URL replaces scheme, host and base path (/v1 included) of that provider.
`

/** What some providers have beside the two names of every one: clouds those of their own tools, routers their settings. */
const ownNames = {
  'amazon-bedrock': [
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
    'AWS_REGION',
    'AWS_BEARER_TOKEN_BEDROCK',
    'AMAZON_BEDROCK_EU_REGION',
    'AMAZON_BEDROCK_MANTLE_BASE_URL',
    'AMAZON_BEDROCK_GUARDRAIL_ID',
    'AMAZON_BEDROCK_GUARDRAIL_VERSION',
  ],
  azure: [
    'AZURE_OPENAI_ENDPOINT',
    'AZURE_API_VERSION',
    'AZURE_DEPLOYMENTS',
    'AZURE_AD_TOKEN',
    'AZURE_TENANT_ID',
    'AZURE_CLIENT_ID',
    'AZURE_CLIENT_SECRET',
    'AZURE_AUTHORITY_HOST',
    'AZURE_EU_API_KEY',
    'AZURE_EU_BASE_URL',
    'AZURE_EU_RESOURCE',
    'AZURE_EU_OPENAI_ENDPOINT',
    'AZURE_EU_API_VERSION',
    'AZURE_EU_DEPLOYMENTS',
    'AZURE_EU_AD_TOKEN',
  ],
  eurouter: ['EUROUTER_ORG_ID'],
  'google-vertex': [
    'GOOGLE_SERVICE_ACCOUNT_JSON',
    'GOOGLE_VERTEX_PROJECT',
    'GOOGLE_CLOUD_PROJECT',
    'GOOGLE_VERTEX_LOCATION',
    'GOOGLE_VERTEX_REGION',
    'GOOGLE_CLOUD_LOCATION',
  ],
  huggingface: ['HUGGINGFACE_BILL_TO'],
  oci: ['OCI_PROJECT'],
  openrouter: ['OPENROUTER_REFERER', 'OPENROUTER_TITLE'],
  portkey: ['PORTKEY_CONFIG', 'PORTKEY_PROVIDER', 'PORTKEY_VIRTUAL_KEY'],
  requesty: ['REQUESTY_EU_BASE_URL'],
}

/** What the names alone do not tell. */
const ownWords = {
  azure: [
    'A resource: its name, or its address as the portal shows it. A dated API version asks for the older addresses.',
    'AZURE_DEPLOYMENTS: model=deployment, separated by commas, for those that are not called as their model.',
    'Instead of a key: an Entra ID token of the moment, or a service principal (tenant, client and secret).',
    'AZURE_EU_*: the resource whose deployments stay in the EU (Data Zone EU, or Standard in a region of the EU). Models',
    'of the EU data zone are sent to this one only; the service principal may be the same.',
  ],
  requesty: ['REQUESTY_EU_BASE_URL: in place of https://router.eu.requesty.ai/v1, for models that are tied to the EU.'],
}

/** The names of what is left open in a base URL. */
function placeholders(baseUrl, prefix) {
  return [...(baseUrl ?? '').matchAll(/\{([a-z_]+)\}/g)].map(([, name]) => `${prefix}_${name.toUpperCase()}`)
}

/** `z-ai` → `Z_AI` */
export function variablePrefix(slug) {
  return slug.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')
}

/**
 * @param {{ slug: string, name: string, base_url: string | null }[]} providers rows as in `seed/`
 * @returns {string} the whole file
 */
export function exampleText(providers) {
  const sections = providers.map(({ slug, name, base_url }) => {
    const prefix = variablePrefix(slug)
    const own = [...placeholders(base_url, prefix), ...(ownNames[slug] ?? [])]
    const names = new Set([`${prefix}_API_KEY`, `${prefix}_BASE_URL`, ...own])
    const words = [`${name}${base_url ? `: ${base_url}` : ''}`, ...(ownWords[slug] ?? [])]
    return [...words.map((line) => `# ${line}`), ...[...names].map((variable) => `${variable}=`)].join('\n')
  })
  return `${[head.trimEnd(), ...sections].join('\n\n')}\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const providers = JSON.parse(readFileSync(new URL('../seed/providers.json', import.meta.url), 'utf8'))
  writeFileSync(new URL('../.dev.vars.example', import.meta.url), exampleText(providers))
}
