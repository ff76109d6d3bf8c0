import type { DecisionRecord } from '../metering/decision-record.ts'
import { idOfRef, modelIdsOf } from './endpoint-refs.ts'

/**
 * Every endpoint that a request did not call, and why: the rule that removed it, its breaker, its cooldown, the bound of
 * attempts, or no need.
 */
export function excludedBy(
  record: DecisionRecord,
  called: ReadonlySet<string>,
): { endpointId: string; rule: string }[] {
  const modelIds = modelIdsOf(record)
  const excluded = Object.entries(record.out).flatMap(([rule, refs]) =>
    refs.map((ref) => ({ endpointId: idOfRef(ref, modelIds), rule })),
  )
  for (const ref of record.order) {
    const endpointId = idOfRef(ref, modelIds)
    if (!called.has(endpointId)) excluded.push({ endpointId, rule: blockedOf(record, ref) ?? 'not_needed' })
  }
  for (const ref of record.beyond ?? []) excluded.push({ endpointId: idOfRef(ref, modelIds), rule: 'attempt_limit' })
  return excluded
}

function blockedOf(
  { health, probe, skipped, untold }: DecisionRecord,
  ref: string,
): 'breaker_open' | 'cooldown' | 'retry_budget' | 'untold' | null {
  if (skipped?.includes(ref)) return 'retry_budget'
  if (untold?.includes(ref)) return 'untold'
  const known = health?.[ref]
  if (known?.openUntil !== undefined && ref !== probe) return 'breaker_open'
  return known?.cooldownUntil === undefined ? null : 'cooldown'
}
