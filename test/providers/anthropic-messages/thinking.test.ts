import { describe, expect, it } from 'vitest'
import type { ChatRequest } from '../../../src/chat/request.ts'
import { type Changes, encoded, type Json, tool } from './claude-target.ts'

const summarized = { type: 'adaptive', display: 'summarized' }

type Row = [string, Partial<ChatRequest>, Json, string | undefined, string[]]

function check(changes: Changes) {
  return (_: string, request: Partial<ChatRequest>, thinking: Json, effort: string | undefined, noted: string[]) => {
    const { body, notes } = encoded({ max_tokens: 10_000, ...request }, changes)
    expect(body.thinking).toEqual(thinking)
    expect(body.output_config?.effort).toBe(effort)
    expect(notes).toEqual(noted)
  }
}

describe('thinking by a budget', () => {
  const rows: Row[] = [
    ['nothing asked', {}, undefined, undefined, []],
    ['high', { reasoning: { effort: 'high' } }, { type: 'enabled', budget_tokens: 8_000 }, undefined, []],
    ['the older name', { reasoning_effort: 'low' }, { type: 'enabled', budget_tokens: 2_000 }, undefined, []],
    ['minimal', { reasoning: { effort: 'minimal' } }, { type: 'enabled', budget_tokens: 1_024 }, undefined, []],
    ['max', { reasoning: { effort: 'max' } }, { type: 'enabled', budget_tokens: 9_500 }, undefined, []],
    ['on', { reasoning: { enabled: true } }, { type: 'enabled', budget_tokens: 5_000 }, undefined, []],
    ['a number', { reasoning: { max_tokens: 3_000 } }, { type: 'enabled', budget_tokens: 3_000 }, undefined, []],
    [
      'too few',
      { reasoning: { max_tokens: 5 } },
      { type: 'enabled', budget_tokens: 1_024 },
      undefined,
      ['reasoning.max_tokens changed model-limit'],
    ],
    [
      'too many',
      { reasoning: { max_tokens: 10_000 } },
      { type: 'enabled', budget_tokens: 9_500 },
      undefined,
      ['reasoning.max_tokens changed model-limit'],
    ],
    [
      'no room',
      { max_tokens: 1_000, reasoning: { effort: 'high' } },
      undefined,
      undefined,
      ['reasoning dropped max-tokens-too-small'],
    ],
    ['off', { reasoning: { effort: 'none' } }, { type: 'disabled' }, undefined, []],
    ['off by flag', { reasoning: { enabled: false } }, { type: 'disabled' }, undefined, []],
    [
      'the API’s own words',
      { thinking: { type: 'enabled', budget_tokens: 2_048 } },
      { type: 'enabled', budget_tokens: 2_048 },
      undefined,
      [],
    ],
    [
      'a forced tool',
      { reasoning: { effort: 'low' }, tools: [tool('x')], tool_choice: 'required' },
      undefined,
      undefined,
      ['reasoning dropped excluded-by-forced-tool'],
    ],
    ['verbosity', { verbosity: 'low' }, undefined, undefined, ['verbosity dropped no-such-control']],
  ]
  it.each(rows)('%s', check({ id: 'claude-sonnet-4-5' }))

  it('never takes more than the API allows', () => {
    const { body } = encoded(
      { reasoning: { effort: 'max' } },
      { id: 'claude-opus-4-5', endpoint: { maxOutputTokens: 500_000 } },
    )
    expect(body.thinking).toEqual({ type: 'enabled', budget_tokens: 128_000 })
  })

  it('goes along with an effort where the model has both', () => {
    const { body } = encoded(
      { max_tokens: 10_000, reasoning: { effort: 'low' }, verbosity: 'high' },
      { id: 'claude-opus-4-5' },
    )
    expect(body.thinking).toEqual({ type: 'enabled', budget_tokens: 2_000 })
    expect(body.output_config).toEqual({ effort: 'high' })
  })
})

