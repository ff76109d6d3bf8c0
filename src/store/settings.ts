/**
 * One family of settings; null where it was never set. Rejects where the row is no JSON object: what it restricts is
 * not known then, so nobody may go on as if it restricted nothing.
 */
export async function readSettings(db: D1Database, name: 'routing'): Promise<Record<string, unknown> | null> {
  const text = await db.prepare('SELECT value FROM settings WHERE name = ?1').bind(name).first<string>('value')
  if (text === null) return null
  const value: unknown = JSON.parse(text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw new Error(`the ${name} settings are no JSON object`)
}

/** Replaces one family of settings. `now` in epoch milliseconds. */
export async function writeSettings(db: D1Database, name: 'routing', value: object, now: number): Promise<void> {
  await db
    .prepare(
      `INSERT INTO settings (name, value, updated_at) VALUES (?1, ?2, ?3)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`,
    )
    .bind(name, JSON.stringify(value), now)
    .run()
}
