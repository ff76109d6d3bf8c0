import type { KeyRecord } from '../dispatch/key-directory.ts'
import { type KeyUsage, noSpend, spendAt } from '../metering/spend.ts'

/** A row of `keys`, column by column. */
interface KeyRow {
  hash: string
  name: string
  label: string
  kind: KeyRecord['kind']
  disabled: number
  limit_nano_usd: number | null
  limit_reset: KeyRecord['limitReset']
  include_byok_in_limit: number
  rate_requests: number | null
  rate_window_ms: number | null
  created_at: number
  updated_at: number | null
  expires_at: number | null
  creator_user_id: string | null
  workspace_id: string
  usage_at: number
  total_nano_usd: number
  daily_nano_usd: number
  weekly_nano_usd: number
  monthly_nano_usd: number
  byok_total_nano_usd: number
  byok_daily_nano_usd: number
  byok_weekly_nano_usd: number
  byok_monthly_nano_usd: number
}

type Value = string | number | null

/** What may change of a key. */
export type KeyChange = Partial<
  Pick<KeyRecord, 'name' | 'disabled' | 'limitNanoUsd' | 'limitReset' | 'includeByokInLimit' | 'rateLimit'>
>

/** A key as it is created, by management and, before there is a server, by the start script. */
export type NewKey = Omit<KeyRecord, 'updatedAt' | 'usage'>

