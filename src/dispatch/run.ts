import type { ProviderRecord } from '../catalog/records.ts'
import type { Envelope } from '../chat/envelope.ts'
import type { AttemptFailure, Failure } from '../chat/failure.ts'
import type { ChatRequest } from '../chat/request.ts'
import type { AttemptRecord } from '../metering/generation.ts'
import { providerOf } from '../providers/registry.ts'
import { type HedgeRule, hedgeAfterMs, hedgeTarget } from '../routing/hedge.ts'
import { type FailedCall, finalFailure, mayFollow, verdictOf } from '../routing/outcome.ts'
import type { Plan, PlannedAttempt } from '../routing/plan.ts'
import { affordsHedge, affordsRetry, earnRetries, spendRetry } from '../routing/retry-budget.ts'
import { attempt, type FailedAttempt, type InFlight, type OpenStream, type WholeAnswer } from './attempt.ts'
import { attemptRecord } from './attempt-record.ts'
import { type Deadline, deadlineOf } from './deadline.ts'
import type { Dialect } from './dialect.ts'
import type { Gateway } from './gateway.ts'
import { type Hedged, hedged, type LostCall } from './hedge.ts'

/** With less time than this no provider is asked any more. */
const leastMs = 1_000

export interface RunInput {
  gateway: Gateway
  plan: Plan
  request: ChatRequest
  stream: boolean
  dialect: Dialect
  generationId: string
  created: number
  excludeReasoning: boolean
  userHash: string | undefined
  betas: string[] | undefined
  client: AbortSignal
  /** Epoch milliseconds at which all of the request had come in. */
  startedAt: number
  /** Filled while the plan runs, so that whoever stops early knows what was done. */
  attempts: AttemptRecord[]
  /** Null for a request that doesn't ask for it. */
  hedge: HedgeRule | null
}

/** One upstream call that is over, or that answers. */
export interface Call {
  planned: PlannedAttempt
  envelope: Envelope
  calledAt: number
  outcome: OpenStream | WholeAnswer | FailedAttempt
  record: AttemptRecord
}

/** The attempt that answers, or why there is none. */
export type RunResult =
  | {
      answered: OpenStream | WholeAnswer
      planned: PlannedAttempt
      envelope: Envelope
      calledAt: number
      record: AttemptRecord
      /** The call that ran beside it and was given up. */
      lost: LostCall | null
    }
  | { answered: null; failure: Failure; cancelled: boolean }

/**
 * Runs a plan: one attempt after the other until one has its first content (or whole answer). Every upstream call
 * becomes one record and one health report, here or, for a stream that answers, when it ends.
 */
export async function run(input: RunInput): Promise<RunResult> {
  const { gateway, plan, attempts, hedge } = input
  const { retryBudget } = gateway
  const failures: FailedCall[] = []
  // The call that ran beside another one; a request has one at most.
  let second: PlannedAttempt | null = null

  for (const [index, planned] of plan.attempts.entries()) {
    const { endpoint } = planned
    if (planned === second || !failures.every((failed) => mayFollow(failed, endpoint))) continue
    if (planned.blocked === 'cooldown') continue
    // Two have failed, and there is no reason to hope for this one: in a brown-out that would only add to the load.
    if (attempts.length > 1 && gateway.health.of(endpoint)?.unstable && !affordsRetry(retryBudget)) {
      planned.skipped = 'retry_budget'
      continue
    }
    if (planned.blocked === 'open' && !(await gateway.health.claimProbe(endpoint))) continue
    const now = gateway.now()
    // What is left of the time is no time to answer in: the client is told what happened so far instead.
    if (deadlineFor(input, planned, now).ms < leastMs && failures.length > 0) break
    if (failures.length === 0) earnRetries(retryBudget, now)
    // What no provider was asked, such as a parameter it cannot be told, adds no load.
    else if (attempts.length > 0) spendRetry(retryBudget)

    const afterMs = hedge === null || second !== null ? null : hedgeAfterMs(hedge, gateway.health.of(endpoint))
    let race: Hedged | null = null
    if (hedge !== null && afterMs !== null) {
      const others = plan.attempts.slice(index + 1)
      race = await hedged({
        gateway,
        first: planned,
        afterMs,
        target: () => hedgeWith(input, hedge, planned, others, failures),
        start: (other, client, inFlight) => callEndpoint(input, other, client, inFlight),
        cancels: ({ provider }) => isCancelled(input, provider),
        client: input.client,
      })
      second = race.second
    }
    let gone = false
    for (const call of race?.calls ?? [await callEndpoint(input, planned, input.client)]) {
      const { outcome, record } = call
      if (outcome.kind !== 'failed') {
        if (race?.lost) attempts.push(race.lost.record)
        attempts.push(record)
        gateway.health.answered(call.planned.endpoint)
        return { ...call, answered: outcome, lost: race?.lost ?? null }
      }
      const { failure } = outcome
      reportFailure(gateway, call.planned, failure)
      if (outcome.called) attempts.push(record)
      else if (failure.kind === 'unsupported') call.planned.skipped = 'untold'
      gone ||= failure.kind === 'cancelled'
      failures.push({ endpoint: call.planned.endpoint, failure })
    }
    if (gone)
      return {
        answered: null,
        failure: { type: 'timeout', message: 'The client has gone.', status: 499 },
        cancelled: true,
      }
  }
  return { answered: null, failure: finalFailure(failures, plan, gateway.now()), cancelled: false }
}

