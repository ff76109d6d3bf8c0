import type { CacheControl, ChatRequest, ContentPart, Message } from '../../chat/request.ts'
import { CallIds } from '../anthropic-messages/call-ids.ts'
import type { Note } from '../openai-chat/provider-facts.ts'
import { pushAll } from '../push-all.ts'
import { argumentsObject } from '../tool-arguments.ts'
import type { Block, MediaBlock, SystemBlock, TextBlock, ToolResultBlock, Turn } from './format.ts'
import { DocumentNames, mediaBlock } from './media.ts'
import type { ModelFacts } from './model-facts.ts'
import { reasoningBlocks } from './reasoning-blocks.ts'
import { bedrockName, maxNameLength } from './tool-names.ts'
import { Turns } from './turns.ts'

type AssistantMessage = Extract<Message, { role: 'assistant' }>
type ToolMessage = Extract<Message, { role: 'tool' }>

export interface Conversation {
  system: SystemBlock[]
  turns: Turn[]
}

/**
 * The messages of a request as Bedrock's system blocks and turns. Nothing of the request is changed.
 *
 * @throws FailureError for media that Bedrock cannot take.
 */
export function encodeMessages(request: ChatRequest, facts: ModelFacts, note: Note): Conversation {
  return new MessageEncoder(request, facts, note).encode(request)
}

class MessageEncoder {
  #facts: ModelFacts
  #note: Note
  #names = new DocumentNames()
  #files = 0
  #turns = new Turns()
  #callIds = new CallIds(maxNameLength)
  #failed: ReadonlySet<string>

  constructor({ failed_tool_calls: failed }: ChatRequest, facts: ModelFacts, note: Note) {
    this.#failed = new Set(failed)
    this.#facts = facts
    this.#note = note
  }

  encode({ messages, cache_control: automatic }: ChatRequest): Conversation {
    let system: SystemBlock[] = []
    // Media of a result that may not be inside it wait until all results of the turn are there.
    let waiting: Block[] = []
    for (const message of messages) {
      if (message.role !== 'assistant') this.#callIds.endTurn()
      if (message.role !== 'tool') waiting = this.#release(waiting)
      switch (message.role) {
        case 'system':
        case 'developer':
          if (message.role === 'developer') this.#note('messages.role', 'changed', 'developer-as-system')
          if (this.#turns.length === 0) pushAll(system, this.#systemBlocks(message))
          else {
            this.#note('messages.role', 'changed', 'system-as-user')
            this.#turns.add('user', this.#systemBlocks(message))
          }
          break
        case 'user':
          this.#turns.add('user', this.#blocks(message, true))
          break
        case 'assistant':
          this.#turns.add('assistant', this.#assistantBlocks(message))
          break
        case 'tool':
          this.#turns.add('user', this.#resultBlocks(message, waiting))
          break
      }
    }
    this.#release(waiting)
    if (this.#turns.length === 0 && system.length > 0) {
      this.#note('messages.role', 'changed', 'system-as-user')
      this.#turns.add('user', system)
      system = []
    }
    const turns = this.#turns.arranged(this.#facts, this.#note)
    if (automatic) this.#cacheEnd(turns, automatic)
    return { system, turns }
  }

  #release(waiting: Block[]): Block[] {
    this.#turns.add('user', waiting)
    return []
  }

