import type { Envelope } from '../chat/envelope.ts'
import type { AttemptFailure, Failure } from '../chat/failure.ts'
import type { ChatRequest } from '../chat/request.ts'
import type { AttemptRecord } from '../metering/generation.ts'
import { type FailedCall, finalFailure, mayFollow, verdictOf } from '../routing/outcome.ts'
import type { Plan, PlannedAttempt } from '../routing/plan.ts'
import { attempt, type OpenStream, type WholeAnswer } from './attempt.ts'
import type { Dialect } from './dialect.ts'
import type { Gateway } from './gateway.ts'

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
  /** Epoch milliseconds at which the request came in. */
  startedAt: number
  /** Filled while the plan runs, so that whoever stops early knows what was done. */
  attempts: AttemptRecord[]
}

/** The attempt that answers, or why there is none. */
export type RunResult =
  | {
      answered: OpenStream | WholeAnswer
      planned: PlannedAttempt
      envelope: Envelope
      calledAt: number
      record: AttemptRecord
    }
  | { answered: null; failure: Failure; cancelled: boolean }

/**
 * Runs a plan: one attempt after the other until one has its first content (or whole answer). Every upstream call
 * becomes one record and one health report, here or, for a stream that answers, when it ends.
 */
export async function run(input: RunInput): Promise<RunResult> {
  const { gateway, plan, attempts } = input
  const failures: FailedCall[] = []

  for (const planned of plan.attempts) {
    const { endpoint } = planned
    const last = failures.at(-1)
    if (last && !mayFollow(last, endpoint)) continue
    if (planned.blocked === 'cooldown') continue
    if (planned.blocked === 'open' && !(await gateway.health.claimProbe(endpoint))) continue
    const calledAt = gateway.now()
    const deadlineMs = deadlineOf(input, planned, calledAt)
    // What is left of the time is no time to answer in: the client is told what happened so far instead.
    if (deadlineMs < 1_000 && failures.length > 0) break
    const envelope: Envelope = {
      id: input.generationId,
      created: input.created,
      model: planned.model.id,
      provider: endpoint.provider.name,
    }
    gateway.health.begin(endpoint)
    const outcome = await attempt({ ...input, planned, envelope, deadlineMs })
    const record: AttemptRecord = {
      endpointId: endpoint.id,
      provider: endpoint.provider.slug,
      providerName: endpoint.provider.name,
      model: endpoint.model,
      status: outcome.kind === 'failed' ? (outcome.failure.upstreamStatus ?? null) : outcome.status,
      outcome: outcome.kind === 'failed' ? outcome.failure.kind : 'ok',
      latencyMs: gateway.now() - calledAt,
      isByok: false,
      ...(endpoint.provider.direct ? {} : { router: true }),
      ...(planned.sticky ? { sticky: true } : {}),
    }
    if (outcome.kind !== 'failed') {
      attempts.push(record)
      gateway.health.answered(endpoint)
      return { answered: outcome, planned, envelope, calledAt, record }
    }
    const { failure } = outcome
    reportFailure(gateway, planned, failure)
    if (outcome.called) attempts.push(record)
    if (failure.kind === 'cancelled')
      return {
        answered: null,
        failure: { type: 'timeout', message: 'The client has gone.', status: 499 },
        cancelled: true,
      }
    failures.push({ endpoint, failure })
  }
  return { answered: null, failure: finalFailure(failures, plan, gateway.now()), cancelled: false }
}

/** Tells the health object what a failed call means for the endpoint. */
export function reportFailure(gateway: Gateway, planned: PlannedAttempt, failure: AttemptFailure): void {
  gateway.health.report(planned.endpoint, {
    at: gateway.now(),
    outcome: verdictOf(failure).health,
    ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
  })
}

/** The shorter of the attempt's own deadline and of what is left of the request's. */
function deadlineOf(input: RunInput, planned: PlannedAttempt, now: number): number {
  const { deadlines } = input.gateway
  const reasons = planned.model.reasoning.supported
  const total = reasons ? deadlines.totalReasoningMs : deadlines.totalMs
  const own = input.stream
    ? reasons
      ? deadlines.firstContentReasoningMs
      : deadlines.firstContentMs
    : reasons
      ? deadlines.wholeAnswerReasoningMs
      : deadlines.wholeAnswerMs
  return Math.min(own, input.startedAt + total - now)
}
