import { inspectKey, isWellFormed } from '../src/edge/api-key.ts'
import { readKey } from '../src/store/keys.ts'
import { mintKeyRow } from './mint-key.mjs'

/**
 * Makes a management key where none is kept that the gateway accepts, and an API key where there is none or where the
 * kept key shows that all keys were made with another checksum secret.
 *
 * @param {D1Database} database
 * @param {object} options
 * @param {string | undefined} options.secret KEY_CHECKSUM_SECRET
 * @param {string | null} options.kept the management key of an earlier start; null = none is kept
 * @param {boolean} options.hasOwn whether the operator has set a management key of their own
 * @returns {Promise<{ managementKey: string | null, apiKey: string | null, reason: Reason | null }>} the new keys;
 *   null = there was one
 * @typedef {'first' | 'lost' | 'secret-changed' | 'revoked'} Reason why there is a new management key
 */
export async function ensureKeys(database, { secret, kept, hasOwn }) {
  const reason = await reasonForKey(database, { secret, kept, hasOwn })
  const needsApiKey = reason === 'secret-changed' || !(await hasKey(database, 'inference'))
  return {
    managementKey: reason && (await makeKey(database, { kind: 'management', name: 'First management key', secret })),
    apiKey: needsApiKey ? await makeKey(database, { kind: 'inference', name: 'First API key', secret }) : null,
    reason,
  }
}

async function reasonForKey(database, { secret, kept, hasOwn }) {
  if (!(await hasKey(database, 'management'))) return 'first'
  if (kept === null || !isWellFormed(kept)) return hasOwn ? null : 'lost'
  const inspected = await inspectKey(kept, secret)
  if (inspected === null) return 'secret-changed'
  const record = await readKey(database, inspected.hash)
  const isExpired = record !== null && record.expiresAt !== null && record.expiresAt <= Date.now()
  const isAccepted = record?.kind === 'management' && !record.disabled && !isExpired
  return isAccepted ? null : 'revoked'
}

async function hasKey(database, kind) {
  const count = 'SELECT COUNT(*) AS keys FROM keys WHERE kind = ? AND deleted_at IS NULL'
  return (await database.prepare(count).bind(kind).first('keys')) > 0
}

async function makeKey(database, wanted) {
  const { key, sql, params } = await mintKeyRow({ ...wanted, name: await freeName(database, wanted.name) })
  await database
    .prepare(sql)
    .bind(...params)
    .run()
  return key
}

/** Keys that are refused by now stay in the list, where each can only be revoked by its name if it has one of its own. */
async function freeName(database, name) {
  const { results } = await database.prepare('SELECT name FROM keys WHERE deleted_at IS NULL').all()
  const taken = new Set(results.map((row) => row.name))
  let free = name
  for (let count = 2; taken.has(free); count++) free = `${name} ${count}`
  return free
}
