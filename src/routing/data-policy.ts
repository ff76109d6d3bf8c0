import type { ProviderRecord } from '../catalog/records.ts'
import { keepsForDays } from '../catalog/zero-retention.ts'

/**
 * Whether the provider, on record, neither trains on prompts nor stores them: what `data_collection: "deny"` asks for.
 * What is unknown or contradicts itself counts as the worst case, and a router never qualifies: its promise does not
 * bind the company that it forwards to.
 */
export function neverCollects({ dataPolicy, direct }: Pick<ProviderRecord, 'dataPolicy' | 'direct'>): boolean {
  return direct && dataPolicy.trains === false && dataPolicy.retainsPrompts === false && !keepsForDays(dataPolicy)
}
