import { mergeDetails } from '../../chat/reasoning-details.ts'
import type { CacheControl, ChatRequest, ContentPart, Message } from '../../chat/request.ts'
import type { Note } from '../openai-chat/provider-facts.ts'
import { pushAll } from '../push-all.ts'
import { argumentsObject } from '../tool-arguments.ts'
import { CallIds } from './call-ids.ts'
import {
  type Block,
  claudeFormat,
  type MediaBlock,
  type TextBlock,
  type ThinkingBlock,
  type ToolUseBlock,
  type Turn,
} from './format.ts'
import type { MessagesHost } from './host.ts'
import { mediaBlock } from './media.ts'
import type { ToolNames } from './tool-names.ts'
import { Turns, textBlock } from './turns.ts'

type AssistantMessage = Extract<Message, { role: 'assistant' }>
type ToolMessage = Extract<Message, { role: 'tool' }>

export interface Conversation {
  system: TextBlock[]
  turns: Turn[]
}

export interface MessageOptions {
  host: MessagesHost
  names: ToolNames
  /** Earlier thoughts may be shown to the model. */
  thoughts: boolean
}

/**
 * The messages of a request as system blocks and turns. Nothing of the request is changed.
 *
 * @throws FailureError for media that this endpoint cannot take.
 */
export function encodeMessages(
  request: Pick<ChatRequest, 'messages' | 'failed_tool_calls'>,
  options: MessageOptions,
  note: Note,
): Conversation {
  return new MessageEncoder(request, options, note).encode(request.messages)
}

class MessageEncoder {
  #options: MessageOptions
  #note: Note
  #turns = new Turns()
  #callIds = new CallIds()
  #failed: ReadonlySet<string>

  constructor(
    { failed_tool_calls: failed }: Pick<ChatRequest, 'failed_tool_calls'>,
    options: MessageOptions,
    note: Note,
  ) {
    this.#failed = new Set(failed)
    this.#options = options
    this.#note = note
  }

  encode(messages: readonly Message[]): Conversation {
    let system: TextBlock[] = []
    for (const message of messages) {
      if (message.role !== 'assistant') this.#callIds.endTurn()
      switch (message.role) {
        case 'system':
        case 'developer': {
          if (message.role === 'developer') this.#note('messages.role', 'changed', 'developer-as-system')
          const blocks = this.#blocks(message, false) as TextBlock[]
          if (this.#turns.length === 0) pushAll(system, blocks)
          else {
            this.#note('messages.role', 'changed', 'system-as-user')
            this.#turns.add('user', blocks)
          }
          break
        }
        case 'user':
          this.#turns.add('user', this.#blocks(message, true))
          break
        case 'assistant':
          this.#turns.add('assistant', this.#assistantBlocks(message))
          break
        case 'tool':
          this.#addResult(message)
          break
      }
    }
    if (this.#turns.length === 0 && system.length > 0) {
      this.#note('messages.role', 'changed', 'system-as-user')
      this.#turns.add('user', system)
      system = []
    }
    return { system, turns: this.#turns.finish(this.#note) }
  }

  #blocks(message: Exclude<Message, { role: 'tool' }>, media: boolean): (TextBlock | MediaBlock)[] {
    const { content, name } = message
    if (content == null) return []
    const blocks = this.#partBlocks(typeof content === 'string' ? [{ type: 'text', text: content }] : content, media)
    if (!name) return blocks
    // There is no field for it.
    this.#note('messages.name', 'changed', 'put-before-the-text')
    const first = blocks.find((block) => block.type === 'text')
    if (first) first.text = `${name}: ${first.text}`
    return blocks
  }

  #partBlocks(parts: readonly ContentPart[], media: boolean): (TextBlock | MediaBlock)[] {
    const blocks: (TextBlock | MediaBlock)[] = []
    for (const part of parts) {
      const block = this.#partBlock(part, media)
      const cache = cacheOf(part)
      if (block) blocks.push(cache ? { ...block, cache_control: cache } : block)
      else if (cache) {
        // What an empty part marks is the end of what stands before it.
        const last = blocks.at(-1)
        if (last) last.cache_control ??= cache
      }
    }
    return blocks
  }

