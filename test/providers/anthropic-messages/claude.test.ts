import { describe, expect, it } from 'vitest'
import { modelFactsOf } from '../../../src/providers/anthropic-messages/claude.ts'

const facts = (id: string, efforts: string[] | null = null, supported = true) =>
  modelFactsOf(id, { reasoning: { supported, mandatory: false, efforts } })

describe('the facts of a model', () => {
  it.each([
    ['anthropic.claude-v2:1', 'none', 4_096],
    ['claude-instant-1.2', 'none', 4_096],
    ['claude-3-haiku-20240307', 'none', 4_096],
    ['anthropic.claude-3-5-sonnet-20240620-v1:0', 'none', 8_192],
    ['claude-3-7-sonnet@20250219', 'budget', 64_000],
    ['claude-sonnet-4-20250514', 'budget', 64_000],
    ['claude-sonnet-4-0', 'budget', 64_000],
    ['claude-opus-4@20250514', 'budget', 32_000],
    ['us.anthropic.claude-opus-4-1-20250805-v1:0', 'budget', 32_000],
    ['claude-haiku-4-5-20251001', 'budget', 64_000],
    ['us.anthropic.claude-opus-4-6-v1', 'adaptive', 128_000],
    ['claude-opus-4.8-fast', 'adaptive', 128_000],
    ['claude-sonnet-5@default', 'adaptive', 128_000],
    ['claude-mythos-preview', 'adaptive', 128_000],
    ['claude-fable-5-2', 'adaptive', 128_000],
    ['claude-opus-7-10', 'adaptive', 128_000],
  ])('are read from its id: %s', (id, thinking, maxOutputTokens) => {
    expect(facts(id)).toMatchObject({ thinking, maxOutputTokens })
  })

  it.each([
    ['claude-sonnet-4-5', []],
    ['claude-opus-4-5', ['low', 'medium', 'high']],
    ['claude-sonnet-4-6', ['low', 'medium', 'high', 'max']],
    ['claude-opus-4-7', ['low', 'medium', 'high', 'xhigh', 'max']],
  ])('know the levels of %s', (id, efforts) => {
    expect(facts(id).efforts).toEqual(efforts)
  })

  it('believe the catalogue about levels where there are any', () => {
    expect(facts('claude-opus-4-7', ['none', 'high', 'low']).efforts).toEqual(['high', 'low'])
    expect(facts('claude-sonnet-4-5', ['high']).efforts).toEqual([])
  })

  it('presume little of somebody else’s model', () => {
    expect(facts('MiniMax-M2')).toMatchObject({ thinking: 'budget', structured: false, prefill: true })
    expect(facts('MiniMax-M2', null, false).thinking).toBe('none')
  })
})
