import type { Note } from '../openai-chat/provider-facts.ts'
import { pushAll } from '../push-all.ts'
import type { Block, Turn } from './format.ts'
import type { ModelFacts } from './model-facts.ts'

/** Stands where somebody has to say something and nobody did. */
const placeholder = '.'

/** A conversation in the making: neighbours of one role become one turn. */
export class Turns {
  #turns: Turn[] = []

  add(role: Turn['role'], blocks: readonly Block[]): void {
    if (blocks.length === 0) return
    const last = this.#turns.at(-1)
    if (last?.role === role) pushAll(last.content, blocks)
    else this.#turns.push({ role, content: [...blocks] })
  }

  get length(): number {
    return this.#turns.length
  }

  /**
   * The turns as the model's family takes them: beginning with the user, results of tools first in their turn (or alone
   * in it), and no document without a text beside it.
   */
  arranged(facts: ModelFacts, note: Note): Turn[] {
    const turns: Turn[] = []
    for (const turn of this.#turns) {
      if (turn.role === 'assistant') turns.push(turn)
      else turns.push(...userTurns(turn, facts, note))
    }
    if (turns[0]?.role !== 'user') {
      turns.unshift({ role: 'user', content: [{ text: placeholder }] })
      note('messages', 'emulated', 'placeholder-turn')
    }
    return turns
  }
}

function userTurns(turn: Turn, facts: ModelFacts, note: Note): Turn[] {
  // Cache points belong to the block before them.
  const results: Block[] = []
  const rest: Block[] = []
  let list = rest
  for (const block of turn.content) {
    if (!('cachePoint' in block)) list = 'toolResult' in block ? results : rest
    list.push(block)
  }
  withText(rest)
  if (results.length === 0) return [{ role: 'user', content: rest }]
  if (rest.every((block) => mayStandBeside(block, facts))) return [{ role: 'user', content: [...results, ...rest] }]
  note('messages', 'emulated', 'placeholder-turn')
  return [
    { role: 'user', content: results },
    { role: 'assistant', content: [{ text: placeholder }] },
    { role: 'user', content: rest },
  ]
}

function mayStandBeside(block: Block, { besideResults }: ModelFacts): boolean {
  if (besideResults === 'anything') return true
  return besideResults === 'text-and-images' && !('document' in block || 'video' in block)
}

/** A document needs a text in the same turn; its own name says the least. */
function withText(blocks: Block[]): void {
  const first = blocks.findIndex((block) => 'document' in block)
  const document = blocks[first]
  if (!document || !('document' in document) || blocks.some((block) => 'text' in block)) return
  blocks.splice(first, 0, { text: document.document.name })
}

/**
 * Lets a conversation end the way it may: with the user, or with the beginning of the answer.
 *
 * @param prefill The model takes the beginning of its answer from somebody else, here and now.
 */
export function endTurns(turns: Turn[], prefill: boolean, note: Note): void {
  const last = turns.at(-1)
  if (last?.role !== 'assistant') return
  if (!prefill) {
    note('messages', 'emulated', 'prefill-as-turn')
    turns.push({ role: 'user', content: [{ text: 'Continue your last message exactly where it ends.' }] })
    return
  }
  const block = last.content.at(-1)
  if (!block || !('text' in block)) return
  // White space at the end of the beginning of an answer is an error to Claude.
  const trimmed = block.text.trimEnd()
  if (trimmed === block.text) return
  note('messages.content', 'changed', 'trailing-space')
  last.content[last.content.length - 1] = { text: trimmed }
}
