import { describe, expect, it } from 'vitest'
import type { Effort } from '../../../src/chat/request.ts'
import { nearestLevel } from '../../../src/providers/openai-chat/reasoning-control.ts'
import { encoded, reasoning } from './encode-input.ts'

describe('reasoning', () => {
  it('is not mentioned when the client asked for nothing', () => {
    for (const control of ['effort', 'thinking', 'enable-thinking', 'none'] as const) {
      const { body, notes } = encoded({ reasoning: { exclude: true } }, { reasoning: control }, reasoning())
      expect(Object.keys(body)).toEqual(['model', 'messages', 'stream'])
      expect(notes).toEqual([])
    }
  })

  it('is dropped and noted for a model or provider without it', () => {
    expect(encoded({ reasoning: { effort: 'high' } }).notes).toEqual(['reasoning dropped not-a-reasoning-model'])
    expect(encoded({ reasoning_effort: 'high' }, { reasoning: 'none' }, reasoning()).notes).toEqual([
      'reasoning dropped no-such-control',
    ])
    expect(encoded({ reasoning: { enabled: false } }).notes).toEqual([])
  })

  it.each<[object, string[] | null, string | undefined, string[]]>([
    [{ reasoning: { effort: 'high' } }, null, 'high', []],
    [{ reasoning_effort: 'low' }, null, 'low', []],
    [{ reasoning: { effort: 'low' }, reasoning_effort: 'high' }, null, 'low', []],
    [{ reasoning: { enabled: true } }, null, 'medium', []],
    [{ reasoning: { effort: 'xhigh' } }, null, 'high', ['reasoning.effort changed nearest-effort']],
    [{ reasoning: { effort: 'xhigh' } }, ['xhigh', 'high'], 'xhigh', []],
    [{ reasoning: { effort: 'minimal' } }, ['max', 'high'], 'high', ['reasoning.effort changed nearest-effort']],
    [{ reasoning: { effort: 'none' } }, ['high', 'none'], 'none', []],
    [{ reasoning: { enabled: false } }, ['high', 'low'], 'low', ['reasoning changed cannot-be-turned-off']],
    [{ reasoning: { max_tokens: 0 } }, ['high', 'none'], 'none', []],
    [{ reasoning: { effort: 'high' } }, [], undefined, ['reasoning dropped no-such-control']],
    [
      { reasoning: { max_tokens: 800 }, max_tokens: 1000 },
      null,
      'high',
      ['reasoning.max_tokens changed nearest-effort'],
    ],
    [
      { reasoning: { max_tokens: 210 }, max_tokens: 1000 },
      null,
      'low',
      ['reasoning.max_tokens changed nearest-effort'],
    ],
    [{ reasoning: { max_tokens: 4000 } }, null, 'medium', ['reasoning.max_tokens changed nearest-effort']],
  ])('%j becomes an effort of %j: %s', (request, efforts, want, notes) => {
    const result = encoded(request, {}, reasoning(efforts))
    expect(result.body.reasoning_effort).toBe(want)
    expect(result.notes).toEqual(notes)
    expect(result.body).not.toHaveProperty('reasoning')
  })

  it('finds the nearest level, the weaker of two', () => {
    const all: Exclude<Effort, 'none'>[] = ['minimal', 'low', 'medium', 'high', 'xhigh', 'max']
    for (const level of all) expect(nearestLevel(level, all)).toBe(level)
    expect(nearestLevel('medium', ['low', 'high'])).toBe('low')
    expect(nearestLevel('xhigh', ['max', 'high', 'low'])).toBe('high')
    expect(nearestLevel('max', ['none'])).toBeUndefined()
  })

  it('is switched on and off by `thinking`', () => {
    const facts = { reasoning: 'thinking' } as const
    expect(encoded({ reasoning: { enabled: true } }, facts, reasoning()).body).toMatchObject({
      thinking: { type: 'enabled' },
    })
    expect(encoded({ reasoning: { effort: 'none' } }, facts, reasoning()).body).toMatchObject({
      thinking: { type: 'disabled' },
    })
    expect(encoded({ reasoning: { effort: 'high' } }, facts, reasoning()).notes).toEqual([
      'reasoning changed only-on-or-off',
    ])
    const levels = encoded({ reasoning: { effort: 'medium' } }, facts, reasoning(['max', 'high', 'low']))
    expect(levels.body).toMatchObject({ thinking: { type: 'enabled' }, reasoning_effort: 'low' })
  })

  it('is left on by `thinking` where the model cannot do without', () => {
    const always = { model: { reasoning: { supported: true, mandatory: true, efforts: null } } }
    const { body, notes } = encoded({ reasoning: { enabled: false } }, { reasoning: 'thinking' }, always)
    expect(body).not.toHaveProperty('thinking')
    expect(notes).toEqual(['reasoning changed cannot-be-turned-off'])
  })

  it.each<[object, string[] | null, object]>([
    [{ reasoning: { effort: 'high' } }, ['max', 'high', 'low'], { reasoning_effort: 'high' }],
    [{ reasoning: { enabled: false } }, ['max', 'high', 'low'], { reasoning_effort: 'low' }],
    [{ reasoning: { enabled: true } }, ['max', 'high', 'low'], {}],
    [{ reasoning: { effort: 'high' } }, null, { thinking: { type: 'enabled' } }],
    [{ reasoning: { enabled: false } }, null, { thinking: { type: 'disabled' } }],
  ])('%j is said in one way where two are refused, with levels %j', (wish, efforts, want) => {
    const { body } = encoded(wish, { reasoning: 'effort-or-thinking' }, reasoning(efforts))
    const { model, messages, stream, ...said } = body
    expect(said).toEqual(want)
  })

  it('has a budget where `enable_thinking` is known', () => {
    const facts = { reasoning: 'enable-thinking' } as const
    expect(encoded({ reasoning: { effort: 'low' }, max_tokens: 1000 }, facts, reasoning()).body).toMatchObject({
      enable_thinking: true,
      thinking_budget: 200,
    })
    expect(encoded({ reasoning: { max_tokens: 77 } }, facts, reasoning()).body).toMatchObject({ thinking_budget: 77 })
    const off = encoded({ reasoning: { enabled: false } }, facts, reasoning()).body
    expect(off).toMatchObject({ enable_thinking: false })
    expect(off).not.toHaveProperty('thinking_budget')
  })

  it('goes to a router of our kind as it is', () => {
    const wish = { reasoning: { max_tokens: 9, exclude: true } }
    expect(encoded(wish, { reasoning: 'object' }).body).toMatchObject(wish)
  })
})
