/** How an upstream call counts (`openrouter-routing.md` §3.7). `excluded` is the client's own fault and counts nowhere. */
export type HealthOutcome = 'success' | 'error' | 'rate-limited' | 'excluded'

/** One upstream call as an isolate tells it to the health object. */
export interface HealthReport {
  /** Endpoint id. */
  endpoint: string
  /** Epoch milliseconds of the outcome. */
  at: number
  /** `answered` is no outcome yet: a call has its first content. It decides a probe and counts nowhere else. */
  outcome: HealthOutcome | 'answered'
  /** Only for `rate-limited`: how long the provider asked to be left alone. */
  retryAfterMs?: number
  /** Milliseconds to the first content, of a success. */
  latencyMs?: number
  /** Of a call that was given up for another one that was quicker: without these a percentile would be of the quick ones. */
  latencyAtLeastMs?: number
  /** Output tokens a second, of a success. */
  tokensPerSecond?: number
  /** Of a success that called tools: whether every call could be made. Left out where nobody looked. */
  toolCalls?: 'ok' | 'bad'
}

/** What an isolate sends to a health object; the answer is a `HealthSnapshot`. */
export interface HealthMessage {
  /** A random name of the isolate, or of its line to this object. */
  isolate: string
  /** The number of the first report, counted by the isolate: a report that arrives twice counts once. */
  firstSequence: number
  /** The isolate's clock as it sends, so that the object can undo a difference of clocks. */
  sentAt: number
  reports: HealthReport[]
  /** The `revision` of the last snapshot that arrived: only what changed since is answered. 0 = everything. */
  knownRevision: number
}

export interface Percentiles {
  p50: number
  p75: number
  p90: number
  p99: number
}

/** By uptime, from 100 calls on (§3.7): from 95 % normal, from 80 % degraded (lower priority), below down (fallback only). */
export type HealthBand = 'normal' | 'degraded' | 'down'

/** What is known of one endpoint. Times are epoch milliseconds. */
export interface EndpointHealth {
  /** A significant outage within the last 30 s: goes behind the stable ones. */
  unstable: boolean
  /** The breaker: no calls before this time, then one probe. 0 = closed. */
  openUntil: number
  /** This isolate holds the probe of an open endpoint: `takeProbe` would hand it out. Never set in a snapshot. */
  probeReady: boolean
  /** 429 cooldown. 0 = none. */
  cooldownUntil: number
  band: HealthBand
  /** `success / (success + error) * 100`, null with too little data. */
  uptime5m: number | null
  uptime30m: number | null
  uptime1d: number | null
  /** Milliseconds to the first content, over five minutes. */
  latency: Percentiles | null
  /** Output tokens a second; p90 is the rate that 90 % reach, so it descends. */
  throughput: Percentiles | null
  /** There were enough calls within 30 minutes to compare it with its peers. Left out where not. */
  measured?: true
  /** Share (0 to 1) of answers with tool calls of which every call could be made. Left out below 200 within two hours. */
  toolSuccess?: number
}

/** What a health object knows of one provider on one continent. */
export interface HealthSnapshot {
  provider: string
  /** Epoch milliseconds. */
  takenAt: number
  /** Grows with every change; see `HealthMessage.knownRevision`. */
  revision: number
  /** The provider as a whole: open when several of its endpoints fail. 0 = closed. */
  providerOpenUntil: number
  /** The endpoints that changed since the revision that the asker knew, by id. */
  endpoints: Record<string, EndpointHealth>
}

/** An endpoint of which nothing bad, or nothing at all, is known. */
export const calmHealth: Readonly<EndpointHealth> = Object.freeze({
  unstable: false,
  openUntil: 0,
  probeReady: false,
  cooldownUntil: 0,
  band: 'normal',
  uptime5m: null,
  uptime30m: null,
  uptime1d: null,
  latency: null,
  throughput: null,
})
