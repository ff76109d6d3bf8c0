import type { AttemptFailure } from './failure.ts'
import type { TokenUsage } from './usage.ts'

/** The public finish reasons (`openrouter-normalisation.md` §4.2); clients reject any other value. */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'error'

/** The reasoning formats that clients know; an item of another format is dropped by them in silence. */
export type ReasoningFormat =
  | 'unknown'
  | 'openai-responses-v1'
  | 'azure-openai-responses-v1'
  | 'bedrock-openai-responses-v1'
  | 'bedrock-xai-responses-v1'
  | 'meta-responses-v1'
  | 'xai-responses-v1'
  | 'anthropic-claude-v1'
  | 'google-gemini-v1'

/** One item of `reasoning_details`. It must come back from a client unchanged and in order, signatures included. */
export type ReasoningDetail = {
  id?: string | null
  format?: ReasoningFormat | null
  index?: number
} & (
  | { type: 'reasoning.text'; text?: string | null; signature?: string | null }
  | { type: 'reasoning.summary'; summary: string }
  | { type: 'reasoning.encrypted'; data: string }
)

/** Only these two shapes may reach a client: an unknown annotation makes the Vercel provider reject the whole answer. */
export type Annotation =
  | {
      type: 'url_citation'
      url_citation: { url: string; title?: string; content?: string; start_index?: number; end_index?: number }
    }
  | { type: 'file'; file: { hash: string; name: string; content: unknown[] } }

export interface ImagePart {
  type: 'image_url'
  image_url: { url: string }
  index?: number
}

export interface AudioDelta {
  id?: string
  data?: string
  transcript?: string
  expires_at?: number
}

/** Token log probabilities in OpenAI's shape, carried through untouched. */
export interface Logprobs {
  content: unknown[] | null
  refusal?: unknown[] | null
}

/**
 * What a model said, one step at a time, whichever wire it came over. `choice` is the index of the choice and 0 when
 * left out. A stream of parts ends with `finish` and then `usage` when the provider metered it, or with `error`.
 */
export type Part =
  | { type: 'start'; upstreamId?: string; upstreamModel?: string; serviceTier?: string }
  | { type: 'text-delta'; text: string; choice?: number; logprobs?: Logprobs }
  | { type: 'reasoning-delta'; text?: string; details?: ReasoningDetail[]; choice?: number }
  | { type: 'refusal-delta'; text: string; choice?: number }
  /** `index` is dense a choice. The first delta of a call carries `id` and `name`; `arguments` is a piece of JSON text. */
  | { type: 'tool-call-delta'; index: number; id?: string; name?: string; arguments: string; choice?: number }
  | { type: 'annotations'; annotations: Annotation[]; choice?: number }
  | { type: 'image'; image: ImagePart; choice?: number }
  | { type: 'audio-delta'; audio: AudioDelta; choice?: number }
  | { type: 'finish'; reason: FinishReason; native: string | null; choice?: number }
  | { type: 'usage'; usage: TokenUsage }
  | { type: 'error'; failure: AttemptFailure }

/** Whether a part is something the client would see as an answer: after it there is no failover any more. */
export function isContent(part: Part): boolean {
  switch (part.type) {
    case 'text-delta':
    case 'refusal-delta':
      return part.text !== ''
    case 'reasoning-delta':
      return (part.text ?? '') !== '' || (part.details?.length ?? 0) > 0
    case 'tool-call-delta':
    case 'annotations':
    case 'image':
    case 'audio-delta':
      return true
    case 'start':
    case 'finish':
    case 'usage':
    case 'error':
      return false
  }
}
