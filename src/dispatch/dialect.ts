import type { Envelope } from '../chat/envelope.ts'
import type { Failure } from '../chat/failure.ts'
import type { FinishReason, Part } from '../chat/parts.ts'
import type { PartEncoder } from '../chat/stream-stage.ts'
import type { TokenUsage } from '../chat/usage.ts'
import type { UsageCost } from '../metering/price-usage.ts'
import type { WireName } from '../providers/wire.ts'

/** What an answer came to, for its last event or its body. */
export interface Settled {
  finish: { reason: FinishReason; native: string | null } | null
  usage: TokenUsage
  cost: UsageCost
  isByok: boolean
  serviceTier: string | null
}

/** How one surface words an answer. Every surface has one; dispatch knows no other difference between them. */
export interface Dialect {
  /** The wire that this surface speaks: a provider that speaks it too is passed straight through. */
  wire: WireName
  /** One a stream. */
  encoder(envelope: Envelope, options: { excludeReasoning: boolean }): PartEncoder
  /** The last events of a stream that went well: usage and terminator. */
  closing(envelope: Envelope, settled: Settled): string
  /** The last events of a stream that failed after the headers: the error is its only finish. For `origin` see `errorJson`. */
  failing(envelope: Envelope, failure: Failure, settled: Settled | null, origin: string): string
  /** A whole answer. `extras` are upstream fields that the gateway doesn't know, from a provider of the same wire. */
  body(parts: Part[], envelope: Envelope, settled: Settled, options: BodyOptions): Record<string, unknown>
}

export interface BodyOptions {
  excludeReasoning: boolean
  extras: Record<string, unknown>
}

/** A keep-alive of every surface, while nothing flows (`openrouter-api.md` §1.12). */
export const keepAliveComment = new TextEncoder().encode(': OPENROUTER PROCESSING\n\n')