describe('thinking that measures itself', () => {
  const rows: Row[] = [
    ['nothing asked', {}, undefined, undefined, []],
    ['an effort', { reasoning: { effort: 'xhigh' } }, summarized, 'xhigh', []],
    [
      'an effort it has not',
      { reasoning: { effort: 'minimal' } },
      summarized,
      'low',
      ['reasoning.effort changed nearest-effort'],
    ],
    ['on', { reasoning: { enabled: true } }, summarized, undefined, []],
    [
      'a number',
      { reasoning: { max_tokens: 2_000 } },
      summarized,
      'low',
      ['reasoning.max_tokens changed nearest-effort'],
    ],
    ['unseen', { reasoning: { effort: 'low', exclude: true } }, { type: 'adaptive', display: 'omitted' }, 'low', []],
    ['off', { reasoning: { effort: 'none' } }, { type: 'disabled' }, undefined, []],
    ['verbosity', { verbosity: 'max' }, undefined, 'max', []],
    [
      'two efforts',
      { verbosity: 'max', reasoning: { effort: 'low' } },
      summarized,
      'low',
      ['verbosity dropped effort-instead'],
    ],
    [
      'the API’s own words',
      { thinking: { type: 'adaptive', display: 'omitted' }, output_config: { effort: 'medium' } },
      { type: 'adaptive', display: 'omitted' },
      'medium',
      [],
    ],
    [
      'a forced tool',
      { reasoning: { effort: 'low' }, tools: [tool('x')], tool_choice: 'required' },
      summarized,
      'low',
      [],
    ],
  ]
  it.each(rows)('%s', check({ id: 'claude-opus-4-8' }))

  it('still takes a number where the model does, and does not know the word for what is shown', () => {
    const number = encoded({ reasoning: { max_tokens: 2_000 } }, { id: 'claude-sonnet-4-6' })
    expect(number.body.thinking).toEqual({ type: 'enabled', budget_tokens: 2_000 })
    const effort = encoded({ reasoning: { effort: 'xhigh' } }, { id: 'claude-sonnet-4-6' })
    expect(effort.body.thinking).toEqual({ type: 'adaptive' })
    expect(effort.body.output_config).toEqual({ effort: 'high' })
  })

  it('believes the catalogue about levels', () => {
    const reasoning = { supported: true, mandatory: false, efforts: ['high', 'low', 'none'] }
    const { body } = encoded({ reasoning: { effort: 'max' } }, { id: 'claude-opus-4-8', model: { reasoning } })
    expect(body.output_config).toEqual({ effort: 'high' })
  })
})

describe('thinking that cannot be turned off', () => {
  const cannot = 'reasoning changed cannot-be-turned-off'
  it.each<[string, string, Partial<ChatRequest>, Json, string | undefined, string[]]>([
    ['is shown without being asked for', 'claude-fable-5', {}, summarized, undefined, []],
    ['is kept low', 'claude-opus-5-5', { reasoning: { effort: 'none' } }, summarized, 'low', [cannot]],
    [
      'is kept between tools',
      'claude-sonnet-5-5',
      { reasoning: { enabled: false } },
      { type: 'between_tools' },
      undefined,
      [cannot],
    ],
    [
      'takes no high effort then',
      'claude-sonnet-5-5',
      { reasoning: { enabled: false }, verbosity: 'max' },
      { type: 'between_tools' },
      'high',
      [cannot, 'verbosity changed needs-reasoning'],
    ],
    [
      'can be turned off by some',
      'claude-haiku-5-5',
      { reasoning: { effort: 'none' }, verbosity: 'xhigh' },
      { type: 'disabled' },
      'high',
      ['verbosity changed needs-reasoning'],
    ],
  ])('%s', (_, id, request, thinking, effort, noted) => {
    const { body, notes } = encoded(request, { id })
    expect(body.thinking).toEqual(thinking)
    expect(body.output_config?.effort).toBe(effort)
    expect(notes).toEqual(noted)
  })
})

it('is not asked of a model that does not think', () => {
  const { body, notes } = encoded({ reasoning: { effort: 'high' } }, { id: 'claude-3-5-haiku-20241022' })
  expect(body).not.toHaveProperty('thinking')
  expect(notes).toEqual(['reasoning dropped not-a-reasoning-model'])
  expect(encoded({ reasoning: { effort: 'none' } }, { id: 'claude-3-5-haiku-20241022' }).notes).toEqual([])
})
