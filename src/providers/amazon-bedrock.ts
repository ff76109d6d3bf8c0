import { AwsV4Signer } from 'aws4fetch'
import type { EndpointRecord } from '../catalog/records.ts'
import { homeRegion, mayServe, regionOf } from './bedrock-converse/regions.ts'
import { bedrockConverse } from './bedrock-converse/wire.ts'
import { openAiChatWire } from './openai-chat/wire.ts'
import { openAiResponsesWire } from './openai-responses/wire.ts'
import type { Provider, Variables } from './provider.ts'
import type { Credential, EncodedRequest, Wire } from './wire.ts'

/** Models that only Amazon's other endpoint has, which speaks OpenAI's formats: some in chat, some as responses alone. */
const mantleChatModels = /^(xai\.grok-4\.3|google\.gemma-4-.*)$/
const mantleResponsesModels = /^openai\.gpt-5\.[45]$/

const mantleChat = openAiChatWire({ refuses: ['top_a', 'min_p', 'logit_bias'] })
const mantleResponses = openAiResponsesWire({
  // Sealed by Amazon: OpenAI cannot open it, nor the other way round.
  format: 'bedrock-openai-responses-v1',
  minOutputTokens: 16,
  verbosity: true,
  efforts: ['low', 'medium', 'high'],
  summaries: () => true,
  refusesSampling: ({ target }, effort) => target.model.reasoning.supported && effort !== 'none',
})

/** Enough for every key of a gateway; a key brought by a user may live a day at most anyway, as its date is in it. */
const maxSigningKeys = 200
const signingKeys = new Map<string, ArrayBuffer>()

/**
 * Amazon Bedrock. Configured by a Bedrock API key (`AMAZON_BEDROCK_API_KEY` or `AWS_BEARER_TOKEN_BEDROCK`), or by an
 * access key that requests are signed with (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`). Which
 * region an endpoint is called in: `regionOf`. `AMAZON_BEDROCK_GUARDRAIL_ID` (and `_VERSION`) guards every answer.
 */
export const amazonBedrock: Provider = {
  slug: 'amazon-bedrock',
  // An aborted stream is generated, and billed, to its end.
  cancels: false,
  wire: wireOf,
  credential: credentialOf,
  baseUrl(endpoint, variables) {
    const mantle = mantleResponsesModels.test(endpoint.upstreamId)
      ? 'openai/v1'
      : mantleChatModels.test(endpoint.upstreamId)
        ? 'v1'
        : null
    // There are no guardrails on that side, and what the operator wants guarded is not sent around them.
    if (mantle && variables.AMAZON_BEDROCK_GUARDRAIL_ID?.trim()) return null
    const override =
      (mantle && trimmed(variables.AMAZON_BEDROCK_MANTLE_BASE_URL)) || trimmed(variables.AMAZON_BEDROCK_BASE_URL)
    if (override) return mayServe(override, endpoint) ? override : null
    const region = regionOf(endpoint, variables)
    if (region === null) return null
    return mantle
      ? `https://bedrock-mantle.${region}.api.aws/${mantle}`
      : `https://bedrock-runtime.${region}.amazonaws.com`
  },
  authorize: (request, credential, { now }) => {
    if (!credential) return request
    const accessKeyId = credential.extra?.ACCESS_KEY_ID
    if (accessKeyId) return sign(request, accessKeyId, credential, now)
    return { ...request, headers: { ...request.headers, authorization: `Bearer ${credential.apiKey}` } }
  },
}

/** Pictures, vectors and scores have formats of their own there. */
function wireOf({ outputModalities, upstreamId }: EndpointRecord): Wire | null {
  if (!outputModalities.includes('text')) return null
  if (mantleResponsesModels.test(upstreamId)) return mantleResponses
  return mantleChatModels.test(upstreamId) ? mantleChat : bedrockConverse
}

function credentialOf(variables: Variables): Credential | null {
  const extra: Record<string, string> = {}
  const put = (name: string, value: string | null | undefined) => {
    if (value?.trim()) extra[name] = value.trim()
  }
  put('GUARDRAIL_ID', variables.AMAZON_BEDROCK_GUARDRAIL_ID)
  put('GUARDRAIL_VERSION', variables.AMAZON_BEDROCK_GUARDRAIL_VERSION)
  const bearer = variables.AMAZON_BEDROCK_API_KEY?.trim() || variables.AWS_BEARER_TOKEN_BEDROCK?.trim()
  if (bearer) return withExtra(bearer, extra)
  const accessKeyId = variables.AWS_ACCESS_KEY_ID?.trim()
  const secretAccessKey = variables.AWS_SECRET_ACCESS_KEY?.trim()
  if (!accessKeyId || !secretAccessKey) return null
  put('ACCESS_KEY_ID', accessKeyId)
  put('SESSION_TOKEN', variables.AWS_SESSION_TOKEN)
  put('REGION', homeRegion(variables))
  return withExtra(secretAccessKey, extra)
}

function withExtra(apiKey: string, extra: Record<string, string>): Credential {
  return Object.keys(extra).length > 0 ? { apiKey, extra } : { apiKey }
}

/** Signature Version 4 over the very path and bytes that are sent. The clock is the gateway's. */
async function sign(
  request: EncodedRequest,
  accessKeyId: string,
  { apiKey: secretAccessKey, extra }: Credential,
  now: number,
): Promise<EncodedRequest> {
  if (signingKeys.size > maxSigningKeys) signingKeys.clear()
  const { hostname, pathname } = new URL(request.url)
  const signer = new AwsV4Signer({
    method: request.method,
    url: request.url,
    // The others are nobody's business, and a proxy on the way may change them.
    headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
    body: request.body,
    accessKeyId,
    secretAccessKey,
    ...(extra?.SESSION_TOKEN ? { sessionToken: extra.SESSION_TOKEN } : {}),
    service: /\/converse(-stream)?$/.test(pathname) ? 'bedrock' : 'bedrock-mantle',
    region: regionIn(hostname) ?? extra?.REGION ?? 'us-east-1',
    datetime: new Date(now).toISOString().replace(/[:-]|\.\d{3}/g, ''),
    allHeaders: true,
    cache: signingKeys,
  })
  const { headers } = await signer.sign()
  return { ...request, headers: { ...request.headers, ...Object.fromEntries(headers) } }
}

/** `bedrock-runtime.eu-central-1.amazonaws.com`, and the same behind a private endpoint of a network. */
function regionIn(hostname: string): string | undefined {
  return /(?:^|\.)bedrock-(?:runtime|runtime-fips|mantle)\.([a-z0-9-]+)\./.exec(hostname)?.[1]
}

function trimmed(url: string | undefined): string | null {
  return url?.trim().replace(/\/+$/, '') || null
}
