import type { ReasoningDetail, ReasoningFormat } from '../../chat/parts.ts'
import { mergeDetails } from '../../chat/reasoning-details.ts'
import type { JsonRecord } from '../foreign-json.ts'
import type { Note } from '../openai-chat/provider-facts.ts'

interface Group {
  id: string | undefined
  summary: { type: 'summary_text'; text: string }[]
  content: { type: 'reasoning_text'; text: string }[]
  encrypted: string | undefined
}

/**
 * The reasoning items that the details of one assistant message were, in order. Without a stored conversation only an
 * item with its encrypted content means anything to the provider, so the others are left out, as are those of others.
 */
export function reasoningItems(details: readonly ReasoningDetail[], format: ReasoningFormat, note: Note): JsonRecord[] {
  const own = details.filter((detail) => detail.format === format)
  if (own.length < details.length) note('messages.reasoning_details', 'dropped', 'other-format')
  const items: JsonRecord[] = []
  for (const { id, summary, content, encrypted } of grouped(mergeDetails(own))) {
    if (encrypted === undefined) {
      note('messages.reasoning_details', 'dropped', 'not-encrypted')
      continue
    }
    items.push({
      type: 'reasoning',
      ...(id === undefined ? {} : { id }),
      summary,
      ...(content.length === 0 ? {} : { content }),
      encrypted_content: encrypted,
    })
  }
  return items
}

/** An item ends with its encrypted content, or where another id begins. */
function grouped(details: readonly ReasoningDetail[]): Group[] {
  const groups: Group[] = []
  let group: Group | undefined
  for (const detail of details) {
    const id = detail.id || undefined
    const isOther = id !== undefined && group?.id !== undefined && id !== group.id
    const isSame = id !== undefined && id === group?.id
    if (!group || isOther || (group.encrypted !== undefined && !isSame)) {
      group = { id, summary: [], content: [], encrypted: undefined }
      groups.push(group)
    }
    group.id ??= id
    if (detail.type === 'reasoning.summary') group.summary.push({ type: 'summary_text', text: detail.summary })
    else if (detail.type === 'reasoning.encrypted') group.encrypted = detail.data
    else if (detail.text) group.content.push({ type: 'reasoning_text', text: detail.text })
  }
  return groups
}
