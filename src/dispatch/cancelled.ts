import type { AttemptRecord } from '../metering/generation.ts'
import { providerOf } from '../providers/registry.ts'
import type { RequestNeeds } from '../routing/needs.ts'
import type { PlannedAttempt } from '../routing/plan.ts'
import { costOf, estimateUsage } from './generation-row.ts'

/** What calls that nobody waited for came to upstream, as far as can be told. */
export interface CancelledCalls {
  usage: ReturnType<typeof estimateUsage>
  upstreamCostNanoUsd: number
}

/**
 * Accounts for the calls that were on their way when the client went, two where one was a hedge: marks them where the
 * provider bills on, as all do for a whole answer, and where one had not begun to answer, the prompt that it had read by
 * then is its estimated cost. Null when there was no such call.
 */
export function accountForCancelled(
  attempts: readonly AttemptRecord[],
  planned: readonly PlannedAttempt[],
  needs: RequestNeeds,
  streamed: boolean,
): CancelledCalls | null {
  let usage: CancelledCalls['usage'] | null = null
  let upstreamCostNanoUsd = 0
  for (const record of attempts) {
    const waited = record.outcome === 'cancelled'
    // What failed before the client went was not cut.
    if (!waited && record.outcome !== 'ok') continue
    const cut = planned.find(({ endpoint }) => endpoint.id === record.endpointId)
    if (cut === undefined) continue
    if (!streamed || !providerOf(cut.endpoint.provider)?.cancels) record.costIsMinimum = true
    if (!waited) continue
    usage = estimateUsage(needs, 0, cut)
    upstreamCostNanoUsd += costOf(usage, cut).costNanoUsd
  }
  return usage && { usage, upstreamCostNanoUsd }
}
