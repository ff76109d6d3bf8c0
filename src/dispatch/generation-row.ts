import type { Failure } from '../chat/failure.ts'
import { statusOf } from '../chat/failure.ts'
import type { TokenUsage } from '../chat/usage.ts'
import { noUsage } from '../chat/usage.ts'
import type { AttemptRecord, GenerationRow } from '../metering/generation.ts'
import { priceUsage, type UsageCost } from '../metering/price-usage.ts'
import type { TranslationNote } from '../providers/wire.ts'
import { promptTokensFor } from '../routing/compression.ts'
import type { RequestNeeds } from '../routing/needs.ts'
import type { Plan, PlannedAttempt } from '../routing/plan.ts'
import { recordOf } from '../routing/record-of.ts'
import { routedBy } from '../routing/router-ids.ts'
import type { ChatCall } from './chat.ts'

export const noCost: UsageCost = { costNanoUsd: 0, promptNanoUsd: 0, completionNanoUsd: 0, cacheDiscountNanoUsd: 0 }

/** What a request came to, as far as it came. */
export interface Ending {
  answeredBy: PlannedAttempt | null
  attempts: AttemptRecord[]
  plan: Plan | null
  failure: Failure | null
  cancelled: boolean
  finish: { reason: string; native: string | null } | null
  usage: TokenUsage | null
  cost: UsageCost
  /** Where it is neither `cost` nor what `usage` costs at the endpoint that answered. */
  upstreamCostNanoUsd?: number
  upstreamId: string | null
  serviceTier: string | null
  translation: TranslationNote[]
  /** Epoch milliseconds of the first content, or null. */
  firstContentAt: number | null
  endedAt: number
  userHash: string | undefined
}

/**
 * What tokens cost the account. An answer that failed or was empty is free (`openrouter-privacy-money-limits.md` §6.5:
 * zero-completion insurance); what the upstream metered is kept beside it, so that the ledger still adds up.
 */
export function chargeOf(
  cost: UsageCost,
  usage: TokenUsage | null,
  ending: { failed: boolean; finished: boolean },
): UsageCost {
  const empty = (usage?.completionTokens ?? 0) === 0 && !ending.finished
  return ending.failed || empty ? noCost : cost
}

/**
 * The usage to account for when the provider metered nothing: a marked estimate, four bytes a token. Nobody pays for
 * messages that were left out.
 */
export function estimateUsage(needs: RequestNeeds, contentBytes: number, planned: PlannedAttempt): TokenUsage {
  const promptTokens = promptTokensFor(needs, planned)
  return { ...noUsage, promptTokens, completionTokens: Math.ceil(contentBytes / 4), estimated: true }
}

export function costOf(usage: TokenUsage | null, planned: PlannedAttempt): UsageCost {
  return usage === null ? noCost : priceUsage(usage, planned.endpoint)
}

export function generationRow(call: ChatCall, ending: Ending): GenerationRow {
  const { answeredBy, usage, plan, failure } = ending
  const endpoint = answeredBy?.endpoint ?? null
  const model = answeredBy?.model ?? plan?.attempts[0]?.model ?? null
  // What was charged is what was metered, unless nothing was charged.
  const upstreamCostNanoUsd =
    ending.upstreamCostNanoUsd ??
    (ending.cost !== noCost || !answeredBy
      ? ending.cost.costNanoUsd
      : costOf(usage, answeredBy).costNanoUsd + lostNanoUsd(ending.attempts))
  return {
    id: call.generationId,
    requestId: call.requestId,
    keyHash: call.keyHash,
    createdAt: call.startedAt,
    model: model?.id ?? call.request.model ?? call.request.models?.[0] ?? '',
    canonicalSlug: model?.canonicalSlug ?? '',
    requestedModel: call.request.model ?? call.request.models?.[0] ?? '',
    router: routedBy((answeredBy ?? plan?.attempts[0])?.requestedId ?? ''),
    endpointId: endpoint?.id ?? null,
    provider: endpoint?.provider.slug ?? null,
    providerName: endpoint?.provider.name ?? null,
    upstreamId: ending.upstreamId,
    apiType: 'completions',
    streamed: call.request.stream === true,
    cancelled: ending.cancelled,
    status: failure === null ? 200 : statusOf(failure),
    errorType: failure?.type ?? null,
    finishReason: failure !== null && answeredBy ? 'error' : (ending.finish?.reason ?? null),
    nativeFinishReason: ending.finish?.native ?? null,
    latencyMs: ending.firstContentAt === null ? null : ending.firstContentAt - call.startedAt,
    generationMs: ending.endedAt - call.startedAt,
    promptTokens: usage?.promptTokens ?? 0,
    completionTokens: usage?.completionTokens ?? 0,
    cachedTokens: usage?.cachedTokens ?? 0,
    cacheWriteTokens: usage?.cacheWriteTokens ?? 0,
    reasoningTokens: usage?.reasoningTokens ?? 0,
    imageOutputTokens: usage?.imageOutputTokens ?? 0,
    usageEstimated: usage?.estimated === true,
    costNanoUsd: ending.cost.costNanoUsd,
    upstreamCostNanoUsd,
    cacheDiscountNanoUsd: ending.cost.cacheDiscountNanoUsd,
    isByok: false,
    serviceTier: ending.serviceTier,
    region: call.gateway.settings.region,
    attempts: ending.attempts,
    excluded: [],
    translation: ending.translation,
    catalogVersion: plan?.catalogVersion ?? '',
    seed: plan?.seed ?? 0,
    decision: plan === null ? null : recordOf(plan),
    appReferer: call.app.referer,
    appTitle: call.app.title,
    userAgent: call.app.userAgent,
    origin: call.app.origin,
    externalUser: ending.userHash ?? null,
    sessionId: call.sessionId,
    numMediaPrompt: call.mediaCount,
  }
}

function lostNanoUsd(attempts: AttemptRecord[]): number {
  return attempts.reduce((sum, { costNanoUsd = 0 }) => sum + costNanoUsd, 0)
}
