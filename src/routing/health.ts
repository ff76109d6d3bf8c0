/** How an upstream call counts (`openrouter-routing.md` §3.7). `excluded` is the client's own fault and counts nowhere. */
export type HealthOutcome = 'success' | 'error' | 'rate-limited' | 'excluded'

/** One upstream call as an isolate tells it to the health object. */
export interface HealthReport {
  /** Endpoint id. */
  endpoint: string
  /** Epoch milliseconds of the outcome. */
  at: number
  outcome: HealthOutcome
  /** Only for `rate-limited`: how long the provider asked to be left alone. */
  retryAfterMs?: number
  /** Milliseconds to the first content, of a success. */
  latencyMs?: number
  /** Output tokens a second, of a success. */
  tokensPerSecond?: number
}

export interface Percentiles {
  p50: number
  p75: number
  p90: number
  p99: number
}

/** What a snapshot says of one endpoint at `HealthSnapshot.takenAt`. Times are epoch milliseconds. */
export interface EndpointHealth {
  /** A significant outage within the last 30 s: goes behind the stable ones. */
  unstable: boolean
  /** The breaker: no calls before this time, then one probe. 0 = closed. */
  openUntil: number
  /** 429 cooldown. 0 = none. */
  cooldownUntil: number
  /** `success / (success + error) * 100`, null with too little data. */
  uptime5m: number | null
  uptime30m: number | null
  uptime1d: number | null
  /** Milliseconds to the first content, over five minutes. */
  latency: Percentiles | null
  /** Output tokens a second; p90 is the rate that 90 % reach, so it descends. */
  throughput: Percentiles | null
}

/** What a health object knows of one provider on one continent. */
export interface HealthSnapshot {
  provider: string
  /** Epoch milliseconds. */
  takenAt: number
  /** The provider as a whole: open when several of its endpoints fail. 0 = closed. */
  providerOpenUntil: number
  endpoints: Record<string, EndpointHealth>
}
