import type { Note } from '../openai-chat/provider-facts.ts'
import { pushAll } from '../push-all.ts'
import type { Block, TextBlock, ToolResultBlock, Turn } from './format.ts'
import type { BlockKind } from './loops-without-thoughts.ts'

/** Stands where somebody has to say something and nobody did. */
const placeholder = '.'

/** A conversation in the making: neighbours of one role become one turn, and results of tools come first in theirs. */
export class Turns {
  #turns: Turn[] = []
  /** Results of the last turn, which go to its beginning. */
  #results: ToolResultBlock[] = []

  add(role: Turn['role'], blocks: readonly Block[]): void {
    if (blocks.length === 0) return
    pushAll(this.#turn(role).content, blocks)
  }

  addResult(block: ToolResultBlock): void {
    this.#turn('user')
    this.#results.push(block)
  }

  get length(): number {
    return this.#turns.length
  }

  #turn(role: Turn['role']): Turn {
    const last = this.#turns.at(-1)
    if (last?.role === role) return last
    this.#close()
    const turn: Turn = { role, content: [] }
    this.#turns.push(turn)
    return turn
  }

  #close(): void {
    const last = this.#turns.at(-1)
    if (last === undefined || this.#results.length === 0) return
    last.content = [...this.#results, ...last.content]
    this.#results = []
  }

  /** The turns, beginning with the user. */
  finish(note: Note): Turn[] {
    this.#close()
    if (this.#turns[0]?.role !== 'user') {
      this.#turns.unshift({ role: 'user', content: [{ type: 'text', text: placeholder }] })
      note('messages', 'emulated', 'placeholder-turn')
    }
    return this.#turns
  }
}

/** Lets a conversation end as the model takes it; one that ends with the assistant is the beginning of an answer. */
export function endTurns(turns: Turn[], prefill: boolean, note: Note): void {
  const last = turns.at(-1)
  if (last?.role !== 'assistant') return
  if (!prefill) {
    note('messages', 'emulated', 'prefill-as-turn')
    const text = 'Continue your last message exactly where it ends.'
    turns.push({ role: 'user', content: [{ type: 'text', text }] })
    return
  }
  const block = last.content.at(-1)
  if (block?.type !== 'text') return
  // White space at the end of the beginning of an answer is an error there.
  const text = block.text.trimEnd()
  if (text === block.text) return
  note('messages.content', 'changed', 'trailing-space')
  last.content[last.content.length - 1] = { ...block, text }
}

/** What a block is to a loop of tools. */
export function kindOf({ type }: Block): BlockKind {
  switch (type) {
    case 'thinking':
    case 'redacted_thinking':
      return 'thought'
    case 'tool_use':
      return 'call'
    case 'tool_result':
      return 'result'
    default:
      return 'other'
  }
}

/** A text that has something in it; a text without a letter is an error there and says nothing. */
export function textBlock(text: string): TextBlock | null {
  return text.trim() === '' ? null : { type: 'text', text }
}
