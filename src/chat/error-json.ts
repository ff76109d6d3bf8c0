import type { Failure } from './failure.ts'
import { statusOf } from './failure.ts'

/** `error` as chat bodies, chunks and every envelope like theirs carry it (`openrouter-api.md` §1.5). */
export interface ErrorJson {
  /** Equal to the HTTP status: a strict client reads it as an integer. */
  code: number
  message: string
  /** The field at fault, as OpenAI's SDKs show it. */
  param?: string
  metadata: Record<string, unknown> & { error_type: string }
  availability?: Record<string, unknown>
}

/**
 * Words a failure for the client. A 500 is masked: what went wrong inside is nobody's business outside. `origin` is
 * where this gateway is reached; links to the meaning of an availability code begin with it.
 */
export function errorJson(failure: Failure, origin = ''): ErrorJson {
  const code = statusOf(failure)
  if (code === 500) return { code, message: 'Internal server error.', metadata: { error_type: failure.type } }
  const { availability, headers, metadata } = failure
  const retryAfter = availability?.retry_after ?? retryAfterSeconds(failure)
  return {
    code,
    message: failure.message || 'The request failed.',
    ...(typeof metadata?.field === 'string' && metadata.field !== '' ? { param: metadata.field } : {}),
    metadata: {
      ...metadata,
      ...(headers && failure.type === 'rate_limit_exceeded' ? { headers } : {}),
      error_type: failure.type,
    },
    ...(availability
      ? {
          availability: {
            ...availability,
            ...(retryAfter === undefined ? {} : { retry_after: retryAfter }),
            docs_url: `${origin}/docs/errors#${availability.code}`,
          },
        }
      : {}),
  }
}

/** Whole seconds to wait, never 0: a client told 0 comes back at once. Undefined where nobody knows. */
export function retryAfterSeconds(failure: Failure): number | undefined {
  const { retryAfterMs } = failure
  if (retryAfterMs === undefined || !Number.isFinite(retryAfterMs)) return undefined
  return Math.max(1, Math.ceil(retryAfterMs / 1000))
}
