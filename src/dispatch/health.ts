import type { EndpointRecord } from '../catalog/records.ts'
import type { EndpointHealth, HealthOutcome, HealthReport } from '../routing/health.ts'

/** What is known of endpoints' health, from this isolate's memory, seconds old at most. */
export interface Health {
  /**
   * Undefined = nothing known, which counts as healthy. Provider-wide opening is folded in. `looking` is for somebody
   * who sends no request: then nobody asks for a probe on its behalf.
   */
  of(endpoint: EndpointRecord, looking?: boolean): EndpointHealth | undefined
  /** A call to this endpoint starts; must be followed by exactly one `report`. */
  begin(endpoint: EndpointRecord): void
  /** Takes note at once in this isolate, tells the object behind the answer. */
  report(
    endpoint: EndpointRecord,
    report: Omit<HealthReport, 'endpoint' | 'outcome'> & { outcome: HealthOutcome },
  ): void
  /**
   * A call has its first content. Worth telling because a probe that streams for minutes has proved its endpoint then:
   * the breaker needn't wait for the end. Costs nothing where all is well.
   */
  answered(endpoint: EndpointRecord): void
  /**
   * Whether an open endpoint may be called now as the probe. The object grants one an interval to the whole fleet.
   * One hop, so only asked when nothing else is left.
   */
  claimProbe(endpoint: EndpointRecord): Promise<boolean>
  /** Whether this isolate holds a probe that was granted in the background. Taking it uses it up. */
  takeProbe(endpoint: EndpointRecord): boolean
}
