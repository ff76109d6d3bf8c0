import type { ProviderRecord } from './records.ts'

/**
 * Whether prompts sent to this provider are on record as neither kept nor trained on, by default and by the word of
 * somebody who can promise it. Unknown counts as no. A router's promise covers its own layer only, so it never
 * qualifies (`openrouter-privacy-money-limits.md` §5.2).
 */
export function hasZeroRetention({ direct, dataPolicy }: ProviderRecord): boolean {
  return (
    direct &&
    dataPolicy.trains === false &&
    dataPolicy.retainsPrompts === false &&
    dataPolicy.zdr === 'default' &&
    (dataPolicy.zeroRetentionStatedBy === 'vendor' || dataPolicy.zeroRetentionStatedBy === 'operator')
  )
}
