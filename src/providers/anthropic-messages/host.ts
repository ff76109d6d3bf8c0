import type { KindOf } from '../openai-chat/classify.ts'
import type { EncodeInput } from '../wire.ts'

/** What sets one host of the Messages API apart from Anthropic's own. */
export interface MessagesHost {
  /** Where requests go, below the base URL. */
  path?(input: EncodeInput): string
  /** `anthropic_version` of the body, for clouds that name the model in the path; there is no `model` in the body then. */
  bodyVersion?: string
  /** False where the path says whether to stream. */
  streamField?: false
  /** `body`: betas are a list in the body instead of a header. */
  betas?: 'body'
  /** False where nothing is fetched from the web: images and documents have to come along. */
  fetchesUrls?: false
  /** False where a schema for the answer is not taken, whatever the model can. */
  structured?: false
  /** Fields of Anthropic's own API that the host does not take. */
  refuses?: readonly string[]
  /** What an error means here, where it differs from the common reading. */
  kindOf?: KindOf
}

/** Parameters that Anthropic serves from its own machines only. */
const firstParty = ['service_tier', 'inference_geo', 'container', 'mcp_servers'] as const

/** Claude on Vertex AI; the base URL ends in `/publishers/anthropic`. */
export const onVertex: MessagesHost = {
  path: ({ target, stream }) =>
    `/models/${encodeURIComponent(target.endpoint.upstreamId).replace('%40', '@')}:${stream ? 'streamRawPredict' : 'rawPredict'}`,
  bodyVersion: 'vertex-2023-10-16',
  fetchesUrls: false,
  refuses: firstParty,
}
