import { invalidRequest } from '../../chat/failure.ts'
import type { ContentPart, Message, ToolCall } from '../../chat/request.ts'
import { parseExactJson } from '../exact-json.ts'
import { asRecord, asText, type JsonRecord } from '../foreign-json.ts'
import type { Note } from '../openai-chat/provider-facts.ts'

export interface OllamaMessage {
  role: 'system' | 'user' | 'assistant' | 'tool'
  content: string
  /** Base64, without a media type. */
  images?: string[]
  thinking?: string
  tool_calls?: { id: string; function: { name: string; arguments: JsonRecord } }[]
  tool_call_id?: string
  tool_name?: string
}

/** The messages as Ollama takes them: one text each, pictures beside it, arguments of calls as objects. */
export function encodeMessages(messages: readonly Message[], note: Note): OllamaMessage[] {
  const names = new Map<string, string>()
  return messages.map((message) => {
    if (message.role === 'assistant')
      for (const call of message.tool_calls ?? []) names.set(call.id, call.function.name)
    return encodeMessage(message, names, note)
  })
}

function encodeMessage(message: Message, names: ReadonlyMap<string, string>, note: Note): OllamaMessage {
  const { text, images } = contentOf(message.content ?? '', note)
  const pictures = images.length > 0 ? { images } : {}
  if (message.role === 'tool') {
    const name = names.get(message.tool_call_id) ?? message.name
    return {
      role: 'tool',
      content: text,
      ...pictures,
      tool_call_id: message.tool_call_id,
      ...(name ? { tool_name: name } : {}),
    }
  }
  if (message.name) note('messages.name', 'changed', 'put-before-the-text')
  const content = message.name ? `${message.name}: ${text}` : text
  if (message.role === 'assistant') {
    const thinking = asText(message.reasoning_content) ?? asText(message.reasoning) ?? thoughtIn(message)
    return {
      role: 'assistant',
      content: message.content == null ? (message.refusal ?? '') : content,
      ...pictures,
      ...(thinking === undefined ? {} : { thinking }),
      ...(message.tool_calls?.length ? { tool_calls: message.tool_calls.map((call) => encodeCall(call, note)) } : {}),
    }
  }
  if (message.role === 'developer') note('messages.role', 'changed', 'developer-as-system')
  return { role: message.role === 'user' ? 'user' : 'system', content, ...pictures }
}

function contentOf(content: string | readonly ContentPart[], note: Note): { text: string; images: string[] } {
  if (typeof content === 'string') return { text: content, images: [] }
  const texts: string[] = []
  const images: string[] = []
  for (const part of content) {
    if (part.cache_control != null) note('messages.cache_control', 'dropped', 'no-cache-control')
    if (part.type === 'text') texts.push(part.text)
    else images.push(imageOf(part))
  }
  return { text: texts.join('\n'), images }
}

/** Ollama opens no addresses and reads no files: what it cannot see is better answered by another endpoint. */
function imageOf(part: ContentPart): string {
  const data = part.type === 'image_url' ? /^data:[^,]*;base64,(.+)$/s.exec(part.image_url.url)?.[1] : undefined
  if (data === undefined)
    throw invalidRequest(
      part.type === 'image_url' ? 'Ollama takes images as base64 data URLs.' : `Ollama takes no ${part.type} parts.`,
    )
  return data
}

/** Its own thoughts only: those of others came with signatures and formats that mean nothing here. */
function thoughtIn({ reasoning_details: details }: Extract<Message, { role: 'assistant' }>): string | undefined {
  let joined = ''
  for (const detail of details ?? [])
    if (detail.type === 'reasoning.text' && (detail.format == null || detail.format === 'unknown'))
      joined += detail.text ?? ''
  return asText(joined)
}

function encodeCall(call: ToolCall, note: Note) {
  return { id: call.id, function: { name: call.function.name, arguments: argumentsOf(call.function.arguments, note) } }
}

function argumentsOf(text: string, note: Note): JsonRecord {
  if (text.trim() === '') return {}
  try {
    const value = asRecord(parseExactJson(text))
    if (value) return value
  } catch {
    // Told below.
  }
  note('messages.tool_calls.arguments', 'changed', 'not-an-object')
  return { arguments: text }
}
