import { describe, expect, it } from 'vitest'
import type { DataPolicy } from '../../src/catalog/records.ts'
import { isZeroRetention, neverCollects } from '../../src/routing/data-policy.ts'

const unknown: DataPolicy = { trains: null, retainsPrompts: null, retentionDays: null, zdr: null, asOf: null }

describe('data policies', () => {
  it.each<[string, Partial<DataPolicy>, boolean, boolean]>([
    ['nothing known', {}, false, false],
    ['keeps nothing, does not train', { trains: false, retainsPrompts: false, retentionDays: 0 }, true, true],
    ['keeps nothing, training unknown', { retainsPrompts: false }, true, false],
    ['zero retention by default, rest unknown', { zdr: 'default' }, true, false],
    [
      'zero retention by default, yet on record as keeping',
      { zdr: 'default', retainsPrompts: true, trains: false },
      false,
      false,
    ],
    ['zero retention on request only', { zdr: 'on-request', retainsPrompts: true, trains: false }, false, false],
    ['keeps nothing, yet for thirty days', { trains: false, retainsPrompts: false, retentionDays: 30 }, false, false],
    ['zero days, does not train', { trains: false, retentionDays: 0 }, false, true],
    ['trains on what it does not keep', { trains: true, retainsPrompts: false, zdr: 'default' }, false, false],
  ])('%s', (_, policy, zeroRetention, collectsNothing) => {
    const declared = { dataPolicy: { ...unknown, ...policy }, direct: true }
    expect(isZeroRetention(declared)).toBe(zeroRetention)
    expect(neverCollects(declared)).toBe(collectsNothing)
  })

  it('takes no router at its word for those behind it', () => {
    const router = {
      dataPolicy: { ...unknown, trains: false, retainsPrompts: false, zdr: 'default' as const },
      direct: false,
    }
    expect([isZeroRetention(router), neverCollects(router)]).toEqual([false, false])
  })
})
