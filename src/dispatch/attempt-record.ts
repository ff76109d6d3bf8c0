import type { EndpointRecord } from '../catalog/records.ts'
import type { AttemptRecord } from '../metering/generation.ts'

/** One upstream call as the receipt shows it. */
export function attemptRecord(
  { id, model, provider }: EndpointRecord,
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
  }
}
