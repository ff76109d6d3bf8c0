import { Hono } from 'hono/tiny'
import { FailureError, invalidRequest } from '../chat/failure.ts'
import { defaultWorkspaceId, type KeyRecord } from '../dispatch/key-directory.ts'
import { keyRandomBytes, mintKey } from '../edge/api-key.ts'
import { readBody } from '../edge/body.ts'
import type { Check } from '../edge/check.ts'
import { checked, parseBody } from '../edge/json-body.ts'
import { nanoUsdOf } from '../metering/usd.ts'
import { managementCaller } from './authenticate.ts'
import { keyObject } from './key-object.ts'
import { type KeyChange, type KeyCreation, keyChange, keyCreation, keyQuery, rateLimitOf } from './key-schema.ts'
import type { SurfaceContext, SurfaceEnv } from './surface.ts'

const pageSize = 100

/**
 * Management of keys (`openrouter-endpoints-management.md` §2B.2). Beyond the contract: `rate_limit` on creation and
 * change, `{requests, interval}` or null for the default, 0 requests for none; `is_management_key` on creation.
 */
export const keys = new Hono<SurfaceEnv>()
  .post('/keys', async (c) => {
    await managementCaller(c)
    const gateway = c.env.gateway
    const asked = (await bodyOf(c, keyCreation)) as KeyCreation
    const expiresAt = asked.expires_at ? Date.parse(asked.expires_at) : null
    if (expiresAt !== null && expiresAt <= gateway.now())
      throw invalidRequest('expires_at must be in the future.', { field: 'expires_at' })
    const random = crypto.getRandomValues(new Uint8Array(keyRandomBytes))
    const { key, hash, label } = await mintKey(gateway.settings.keyChecksumSecret, random)
    const record = await gateway.directory.create({
      hash,
      label,
      name: asked.name.trim(),
      kind: asked.is_management_key ? 'management' : 'inference',
      disabled: false,
      limitNanoUsd: limitOf(asked) ?? null,
      limitReset: asked.limit_reset ?? null,
      includeByokInLimit: asked.include_byok_in_limit ?? false,
      rateLimit: rateLimitOf(asked.rate_limit) ?? null,
      expiresAt,
      creatorUserId: asked.creator_user_id ?? null,
      workspaceId: defaultWorkspaceId,
    })
    return c.json({ data: keyObject(record), key }, 201, { 'cache-control': 'no-store' })
  })
  .get('/keys', async (c) => {
    await managementCaller(c)
    const query = checked(c.req.query(), keyQuery)
    // Every key is in the one workspace, so any other has none.
    const isElsewhere = query.workspace_id !== undefined && query.workspace_id !== defaultWorkspaceId
    const records = isElsewhere
      ? []
      : await c.env.gateway.directory.list({
          offset: Number(query.offset ?? 0),
          limit: pageSize,
          includeDisabled: query.include_disabled?.toLowerCase() === 'true',
        })
    return c.json({ data: records.map(keyObject) })
  })
  .get('/keys/:hash', async (c) => {
    await managementCaller(c)
    return c.json({ data: keyObject(found(await c.env.gateway.directory.get(hashOfPath(c)))) })
  })
  .patch('/keys/:hash', async (c) => {
    await managementCaller(c)
    const hash = hashOfPath(c)
    const asked = (await bodyOf(c, keyChange)) as KeyChange
    const change = {
      name: asked.name?.trim(),
      disabled: asked.disabled,
      limitNanoUsd: limitOf(asked),
      limitReset: asked.limit_reset,
      includeByokInLimit: asked.include_byok_in_limit,
      rateLimit: rateLimitOf(asked.rate_limit),
    }
    const { directory } = c.env.gateway
    const isChange = Object.values(change).some((value) => value !== undefined)
    const record = await (isChange ? directory.update(hash, change) : directory.get(hash))
    return c.json({ data: keyObject(found(record)) })
  })
  .delete('/keys/:hash', async (c) => {
    await managementCaller(c)
    if (!(await c.env.gateway.directory.remove(hashOfPath(c)))) throw notFound()
    return c.json({ deleted: true })
  })

async function bodyOf(c: SurfaceContext, check: Check): Promise<unknown> {
  return parseBody(await readBody(c.req.raw, c.env.gateway.settings.maxBodyBytes), check)
}

/** Undefined where it is not to change. */
function limitOf({ limit }: KeyChange): number | null | undefined {
  return limit == null ? limit : nanoUsdOf(limit)
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

function notFound(): FailureError {
  return new FailureError({ type: 'not_found', message: 'API key not found' })
}
