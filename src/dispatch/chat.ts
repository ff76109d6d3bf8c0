import type { Failure } from '../chat/failure.ts'
import { FailureError } from '../chat/failure.ts'
import type { ChatRequest } from '../chat/request.ts'
import type { AttemptRecord } from '../metering/generation.ts'
import { type HedgeRule, hedgeRuleOf, reserveHedged } from '../routing/hedge.ts'
import type { RequestNeeds } from '../routing/needs.ts'
import type { Plan } from '../routing/plan.ts'
import { seedFrom } from '../routing/random.ts'
import { promoteSticky } from '../routing/sticky.ts'
import { toolVerdict } from '../routing/tool-verdict.ts'
import { accountForCancelled } from './cancelled.ts'
import { affordableTokens, reserveNanoUsd } from './candidates.ts'
import { type Conversation, conversationNote, conversationOf } from './conversation.ts'
import { type Considered, consider, decide } from './decide.ts'
import type { Dialect, Settled } from './dialect.ts'
import type { Gateway } from './gateway.ts'
import { chargeOf, costOf, estimateUsage, generationRow, noCost } from './generation-row.ts'
import { billLost } from './hedge.ts'
import { inTime } from './in-time.ts'
import { type Refusal, stateUnavailable } from './keys.ts'
import { type RunInput, reportFailure, run } from './run.ts'
import { type StreamEnd, type StreamInput, streamAnswer } from './stream.ts'
import { suggest } from './suggest.ts'

/** One parsed request with what its surface knows of the caller. */
export interface ChatCall {
  gateway: Gateway
  request: ChatRequest
  dialect: Dialect
  keyHash: string
  generationId: string
  requestId: string
  /** Epoch milliseconds at which all of the request had come in. */
  startedAt: number
  /** Aborts when the client has gone. */
  client: AbortSignal
  /** Only what attribution needs; no other header of the client goes further than its surface. */
  app: { referer: string | null; title: string | null; userAgent: string | null; origin: string | null }
  sessionId: string | null
  betas: string[] | undefined
  /** Images, audio and files in the prompt. */
  mediaCount: number
}

export type ChatAnswer =
  | { kind: 'refused'; refusal: Refusal }
  | { kind: 'failed'; failure: Failure }
  | { kind: 'body'; body: Record<string, unknown>; providerName: string }
  | { kind: 'stream'; stream: ReadableStream<Uint8Array>; providerName: string | null }

/** How long a stream's headers wait for a clean HTTP error before keep-alives begin (`openrouter-api.md` §1.12). */
const commitAfterMs = 1_000

/**
 * One chat request's life: admit, plan, attempt, stream, settle. The key object is the only thing asked before the
 * upstream is called, and the plan is made while it answers. Whatever happens afterwards is settled exactly once.
 */
export function dispatchChat(call: ChatCall): Promise<ChatAnswer> {
  const life = answerChat(call)
  // The life of the request goes on when the client does not: what was begun is settled.
  call.gateway.waitUntil(life.catch(() => {}))
  return life
}

