import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { readSettings, writeSettings } from '../../src/store/settings.ts'
import { migrate } from '../support/migrations.ts'

beforeAll(() => migrate(env.DB))

describe('settings', () => {
  it('are none before they were set', async () => {
    expect(await readSettings(env.DB, 'routing')).toBeNull()
  })

  it('are replaced as a whole', async () => {
    await writeSettings(env.DB, 'routing', { zdr: true, only: ['ünï'] }, 1)
    await writeSettings(env.DB, 'routing', { only: ["it's"] }, 2)
    expect(await readSettings(env.DB, 'routing')).toEqual({ only: ["it's"] })
    expect(await env.DB.prepare('SELECT updated_at FROM settings').raw()).toEqual([[2]])
  })

  it.each(['[]', 'null', '{', '"x"'])('that are %s are not taken for none', async (value) => {
    await env.DB.prepare('UPDATE settings SET value = ?1').bind(value).run()
    await expect(readSettings(env.DB, 'routing')).rejects.toThrow()
  })
})
