import { Hono } from 'hono'
// Not `zod`: that is 26 kB gzipped, and 93 kB when imported by name, of the Worker's 120.
import * as z from 'zod/mini'
import { FailureError } from '../chat/failure.ts'
import { defaultWorkspaceId, type KeyRecord } from '../dispatch/key-directory.ts'
import { keyRandomBytes, mintKey } from '../edge/api-key.ts'
import { maxUsd, nanoUsdOf } from '../metering/usd.ts'
import { defaultRateLimit } from '../routing/window.ts'
import { managementCaller } from './authenticate.ts'
import { isObject } from './check.ts'
import { parseInterval } from './interval.ts'
import { keyObject } from './key-object.ts'
import { readJson } from './read-json.ts'
import type { SurfaceContext, SurfaceEnv } from './surface.ts'

const pageSize = 100
const maxWindowMs = 24 * 3_600_000
const maxWindowRequests = 100_000

/**
 * Management of keys (`openrouter-endpoints-management.md` §2B.2). Beyond the contract: `rate_limit` on creation and
 * change, `{requests, interval}` or null for the default, 0 requests for none; `is_management_key` on creation.
 */
export const keys = new Hono<SurfaceEnv>()
  .post('/keys', async (c) => {
    await managementCaller(c)
    const gateway = c.get('gateway')
    const { expires_at, ...asked } = parse(creation, await readJson(c))
    if ((expires_at ?? Number.POSITIVE_INFINITY) <= gateway.now())
      throw invalid('expires_at must be in the future.', { field: 'expires_at' })
    const random = crypto.getRandomValues(new Uint8Array(keyRandomBytes))
    const { key, hash, label } = await mintKey(gateway.settings.keyChecksumSecret, random)
    const record = await gateway.directory.create({
      hash,
      label,
      name: asked.name,
      kind: asked.is_management_key ? 'management' : 'inference',
      disabled: false,
      limitNanoUsd: asked.limit ?? null,
      limitReset: asked.limit_reset ?? null,
      includeByokInLimit: asked.include_byok_in_limit ?? false,
      rateLimit: asked.rate_limit ?? null,
      expiresAt: expires_at ?? null,
      creatorUserId: asked.creator_user_id ?? null,
      workspaceId: defaultWorkspaceId,
    })
    return c.json({ data: keyObject(record), key }, 201, { 'cache-control': 'no-store' })
  })
  .get('/keys', async (c) => {
    await managementCaller(c)
    const query = parse(listQuery, c.req.query())
    // Every key is in the one workspace, so any other has none.
    const isElsewhere = query.workspace_id !== undefined && query.workspace_id !== defaultWorkspaceId
    const records = isElsewhere
      ? []
      : await c.get('gateway').directory.list({
          offset: query.offset ?? 0,
          limit: pageSize,
          includeDisabled: query.include_disabled?.toLowerCase() === 'true',
        })
    return c.json({ data: records.map(keyObject) })
  })
  .get('/keys/:hash', async (c) => {
    await managementCaller(c)
    return c.json({ data: keyObject(found(await c.get('gateway').directory.get(hashOfPath(c)))) })
  })
  .patch('/keys/:hash', async (c) => {
    await managementCaller(c)
    const hash = hashOfPath(c)
    const asked = parse(change, await readJson(c))
    const record = await c.get('gateway').directory.update(hash, {
      name: asked.name,
      disabled: asked.disabled,
      limitNanoUsd: asked.limit,
      limitReset: asked.limit_reset,
      includeByokInLimit: asked.include_byok_in_limit,
      rateLimit: asked.rate_limit,
    })
    return c.json({ data: keyObject(found(record)) })
  })
  .delete('/keys/:hash', async (c) => {
    await managementCaller(c)
    if (!(await c.get('gateway').directory.remove(hashOfPath(c)))) throw notFound()
    return c.json({ deleted: true })
  })

const noControls = z.regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must not have control characters')
const maxText = z.maxLength(256, 'must have at most 256 characters')

const name = z
  .string('must be a text of 1 to 256 characters')
  .check(z.trim(), z.minLength(1, 'must not be empty'), maxText, noControls)

