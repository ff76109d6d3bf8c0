import { describe, expect, it } from 'vitest'
import { routedBy, routerOf } from '../../src/routing/router-ids.ts'

describe('router ids', () => {
  it.each([
    ['openrouter/auto', { id: 'openrouter/auto', kind: 'auto', plugin: 'auto-router', dynamics: [] }],
    ['openrouter/auto-beta', { id: 'openrouter/auto-beta', kind: 'auto', plugin: 'auto-beta-router', dynamics: [] }],
    ['causeway/auto:nitro', { id: 'causeway/auto', kind: 'auto', plugin: 'auto-router', dynamics: ['nitro'] }],
    ['causeway/free', { id: 'causeway/free', kind: 'free', plugin: null, dynamics: [] }],
  ])('%s is a router', (id, router) => {
    expect(routerOf(id)).toEqual(router)
    expect(routedBy(id)).toBe(router.id)
  })

  it.each(['openrouter/autos', 'openrouter/auto:free', 'openrouter/auto:best', 'acme/auto', 'auto', 'openrouter/', ''])(
    '%j is none',
    (id) => {
      expect(routerOf(id)).toBeNull()
      expect(routedBy(id)).toBeNull()
    },
  )

  it('records an alias without its suffixes', () => {
    expect(routedBy('~acme/m-latest:nitro')).toBe('~acme/m-latest')
  })
})
