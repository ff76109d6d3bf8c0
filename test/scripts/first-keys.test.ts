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

it('makes another management key where the kept one was revoked', async () => {
  const { managementKey } = await start(null)
  await db.prepare("UPDATE keys SET disabled = 1 WHERE kind = 'management'").run()
  expect(await start(managementKey)).toMatchObject({ reason: 'revoked', apiKey: null })
})
