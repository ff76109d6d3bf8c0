import { describe, expect, it } from 'vitest'
import { autoSettings, matcherOf } from '../../../src/routing/auto/settings.ts'
import { modelRecord } from '../records.ts'

describe('matcherOf', () => {
  it.each([
    ['anthropic/*', 'anthropic/claude-opus-5', true],
    ['anthropic/*', 'not-anthropic/claude', false],
    ['Anthropic/Claude-Opus-5', 'anthropic/claude-opus-5', true],
    ['anthropic/claude', 'anthropic/claude-opus-5', false],
    ['*-mini', 'openai/gpt-5-mini', true],
    ['*-mini', 'openai/gpt-5-mini-x', false],
    ['*/claude-*-4*', 'anthropic/claude-sonnet-4.5', true],
    ['*/claude-*-4*', 'anthropic/claude-4', false],
    ['a/b*b', 'a/b', false],
    ['a/b*b', 'a/bb', true],
    ['*', 'anything/at-all', true],
    ['', 'a/b', false],
    ['a.c/*', 'abc/d', false],
    ['(a+)+$*', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaa!', false],
  ])('%j on %s is %s', (pattern, id, expected) => {
    expect(matcherOf([pattern])(id)).toBe(expected)
  })

  it('stays quick whatever clients write', () => {
    const isMatch = matcherOf(Array.from({ length: 64 }, () => `${'*a'.repeat(511)}b`))
    const startedAt = performance.now()
    expect(isMatch('a'.repeat(256))).toBe(false)
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })
})

describe('autoSettings', () => {
  const read = (plugin: Record<string, unknown>, pluginId = 'auto-router') =>
    autoSettings({ messages: [], plugins: [{ id: 'auto-router', ...plugin }] }, pluginId)
  const allowed = (plugin: Record<string, unknown>) => {
    const { allows } = read(plugin)
    return ['acme/one', 'acme/two', 'other/one'].filter((id) => allows(modelRecord(id)))
  }

  it('allows what a pattern allows and none excludes', () => {
    expect(allowed({})).toHaveLength(3)
    expect(allowed({ allowed_models: [], excluded_models: [] })).toHaveLength(3)
    expect(allowed({ allowed_models: ['acme/*'] })).toEqual(['acme/one', 'acme/two'])
    expect(allowed({ excluded_models: ['*/one'] })).toEqual(['acme/two'])
    expect(allowed({ allowed_models: ['acme/*'], excluded_models: ['acme/two'] })).toEqual(['acme/one'])
  })

  it('knows a model by its canonical slug too', () => {
    const { allows } = read({ excluded_models: ['acme/one-2026*'] })
    expect(allows(modelRecord('acme/one', { canonicalSlug: 'acme/one-20260101' }))).toBe(false)
  })

  it.each([
    [{ cost_tier: 'high' }, 'high'],
    [{ cost_tier: 'max', cost_quality_tradeoff: 10 }, 'max'],
    [{ cost_quality_tradeoff: 0 }, 'max'],
    [{ cost_quality_tradeoff: 5 }, 'high'],
    [{ cost_quality_tradeoff: 7 }, 'medium'],
    [{ cost_quality_tradeoff: 10 }, 'low'],
    [{}, null],
    [{ cost_tier: 'high', enabled: false }, null],
  ])('reads the tier of %j', (plugin, tier) => {
    expect(read(plugin).tier).toBe(tier)
  })

  it('reads only what stands under its own id', () => {
    expect(read({ cost_tier: 'high' }, 'auto-beta-router').tier).toBeNull()
  })

  it('pins the model that spoke last, where that is asked for and known', () => {
    const messages = [
      { role: 'assistant' as const, content: 'a', model: 'acme/one' },
      { role: 'assistant' as const, content: 'b', model: 'acme/two' },
      { role: 'user' as const, content: 'c' },
    ]
    const pinned = (pin: boolean, said = messages) =>
      autoSettings({ messages: said, plugins: [{ id: 'auto-router', pin_model: pin }] }, 'auto-router').pinned
    expect(pinned(true)).toBe('acme/two')
    expect(pinned(false)).toBeNull()
    expect(pinned(true, messages.slice(2))).toBeNull()
  })
})
