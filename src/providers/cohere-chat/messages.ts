import { invalidRequest } from '../../chat/failure.ts'
import type { ContentPart, Message } from '../../chat/request.ts'
import { asText } from '../foreign-json.ts'
import type { Note } from '../openai-chat/provider-facts.ts'

export type CohereContent =
  | { type: 'text'; text: string }
  | { type: 'thinking'; thinking: string }
  | { type: 'image_url'; image_url: { url: string; detail?: 'auto' | 'low' | 'high' } }

export type CohereMessage =
  | { role: 'system' | 'user'; content: string | CohereContent[] }
  | {
      role: 'assistant'
      content?: string | CohereContent[]
      tool_calls?: { id: string; type: 'function'; function: { name: string; arguments: string } }[]
      tool_plan?: string
    }
  | { role: 'tool'; tool_call_id: string; content: string | CohereContent[] }

type AssistantMessage = Extract<Message, { role: 'assistant' }>

/**
 * The messages as Cohere takes them.
 *
 * @param instruction what the gateway has to say itself, after the client's own system messages
 * @param reasons whether the model thinks, and so has a place for what it thought before
 */
export function encodeMessages(
  messages: readonly Message[],
  instruction: string | null,
  reasons: boolean,
  note: Note,
): CohereMessage[] {
  const encoded = messages.map((message) => encodeMessage(message, reasons, note))
  if (instruction !== null) {
    const first = encoded.findIndex(({ role }) => role !== 'system')
    encoded.splice(first < 0 ? encoded.length : first, 0, { role: 'system', content: instruction })
  }
  return encoded
}

function encodeMessage(message: Message, reasons: boolean, note: Note): CohereMessage {
  switch (message.role) {
    case 'assistant':
      return encodeAssistant(message, reasons, note)
    case 'tool':
      return { role: 'tool', tool_call_id: message.tool_call_id, content: encodeContent(message.content, note) }
    case 'developer':
      note('messages.role', 'changed', 'developer-as-system')
      return { role: 'system', content: named(message.name, encodeContent(message.content, note), note) }
    default:
      return { role: message.role, content: named(message.name, encodeContent(message.content, note), note) }
  }
}

function encodeContent(content: string | readonly ContentPart[], note: Note): string | CohereContent[] {
  return typeof content === 'string' ? content : content.map((part) => encodePart(part, note))
}

function encodePart(part: ContentPart, note: Note): CohereContent {
  const { cache_control, prompt_cache_breakpoint } = part as {
    cache_control?: unknown
    prompt_cache_breakpoint?: unknown
  }
  if (cache_control != null || prompt_cache_breakpoint != null)
    note('messages.cache_control', 'dropped', 'no-cache-control')
  if (part.type === 'text') return { type: 'text', text: part.text }
  if (part.type === 'image_url') {
    const { url, detail } = part.image_url
    if (detail === 'original') note('messages.image_url.detail', 'changed', 'nearest-allowed')
    return {
      type: 'image_url',
      image_url: { url, ...(detail ? { detail: detail === 'original' ? 'high' : detail } : {}) },
    }
  }
  // An answer to half of the question is worse than another endpoint's answer to all of it.
  throw invalidRequest(`Cohere takes no ${part.type} parts.`)
}

/** Cohere has no field for it: `Ada: ` goes before the first text. */
function named(name: string | undefined, content: string | CohereContent[], note: Note): string | CohereContent[] {
  if (!name) return content
  note('messages.name', 'changed', 'put-before-the-text')
  if (typeof content === 'string') return `${name}: ${content}`
  const first = content.findIndex((part) => part.type === 'text')
  return content.map((part, i) =>
    i === first && part.type === 'text' ? { ...part, text: `${name}: ${part.text}` } : part,
  )
}

function encodeAssistant(message: AssistantMessage, reasons: boolean, note: Note): CohereMessage {
  const { content, refusal, name } = message
  const said = content == null ? (refusal ?? null) : encodeContent(content, note)
  const text = said === null ? null : named(name, said, note)
  const thought = thoughtOf(message)
  const calls = (message.tool_calls ?? []).map((call) => ({
    id: call.id,
    type: 'function' as const,
    function: { name: call.function.name, arguments: call.function.arguments.trim() || '{}' },
  }))
  const thinking = reasons && thought !== undefined
  // Models that don't think plan their calls aloud, and want to read that plan where they wrote it.
  const plan = !reasons && calls.length > 0 ? thought : undefined
  return {
    role: 'assistant',
    ...(thinking
      ? { content: [{ type: 'thinking', thinking: thought }, ...listOf(text)] }
      : text === null && calls.length > 0
        ? {}
        : { content: text ?? '' }),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    ...(plan === undefined ? {} : { tool_plan: plan }),
  }
}

function listOf(content: string | CohereContent[] | null): CohereContent[] {
  if (content === null || content === '') return []
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content
}

/** What was thought before, in words. Other makers' thoughts stay with them: their signatures mean nothing here. */
function thoughtOf({ reasoning, reasoning_content, reasoning_details: details }: AssistantMessage): string | undefined {
  if (!details?.length) return asText(reasoning_content) ?? asText(reasoning)
  let joined = ''
  for (const detail of details) {
    if (detail.format != null && detail.format !== 'unknown') continue
    if (detail.type === 'reasoning.text') joined += detail.text ?? ''
    else if (detail.type === 'reasoning.summary') joined += detail.summary
  }
  return asText(joined)
}
