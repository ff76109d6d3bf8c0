import type { ContentPart, Message, ToolCall } from '../../chat/request.ts'
import { asText } from '../foreign-json.ts'
import type { Note, ProviderFacts } from './provider-facts.ts'

type AssistantMessage = Extract<Message, { role: 'assistant' }>

/** For calls that another model made, or whose thoughts the client did not keep. Empty text counts as none. */
const noThought = ' '

/**
 * The messages in the provider's words. What needs no change is not copied: prompts are megabytes, and most of them
 * pass as they are.
 */
export function encodeMessages(
  messages: readonly Message[],
  facts: ProviderFacts,
  note: Note,
  demandsThoughts = false,
): readonly unknown[] {
  const lastUser = facts.echoInToolLoop ? messages.findLastIndex((message) => message.role === 'user') : -1
  const last = messages.length - 1
  let encoded: unknown[] | null = null
  for (let i = 0; i <= last; i++) {
    const message = messages[i]
    if (!message) continue
    let changed = encodeMessage(message, facts, i > lastUser, note)
    if (demandsThoughts && lacksThought(changed)) {
      changed = { ...changed, reasoning_content: noThought }
      note('messages.reasoning_details', 'emulated', 'earlier-thoughts-missing')
    }
    if (i === last && facts.prefill && message.role === 'assistant' && !message.tool_calls?.length)
      changed = { [facts.prefill]: true, ...changed }
    if (changed !== message) {
      encoded ??= messages.slice()
      encoded[i] = changed
    }
  }
  return encoded ?? messages
}

function lacksThought(message: Message): message is AssistantMessage {
  return message.role === 'assistant' && !!message.tool_calls?.length && message.reasoning_content === undefined
}

function encodeMessage(original: Message, facts: ProviderFacts, echoes: boolean, note: Note): Message {
  let message = original
  if (message.role === 'developer' && !facts.developerRole) {
    message = { ...message, role: 'system' }
    note('messages.role', 'changed', 'developer-as-system')
  }
  if (Array.isArray(message.content)) message = withContent(message, encodeParts(message.content, facts, note))
  if (facts.names === false && message.role !== 'tool' && message.name !== undefined) {
    message = namePrefixed(message)
    note('messages.name', 'changed', 'put-before-the-text')
  }
  if (message.role === 'assistant') message = encodeAssistant(message, facts, echoes)
  if (message.role === 'tool' && facts.toolCallId) {
    const id = facts.toolCallId(message.tool_call_id)
    if (id !== message.tool_call_id) message = { ...message, tool_call_id: id }
  }
  return message
}

/** Cache marks that the provider doesn't know go; those it knows under the other name are renamed. */
function encodeParts(parts: readonly ContentPart[], facts: ProviderFacts, note: Note): readonly ContentPart[] {
  let encoded: ContentPart[] | null = null
  for (let i = 0; i < parts.length; i++) {
    const part: (ContentPart & { prompt_cache_breakpoint?: unknown }) | undefined = parts[i]
    if (typeof part !== 'object' || part === null) continue
    const { cache_control, prompt_cache_breakpoint } = part
    const marked = cache_control != null || prompt_cache_breakpoint != null
    const stranger =
      (cache_control !== undefined && !facts.cacheControl) ||
      (prompt_cache_breakpoint !== undefined && !facts.cacheBreakpoints)
    if (!stranger) continue
    const { cache_control: _, prompt_cache_breakpoint: __, ...bare } = part as typeof part & { type: 'text' }
    encoded ??= parts.slice()
    encoded[i] = bare
    if (!marked) continue
    if (facts.cacheControl) encoded[i] = { ...bare, cache_control: cache_control ?? { type: 'ephemeral' } }
    else note('messages.cache_control', 'dropped', 'no-cache-control')
  }
  return encoded ?? parts
}

function withContent(message: Message, content: readonly ContentPart[]): Message {
  return content === message.content ? message : ({ ...message, content } as Message)
}

