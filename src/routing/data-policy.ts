import type { ProviderRecord } from '../catalog/records.ts'

type Declared = Pick<ProviderRecord, 'dataPolicy' | 'direct'>

/**
 * Whether nothing of a prompt stays with the provider, on record. What is unknown or contradicts itself counts as the
 * worst case, and a router never qualifies: its promise does not bind the company that it forwards to.
 */
export function isZeroRetention({ dataPolicy, direct }: Declared): boolean {
  if (!direct || dataPolicy.trains === true || keeps(dataPolicy.retentionDays)) return false
  return dataPolicy.retainsPrompts === false || (dataPolicy.zdr === 'default' && dataPolicy.retainsPrompts === null)
}

/** Whether the provider, on record, neither trains on prompts nor stores them: what `data_collection: "deny"` asks for. */
export function neverCollects({ dataPolicy, direct }: Declared): boolean {
  if (!direct || dataPolicy.trains !== false || keeps(dataPolicy.retentionDays)) return false
  return dataPolicy.retainsPrompts === false || (dataPolicy.retainsPrompts === null && dataPolicy.retentionDays === 0)
}

function keeps(retentionDays: number | null): boolean {
  return retentionDays !== null && retentionDays > 0
}