async function answerChat(call: ChatCall): Promise<ChatAnswer> {
  const { gateway, request } = call
  let considered: Considered
  try {
    const found = consider(request, gateway, seedFrom(gateway.random))
    // An isolate without the model reads D1; the key's object, as likely as not, has to read its key there as well.
    if (found instanceof Promise) gateway.waitUntil(gateway.keys.check(call.keyHash).catch(() => {}))
    considered = found instanceof Promise ? await found : found
  } catch (error) {
    // A caller whose key is no good learns that, and nothing about models.
    const checked = await gateway.keys.check(call.keyHash).catch(noState)
    if (checked === null) return { kind: 'failed', failure: stateUnavailable }
    if (!checked.admitted) return { kind: 'refused', refusal: checked }
    const failure = error instanceof FailureError ? await suggest(error.failure, gateway) : stateUnavailable
    return { kind: 'failed', failure }
  }

  const { candidates, needs, usable } = considered
  const told = conversationOf(call, needs, candidates, usable)
  const conversation = told && (await told)
  const hedge = needs.preferences.hedge ? hedgeRuleOf(needs, request.n ?? 1) : null
  const admission = gateway.keys.admit(call.keyHash, {
    generationId: call.generationId,
    reserveNanoUsd: reserveOf(request, considered, hedge, needs),
    conversation: conversation?.hash,
  })
  const user = request.user === undefined ? undefined : hashOf(`${call.keyHash}:${request.user}`)
  const drawn = decide(considered, gateway, { now: call.startedAt })
  const admitted = await admission.catch(noState)
  // Closed when in doubt: a key that cannot be checked is not let through.
  if (admitted === null) return { kind: 'failed', failure: stateUnavailable }
  if (!admitted.admitted) return { kind: 'refused', refusal: withTokens(admitted, request, considered, hedge) }
  const { remembered } = admitted
  const plan = remembered === undefined ? drawn : promoteSticky(drawn, remembered)
  if (conversation !== null) conversation.remembered = remembered
  const userHash = await user
  if (plan.failure !== null) return fail(call, plan.failure, plan, userHash)

  const attempts: AttemptRecord[] = []
  const excludeReasoning = request.reasoning?.exclude === true || request.include_reasoning === false
  const input: RunInput = {
    gateway,
    plan,
    request,
    stream: request.stream === true,
    dialect: call.dialect,
    generationId: call.generationId,
    created: Math.floor(call.startedAt / 1000),
    excludeReasoning,
    userHash,
    betas: call.betas,
    client: call.client,
    startedAt: call.startedAt,
    attempts,
    hedge,
  }
  const context = { call, plan, conversation, attempts, userHash }
  return input.stream ? answerStream(input, context) : answerWhole(input, context)
}

function reserveOf(
  request: ChatRequest,
  { candidates, usable }: Considered,
  hedge: HedgeRule | null,
  tokens: Pick<RequestNeeds, 'promptTokensAtMost' | 'maxOutputTokens'>,
): number {
  const worstNanoUsd = reserveNanoUsd(request, tokens, candidates, usable)
  return hedge === null ? worstNanoUsd : reserveHedged(worstNanoUsd, hedge)
}

/** With the `max_tokens` that would be admitted: of a sum of money nobody can tell what to ask for instead. */
function withTokens(refusal: Refusal, request: ChatRequest, considered: Considered, hedge: HedgeRule | null): Refusal {
  if (refusal.reason !== 'limit-exceeded') return refusal
  const { promptTokensAtMost } = considered.needs
  const reserve = (maxOutputTokens: number) =>
    reserveOf(request, considered, hedge, { promptTokensAtMost, maxOutputTokens })
  return { ...refusal, affordableTokens: affordableTokens(refusal.affordableNanoUsd, reserve) }
}

function noState(error: unknown): null {
  console.error(JSON.stringify({ event: 'state-unavailable', error: error instanceof Error ? error.name : 'unknown' }))
  return null
}

interface CallContext {
  call: ChatCall
  plan: Plan
  /** Null where there is nothing to remember of it. */
  conversation: Conversation | null
  attempts: AttemptRecord[]
  userHash: string | undefined
}

async function answerWhole(input: RunInput, context: CallContext): Promise<ChatAnswer> {
  const { gateway, dialect } = input
  const result = await run(input)
  if (result.answered === null) {
    settle(context, { failure: result.failure, cancelled: result.cancelled })
    return { kind: 'failed', failure: result.failure }
  }
  const { answered, planned, envelope, calledAt, record } = result
  if (answered.kind !== 'answer') throw new Error('a whole answer was asked for')
  const endedAt = gateway.now()
  let finish: Settled['finish'] = null
  let usage: Settled['usage'] | null = null
  let upstreamId: string | null = null
  let serviceTier: string | null = null
  let contentBytes = 0
  for (const part of answered.parts) {
    if (part.type === 'finish') finish ??= { reason: part.reason, native: part.native }
    else if (part.type === 'usage') usage = part.usage
    else if (part.type === 'start') {
      upstreamId = part.upstreamId ?? upstreamId
      serviceTier = part.serviceTier ?? serviceTier
    } else if (part.type === 'text-delta') contentBytes += part.text.length
  }
  usage ??= estimateUsage(context.plan.input.needs, contentBytes, planned)
  const spent = billLost(costOf(usage, planned), result.lost, usage, context.plan.input.needs)
  const cost = chargeOf(spent, usage, { failed: false, finished: finish !== null })
  const settled: Settled = { finish, usage, cost, isByok: false, serviceTier }
  const body = dialect.body(answered.parts, envelope, settled, {
    excludeReasoning: input.excludeReasoning,
    extras: answered.extras,
  })
  gateway.health.report(planned.endpoint, {
    at: endedAt,
    outcome: 'success',
    latencyMs: record.latencyMs,
    ...toolVerdict(answered.parts, input.request.tools, finish),
    ...(endedAt > calledAt ? { tokensPerSecond: (usage.completionTokens * 1000) / (endedAt - calledAt) } : {}),
  })
  settle(context, {
    answeredBy: planned,
    finish,
    usage,
    cost,
    upstreamId,
    serviceTier,
    translation: answered.translation,
    firstContentAt: endedAt,
  })
  return { kind: 'body', body, providerName: envelope.provider }
}