/** For providers without the field: `Ada: ` before the first text. */
function namePrefixed(message: Message): Message {
  const { name, ...unnamed } = message
  const { content } = message
  if (!name) return unnamed as Message
  if (typeof content === 'string') return { ...unnamed, content: `${name}: ${content}` } as Message
  const first = content?.findIndex((part) => part.type === 'text') ?? -1
  if (!content || first < 0) return unnamed as Message
  const parts = content.map((part, i) =>
    i === first && part.type === 'text' ? { ...part, text: `${name}: ${part.text}` } : part,
  )
  return { ...unnamed, content: parts } as Message
}

/** What answers have and questions don't: reasoning, annotations, generated images, nulls, and who gave them. */
function encodeAssistant(message: AssistantMessage, facts: ProviderFacts, echoes: boolean): AssistantMessage {
  const calls = message.tool_calls && encodeCalls(message.tool_calls, facts)
  const plain =
    calls === message.tool_calls &&
    (calls === undefined || calls.length > 0) &&
    message.reasoning === undefined &&
    message.reasoning_content === undefined &&
    message.reasoning_details === undefined &&
    message.refusal === undefined &&
    message.images === undefined &&
    message.audio === undefined &&
    message.annotations === undefined &&
    message.model === undefined
  if (plain) return message
  const keepsAll = facts.echo === 'details'
  const {
    reasoning,
    reasoning_content,
    reasoning_details,
    refusal,
    images,
    audio,
    annotations,
    tool_calls,
    model,
    ...kept
  } = message
  const encoded: AssistantMessage = kept
  if (calls && calls.length > 0) encoded.tool_calls = calls
  if (keepsAll) {
    const thought = reasoning ?? reasoning_content
    if (thought != null) encoded.reasoning = thought
    if (reasoning_details != null) encoded.reasoning_details = reasoning_details
    if (images != null) encoded.images = images
    if (annotations != null) encoded.annotations = annotations
  }
  // OpenAI wants only the id of what it said aloud before.
  if (audio?.id !== undefined) encoded.audio = { id: audio.id }
  // A refusal has a field of its own in few APIs; what the assistant said is what it said.
  if (refusal != null && encoded.content == null) encoded.content = refusal
  const echoed = echoes || encoded.tool_calls !== undefined
  const thought = facts.echo && !keepsAll && echoed ? reasoningTextOf(message) : undefined
  if (thought !== undefined) echo(encoded, thought, facts)
  return encoded
}

function echo(message: AssistantMessage, thought: string, facts: ProviderFacts): void {
  if (facts.echo === 'reasoning_content') message.reasoning_content = thought
  else if (facts.echo === 'reasoning') message.reasoning = thought
  else if (facts.echo === 'think-tags' && !Array.isArray(message.content))
    message.content = `<think>\n${thought}\n</think>\n\n${message.content ?? ''}`
}

function reasoningTextOf(message: AssistantMessage): string | undefined {
  const text = asText(message.reasoning_content) ?? asText(message.reasoning)
  if (text !== undefined) return text
  let joined = ''
  for (const detail of message.reasoning_details ?? []) {
    if (detail.type === 'reasoning.text') joined += detail.text ?? ''
    else if (detail.type === 'reasoning.summary') joined += detail.summary
  }
  return asText(joined)
}

/** Hosts parse the arguments of earlier calls for their chat template: an empty text is no JSON. */
function encodeCalls(calls: ToolCall[], facts: ProviderFacts): ToolCall[] {
  let encoded: ToolCall[] | null = null
  for (let i = 0; i < calls.length; i++) {
    const call = calls[i]
    if (!call) continue
    const id = facts.toolCallId ? facts.toolCallId(call.id) : call.id
    const isEmpty = call.function?.arguments === ''
    if (id === call.id && !isEmpty) continue
    encoded ??= calls.slice()
    encoded[i] = { ...call, id, function: isEmpty ? { ...call.function, arguments: '{}' } : call.function }
  }
  return encoded ?? calls
}
