import type { Modality } from '../catalog/records.ts'
import type { ReasoningSwitch } from '../chat/reasoning-switch.ts'
import type { ProviderPreferences } from '../chat/request.ts'

/**
 * Why a request went where it went: what the decision was made from and what came of it, small enough to be kept with
 * every request. Metadata only: names of the catalogue, rule codes and numbers, and of the client's own words none.
 *
 * An endpoint is called by its tag where it is one of the first model's, `tag@1` where it is of the second, …; what
 * cannot be said so is `=` and its whole id.
 */
export interface DecisionRecord {
  seed: number
  /** Epoch milliseconds. */
  at: number
  /** The catalogue's version. */
  catalog: string
  region: string
  models: RecordedModel[]
  needs: RecordedNeeds
  /** What the request asked for, with the account's defaults; of slugs only those that some endpoint has. */
  preferences?: ProviderPreferences
  /** The account's own lists and default order. */
  account?: Pick<ProviderPreferences, 'only' | 'ignore' | 'quantizations' | 'jurisdictions' | 'regions' | 'sort'>
  /** Endpoints in the order in which they were to be tried, */
  order: string[]
  /** then those beyond the bound of attempts. */
  beyond?: string[]
  /** The chance that each of `order` and `beyond` had of being first, to four digits; 0 at the end is left out. */
  chances: number[]
  /** Endpoints by the rule that removed them. */
  out: Record<string, string[]>
  /** Of endpoints that were not out: what was not calm, or was measured and asked for. */
  health?: Record<string, RecordedHealth>
  /** Its breaker was open, and this request was to be the probe. */
  probe?: string
  /** It answered the conversation before, and so was to be the first. */
  sticky?: string
  /** Their turn came, and they were not called for the sake of all: extra calls have a budget. */
  skipped?: string[]
  /** Their turn came, and they could not be told a part of the request. */
  untold?: string[]
  /** There were too many endpoints to keep them all, so this decision cannot be replayed. */
  cut?: true
}

export interface RecordedModel {
  /** As the client named it. */
  asked: string
  /** Where it is another. */
  id?: string
  freeOnly?: true
  dynamics?: string[]
}

/** Of `RequestNeeds` what is not as in a plain chat request. */
export interface RecordedNeeds {
  promptTokens: number
  minPromptTokens: number
  route?: 'embeddings' | 'rerank'
  input?: readonly Modality[]
  output?: readonly Modality[]
  tools?: true
  verbosity?: true
  reasoningOff?: ReasoningSwitch
  /** `json_schema` stands for a `response_format` with a schema. */
  parameters?: string[]
  maxOutputTokens?: number
  serviceTier?: string
  legacyRoute?: 'fallback' | 'sort'
  /** Only where leaving out messages could come into it. */
  messages?: number
  systemTokens?: number
  outsideMessagesTokens?: number
  /** What the client said of it. */
  compression?: boolean
}

export interface RecordedHealth {
  unstable?: true
  band?: 'degraded' | 'down'
  /** Epoch milliseconds until which a breaker was open, or a cooldown went on. */
  openUntil?: number
  cooldownUntil?: number
  /** p50, or p50 to p99 where more than the median was asked for: milliseconds, and tokens a second. */
  latency?: number[]
  throughput?: number[]
  /** Where quality counted: there were calls enough to judge, and the share of good tool calls. */
  measured?: true
  toolSuccess?: number
}
