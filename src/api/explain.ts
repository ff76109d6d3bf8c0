import { Hono } from 'hono/tiny'
import type { ModelEntry } from '../catalog/records.ts'
import { errorJson } from '../chat/error-json.ts'
import { FailureError } from '../chat/failure.ts'
import type { ChatRequest } from '../chat/request.ts'
import { type Considered, consider, decide } from '../dispatch/decide.ts'
import type { Gateway } from '../dispatch/gateway.ts'
import { stateUnavailable } from '../dispatch/keys.ts'
import { suggest } from '../dispatch/suggest.ts'
import { takeUntold } from '../dispatch/untold.ts'
import { readBody } from '../edge/body.ts'
import type { DecisionRecord } from '../metering/decision-record.ts'
import { modelIdsOf } from '../routing/endpoint-refs.ts'
import { finalFailure } from '../routing/outcome.ts'
import type { Plan } from '../routing/plan.ts'
import { seedFrom } from '../routing/random.ts'
import { recordOf } from '../routing/record-of.ts'
import { replay } from '../routing/replay.ts'
import { anyCaller, inferenceCaller } from './authenticate.ts'
import { parseChatRequest } from './chat-completions/parse.ts'
import { betasOf } from './chat-completions/surface.ts'
import { presentDecision } from './explanation.ts'
import { findGeneration } from './generation.ts'
import { refusePrivateMedia } from './media-addresses.ts'
import type { SurfaceContext, SurfaceEnv } from './surface.ts'

/**
 * `/route/explain`, beyond the contract: why a request goes where it goes. `POST` takes the body of a chat completion
 * and decides without calling anybody: it fills no window, costs nothing and takes no probe. `?seed=` is a decision's
 * own, so that an old one can be held against what would be decided now. `GET ?generation=` tells of a past decision.
 */
export const explain = new Hono<SurfaceEnv>()
  .post('/route/explain', async (c) => {
    await inferenceCaller(c)
    const gateway = c.env.gateway
    const seed = seedOf(c) ?? seedFrom(gateway.random)
    const request = parseChatRequest(await readBody(c.req.raw, gateway.settings.maxBodyBytes))
    refusePrivateMedia(request, gateway.settings.environment)
    const now = gateway.now()
    const plan = decide(await considered(request, gateway, seed), gateway, { now, looking: true })
    const untold = takeUntold(plan, { request, betas: betasOf(c.req.raw.headers) }, gateway)
    const failure =
      plan.failure ?? (plan.attempts.every(({ blocked }) => blocked) ? finalFailure(untold, plan, now) : null)
    return c.json({
      data: {
        generation_id: null,
        ...presentDecision(recordOf(plan), plan),
        error: failure && errorJson(failure, gateway.settings.origin),
      },
    })
  })
  .get('/route/explain', async (c) => {
    const caller = await anyCaller(c)
    const row = await findGeneration(c, caller.hash, 'generation')
    const { decision } = row
    if (decision === null)
      throw new FailureError({ type: 'not_found', message: `Generation ${row.id} has no decision on record.` })
    const plan = replayed(decision, await entriesOf(decision, c.env.gateway))
    return c.json({
      data: {
        generation_id: row.id,
        replayed: plan !== null,
        ...presentDecision(decision, plan),
        error: row.errorType && { code: row.status, metadata: { error_type: row.errorType } },
      },
    })
  })

/** @throws FailureError 400 for a seed that is none */
function seedOf(c: SurfaceContext): number | null {
  const text = c.req.query('seed')
  if (text === undefined) return null
  const seed = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (seed < 2 ** 32) return seed
  throw new FailureError({
    type: 'invalid_request',
    message: 'The query parameter "seed" must be a whole number from 0 to 4294967295.',
    metadata: { field: 'seed' },
  })
}

async function considered(request: ChatRequest, gateway: Gateway, seed: number): Promise<Considered> {
  try {
    return await consider(request, gateway, seed)
  } catch (error) {
    const failure = error instanceof FailureError ? await suggest(error.failure, gateway) : stateUnavailable
    throw new FailureError(failure)
  }
}

/** The models of a record as the catalogue has them now; none where it is out of reach. */
async function entriesOf(record: DecisionRecord, { catalog }: Gateway): Promise<ModelEntry[]> {
  try {
    const found = await Promise.all(modelIdsOf(record).map((id) => catalog.model(id)))
    return found.filter((entry) => entry !== null)
  } catch {
    return []
  }
}

/**
 * The plan made again, if it is the same: the catalogue may have changed, an operator's own endpoints and prices change
 * without its version, and a newer gateway may decide otherwise.
 */
function replayed(record: DecisionRecord, entries: readonly ModelEntry[]): Plan | null {
  const plan = replay(record, entries)
  // What became of an attempt when its turn came is no part of the plan.
  const { skipped: _skipped, untold: _untold, ...decided } = record
  return plan && isDeepEqual(recordOf(plan), decided) ? plan : null
}

function isDeepEqual(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b)
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => isDeepEqual((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  )
}
