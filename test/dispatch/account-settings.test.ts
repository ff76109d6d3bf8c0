import { beforeEach, describe, expect, it } from 'vitest'
import { SettingsSnapshot } from '../../src/dispatch/account-settings.ts'
import type { AccountPreferences } from '../../src/routing/merge-preferences.ts'

let now: number
let stored: AccountPreferences | null | Error
let reads: number
let background: Promise<unknown>[]
let failures: number
/** What the next read waits for. */
let held: Promise<AccountPreferences> | null
let release: () => void

beforeEach(() => {
  now = 1_000_000
  stored = { zdr: true }
  reads = 0
  background = []
  failures = 0
  held = null
  release = () => {}
})

function isolate() {
  const snapshot = new SettingsSnapshot(() => failures++)
  return () =>
    snapshot.view({
      read: async () => {
        reads++
        if (held) return held
        if (stored instanceof Error) throw stored
        return stored
      },
      write: async (preferences) => {
        if (stored instanceof Error) throw stored
        stored = preferences
      },
      now: () => now,
      background: (promise) => void background.push(promise),
    })
}

describe('routing settings', () => {
  it('are read once, and then answered from memory', async () => {
    const request = isolate()
    expect(await request().routing()).toEqual({ zdr: true })
    expect(request().routing()).toEqual({ zdr: true })
    now += 9_999
    expect(request().routing()).toEqual({ zdr: true })
    expect(reads).toBe(1)
  })

  it('that were never made are remembered as well', async () => {
    stored = null
    const request = isolate()
    expect(await request().routing()).toBeNull()
    now += 9_999
    expect(request().routing()).toBeNull()
    expect(reads).toBe(1)
  })

  it('are refreshed behind the answer, every ten seconds', async () => {
    const request = isolate()
    await request().routing()
    stored = { zdr: false }
    now += 10_000
    expect(request().routing()).toEqual({ zdr: true })
    await Promise.all(background)
    expect(request().routing()).toEqual({ zdr: false })
    expect(reads).toBe(2)
  })

  it('of a minute ago decide nothing: they are read first', async () => {
    const request = isolate()
    await request().routing()
    stored = { zdr: false }
    now += 60_000
    expect(await request().routing()).toEqual({ zdr: false })
  })

  it('that cannot be read let nobody through in a cold isolate', async () => {
    stored = new Error('D1 is down')
    await expect(isolate()().routing()).rejects.toThrow('D1 is down')
  })

  it('stay as they were known while D1 is down', async () => {
    const request = isolate()
    await request().routing()
    stored = new Error('D1 is down')
    now += 3_600_000
    expect(await request().routing()).toEqual({ zdr: true })
    await Promise.all(background)
    expect(request().routing()).toEqual({ zdr: true })
    expect(failures).toBe(1)
  })

  it('hold in the isolate that wrote them at once, whatever an older read brings', async () => {
    const request = isolate()
    await request().routing()
    now += 10_000
    // A refresh that is under way as the settings are written, and comes back with what was there before.
    held = new Promise((resolve) => {
      release = () => resolve({ zdr: true })
    })
    expect(request().routing()).toEqual({ zdr: true })
    now += 5
    await request().replaceRouting({ regions: ['eu'] })
    release()
    await Promise.all(background)
    expect(request().routing()).toEqual({ regions: ['eu'] })
  })

  it('that were not written do not hold', async () => {
    const request = isolate()
    await request().routing()
    stored = new Error('D1 is down')
    await expect(request().replaceRouting({})).rejects.toThrow()
    expect(request().routing()).toEqual({ zdr: true })
  })

  it('are read anew for management', async () => {
    const request = isolate()
    await request().routing()
    stored = { ignore: ['x'] }
    expect(await request().readRouting()).toEqual({ ignore: ['x'] })
    expect(request().routing()).toEqual({ ignore: ['x'] })
  })
})
