import { type Failure, FailureError } from '../chat/failure.ts'
import type { Gateway } from '../dispatch/gateway.ts'
import { type Admission, type KeyPolicy, type Refusal, stateUnavailable } from '../dispatch/keys.ts'
import { bearerOf, inspectKey, keyPrefix } from '../edge/api-key.ts'
import { usdText } from '../metering/usd.ts'
import { formatInterval } from './interval.ts'
import type { SurfaceContext } from './surface.ts'

/** Who asks: a key with its policy, or the operator with the management key of the environment, who has no key object. */
export type Caller = { hash: string; operator: false; policy: KeyPolicy } | { hash: null; operator: true; policy: null }

/**
 * The key that the request carries, unchecked.
 *
 * @throws FailureError 401 when it carries none
 */
export function presentedKey(c: SurfaceContext): string {
  const key = bearerOf(c.req.raw.headers)
  if (key !== null) return key
  throw new FailureError({
    type: 'authentication',
    message: `No auth credentials found: send your API key in the header "Authorization: Bearer ${keyPrefix}...".`,
  })
}

/**
 * The hash of the key for inference, with no hop: whether the key exists and may is for `admit` to say. No promise when
 * this isolate has seen the key.
 *
 * @throws FailureError (or rejects with it) 401 without a key of this gateway's making, 403 for the operator's own
 */
export function inferenceKeyHash(c: SurfaceContext): { hash: string } | Promise<{ hash: string }> {
  const key = presentedKey(c)
  const inspected = inspectKey(key, c.env.gateway.settings.keyChecksumSecret)
  if (inspected instanceof Promise) return inspected.then((found) => found ?? refuseUnusable(c, key))
  return inspected ?? refuseUnusable(c, key)
}

/**
 * Any valid key of either kind, or the operator's. One hop; fills no window.
 *
 * @throws FailureError 401
 */
export async function anyCaller(c: SurfaceContext): Promise<Caller> {
  const gateway = c.env.gateway
  const key = presentedKey(c)
  // First of all, because the operator may have chosen a string that looks like an API key.
  if (await gateway.isOperatorKey(key)) return { hash: null, operator: true, policy: null }
  const inspected = await inspectKey(key, gateway.settings.keyChecksumSecret)
  if (inspected === null) throw new FailureError(unusable(key))
  const checked = await checkKey(gateway, inspected.hash)
  if (!checked.admitted) throw new FailureError(refusalFailure(checked))
  return { hash: inspected.hash, operator: false, policy: checked.policy }
}

/**
 * What the key's object says of it. Closed when in doubt: a key that cannot be checked is not let through.
 *
 * @throws FailureError 503 when the object is out of reach
 */
export async function checkKey(gateway: Gateway, hash: string): Promise<Admission> {
  try {
    return await gateway.keys.check(hash)
  } catch {
    throw new FailureError(stateUnavailable)
  }
}

/** @throws FailureError 401, or 403 for a key that only runs inference */
export async function managementCaller(c: SurfaceContext): Promise<Caller> {
  const caller = await anyCaller(c)
  if (caller.operator || caller.policy.kind === 'management') return caller
  throw new FailureError({
    type: 'permission_denied',
    message: 'This route needs a management key: an API key for inference cannot manage this gateway.',
  })
}

/** @throws FailureError 401, or 403 for a management key */
export async function inferenceCaller(c: SurfaceContext): Promise<{ hash: string; policy: KeyPolicy }> {
  const caller = await anyCaller(c)
  if (caller.operator || caller.policy.kind !== 'inference') throw new FailureError(wrongKind)
  return { hash: caller.hash, policy: caller.policy }
}

/** What a client is told of a refused key (`openrouter-api.md` §1.5, §1.6; limits §7.1). */
export function refusalFailure(refusal: Refusal): Failure {
  switch (refusal.reason) {
    case 'unknown':
      return { type: 'authentication', message: 'Invalid API key: no such key, or it was deleted.' }
    case 'disabled':
      return { type: 'authentication', message: 'This API key is disabled.' }
    case 'expired':
      return { type: 'authentication', message: 'This API key has expired.' }
    case 'wrong-kind':
      return wrongKind
    case 'rate-limited': {
      const headers = {
        'X-RateLimit-Limit': String(refusal.limit),
        'X-RateLimit-Remaining': '0',
        'X-RateLimit-Reset': String(Math.ceil(refusal.resetAt)),
      }
      const retryAfterSeconds = Math.max(1, Math.ceil(refusal.retryAfterMs / 1000))
      return {
        type: 'rate_limit_exceeded',
        message: `Rate limit exceeded: ${refusal.limit} requests per ${formatInterval(refusal.windowMs)} for this API key. Try again in ${retryAfterSeconds} s.`,
        retryAfterMs: refusal.retryAfterMs,
        headers,
        metadata: { headers },
      }
    }
    case 'limit-exceeded':
      return { type: 'payment_required', message: limitMessage(refusal) }
  }
}

const wrongKind: Failure = {
  type: 'permission_denied',
  message: 'A management key cannot run inference: use an API key made with it (POST /api/v1/keys).',
}

async function refuseUnusable(c: SurfaceContext, key: string): Promise<never> {
  throw new FailureError((await c.env.gateway.isOperatorKey(key)) ? wrongKind : unusable(key))
}

/** The message never quotes the key: it may be another service's. */
function unusable(key: string): Failure {
  return {
    type: 'authentication',
    message: key.startsWith(keyPrefix)
      ? 'Invalid API key: it was mistyped or is not complete (its checksum does not match).'
      : `Invalid API key: the keys of this gateway begin with ${keyPrefix}; keys of other services do not work here.`,
  }
}

function limitMessage({
  limitNanoUsd,
  affordableNanoUsd,
  affordableTokens,
}: Extract<Refusal, { reason: 'limit-exceeded' }>): string {
  const limit = usdText(limitNanoUsd)
  if (affordableNanoUsd <= 0) return `Insufficient credits: this API key has used up its limit of ${limit}.`
  const remedy =
    affordableTokens === undefined
      ? ''
      : affordableTokens > 0
        ? ` You can afford max_tokens of ${affordableTokens}.`
        : ' The prompt alone may cost more than that.'
  return `This request requires more credits, or fewer max_tokens. It may cost more than the ${usdText(affordableNanoUsd)} that this API key can still afford of its limit of ${limit}.${remedy}`
}
