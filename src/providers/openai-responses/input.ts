import { invalidRequest } from '../../chat/failure.ts'
import type { ContentPart, Message } from '../../chat/request.ts'
import type { JsonRecord } from '../foreign-json.ts'
import type { Note } from '../openai-chat/provider-facts.ts'
import { pushAll } from '../push-all.ts'
import { callIdOf } from './call-id.ts'
import { reasoningItems } from './reasoning-items.ts'
import type { ResponsesFacts } from './responses-facts.ts'

type AssistantMessage = Extract<Message, { role: 'assistant' }>

/**
 * The conversation as input items, in order. System and developer messages stay where they are: `instructions` hold one
 * text only, without cache breakpoints, and xAI refuses them.
 *
 * @throws FailureError for media that the API has no way to take.
 */
export function encodeInput(messages: readonly Message[], facts: ResponsesFacts, note: Note): JsonRecord[] {
  const items: JsonRecord[] = []
  for (const message of messages) {
    switch (message.role) {
      case 'assistant':
        encodeAssistant(message, items, facts, note)
        break
      case 'tool':
        items.push({
          type: 'function_call_output',
          call_id: callIdOf(message.tool_call_id),
          output: contentOf(message.content, facts, note),
        })
        break
      default:
        items.push({
          role: message.role,
          content: named(message.name, contentOf(message.content, facts, note), note),
        })
    }
  }
  if (messages.at(-1)?.role === 'assistant' && items.at(-1)?.role === 'assistant')
    note('messages', 'changed', 'prefill-not-continued')
  return items
}

/** An assistant's turn: what it thought, said and called, each an item of its own. */
function encodeAssistant(message: AssistantMessage, items: JsonRecord[], facts: ResponsesFacts, note: Note): void {
  const said = saidBy(message, facts, note)
  const calls = message.tool_calls ?? []
  if (message.reasoning_details?.length) {
    // A reasoning item has to be followed by what came of it.
    if (said === null && calls.length === 0) note('messages.reasoning_details', 'dropped', 'nothing-follows')
    else pushAll(items, reasoningItems(message.reasoning_details, facts.format, note))
  }
  if (message.images?.length) note('messages.images', 'dropped', 'not-supported-by-provider')
  if (message.audio != null) note('messages.audio', 'dropped', 'not-supported-by-provider')
  if (said !== null) items.push({ role: 'assistant', content: named(message.name, said, note) })
  for (const { id, function: called } of calls)
    items.push({
      type: 'function_call',
      call_id: callIdOf(id),
      name: called.name,
      arguments: called.arguments || '{}',
    })
}

function contentOf(content: string | readonly ContentPart[], facts: ResponsesFacts, note: Note): string | JsonRecord[] {
  const text = plainText(content)
  if (text !== null || typeof content === 'string') return text ?? ''
  const parts = encodeParts(content, facts, note)
  return parts.length === 0 ? '' : parts
}

/** Null where the turn has no words. */
function saidBy(message: AssistantMessage, facts: ResponsesFacts, note: Note): string | JsonRecord[] | null {
  const { content } = message
  const text = plainText(content)
  if (text !== null) return text === '' ? message.refusal || null : text
  if (!Array.isArray(content)) return message.refusal || null
  const parts = encodeParts(content, facts, note).filter(({ type }) => {
    if (type !== 'input_text') note('messages.content', 'dropped', 'only-text-of-the-assistant')
    return type === 'input_text'
  })
  return parts.length === 0 ? null : parts.map(({ text }) => ({ type: 'output_text', text }))
}

/** Content that is one text without marks; null for anything more. */
function plainText(content: string | readonly ContentPart[] | null | undefined): string | null {
  if (typeof content === 'string') return content
  const only = content?.length === 1 ? content[0] : undefined
  const marked = only?.cache_control != null || (only?.type === 'text' && only.prompt_cache_breakpoint != null)
  return only?.type === 'text' && !marked ? only.text : null
}

function encodeParts(parts: readonly ContentPart[], facts: ResponsesFacts, note: Note): JsonRecord[] {
  return parts.flatMap((part) => {
    if (part.cache_control != null) note('messages.cache_control', 'dropped', 'no-cache-control')
    const encoded = encodePart(part, note)
    if (!encoded) return []
    const { prompt_cache_breakpoint: breakpoint } = part as { prompt_cache_breakpoint?: unknown }
    if (breakpoint == null) return [encoded]
    if (facts.cacheBreakpoints) return [{ ...encoded, prompt_cache_breakpoint: breakpoint }]
    note('messages.cache_control', 'dropped', 'no-cache-control')
    return [encoded]
  })
}

/** Null for what says nothing there. What says something and cannot be said there is another endpoint's to take. */
function encodePart(part: ContentPart, note: Note): JsonRecord | null {
  switch (part.type) {
    case 'text':
      return { type: 'input_text', text: part.text }
    case 'image_url':
      return { type: 'input_image', image_url: part.image_url.url, detail: part.image_url.detail ?? 'auto' }
    case 'file':
      return encodeFile(part.file, note)
    case 'input_audio':
      throw invalidRequest('This endpoint does not take audio.')
    case 'video_url':
      throw invalidRequest('This endpoint does not take video.')
    default:
      note('messages.content', 'dropped', 'unknown-part')
      return null
  }
}

function encodeFile(file: Extract<ContentPart, { type: 'file' }>['file'], note: Note): JsonRecord | null {
  const { filename, file_data: data, file_id: id } = file
  if (data) {
    if (/^https?:\/\//i.test(data)) return { type: 'input_file', file_url: data }
    const url = data.startsWith('data:') ? data : `data:application/pdf;base64,${data}`
    return { type: 'input_file', filename: filename || 'file.pdf', file_data: url }
  }
  if (id) return { type: 'input_file', file_id: id }
  note('messages.file', 'dropped', 'empty-file')
  return null
}

/** Messages have no `name` there: it goes before the first text. */
function named(name: string | undefined, content: string | JsonRecord[], note: Note): string | JsonRecord[] {
  if (!name) return content
  note('messages.name', 'changed', 'put-before-the-text')
  if (typeof content === 'string') return `${name}: ${content}`
  const first = content.findIndex(({ text }) => typeof text === 'string')
  return content.map((part, i) => (i === first ? { ...part, text: `${name}: ${part.text}` } : part))
}
