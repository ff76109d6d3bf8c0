import type { Part, ReasoningDetail } from '../../chat/parts.ts'
import { mergeDetails } from '../../chat/reasoning-details.ts'
import type { Message } from '../../chat/request.ts'
import { base64, bytesOf } from '../../edge/base64.ts'
import { asRecord, asText } from '../foreign-json.ts'
import type { Note } from '../openai-chat/provider-facts.ts'
import { claudeFormat, type ReasoningBlock } from './format.ts'
import type { ModelFacts } from './model-facts.ts'

type AssistantMessage = Extract<Message, { role: 'assistant' }>
type ReasoningDelta = Extract<Part, { type: 'reasoning-delta' }>

/**
 * Claude's earlier thoughts, unchanged and in order. Only what Claude signed or sealed may come back: anything else is
 * an error there. No other model on Bedrock wants its thoughts back.
 */
export function reasoningBlocks(message: AssistantMessage, facts: ModelFacts, note: Note): ReasoningBlock[] {
  const details = message.reasoning_details
  if (!details?.length) return []
  const blocks: ReasoningBlock[] = []
  for (const detail of facts.reasoning === 'claude' ? mergeDetails(details) : []) {
    const block = blockOf(detail)
    if (block) blocks.push(block)
  }
  if (blocks.length === 0) note('messages.reasoning_details', 'dropped', 'other-format')
  return blocks
}

function blockOf(detail: ReasoningDetail): ReasoningBlock | null {
  // Some clients lose the format; a signature is enough to know Claude's by, and wrong ones Claude refuses itself.
  if (detail.format != null && detail.format !== claudeFormat) return null
  if (detail.type === 'reasoning.text') {
    const { text, signature } = detail
    return signature ? { reasoningContent: { reasoningText: { text: text ?? '', signature } } } : null
  }
  if (detail.type !== 'reasoning.encrypted' || detail.format == null) return null
  return { reasoningContent: { redactedContent: base64(detail.data) } }
}

/** One step of reasoning, of a stream's delta or a whole block alike; null where nothing is in it. */
export function readReasoning(value: unknown, index: number, isClaude: boolean): ReasoningDelta | null {
  const given = asRecord(value)
  const said = asRecord(given?.reasoningText) ?? given
  const format = isClaude ? claudeFormat : 'unknown'
  const text = asText(said?.text)
  const signature = asText(said?.signature)
  if (text === undefined && signature === undefined) return null
  return {
    type: 'reasoning-delta',
    ...(text === undefined ? {} : { text }),
    details: [
      {
        type: 'reasoning.text',
        ...(text === undefined ? {} : { text }),
        ...(signature === undefined ? {} : { signature }),
        format,
        index,
      },
    ],
  }
}

/** Thoughts that were sealed, from the base64 pieces that they came in. */
export function readRedacted(pieces: readonly string[], index: number, isClaude: boolean): ReasoningDelta {
  const data = sealedText(pieces)
  return {
    type: 'reasoning-delta',
    details: [{ type: 'reasoning.encrypted', data, format: isClaude ? claudeFormat : 'unknown', index }],
  }
}

// Bedrock carries as bytes what Anthropic carries as text. The text is what the common tongue holds, so that a
// conversation may move between the two.

function sealedText(pieces: readonly string[]): string {
  const whole = pieces.join('')
  try {
    const bytes = pieces.flatMap((piece) => [...bytesOf(piece)])
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes))
  } catch {
    return whole
  }
}