const limit = z.nullish(
  z.pipe(
    z
      .number('must be a number of US dollars, or null for no limit')
      .check(
        z.gte(0, 'must be 0 or more US dollars, or null for no limit'),
        z.lte(maxUsd, `must be at most ${maxUsd} US dollars, or null for no limit`),
      ),
    z.transform(nanoUsdOf),
  ),
)

const limitReset = z.nullish(z.enum(['daily', 'weekly', 'monthly'], 'must be "daily", "weekly", "monthly" or null'))

const flag = z.optional(z.boolean('must be true or false'))

const interval = z.pipe(
  z.string('must be a text such as "10s" or "1m"'),
  z.transform((text, context) => {
    const windowMs = parseInterval(text)
    if (windowMs !== null && windowMs <= maxWindowMs) return windowMs
    const message = 'must be a whole number with s, m or h, such as "10s" or "1m", at most "24h"'
    context.issues.push({ code: 'custom', input: text, message })
    return z.NEVER
  }),
)

const rateLimit = z.nullish(
  z.pipe(
    z.object(
      {
        requests: z
          .int('must be a whole number of requests, 0 for unlimited')
          .check(
            z.gte(0, 'must be 0 (unlimited) or more'),
            z.lte(maxWindowRequests, `must be at most ${maxWindowRequests}, or 0 for unlimited`),
          ),
        interval: z.optional(interval),
      },
      'must be an object such as {"requests": 40, "interval": "10s"}, or null for the default',
    ),
    z.transform(({ requests, interval }) => ({ requests, windowMs: interval ?? defaultRateLimit.windowMs })),
  ),
)

const expiresAt = z.nullish(
  z.pipe(
    z.iso
      .datetime({ offset: true, error: 'must be an ISO 8601 date and time in UTC, such as "2030-01-31T00:00:00Z"' })
      .check(z.regex(/(?:Z|[+-]00:?00)$/, 'must be in UTC: end it with "Z", not with another offset')),
    z.transform(Date.parse),
  ),
)

const workspace = z.nullish(
  z.literal(defaultWorkspaceId, `must be left out or ${defaultWorkspaceId}: this gateway has one workspace`),
)

const creation = z.object({
  name,
  limit,
  limit_reset: limitReset,
  include_byok_in_limit: flag,
  expires_at: expiresAt,
  workspace_id: workspace,
  creator_user_id: z.nullish(z.string('must be a text or null').check(maxText, noControls)),
  rate_limit: rateLimit,
  is_management_key: flag,
})

const change = z.object({
  name: z.optional(name),
  disabled: flag,
  limit,
  limit_reset: limitReset,
  include_byok_in_limit: flag,
  rate_limit: rateLimit,
})

const listQuery = z.object({
  offset: z.optional(
    z.pipe(z.string().check(z.regex(/^\d{1,9}$/, 'must be a whole number, 0 or more')), z.transform(Number)),
  ),
  include_disabled: z.optional(z.string()),
  workspace_id: z.optional(z.string()),
})

/** @throws FailureError 400 that names the first field that is wrong and what it must be */
function parse<Output>(schema: z.ZodMiniType<Output>, given: unknown): Output {
  if (!isObject(given)) throw invalid('The request body must be a JSON object.')
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const [{ path, message } = { path: [], message: 'is not valid' }] = parsed.error.issues
  const field = path.join('.')
  throw invalid(`${field} ${message}${valueAt(given, path) === undefined ? ' (it is missing)' : ''}.`, { field })
}

function valueAt(given: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((value: unknown, key) => (isObject(value) ? value[String(key)] : undefined), given)
}

function hashOfPath(c: SurfaceContext): string {
  const hash = c.req.param('hash')
  if (hash === undefined || !/^[0-9a-f]{64}$/.test(hash)) throw notFound()
  return hash
}

function found(record: KeyRecord | null): KeyRecord {
  if (record === null) throw notFound()
  return record
}

function invalid(message: string, metadata: Record<string, unknown> = {}): FailureError {
  return new FailureError({ type: 'invalid_request', message, metadata })
}

function notFound(): FailureError {
  return new FailureError({ type: 'not_found', message: 'API key not found' })
}
