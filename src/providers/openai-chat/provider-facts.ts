import type { AttemptFailureKind } from '../../chat/failure.ts'
import type { Effort } from '../../chat/request.ts'
import type { EncodeInput, Wire } from '../wire.ts'
import type { ErrorDetails } from './error-details.ts'

/** Notes that a field did not go upstream as the client wrote it. */
export type Note = (field: string, action: 'dropped' | 'changed' | 'emulated', reason: string) => void

/**
 * How a provider is told to reason:
 * `effort` by `reasoning_effort`; `object` by OpenRouter's own `reasoning`; `thinking` by `thinking: {type}`, with
 * `reasoning_effort` where the model has levels; `effort-or-thinking` by the one where the model has levels and by the
 * other where not, because both at once are refused; `enable-thinking` by `enable_thinking` and `thinking_budget`;
 * `none` not at all.
 */
export type ReasoningControl = 'effort' | 'object' | 'thinking' | 'effort-or-thinking' | 'enable-thinking' | 'none'

/**
 * What sets one OpenAI-shaped provider apart. With nothing set it is a plain host of open models: Bearer key,
 * `max_tokens`, `system` messages, usage in streams on request, reasoning asked for by effort and not wanted back.
 */
export interface ProviderFacts {
  /** The header of the credential and what stands before the key in it. */
  auth?: { header: string; prefix: string }
  /** Headers of every request. */
  headers?: Readonly<Record<string, string>>
  /** Settings from the environment that go along as headers: `<SLUG>_<setting>` to header name. */
  settingHeaders?: Readonly<Record<string, string>>
  /** Where the OpenAI-shaped API is, when that is not the catalogue's base URL. May hold placeholders. */
  baseUrl?: string
  /** Where the same API is in the EU, for endpoints that are tied to it. Only `<SLUG>_EU_BASE_URL` may replace it. */
  euBaseUrl?: string
  /** False where no credential is needed. */
  needsCredential?: false
  /** An aborted stream stops being billed (`openrouter-api.md` §1.12). */
  cancels?: true
  /** Upstream ids of models that are served, but not on chat completions. */
  notChat?: RegExp
  /** Upstream ids of models that are served on the Responses API only, and that wire as the provider speaks it. */
  responses?: { only: RegExp; wire: Wire }

  maxTokens?: 'max_completion_tokens'
  rename?: Readonly<Record<string, string>>
  /** Parameters that the provider answers with an error. */
  refuses?: readonly string[]
  /** Gateway-only fields that mean the same to this provider (it is a router of our own kind). */
  passes?: readonly string[]
  /** False where `stream_options` is refused; usage comes without asking there. */
  streamUsage?: false
  /** More for `stream_options`. */
  streamOptions?: Readonly<Record<string, unknown>>
  /** Where the end user's hash goes, for providers that want one. */
  userField?: string
  reasoning?: ReasoningControl
  /** The levels that the provider's models take where the catalogue doesn't know; empty = none may be sent then. */
  efforts?: readonly Effort[]
  /** The levels of single models, asked before `efforts`. */
  effortsOf?(upstreamId: string): readonly Effort[] | undefined
  /** Which words of `tool_choice` are understood, `named` for a function's name. All, when left out. */
  toolChoices?: readonly ('auto' | 'none' | 'required' | 'named')[]
  /** False where JSON schemas are not taken: the schema then goes into the prompt and JSON mode is asked for. */
  jsonSchema?: false

  /** `developer` messages are understood. */
  developerRole?: true
  /** False where messages take no `name`: it is put before the text. */
  names?: false
  /** `cache_control` on content parts is understood. */
  cacheControl?: true
  /** `prompt_cache_breakpoint` on content parts is understood. */
  cacheBreakpoints?: true
  /**
   * How an assistant's earlier reasoning goes back. `details` leaves the message as it is. Without this it is stripped,
   * because hosts refuse it or put it before the model as if it had been said.
   */
  echo?: 'reasoning_content' | 'reasoning' | 'think-tags' | 'details'
  /**
   * The echo belongs to the tool loop that is going on and to every turn that made calls; elsewhere it is ignored, and
   * only costs. (DeepSeek R1 refused it everywhere, but R1 made no calls; V4 refuses a call without it.)
   */
  echoInToolLoop?: true
  /** While the model thinks, a message with calls is refused if its thoughts are missing. */
  demandsThoughts?: true
  /** The field that marks a last assistant message as the beginning of the answer. */
  prefill?: 'prefix' | 'partial'
  /** Rewrites tool call ids that the provider would refuse. Has to give the same answer every time. */
  toolCallId?(id: string): string

  /** Reasoning comes inside the text between `<think>` and `</think>`. */
  thinkTags?: true
  /** Streams have no finish reason: the usage behind the last word is what ends them (Snowflake). */
  usageIsFinish?: true
  /** The last word on an encoded body. */
  adapt?(body: Record<string, unknown>, input: EncodeInput, note: Note): void
  /** What an error means here, where it differs from the common reading. */
  kindOf?(status: number, error: ErrorDetails): AttemptFailureKind | undefined
}