function deadlineFor({ gateway, stream, startedAt }: RunInput, { model }: PlannedAttempt, now: number): Deadline {
  const { deadlines } = gateway
  return deadlineOf({ deadlines, stream, reasons: model.reasoning.supported, startedAt }, now)
}

async function callEndpoint(
  input: RunInput,
  planned: PlannedAttempt,
  client: AbortSignal,
  inFlight?: InFlight,
): Promise<Call> {
  const { gateway } = input
  const { endpoint } = planned
  const calledAt = gateway.now()
  const envelope: Envelope = {
    id: input.generationId,
    created: input.created,
    model: planned.model.id,
    provider: endpoint.provider.name,
  }
  gateway.health.begin(endpoint)
  const outcome = await attempt({
    ...input,
    planned,
    envelope,
    client,
    deadline: deadlineFor(input, planned, calledAt),
    ...(inFlight && { inFlight }),
  })
  const failed = outcome.kind === 'failed'
  const record = attemptRecord(planned, {
    status: failed ? (outcome.failure.upstreamStatus ?? null) : outcome.status,
    outcome: failed ? outcome.failure.kind : 'ok',
    latencyMs: gateway.now() - calledAt,
  })
  return { planned, envelope, calledAt, outcome, record }
}

/** Who runs beside a call that is late, and takes its share of the retry budget; null where nobody may. */
function hedgeWith(
  input: RunInput,
  rule: HedgeRule,
  first: PlannedAttempt,
  others: readonly PlannedAttempt[],
  failures: readonly FailedCall[],
): PlannedAttempt | null {
  const { gateway } = input
  if (!affordsHedge(gateway.retryBudget)) return null
  const now = gateway.now()
  const able = others.filter(({ endpoint }) => failures.every((failed) => mayFollow(failed, endpoint)))
  const target = hedgeTarget(rule, first, able, {
    health: (endpoint) => gateway.health.of(endpoint),
    cancels: ({ provider }) => isCancelled(input, provider),
    now,
  })
  if (target === null || deadlineFor(input, target, now).ms < leastMs) return null
  spendRetry(gateway.retryBudget)
  return target
}

/** A whole answer is billed to its end whoever waits for it (`openrouter-api.md` §1.12). */
function isCancelled({ stream }: RunInput, provider: ProviderRecord): boolean {
  return stream && providerOf(provider)?.cancels === true
}

/** Tells the health object what a failed call means for the endpoint. */
export function reportFailure(gateway: Gateway, planned: PlannedAttempt, failure: AttemptFailure): void {
  gateway.health.report(planned.endpoint, {
    at: gateway.now(),
    outcome: verdictOf(failure).health,
    ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
  })
}