  #partBlock(part: ContentPart, media: boolean): TextBlock | MediaBlock | null {
    if (part.type === 'text') return textBlock(part.text)
    if (!media) {
      this.#note('messages.content', 'dropped', `no-${part.type.replaceAll('_', '-')}-here`)
      return null
    }
    if (part.type === 'image_url' && (part.image_url.detail ?? 'auto') !== 'auto')
      this.#note('messages.image_url.detail', 'dropped', 'no-such-control')
    return mediaBlock(part, this.#options.host.fetchesUrls !== false)
  }

  /** Thoughts come first in the model's own turns, calls last. */
  #assistantBlocks(message: AssistantMessage): Block[] {
    if (message.images?.length) this.#note('messages.images', 'dropped', 'no-image-url-here')
    if (message.audio != null) this.#note('messages.audio', 'dropped', 'no-input-audio-here')
    const said = this.#blocks(message, false)
    // A refusal has no block; what the assistant said is what it said.
    const refusal = said.length === 0 && message.refusal ? textBlock(message.refusal) : null
    const blocks: Block[] = [...this.#thoughts(message), ...said, ...(refusal ? [refusal] : [])]
    for (const call of message.tool_calls ?? []) blocks.push(this.#toolUse(call))
    // A thought that led to nothing cannot stand alone at the end of a turn.
    return blocks.every(({ type }) => type === 'thinking' || type === 'redacted_thinking') ? [] : blocks
  }

  #thoughts(message: AssistantMessage): ThinkingBlock[] {
    const details = message.reasoning_details
    if (!details?.length) return []
    const blocks: ThinkingBlock[] = []
    for (const detail of this.#options.thoughts ? mergeDetails(details) : []) {
      // Some clients lose the format; a signature is enough to know Claude's by.
      if (detail.format != null && detail.format !== claudeFormat) continue
      if (detail.type === 'reasoning.text' && detail.signature)
        blocks.push({ type: 'thinking', thinking: detail.text ?? '', signature: detail.signature })
      else if (detail.type === 'reasoning.encrypted' && detail.format != null)
        blocks.push({ type: 'redacted_thinking', data: detail.data })
    }
    if (blocks.length === 0) this.#note('messages.reasoning_details', 'dropped', 'other-format')
    return blocks
  }

  #toolUse({
    id,
    function: { name, arguments: text },
  }: NonNullable<AssistantMessage['tool_calls']>[number]): ToolUseBlock {
    const input = argumentsObject(text, this.#note)
    return { type: 'tool_use', id: this.#callIds.open(id), name: this.#options.names.sent(name), input }
  }

  #addResult(message: ToolMessage): void {
    const { content } = message
    const id = this.#callIds.of(message.tool_call_id)
    const failed = this.#failed.has(message.tool_call_id)
    if (typeof content === 'string') {
      const said = content === '' && failed ? noWords : content
      this.#turns.addResult({
        type: 'tool_result',
        tool_use_id: id,
        ...(said === '' ? {} : { content: said }),
        ...(failed ? { is_error: true } : {}),
      })
      return
    }
    // Inside a result nothing can be marked, only the result as a whole.
    const cache = content.map(cacheOf).findLast((mark) => mark !== undefined)
    const blocks = this.#partBlocks(content, true).map(
      ({ cache_control: _, ...block }) => block as TextBlock | MediaBlock,
    )
    this.#turns.addResult({
      type: 'tool_result',
      tool_use_id: id,
      ...(blocks.length > 0 ? { content: blocks } : failed ? { content: noWords } : {}),
      ...(failed && this.#mayFail(blocks) ? { is_error: true } : {}),
      ...(cache ? { cache_control: cache } : {}),
    })
  }

  /** An error is told in texts: beside media the word for it is refused. */
  #mayFail(blocks: readonly (TextBlock | MediaBlock)[]): boolean {
    if (blocks.every(({ type }) => type === 'text')) return true
    this.#note('messages.is_error', 'dropped', 'texts-only')
    return false
  }
}

/** An error without a word is refused. */
const noWords = '(empty)'

/** Anthropic's mark of a place in the prompt, or OpenAI's. */
function cacheOf(part: ContentPart): CacheControl | undefined {
  if (part.cache_control != null) return part.cache_control
  return part.type === 'text' && part.prompt_cache_breakpoint != null ? { type: 'ephemeral' } : undefined
}