  #systemBlocks(message: Extract<Message, { role: 'system' | 'developer' }>): SystemBlock[] {
    return this.#blocks(message, false) as SystemBlock[]
  }

  /** Texts and media with their cache points. A text without a letter is an error there and says nothing. */
  #blocks(message: Exclude<Message, { role: 'tool' }>, media: boolean): Block[] {
    const { content } = message
    const blocks: Block[] = []
    // There is no field for it.
    let prefix = message.name ? `${message.name}: ` : ''
    if (prefix !== '') this.#note('messages.name', 'changed', 'put-before-the-text')
    const text = (words: string) => {
      if (words.trim() === '') return
      blocks.push({ text: prefix + words })
      prefix = ''
    }
    if (typeof content === 'string') text(content)
    else {
      for (const part of content ?? []) {
        if (part.type === 'text') text(part.text)
        else if (!media) this.#note('messages.content', 'dropped', `no-${part.type.replaceAll('_', '-')}-here`)
        else blocks.push(this.#media(part))
        this.#cacheAfter(blocks, cacheOf(part))
      }
    }
    return blocks
  }

  #media(part: Exclude<ContentPart, { type: 'text' }>): MediaBlock {
    if (part.type === 'image_url' && (part.image_url.detail ?? 'auto') !== 'auto')
      this.#note('messages.image_url.detail', 'dropped', 'no-such-control')
    return mediaBlock(part, this.#names)
  }

  #assistantBlocks(message: AssistantMessage): Block[] {
    if (message.images?.length) this.#note('messages.images', 'dropped', 'no-image-url-here')
    if (message.audio != null) this.#note('messages.audio', 'dropped', 'no-input-audio-here')
    // Thoughts come first in Claude's turns.
    const blocks: Block[] = [...reasoningBlocks(message, this.#facts, this.#note), ...this.#blocks(message, false)]
    // A refusal has no block; what the assistant said is what it said.
    if (message.refusal && message.content == null) blocks.push({ text: message.refusal })
    for (const call of message.tool_calls ?? []) {
      blocks.push({
        toolUse: {
          toolUseId: this.#callIds.open(call.id),
          name: bedrockName(call.function.name),
          input: argumentsObject(call.function.arguments, this.#note),
        },
      })
    }
    // A thought that led to nothing cannot stand alone at the end of a turn.
    return blocks.every((block) => 'reasoningContent' in block) ? [] : blocks
  }

  #resultBlocks(message: ToolMessage, waiting: Block[]): Block[] {
    const content: ToolResultBlock['toolResult']['content'] = []
    const after: Block[] = []
    const parts: readonly ContentPart[] =
      typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : message.content
    for (const part of parts) {
      if (part.type === 'text') {
        if (part.text !== '') content.push({ text: part.text })
      } else {
        const block = this.#media(part)
        if (this.#mayBeInside(block)) content.push(block)
        else content.push(this.#besides(block, waiting))
      }
      this.#cacheAfter(after, cacheOf(part), true)
    }
    // An empty result is a result.
    if (content.length === 0) content.push({ text: '(empty)' })
    const toolResult: ToolResultBlock['toolResult'] = { toolUseId: this.#callIds.of(message.tool_call_id), content }
    if (this.#failed.has(message.tool_call_id) && this.#mayFail(content)) toolResult.status = 'error'
    return [{ toolResult }, ...after]
  }

  /** Claude takes an error in texts alone. */
  #mayFail(content: ToolResultBlock['toolResult']['content']): boolean {
    const textsOnly = content.every((block) => 'text' in block)
    if (this.#facts.failedResults && textsOnly) return true
    this.#note('messages.is_error', 'dropped', textsOnly ? 'no-such-control' : 'texts-only')
    return false
  }

  #mayBeInside(block: MediaBlock): boolean {
    const { resultMedia } = this.#facts
    return (
      ('image' in block && resultMedia.includes('image')) || ('document' in block && resultMedia.includes('document'))
    )
  }

  /** Puts a medium beside the result that it belongs to, and says so in both places. */
  #besides(block: MediaBlock, waiting: Block[]): TextBlock {
    this.#note('messages.content', 'changed', 'medium-beside-the-result')
    const name = `file ${++this.#files}`
    waiting.push({ text: `This is ${name}:` }, block)
    return { text: `See ${name}.` }
  }

  #cacheAfter(blocks: Block[], control: CacheControl | undefined, alone = false): void {
    if (!control || (blocks.length === 0 && !alone)) return
    const { messages, anHour } = this.#facts.caching
    if (!messages) {
      this.#note('messages.cache_control', 'dropped', 'no-cache-control')
      return
    }
    const last = blocks.at(-1)
    if (last && 'cachePoint' in last) return
    // Bedrock loses a cache point right after a document or a video.
    if (last && ('document' in last || 'video' in last)) blocks.push({ text: '\n' })
    if (control.ttl === '1h' && !anHour) this.#note('messages.cache_control', 'changed', 'five-minutes-only')
    blocks.push({ cachePoint: { type: 'default', ...(control.ttl === '1h' && anHour ? { ttl: '1h' } : {}) } })
  }

  /** `cache_control` of the request as a whole: a point at the end of what is said so far. */
  #cacheEnd(turns: readonly Turn[], control: CacheControl): void {
    const last = turns.findLast((turn) => turn.role === 'user')
    if (last) this.#cacheAfter(last.content, control)
  }
}

/** Anthropic's mark of a place in the prompt, or OpenAI's. */
function cacheOf(part: ContentPart): CacheControl | undefined {
  if (part.cache_control != null) return part.cache_control
  return part.type === 'text' && part.prompt_cache_breakpoint != null ? { type: 'ephemeral' } : undefined
}
