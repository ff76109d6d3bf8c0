import { Hono } from 'hono'
import type { SurfaceEnv } from '../../src/api/surface.ts'
import { FailureError, statusOf } from '../../src/chat/failure.ts'
import type { Gateway } from '../../src/dispatch/gateway.ts'
import type { KeyRecord } from '../../src/dispatch/key-directory.ts'
import type { Admission } from '../../src/dispatch/keys.ts'
import { Patience } from '../../src/edge/patience.ts'
import { noSpend } from '../../src/metering/spend.ts'
import { openBudget } from '../../src/routing/retry-budget.ts'
import { defaultRateLimit } from '../../src/routing/window.ts'

export const operatorKey = 'operator-key-of-at-least-32-characters'

/** A gateway whose keys live in `records`; everything that is not overridden and has no keys in it is missing. */
export function fakeGateway(
  overrides: Partial<Omit<Gateway, 'settings'>> & { settings?: Partial<Gateway['settings']> } = {},
): Gateway & { records: Map<string, KeyRecord> } {
  const records = new Map<string, KeyRecord>()
  const now = () => Date.UTC(2026, 10, 21, 12)
  const check = async (hash: string): Promise<Admission> => {
    const record = records.get(hash)
    if (record === undefined) return { admitted: false, reason: 'unknown' }
    if (record.disabled) return { admitted: false, reason: 'disabled' }
    if (record.expiresAt !== null && record.expiresAt <= gateway.now()) return { admitted: false, reason: 'expired' }
    const rateLimit = record.rateLimit ?? defaultRateLimit
    return { admitted: true, policy: { hash, label: record.label, kind: record.kind, rateLimit } }
  }
  const fake = {
    now,
    random: () => 0.5,
    keys: { check },
    isOperatorKey: async (key: string) => key === operatorKey,
    waitUntil: () => {},
    account: { routing: () => null, readRouting: async () => null, replaceRouting: async () => {} },
    retryBudget: openBudget(now()),
    patience: new Patience(now),
    directory: {
      create: async (input: Omit<KeyRecord, 'createdAt' | 'updatedAt' | 'usage'>) => {
        const at = gateway.now()
        const record = { ...input, createdAt: at, updatedAt: null, usage: noSpend(at).usage }
        records.set(record.hash, record)
        return record
      },
      list: async (query: { offset: number; limit: number; includeDisabled: boolean }) =>
        [...records.values()]
          .filter((record) => query.includeDisabled || !record.disabled)
          .slice(query.offset, query.offset + query.limit),
      get: async (hash: string) => records.get(hash) ?? null,
      update: async (hash: string, change: Partial<KeyRecord>) => {
        const record = records.get(hash)
        if (record === undefined) return null
        const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
        const changed = { ...record, ...given, updatedAt: gateway.now() }
        records.set(hash, changed)
        return changed
      },
      remove: async (hash: string) => records.delete(hash),
    },
    ...overrides,
    settings: {
      environment: 'development',
      region: 'global',
      maxBodyBytes: 1_000_000,
      origin: 'http://gateway.test',
      ...overrides.settings,
    },
    records,
  }
  const gateway = fake as unknown as Gateway & { records: Map<string, KeyRecord> }
  return gateway
}

/** Surfaces mounted under `/api/v1` as the Worker mounts them, with the failure itself for an error body. */
export function surfaceApp(gateway: Gateway, ...surfaces: Hono<SurfaceEnv>[]): Hono<SurfaceEnv> {
  const app = new Hono<SurfaceEnv>()
  app.use(async (c, next) => {
    c.env = { ...c.env, gateway }
    await next()
  })
  for (const surface of surfaces) app.route('/api/v1', surface)
  app.onError((error) => {
    if (!(error instanceof FailureError)) throw error
    const { type, message, metadata } = error.failure
    const status = statusOf(error.failure)
    return Response.json(
      { error: { code: status, message, metadata: { error_type: type, ...metadata } } },
      { status, headers: error.failure.headers },
    )
  })
  return app
}
