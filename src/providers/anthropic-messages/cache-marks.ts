import type { CacheControl } from '../../chat/request.ts'
import type { Note } from '../openai-chat/provider-facts.ts'
import type { Turn } from './format.ts'

const maxMarks = 4

interface Markable {
  cache_control?: CacheControl | undefined
}

/**
 * Puts the marks of places in the prompt in order: the request's own goes to the end of what is said so far, at most
 * four are kept, and none that lives for an hour stands behind one that lives for five minutes. The blocks are ours.
 */
export function arrangeCacheMarks(
  tools: readonly object[],
  system: readonly object[],
  turns: readonly Turn[],
  automatic: CacheControl | undefined,
  note: Note,
): void {
  if (automatic) markEnd(turns, automatic)
  const fixed = marked([...tools, ...system])
  const moving = marked(turns.flatMap(({ content }) => content))
  // In a conversation that grows the last marks are the ones that will be read again, behind tools and system.
  const excess = Math.max(0, fixed.length + moving.length - maxMarks)
  if (excess > 0) {
    note('messages.cache_control', 'dropped', 'more-than-four')
    const kept = Math.max(1, moving.length - excess)
    const dropped = moving.splice(0, moving.length - Math.min(kept, moving.length))
    dropped.push(...fixed.splice(0, Math.max(0, fixed.length + moving.length - maxMarks)))
    for (const block of dropped) delete block.cache_control
  }
  let isShort = false
  for (const block of [...fixed, ...moving]) {
    if (block.cache_control?.ttl !== '1h') isShort = true
    else if (isShort) {
      block.cache_control = { type: 'ephemeral' }
      note('messages.cache_control', 'changed', 'behind-a-shorter-one')
    }
  }
}

function marked(blocks: readonly object[]): Markable[] {
  return (blocks as readonly Markable[]).filter(({ cache_control }) => cache_control != null)
}

function markEnd(turns: readonly Turn[], control: CacheControl): void {
  for (const { content } of turns.toReversed()) {
    const last = content.findLast(({ type }) => type !== 'thinking' && type !== 'redacted_thinking')
    if (!last) continue
    ;(last as Markable).cache_control ??= control
    return
  }
}
