import type { ChatRequest } from '../chat/request.ts'
import type { EncodedRequest, Target, TranslationNote, Wire } from '../providers/wire.ts'
import type { PlannedAttempt } from '../routing/plan.ts'
import { compressRequest } from './compress-request.ts'

export interface EncodeForInput {
  planned: PlannedAttempt
  request: ChatRequest
  stream: boolean
  userHash: string | undefined
  betas: string[] | undefined
}

/** The request as an endpoint gets it: `request` where messages were left out for it, and `encoded` in its format. */
export interface EncodedFor {
  encoded: EncodedRequest
  request: ChatRequest
  target: Target
  /** Why the client does not accept this translation; null where all is well. */
  untold: string | null
}

/** @throws FailureError for what the format has no words for */
export function encodeFor(
  input: EncodeForInput,
  wire: Wire,
  access: Pick<Target, 'baseUrl' | 'credential'>,
): EncodedFor {
  const { planned, stream, userHash, betas } = input
  const { endpoint, model } = planned
  const { baseUrl, credential } = access
  const target = { endpoint, model, baseUrl, credential }
  const compressed = compressRequest(input.request, planned, wire)
  const request = compressed?.request ?? input.request
  const encoded = wire.encode({
    request,
    target,
    stream,
    ...(userHash === undefined ? {} : { userHash }),
    ...(betas === undefined ? {} : { betas }),
  })
  const lost = lostIn(encoded.translation, input.request)
  // Only now: who insists on parameters has not forbidden what is on by default or was asked for.
  if (compressed) encoded.translation.push(compressed.note)
  return {
    encoded,
    request,
    target,
    untold:
      lost &&
      `${endpoint.provider.name} cannot be told ${lost}. Leave it out, or lift provider.strict and provider.require_parameters.`,
  }
}

/**
 * What the encoder could not say as the client wrote it, where the client does not accept that: `require_parameters`
 * refuses what is dropped, `strict` whatever is not said natively. Null where all is well.
 */
function lostIn(translation: TranslationNote[], { provider }: ChatRequest): string | null {
  if (!provider?.require_parameters && !provider?.strict) return null
  const lost = translation.find(({ action }) => provider.strict || action === 'dropped')
  return lost ? `"${lost.field}" (${lost.action}: ${lost.reason})` : null
}
