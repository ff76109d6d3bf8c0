/** What a block is to a loop of tools; null for one that says nothing, e.g. a mark of the cache. */
export type BlockKind = 'thought' | 'call' | 'result' | 'other' | null

interface Turn<Block> {
  role: 'user' | 'assistant'
  content: readonly Block[]
}

/**
 * Whether the last turns are a loop of tools that the model began without thoughts that could be shown to it. Later
 * steps of a loop may do without: a model does not think before every call.
 */
export function loopsWithoutThoughts<Block>(
  turns: readonly Turn<Block>[],
  kindOf: (block: Block) => BlockKind,
): boolean {
  const saysMore = (kind: BlockKind) => kind !== 'result' && kind !== null
  const lastUser = turns.findLastIndex(
    ({ role, content }) => role === 'user' && content.some((block) => saysMore(kindOf(block))),
  )
  const begun = turns.slice(lastUser + 1).find(({ role }) => role === 'assistant')
  const kinds = begun?.content.map(kindOf) ?? []
  return kinds.includes('call') && kinds[0] !== 'thought'
}
