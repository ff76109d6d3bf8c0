import type { EndpointRecord } from '../catalog/records.ts'
import type { TokenUsage } from '../chat/usage.ts'
import { noUsage } from '../chat/usage.ts'
import type { AttemptRecord } from '../metering/generation.ts'
import { priceUsage, type UsageCost } from '../metering/price-usage.ts'
import { promptTokensFor } from '../routing/compression.ts'
import type { RequestNeeds } from '../routing/needs.ts'
import type { PlannedAttempt } from '../routing/plan.ts'
import type { InFlight } from './attempt.ts'
import { attemptRecord } from './attempt-record.ts'
import type { Gateway } from './gateway.ts'
import { inTime } from './in-time.ts'
import type { Call } from './run.ts'

export interface HedgeInput {
  gateway: Gateway
  first: PlannedAttempt
  /** How long the first has before the second starts. */
  afterMs: number
  /** Asked when that time is over: who runs beside the first, null for nobody. A yes is followed by the call. */
  target(): PlannedAttempt | null
  /** Makes a call that ends when `client` aborts. */
  start(planned: PlannedAttempt, client: AbortSignal, inFlight: InFlight): Promise<Call>
  /** Whether a call to the endpoint is no longer billed once it is cancelled. */
  cancels(endpoint: EndpointRecord): boolean
  /** Aborts when the client has gone. */
  client: AbortSignal
}

export interface Hedged {
  /** Those that ended by themselves, in their order; if one answered it is the last. */
  calls: Call[]
  second: PlannedAttempt | null
  lost: LostCall | null
}

/** A call that was given up because the other one was quicker. */
export interface LostCall {
  planned: PlannedAttempt
  inFlight: InFlight
  record: AttemptRecord
  /** Billed no further than it came. */
  cancelled: boolean
  /** What it metered, where its answer was whole at the same moment. */
  usage: TokenUsage | null
}

interface Runner {
  planned: PlannedAttempt
  abort: AbortController
  inFlight: InFlight
  calledAt: number
  done: Promise<Call>
}

/**
 * One call, and a second beside it when the first is late. The first that answers (with content: lifecycle events win
 * nothing) ends the other at once; one that fails leaves it to the other. A client that goes ends both.
 */
export async function hedged(input: HedgeInput): Promise<Hedged> {
  const { client } = input
  const first = launch(input.first, input)
  let second: Runner | null = null
  const stop = () => {
    first.abort.abort()
    second?.abort.abort()
  }
  client.addEventListener('abort', stop, { once: true })
  if (client.aborted) stop()
  try {
    const early = await inTime(first.done, input.afterMs)
    const target = early !== null || client.aborted ? null : input.target()
    if (target === null) return { calls: [early ?? (await first.done)], second: null, lost: null }
    second = launch(target, input)
    const one = await Promise.race([first.done, second.done])
    const other = one.planned === target ? first : second
    return one.outcome.kind === 'failed'
      ? { calls: [one, await other.done], second: target, lost: null }
      : { calls: [one], second: target, lost: giveUp(other, other === first, input) }
  } catch (bug) {
    stop()
    throw bug
  } finally {
    client.removeEventListener('abort', stop)
  }
}

function launch(planned: PlannedAttempt, { gateway, start }: HedgeInput): Runner {
  const abort = new AbortController()
  const inFlight: InFlight = { called: false, status: null, progress: null }
  const done = start(planned, abort.signal, inFlight)
  // Whoever still waits for it hears of it; nobody may.
  done.catch(() => {})
  return { planned, abort, inFlight, calledAt: gateway.now(), done }
}

function giveUp(
  { planned, abort, inFlight, calledAt, done }: Runner,
  wasFirst: boolean,
  { gateway, cancels }: HedgeInput,
): LostCall | null {
  abort.abort()
  const now = gateway.now()
  const latencyMs = now - calledAt
  // Nobody's fault. Of a second call, that was only just begun, the time says nothing.
  const known = wasFirst && inFlight.called ? { latencyAtLeastMs: latencyMs } : {}
  gateway.health.report(planned.endpoint, { at: now, outcome: 'excluded', ...known })
  if (!inFlight.called) return null
  const record = attemptRecord(planned, { status: inFlight.status, outcome: 'hedged', latencyMs })
  const lost: LostCall = { planned, inFlight, record, cancelled: cancels(planned.endpoint), usage: null }
  const ended = done.then(
    ({ outcome }) => {
      // It answered at the very same moment.
      if (outcome.kind === 'stream') {
        outcome.cancel()
        outcome.reader.cancel()
      } else if (outcome.kind === 'answer') {
        for (const part of outcome.parts) if (part.type === 'usage') lost.usage = part.usage
      }
    },
    () => {},
  )
  gateway.waitUntil(ended)
  return lost
}

/**
 * What an answer costs together with the call that lost against it, noted in the loser's record too. What the loser did
 * not meter is estimated: the winner's prompt, and, where the provider goes on with a call that is cancelled, its answer.
 */
export function billLost(cost: UsageCost, lost: LostCall | null, winner: TokenUsage, needs: RequestNeeds): UsageCost {
  if (lost === null) return cost
  const { record, inFlight, planned } = lost
  const usage = lost.usage ?? inFlight.progress?.usage ?? estimateLost(lost, winner, needs)
  const spent = priceUsage(usage, planned.endpoint)
  record.costNanoUsd = spent.costNanoUsd
  if (usage.estimated) record.costEstimated = true
  return {
    costNanoUsd: cost.costNanoUsd + spent.costNanoUsd,
    promptNanoUsd: cost.promptNanoUsd + spent.promptNanoUsd,
    completionNanoUsd: cost.completionNanoUsd + spent.completionNanoUsd,
    cacheDiscountNanoUsd: cost.cacheDiscountNanoUsd + spent.cacheDiscountNanoUsd,
  }
}

function estimateLost({ inFlight, cancelled, planned }: LostCall, winner: TokenUsage, needs: RequestNeeds): TokenUsage {
  const cut = planned.promptBudgetTokens !== undefined
  const written = Math.ceil((inFlight.progress?.contentBytes ?? 0) / 4)
  return {
    ...noUsage,
    promptTokens: cut ? Math.min(winner.promptTokens, promptTokensFor(needs, planned)) : winner.promptTokens,
    completionTokens: cancelled ? written : Math.max(written, winner.completionTokens),
    estimated: true,
  }
}
