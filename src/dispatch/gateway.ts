import type { Catalog } from '../catalog/catalog.ts'
import type { EndpointRecord } from '../catalog/records.ts'
import type { Patience } from '../edge/patience.ts'
import type { Credential } from '../providers/wire.ts'
import type { AutoTiers } from '../routing/auto/tiers.ts'
import type { RetryBudget } from '../routing/retry-budget.ts'
import type { AccountSettings } from './account-settings.ts'
import type { Health } from './health.ts'
import type { KeyDirectory } from './key-directory.ts'
import type { Keys } from './keys.ts'

/** Deadlines of upstream calls, in milliseconds. */
export interface Deadlines {
  /** From the call to the first content of a stream. */
  firstContentMs: number
  firstContentReasoningMs: number
  /** From the call to the end of an answer that is not streamed. */
  wholeAnswerMs: number
  wholeAnswerReasoningMs: number
  /** Silence in the middle of a stream. */
  idleMs: number
  idleReasoningMs: number
  /** From the request to the first content, over all attempts. */
  totalMs: number
  totalReasoningMs: number
}

export interface Settings {
  environment: 'production' | 'development'
  /** The region this request's host answers for: `global`, `eu`. */
  region: string
  maxBodyBytes: number
  /** `KEY_CHECKSUM_SECRET`: what the checksums of keys are made with. Missing or empty: a public constant. */
  keyChecksumSecret?: string
  /** `AUTO_ROUTER_TIERS`: what `openrouter/auto` chooses from; missing: what the catalogue makes of itself. */
  autoRouterTiers?: AutoTiers
  /** Where the operator is found in error texts and links, e.g. `https://gw.example`. */
  origin: string
}

/**
 * Everything outside the rooms, as one request needs it. Filled by `gateway.ts` from bindings, by tests from doubles.
 */
export interface Gateway {
  /** Epoch milliseconds. */
  now(): number
  /** Uniform in [0, 1). */
  random(): number
  settings: Settings
  deadlines: Deadlines
  catalog: Catalog
  keys: Keys
  directory: KeyDirectory
  account: AccountSettings
  health: Health
  /** This isolate's. */
  retryBudget: RetryBudget
  /** This request's. */
  patience: Patience
  /** The credential and base URL for an endpoint, or null when it is not usable here. Synchronous, from memory. */
  access(endpoint: EndpointRecord): { baseUrl: string; credential: Credential | null } | null
  /** Whether only the address keeps an endpoint from being usable: it is configured, and the egress would refuse it. */
  refusesAddress(endpoint: EndpointRecord): boolean
  /** The one egress. Rejects with a `FailureError` where the address is refused. */
  fetch(url: string, init: RequestInit): Promise<Response>
  /** Whether it is the management key from the environment; compared in constant time. */
  isOperatorKey(key: string): Promise<boolean>
  waitUntil(promise: Promise<unknown>): void
}
