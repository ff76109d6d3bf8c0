import type { ContentPart, Message, TextPart } from '../../chat/request.ts'
import { parseExactJson } from '../exact-json.ts'
import { asRecord } from '../foreign-json.ts'
import type { Note } from '../openai-chat/provider-facts.ts'
import { pushAll } from '../push-all.ts'
import type { GeminiContent, GeminiPart } from './format.ts'
import { geminiName } from './function-names.ts'
import { encodePart } from './media.ts'
import type { ModelFacts } from './model-facts.ts'
import { encodeModelTurn } from './model-turn.ts'

type ToolMessage = Extract<Message, { role: 'tool' }>
type Calls = readonly { id: string; function: { name: string } }[]

export interface Conversation {
  systemInstruction?: { parts: GeminiPart[] }
  contents: GeminiContent[]
}

/**
 * The messages as Gemini takes them: the leading system texts apart, roles `user` and `model` only, neighbours of one
 * role joined, and all results of one turn in one content, in the order of their calls.
 *
 * @param instructions More for the system instruction, where a wish has no words of its own.
 */
export function encodeContents(
  messages: readonly Message[],
  facts: ModelFacts,
  instructions: readonly string[],
  note: Note,
): Conversation {
  const system: GeminiPart[] = []
  const contents: GeminiContent[] = []
  const lastUser = messages.findLastIndex((message) => message.role === 'user')
  let leading = true
  let calls: Calls[number][] = []
  for (let i = 0; i < messages.length; i++) {
    const message = messages[i]
    if (!message) continue
    markCacheControl(message, note)
    switch (message.role) {
      case 'system':
      case 'developer': {
        const parts = encodeText(message.content, note)
        if (leading) pushAll(system, parts)
        else if (parts.length > 0) {
          append(contents, 'user', named(parts, message.name))
          note('messages.role', 'changed', 'system-as-user')
        }
        break
      }
      case 'user':
        leading = false
        append(contents, 'user', named(encodeText(message.content, note), message.name))
        break
      case 'assistant': {
        leading = false
        // The calls of one turn may be told in several messages.
        if (messages[i - 1]?.role !== 'assistant') calls = []
        pushAll(calls, message.tool_calls ?? [])
        const parts = encodeModelTurn(message, {
          thinks: facts.thinking.by !== 'none',
          mustBeSigned: facts.signedCalls && i > lastUser,
          afterCalls: endsWithCall(contents.at(-1)),
          note,
        })
        append(contents, 'model', parts)
        break
      }
      case 'tool': {
        leading = false
        const results: ToolMessage[] = []
        for (let next: Message | undefined = message; next?.role === 'tool'; next = messages[++i]) results.push(next)
        i--
        contents.push({ role: 'user', parts: encodeResults(results, calls, facts, note) })
        break
      }
    }
  }
  for (const text of instructions) system.push({ text })
  return withSystem(system, contents, facts, note)
}

/** The same contents, in place, with calls and results told apart by their order alone. */
export function dropCallIds(contents: readonly GeminiContent[]): void {
  for (const { parts } of contents)
    for (const { functionCall, functionResponse } of parts) {
      delete functionCall?.id
      delete functionResponse?.id
    }
}

function withSystem(system: GeminiPart[], contents: GeminiContent[], facts: ModelFacts, note: Note): Conversation {
  if (system.length === 0) return { contents }
  // There has to be a content, and some models know no instructions: then they are what the user says first.
  if (facts.systemInstruction && contents.length > 0) return { systemInstruction: { parts: system }, contents }
  note('messages.role', 'changed', 'system-as-user')
  const [first] = contents
  if (first?.role === 'user' && !isClosed(first)) first.parts = [...system, ...first.parts]
  else contents.unshift({ role: 'user', parts: system })
  return { contents }
}

/**
 * Joins neighbours of one role, but never what follows function responses: those are a turn of their own. Calls are
 * followed by calls alone: Google wants as many responses as the content before them has calls.
 */
function append(contents: GeminiContent[], role: 'user' | 'model', parts: GeminiPart[]): void {
  if (parts.length === 0) return
  const last = contents.at(-1)
  const joins = last?.role === role && (endsWithCall(last) ? parts.every(isCall) : !isClosed(last))
  if (joins) pushAll(last.parts, parts)
  else contents.push({ role, parts })
}

/** Responses come first in their content, so that no content is looked through for each that joins it. */
function isClosed({ parts }: GeminiContent): boolean {
  return parts[0]?.functionResponse !== undefined
}

function endsWithCall(content: GeminiContent | undefined): boolean {
  const last = content?.parts.at(-1)
  return last !== undefined && isCall(last)
}

function isCall({ functionCall }: GeminiPart): boolean {
  return functionCall !== undefined
}

function encodeText(content: string | readonly (ContentPart | TextPart)[], note: Note): GeminiPart[] {
  if (typeof content === 'string') return content === '' ? [] : [{ text: content }]
  return content.map((part) => encodePart(part, note)).filter((part) => part !== null)
}

/** There is no field for a name: it goes before the first text. */
function named(parts: GeminiPart[], name: string | undefined): GeminiPart[] {
  if (!name) return parts
  const first = parts.find((part) => part.text !== undefined)
  if (first) first.text = `${name}: ${first.text}`
  return parts
}

function encodeResults(results: readonly ToolMessage[], calls: Calls, facts: ModelFacts, note: Note): GeminiPart[] {
  const places = new Map<string, number>()
  for (const [index, { id }] of calls.entries()) if (!places.has(id)) places.set(id, index)
  const orderOf = ({ tool_call_id: id }: ToolMessage) => places.get(id) ?? calls.length
  const ordered = [...results].sort((a, b) => orderOf(a) - orderOf(b))
  const responses: GeminiPart[] = []
  const media: GeminiPart[] = []
  for (const result of ordered) {
    const id = result.tool_call_id
    const name = calls[orderOf(result)]?.function.name ?? result.name ?? id
    const pieces = typeof result.content === 'string' ? [{ text: result.content }] : encodeText(result.content, note)
    const texts = pieces.map((part) => part.text).filter((text) => text !== undefined)
    const files = pieces.filter((part) => part.text === undefined)
    const response = responseOf(texts.join(''))
    const inside = facts.mediaInResponses && files.length > 0
    if (!inside) pushAll(media, files)
    responses.push({
      functionResponse: { id, name: geminiName(name), response, ...(inside ? { parts: files } : {}) },
    })
  }
  return [...responses, ...media]
}

/** A response is an object; anything else is its `output`, as Google's own clients name it. */
function responseOf(text: string): unknown {
  if (text.trimStart().startsWith('{')) {
    try {
      const value = parseExactJson(text)
      if (asRecord(value)) return value
    } catch {
      // It only looks like an object.
    }
  }
  return { output: text }
}

/** Explicit caches are objects of their own at Google; what repeats is cached there without being asked. */
function markCacheControl(message: Message, note: Note): void {
  if (!Array.isArray(message.content)) return
  for (const part of message.content)
    if (part.cache_control != null || ('prompt_cache_breakpoint' in part && part.prompt_cache_breakpoint != null))
      note('messages.cache_control', 'dropped', 'no-cache-control')
}
