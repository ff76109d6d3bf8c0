import type { Part, ReasoningDetail } from './parts.ts'

type ReasoningDelta = Extract<Part, { type: 'reasoning-delta' }>

/** The details of a reasoning step. Where a provider gives bare text it becomes a detail: clients read either form. */
export function detailsOf(part: ReasoningDelta): ReasoningDetail[] {
  if (part.details !== undefined && part.details.length > 0) return part.details
  return part.text ? [{ type: 'reasoning.text', text: part.text, format: 'unknown', index: 0 }] : []
}

/** The readable text of a reasoning step. Where a provider gives only details it is theirs: clients read either form. */
export function reasoningTextOf(part: ReasoningDelta): string {
  if (part.text !== undefined) return part.text
  let text = ''
  for (const detail of part.details ?? []) {
    if (detail.type === 'reasoning.text') text += detail.text ?? ''
    else if (detail.type === 'reasoning.summary') text += detail.summary
  }
  return text
}

/**
 * Puts streamed details together by index and type (`openrouter-normalisation.md` §4.4): texts are joined, the last
 * signature wins. Two items with different ids are two items, and so is what follows a signature, which is that of the
 * text before it alone. Encrypted data without an index is never joined: two halves of different blobs are no blob.
 */
export function mergeDetails(details: Iterable<ReasoningDetail>): ReasoningDetail[] {
  const merged: ReasoningDetail[] = []
  const latest = new Map<string, ReasoningDetail>()
  for (const detail of details) {
    const key = `${detail.type} ${detail.index ?? ''}`
    const before = latest.get(key)
    if (before !== undefined && continues(before, detail, merged)) extend(before, detail)
    else {
      const item = { ...detail }
      latest.set(key, item)
      merged.push(item)
    }
  }
  return merged
}

function continues(before: ReasoningDetail, detail: ReasoningDetail, merged: ReasoningDetail[]): boolean {
  if (before.id && detail.id && before.id !== detail.id) return false
  if (before.type === 'reasoning.text' && before.signature && detail.type === 'reasoning.text' && detail.text)
    return false
  return detail.index !== undefined || (detail.type !== 'reasoning.encrypted' && merged.at(-1) === before)
}

function extend(before: ReasoningDetail, detail: ReasoningDetail): void {
  if (detail.id) before.id ??= detail.id
  if (detail.format) before.format ??= detail.format
  if (before.type === 'reasoning.text' && detail.type === 'reasoning.text') {
    before.text = (before.text ?? '') + (detail.text ?? '')
    if (detail.signature) before.signature = detail.signature
  } else if (before.type === 'reasoning.summary' && detail.type === 'reasoning.summary')
    before.summary += detail.summary
  else if (before.type === 'reasoning.encrypted' && detail.type === 'reasoning.encrypted') before.data += detail.data
}
