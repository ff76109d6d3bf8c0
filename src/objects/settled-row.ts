import type { GenerationRow } from '../metering/generation.ts'
import { rowText } from '../metering/row-text.ts'
import type { Charge } from '../metering/spend.ts'
import type { ConversationNote } from '../routing/conversations.ts'

/**
 * A finished request as it travels to its key's object and on to D1: what the object reckons with, beside the row as the
 * text that is stored. Text, because it is only passed on: taking the row apart and putting it together again at
 * every station cost more than all that was done with it.
 */
export interface SettledRow extends Charge {
  id: string
  /** Epoch milliseconds. */
  endedAt: number
  text: string
  /** For the object's memory only: it is never stored. */
  note?: ConversationNote
}

export function settledRow(row: GenerationRow, note?: ConversationNote): SettledRow {
  const { id, createdAt, costNanoUsd, upstreamCostNanoUsd, isByok } = row
  return {
    id,
    createdAt,
    endedAt: createdAt + (row.generationMs ?? 0),
    costNanoUsd,
    upstreamCostNanoUsd,
    isByok,
    text: rowText(row),
    ...(note === undefined ? {} : { note }),
  }
}
