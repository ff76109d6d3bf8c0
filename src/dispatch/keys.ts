import type { Failure } from '../chat/failure.ts'
import type { GenerationRow } from '../metering/generation.ts'
import type { ConversationNote } from '../routing/conversations.ts'

/** What a key may do, as its object answers it with an admission. */
export interface KeyPolicy {
  hash: string
  /** Masked form for people. */
  label: string
  kind: 'inference' | 'management'
  /** Requests a window; null = unlimited. */
  rateLimit: { requests: number; windowMs: number } | null
  /** What it may spend is limited: then nobody but its object may admit it. */
  spendLimited?: true
  /** Epoch milliseconds; left out where it does not expire. */
  expiresAt?: number
}

export type Refusal =
  | { admitted: false; reason: 'unknown' | 'disabled' | 'expired' | 'wrong-kind' }
  | {
      admitted: false
      reason: 'rate-limited'
      limit: number
      windowMs: number
      /** Epoch milliseconds at which the window has room again. */
      resetAt: number
      retryAfterMs: number
    }
  | {
      admitted: false
      reason: 'limit-exceeded'
      limitNanoUsd: number
      affordableNanoUsd: number
      /** Output tokens that may be asked for, of each choice; said where the request is known. */
      affordableTokens?: number
    }

export type Admission =
  | {
      admitted: true
      policy: KeyPolicy
      /** Id of the endpoint that answered this conversation before. Left out where there is none. */
      remembered?: string
    }
  | Refusal

export interface AdmissionAsk {
  generationId: string
  reserveNanoUsd: number
  /** The hash of the request's conversation, where the endpoint that it was answered by could make a difference. */
  conversation?: string | undefined
}

/** The key objects, as one request sees them. One call before the upstream is called: `admit`. */
export interface Keys {
  /**
   * Asks for admission to inference and reserves `reserveNanoUsd` until `settle` is called with the same generation id
   * (or the reservation expires). A refused request fills no window.
   */
  admit(keyHash: string, ask: AdmissionAsk): Promise<Admission>
  /** Keeps the reservation of a request that goes on for long from expiring (`renewEveryMs`). */
  renew(keyHash: string, generationId: string): Promise<void>
  /** Validity and kind only: fills no window. For reads, management and error paths. */
  check(keyHash: string): Promise<Admission>
  /**
   * Hands over what became of an admitted request; exactly once by generation id. Resolves when the row is durable, or
   * when two other requests wait for it to be. The note goes no further than the memory of the key's object.
   */
  settle(row: GenerationRow, note?: ConversationNote): Promise<void>
  /**
   * A row of this account: of this key whether it has reached D1 or not, of any other once it has. Null when there is
   * none. A null hash (an operator has no key object) asks D1 alone.
   */
  generation(keyHash: string | null, id: string): Promise<GenerationRow | null>
}

/** The gateway's own state (the key's object, the catalogue) is out of reach: nothing was sent anywhere. */
export const stateUnavailable: Failure = {
  type: 'server',
  status: 503,
  message: 'The gateway cannot reach its own state right now, so nothing was sent to a provider. Try again shortly.',
  retryAfterMs: 1_000,
}
