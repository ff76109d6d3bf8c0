import type { CacheControl } from '../../chat/request.ts'

/** What details of Claude's reasoning are called in the common tongue. */
export const claudeFormat = 'anthropic-claude-v1'

export type MediaSource =
  | { type: 'base64'; media_type: string; data: string }
  | { type: 'url'; url: string }
  | { type: 'text'; media_type: 'text/plain'; data: string }

interface Cached {
  cache_control?: CacheControl
}

export type TextBlock = { type: 'text'; text: string } & Cached
export type MediaBlock =
  | ({ type: 'image'; source: MediaSource } & Cached)
  | ({ type: 'document'; source: MediaSource; title?: string } & Cached)
export type ThinkingBlock =
  | { type: 'thinking'; thinking: string; signature: string }
  | { type: 'redacted_thinking'; data: string }
export type ToolUseBlock = { type: 'tool_use'; id: string; name: string; input: unknown } & Cached
export type ToolResultBlock = {
  type: 'tool_result'
  tool_use_id: string
  content?: string | (TextBlock | MediaBlock)[]
  is_error?: true
} & Cached

export type Block = TextBlock | MediaBlock | ThinkingBlock | ToolUseBlock | ToolResultBlock

export interface Turn {
  role: 'user' | 'assistant'
  content: Block[]
}

/** A tool of the client's; Anthropic's own server tools have other fields and pass as they are. */
export type ToolSpec = {
  name: string
  description?: string
  input_schema: Record<string, unknown>
  strict?: true
  eager_input_streaming?: boolean
} & Cached

export type ToolChoice =
  | { type: 'none' }
  | { type: 'auto' | 'any'; disable_parallel_tool_use?: true }
  | { type: 'tool'; name: string; disable_parallel_tool_use?: true }
