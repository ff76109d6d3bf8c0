import { mintKeyRow } from './mint-key.mjs'

/**
 * Makes a management key and an API key where the database has none of the kind.
 *
 * @param {D1Database} database
 * @param {string | undefined} secret KEY_CHECKSUM_SECRET
 * @returns {Promise<{ managementKey: string | null, apiKey: string | null }>} the new keys; null = there was one
 */
export async function ensureKeys(database, secret) {
  return {
    managementKey: await ensureKey(database, { kind: 'management', name: 'First management key', secret }),
    apiKey: await ensureKey(database, { kind: 'inference', name: 'First API key', secret }),
  }
}

async function ensureKey(database, wanted) {
  const count = 'SELECT COUNT(*) AS keys FROM keys WHERE kind = ? AND deleted_at IS NULL'
  if ((await database.prepare(count).bind(wanted.kind).first('keys')) > 0) return null
  const { key, sql, params } = await mintKeyRow(wanted)
  await database
    .prepare(sql)
    .bind(...params)
    .run()
  return key
}
