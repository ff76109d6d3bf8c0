import type { AttemptRecord } from '../metering/generation.ts'
import type { PlannedAttempt } from '../routing/plan.ts'

/** One upstream call as the receipt shows it. */
export function attemptRecord(
  { endpoint: { id, model, provider }, sticky }: PlannedAttempt,
  seen: Pick<AttemptRecord, 'status' | 'outcome' | 'latencyMs'>,
): AttemptRecord {
  return {
    endpointId: id,
    provider: provider.slug,
    providerName: provider.name,
    model,
    ...seen,
    isByok: false,
    ...(provider.direct ? {} : { router: true }),
    ...(sticky ? { sticky: true } : {}),
  }
}
