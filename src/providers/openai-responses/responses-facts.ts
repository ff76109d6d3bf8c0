import type { ReasoningFormat } from '../../chat/parts.ts'
import type { Effort } from '../../chat/request.ts'
import type { JsonRecord } from '../foreign-json.ts'
import type { KindOf } from '../openai-chat/classify.ts'
import type { Note } from '../openai-chat/provider-facts.ts'
import type { EncodeInput } from '../wire.ts'

/** What sets one provider with a Responses API apart. */
export interface ResponsesFacts {
  /** Whose reasoning items these are. Nobody else can open them, so only items of this format are sent back. */
  format: ReasoningFormat
  /** Fewer output tokens than this are an error; then this many are asked for. */
  minOutputTokens?: number
  /** More for `stream_options`. */
  streamOptions?: Readonly<Record<string, unknown>>
  /** Where the end user's hash goes, for providers that want one. */
  userField?: 'safety_identifier' | 'user'
  /** Further fields of a chat request that mean the same here; all others are dropped and noted. */
  takes?: readonly string[]
  /** `text.verbosity` is understood. */
  verbosity?: true
  /** `reasoning.context` and `reasoning.mode` are understood. */
  reasoningModes?: true
  /** `prompt_cache_breakpoint` on content parts is understood. */
  cacheBreakpoints?: true
  /** The levels that the provider's models take where the catalogue doesn't know; empty = none may be sent then. */
  efforts?: readonly Effort[]
  /** Whether a summary of the reasoning has to be asked for, and may be asked of this model. */
  summaries?(upstreamId: string): boolean
  /** Whether the model refuses to be sampled in other ways than its own. `effort` is what it was told. */
  refusesSampling?(input: EncodeInput, effort: string | undefined): boolean
  /** The last word on an encoded body. */
  adapt?(body: JsonRecord, input: EncodeInput, note: Note): void
  /** What an error means here, where it differs from the common reading. */
  kindOf?: KindOf
}
