import { beforeEach, expect, it } from 'vitest'
import { ensureKeys } from '../../scripts/first-keys.mjs'
import { inspectKey } from '../../src/edge/api-key.ts'
import { sqliteD1 } from '../support/sqlite-d1.ts'

let db: D1Database
beforeEach(() => {
  db = sqliteD1()
})

const start = (kept: string | null, { secret = '', hasOwn = false } = {}) => ensureKeys(db, { secret, kept, hasOwn })

it('makes a key of each kind at the first start, and none at the next', async () => {
  const first = await start(null)
  expect(first.reason).toBe('first')
  expect(await inspectKey(first.apiKey ?? '', '')).not.toBeNull()
  expect(await start(first.managementKey)).toEqual({ managementKey: null, apiKey: null, reason: null })
})

it.each([
  ['is gone', () => null],
  ['was cut short', (kept: string) => kept.slice(0, -1)],
])('makes another management key where the kept one %s, and leaves the API keys be', async (_, left) => {
  const { managementKey } = await start(null)
  const kept = left(managementKey ?? '')
  expect(await start(kept)).toMatchObject({ reason: 'lost', managementKey: expect.any(String), apiKey: null })
  expect(await start(kept, { hasOwn: true })).toEqual({ managementKey: null, apiKey: null, reason: null })
})

it('makes both anew where the secret of all keys was changed', async () => {
  const { managementKey } = await start(null)
  const made = await start(managementKey, { secret: 'another' })
  expect(made).toMatchObject({ reason: 'secret-changed', apiKey: expect.any(String) })
  expect(await start(made.managementKey, { secret: 'another' })).toMatchObject({ reason: null })
})

it('gives every key a name of its own, by which the ones that are refused can be revoked', async () => {
  let { managementKey } = await start(null)
  for (const secret of ['another', 'a third']) ({ managementKey } = await start(managementKey, { secret }))
  const { results } = await db.prepare('SELECT name FROM keys ORDER BY name').all<{ name: string }>()
  expect(results.map(({ name }) => name)).toEqual([
    'First API key',
    'First API key 2',
    'First API key 3',
    'First management key',
    'First management key 2',
    'First management key 3',
  ])
  await db.prepare("UPDATE keys SET deleted_at = 1 WHERE name = 'First API key'").run()
  await start(managementKey, { secret: 'a fourth' })
  expect(await db.prepare("SELECT count(*) AS n FROM keys WHERE name = 'First API key'").first('n')).toBe(2)
})

it('makes another management key where the kept one was revoked', async () => {
  const { managementKey } = await start(null)
  await db.prepare("UPDATE keys SET disabled = 1 WHERE kind = 'management'").run()
  expect(await start(managementKey)).toMatchObject({ reason: 'revoked', apiKey: null })
})
