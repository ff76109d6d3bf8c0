import type { DataPolicy, ProviderRecord } from './records.ts'

/**
 * Whether prompts sent to this provider are on record as neither kept nor trained on, by default and by the word of
 * somebody who can promise it: the one meaning of zero retention, for what is routed as for what is listed. Unknown
 * counts as no. A router's promise covers its own layer only, so it never qualifies
 * (`openrouter-privacy-money-limits.md` §5.2).
 */
export function hasZeroRetention({ direct, dataPolicy }: Pick<ProviderRecord, 'dataPolicy' | 'direct'>): boolean {
  return (
    direct &&
    dataPolicy.trains === false &&
    dataPolicy.retainsPrompts === false &&
    !keepsForDays(dataPolicy) &&
    dataPolicy.zdr === 'default' &&
    (dataPolicy.zeroRetentionStatedBy === 'vendor' || dataPolicy.zeroRetentionStatedBy === 'operator')
  )
}

/** Contradicts a record that says otherwise that nothing is kept. */
export function keepsForDays({ retentionDays }: DataPolicy): boolean {
  return retentionDays !== null && retentionDays > 0
}