/** The statement that stores a new key; rejects a hash that is there, deleted or not. */
export function insertKeyStatement(key: NewKey): { sql: string; params: Value[] } {
  const row = rowOf(key)
  const columns = Object.keys(row)
  return {
    sql: `INSERT INTO keys (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    params: Object.values(row),
  }
}

export async function insertKey(db: D1Database, key: NewKey): Promise<KeyRecord> {
  const { sql, params } = insertKeyStatement(key)
  await db
    .prepare(sql)
    .bind(...params)
    .run()
  return { ...key, updatedAt: null, usage: noSpend(key.createdAt).usage }
}

/** Null for a key that does not exist or was deleted. Usage is as last mirrored, without periods that ended by `now`. */
export async function readKey(db: D1Database, hash: string, now = Date.now()): Promise<KeyRecord | null> {
  const row = await db.prepare('SELECT * FROM keys WHERE hash = ? AND deleted_at IS NULL').bind(hash).first<KeyRow>()
  return row && recordOf(row, now)
}

/** Newest first. */
export async function listKeys(
  db: D1Database,
  query: { offset: number; limit: number; includeDisabled: boolean },
  now = Date.now(),
): Promise<KeyRecord[]> {
  const { results } = await db
    .prepare(
      `SELECT * FROM keys WHERE deleted_at IS NULL ${query.includeDisabled ? '' : 'AND disabled = 0'}
       ORDER BY created_at DESC, hash DESC LIMIT ? OFFSET ?`,
    )
    .bind(query.limit, query.offset)
    .all<KeyRow>()
  return results.map((row) => recordOf(row, now))
}

/** The key as it is after the change; null when there is none. */
export async function updateKey(
  db: D1Database,
  hash: string,
  change: KeyChange,
  now = Date.now(),
): Promise<KeyRecord | null> {
  const changed = changedColumns(change)
  const assignments = Object.keys(changed).map((column) => `${column} = ?`)
  // Changes are told to the key's object in any order, and it goes by this: of two, the later one here has to be later,
  // whatever the clocks of those who made them say.
  assignments.push('updated_at = max(?, coalesce(updated_at, created_at) + 1)')
  const row = await db
    .prepare(`UPDATE keys SET ${assignments.join(', ')} WHERE hash = ? AND deleted_at IS NULL RETURNING *`)
    .bind(...Object.values(changed), now, hash)
    .first<KeyRow>()
  return row && recordOf(row, now)
}

/** Whether there was one. The row stays, out of sight. */
export async function removeKey(db: D1Database, hash: string, now = Date.now()): Promise<boolean> {
  const { meta } = await db
    .prepare('UPDATE keys SET deleted_at = ? WHERE hash = ? AND deleted_at IS NULL')
    .bind(now, hash)
    .run()
  return meta.changes > 0
}

/** Copies the counters of a key's object, as they stand at `now`. A deleted key's too: what it spent is still billed. */
export function mirrorUsageStatement(db: D1Database, hash: string, usage: KeyUsage, now: number): D1PreparedStatement {
  const row = usageRow(usage, now)
  const assignments = Object.keys(row).map((column) => `${column} = ?`)
  return db.prepare(`UPDATE keys SET ${assignments.join(', ')} WHERE hash = ?`).bind(...Object.values(row), hash)
}

function changedColumns(change: KeyChange): Record<string, Value> {
  const columns: Record<string, Value> = {}
  if (change.name !== undefined) columns.name = change.name
  if (change.disabled !== undefined) columns.disabled = Number(change.disabled)
  if (change.limitNanoUsd !== undefined) columns.limit_nano_usd = change.limitNanoUsd
  if (change.limitReset !== undefined) columns.limit_reset = change.limitReset
  if (change.includeByokInLimit !== undefined) columns.include_byok_in_limit = Number(change.includeByokInLimit)
  if (change.rateLimit !== undefined) {
    columns.rate_requests = change.rateLimit?.requests ?? null
    columns.rate_window_ms = change.rateLimit?.windowMs ?? null
  }
  return columns
}

function rowOf(key: NewKey) {
  return {
    hash: key.hash,
    name: key.name,
    label: key.label,
    kind: key.kind,
    disabled: Number(key.disabled),
    limit_nano_usd: key.limitNanoUsd,
    limit_reset: key.limitReset,
    include_byok_in_limit: Number(key.includeByokInLimit),
    rate_requests: key.rateLimit?.requests ?? null,
    rate_window_ms: key.rateLimit?.windowMs ?? null,
    created_at: key.createdAt,
    updated_at: null,
    expires_at: key.expiresAt,
    creator_user_id: key.creatorUserId,
    workspace_id: key.workspaceId,
    ...usageRow(noSpend(key.createdAt).usage, key.createdAt),
  } satisfies KeyRow
}

function usageRow(usage: KeyUsage, at: number) {
  return {
    usage_at: at,
    total_nano_usd: usage.totalNanoUsd,
    daily_nano_usd: usage.dailyNanoUsd,
    weekly_nano_usd: usage.weeklyNanoUsd,
    monthly_nano_usd: usage.monthlyNanoUsd,
    byok_total_nano_usd: usage.byokTotalNanoUsd,
    byok_daily_nano_usd: usage.byokDailyNanoUsd,
    byok_weekly_nano_usd: usage.byokWeeklyNanoUsd,
    byok_monthly_nano_usd: usage.byokMonthlyNanoUsd,
  }
}

function recordOf(row: KeyRow, now: number): KeyRecord {
  const mirrored: KeyUsage = {
    totalNanoUsd: row.total_nano_usd,
    dailyNanoUsd: row.daily_nano_usd,
    weeklyNanoUsd: row.weekly_nano_usd,
    monthlyNanoUsd: row.monthly_nano_usd,
    byokTotalNanoUsd: row.byok_total_nano_usd,
    byokDailyNanoUsd: row.byok_daily_nano_usd,
    byokWeeklyNanoUsd: row.byok_weekly_nano_usd,
    byokMonthlyNanoUsd: row.byok_monthly_nano_usd,
  }
  return {
    hash: row.hash,
    name: row.name,
    label: row.label,
    kind: row.kind,
    disabled: row.disabled === 1,
    limitNanoUsd: row.limit_nano_usd,
    limitReset: row.limit_reset,
    includeByokInLimit: row.include_byok_in_limit === 1,
    rateLimit:
      row.rate_requests === null || row.rate_window_ms === null
        ? null
        : { requests: row.rate_requests, windowMs: row.rate_window_ms },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    expiresAt: row.expires_at,
    creatorUserId: row.creator_user_id,
    workspaceId: row.workspace_id,
    usage: spendAt({ usage: mirrored, at: row.usage_at }, now).usage,
  }
}