async function answerStream(input: RunInput, context: CallContext): Promise<ChatAnswer> {
  const { gateway } = input
  const running = run(input)
  const early = await inTime(running, commitAfterMs)
  if (early !== null && early.answered === null) {
    settle(context, { failure: early.failure, cancelled: early.cancelled })
    return { kind: 'failed', failure: early.failure }
  }
  const answer: StreamInput = {
    gateway,
    dialect: input.dialect,
    running,
    waited: early === null,
    client: input.client,
    fallbackEnvelope: {
      id: input.generationId,
      created: input.created,
      model: input.plan.attempts[0]?.model.id ?? '',
      provider: input.plan.attempts[0]?.endpoint.provider.name ?? '',
    },
    needs: context.plan.input.needs,
    renew: () => gateway.waitUntil(gateway.keys.renew(context.call.keyHash, input.generationId).catch(noState)),
  }
  const { stream, done } = streamAnswer(answer, (end) => settleStream(context, end))
  gateway.waitUntil(done)
  return { kind: 'stream', stream, providerName: early?.answered ? early.envelope.provider : null }
}

function settleStream(context: CallContext, end: StreamEnd): Promise<void> {
  const { gateway } = context.call
  const { planned } = end
  if (planned !== null) {
    if (end.attemptFailure !== null) {
      const record = context.attempts.at(-1)
      if (record) record.outcome = end.attemptFailure.kind
      reportFailure(gateway, planned, end.attemptFailure)
    } else {
      const tookMs = end.endedAt - end.calledAt
      gateway.health.report(planned.endpoint, {
        at: end.endedAt,
        outcome: end.cancelled ? 'excluded' : 'success',
        latencyMs: end.latencyMs,
        ...(end.cancelled ? {} : toolVerdict(end.toolCalls, context.call.request.tools, end.finish)),
        ...(tookMs > 0 && end.usage ? { tokensPerSecond: (end.usage.completionTokens * 1000) / tookMs } : {}),
      })
    }
  }
  return settleRow(context, {
    answeredBy: planned,
    failure: end.failure,
    cancelled: end.cancelled,
    finish: end.finish,
    usage: end.usage,
    cost: end.cost,
    upstreamId: end.upstreamId,
    serviceTier: end.serviceTier,
    translation: end.translation,
    firstContentAt: end.firstContentAt,
  })
}

type EndingFields = Partial<Parameters<typeof generationRow>[1]>

function settle(context: CallContext, ending: EndingFields): void {
  context.call.gateway.waitUntil(settleRow(context, ending))
}

/** Rejects, and never throws: what cannot be put on record must not cost a good answer. */
async function settleRow(context: CallContext, ending: EndingFields): Promise<void> {
  const { call, plan, attempts } = context
  const streamed = call.request.stream === true
  const cancelled = ending.cancelled ? accountForCancelled(attempts, plan.attempts, plan.input.needs, streamed) : null
  return call.gateway.keys.settle(
    generationRow(call, {
      answeredBy: null,
      failure: null,
      cancelled: false,
      finish: null,
      usage: null,
      cost: noCost,
      upstreamId: null,
      serviceTier: null,
      translation: [],
      firstContentAt: null,
      endedAt: call.gateway.now(),
      ...ending,
      ...cancelled,
      attempts,
      plan,
      userHash: context.userHash,
    }),
    conversationNote(context.conversation, ending),
  )
}

/** An admitted request that could not be planned: told to the client and settled, so that its reservation is freed. */
function fail(call: ChatCall, failure: Failure, plan: Plan, userHash: string | undefined): ChatAnswer {
  settle({ call, plan, conversation: null, attempts: [], userHash }, { failure })
  return { kind: 'failed', failure }
}

async function hashOf(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
  return [...digest.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
