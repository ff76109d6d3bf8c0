import { Hono } from 'hono/tiny'
import { FailureError } from '../chat/failure.ts'
import { defaultWorkspaceId, type KeyRecord } from '../dispatch/key-directory.ts'
import { defaultRateLimit } from '../routing/window.ts'
import { anyCaller, refusalFailure } from './authenticate.ts'
import { dataRegionOf } from './data-region.ts'
import { formatInterval } from './interval.ts'
import { budgetObject, isoOf, unlimitedBudget } from './key-object.ts'
import type { SurfaceContext, SurfaceEnv } from './surface.ts'

/** `GET /key`, once `/auth/key` (`openrouter-endpoints-management.md` §2B.1): any key about itself, usage as of now. */
export const key = new Hono<SurfaceEnv>().get('/key', currentKey).get('/auth/key', currentKey)

async function currentKey(c: SurfaceContext): Promise<Response> {
  const gateway = c.env.gateway
  const caller = await anyCaller(c)
  const record = caller.operator ? null : await gateway.directory.get(caller.hash)
  // Deleted between the two questions.
  if (record === null && !caller.operator)
    throw new FailureError(refusalFailure({ admitted: false, reason: 'unknown' }))
  const isManagement = record === null || record.kind === 'management'
  return c.json({
    data: {
      label: record?.label ?? 'MANAGEMENT_KEY',
      ...(record === null ? unlimitedBudget : budgetObject(record)),
      is_free_tier: false,
      is_management_key: isManagement,
      is_provisioning_key: isManagement,
      creator_user_id: record?.creatorUserId ?? null,
      expires_at: record === null || record.expiresAt === null ? null : isoOf(record.expiresAt),
      rate_limit: rateLimitObject(record),
      allowed_data_regions: [dataRegionOf(gateway.settings.region)],
      // There is no quota of free requests here, and so none to use up.
      free_model_daily_requests: { limit: -1, remaining: -1, used: 0 },
      workspace_id: record?.workspaceId ?? defaultWorkspaceId,
      organization_id: null,
    },
  })
}

/** The limit that really holds. Clients know -1 as "none". */
function rateLimitObject(record: KeyRecord | null) {
  if (record === null || record.kind === 'management')
    return { requests: -1, interval: '10s', note: 'Management is not rate limited.' }
  const { requests, windowMs } = record.rateLimit ?? defaultRateLimit
  const interval = formatInterval(windowMs)
  if (requests === 0) return { requests: -1, interval, note: 'This key is not rate limited.' }
  return { requests, interval, note: 'Per key, in any window of this length (sliding).' }
}
