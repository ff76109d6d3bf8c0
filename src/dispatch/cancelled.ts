import type { AttemptRecord } from '../metering/generation.ts'
import type { UsageCost } from '../metering/price-usage.ts'
import { providerOf } from '../providers/registry.ts'
import type { PlannedAttempt } from '../routing/plan.ts'
import { costOf, estimateUsage } from './generation-row.ts'

/** What a call that nobody waited for came to upstream, as far as can be told. */
export interface CancelledCall {
  usage: ReturnType<typeof estimateUsage>
  upstreamCost: UsageCost
}

/**
 * Accounts for the call that was on its way when the client went: marks it where the provider bills on, and where it had
 * not begun to answer, the prompt that it had read by then is its estimated cost. Null when there was no such call.
 */
export function accountForCancelled(
  attempts: readonly AttemptRecord[],
  planned: readonly PlannedAttempt[],
  promptTokensEstimate: number,
): CancelledCall | null {
  const record = attempts.at(-1)
  const cut = planned.find(({ endpoint }) => endpoint.id === record?.endpointId)
  if (record === undefined || cut === undefined) return null
  if (!providerOf(cut.endpoint.provider)?.cancels) record.costIsMinimum = true
  if (record.outcome !== 'cancelled') return null
  const usage = estimateUsage(promptTokensEstimate, 0)
  return { usage, upstreamCost: costOf(usage, cut) }
}
