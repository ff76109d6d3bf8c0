import type { JsonRecord } from '../foreign-json.ts'

/** Bytes travel as base64 in JSON. */
export interface Media {
  format: string
  source: { bytes: string }
}

export interface DocumentMedia extends Media {
  /** Letters, digits, single spaces, `-()[]`; no two documents of a request may have the same. */
  name: string
}

export type MediaBlock = { image: Media } | { document: DocumentMedia } | { video: Media } | { audio: Media }
export type TextBlock = { text: string }
export type CachePoint = { cachePoint: { type: 'default'; ttl?: '1h' } }
export type ToolUseBlock = { toolUse: { toolUseId: string; name: string; input: unknown } }
export type ToolResultBlock = {
  toolResult: { toolUseId: string; content: (TextBlock | MediaBlock)[]; status?: 'error' }
}
export type ReasoningBlock = {
  reasoningContent: { reasoningText: { text: string; signature: string } } | { redactedContent: string }
}

export type Block = TextBlock | MediaBlock | CachePoint | ToolUseBlock | ToolResultBlock | ReasoningBlock
export type SystemBlock = TextBlock | CachePoint

export interface Turn {
  role: 'user' | 'assistant'
  content: Block[]
}

export interface ToolSpec {
  toolSpec: { name: string; description?: string; inputSchema: { json: JsonRecord }; strict?: true }
}

export interface ToolConfig {
  tools: (ToolSpec | CachePoint)[]
  toolChoice?: { any: Record<string, never> } | { tool: { name: string } }
}

/** The body of Converse and ConverseStream alike: only the path tells them apart. */
export interface ConverseBody {
  messages: Turn[]
  system?: SystemBlock[]
  inferenceConfig?: { maxTokens?: number; temperature?: number; topP?: number; stopSequences?: string[] }
  toolConfig?: ToolConfig
  additionalModelRequestFields?: JsonRecord
  outputConfig?: {
    textFormat: {
      type: 'json_schema'
      structure: { jsonSchema: { schema: string; name?: string; description?: string } }
    }
  }
  guardrailConfig?: JsonRecord
  performanceConfig?: { latency: string }
  serviceTier?: { type: string }
}

/** The format of `reasoning_details` that carries Claude's thoughts and signatures. */
export const claudeFormat = 'anthropic-claude-v1'
