import { describe, expect, it } from 'vitest'
import type { ModelEntry } from '../../src/catalog/records.ts'
import { latestOf } from '../../src/routing/latest.ts'
import { endpointRecord, modelRecord } from './records.ts'

function listed(...models: [id: string, created: number][]): ModelEntry[] {
  return models.map(([id, created]) => ({
    model: modelRecord(id, { created }),
    endpoints: [endpointRecord('alpha', 1, { model: id })],
    version: 'v1',
  }))
}

const catalogue = listed(
  ['anthropic/claude-3.5-sonnet', 100],
  ['anthropic/claude-sonnet-4.5', 300],
  ['anthropic/claude-sonnet-4', 200],
  ['anthropic/claude-opus-5', 400],
  ['anthropic/claude-opus-5-fast', 500],
  ['google/gemini-3-flash-preview', 150],
  ['google/gemini-2.5-flash', 100],
  ['google/gemini-3.5-flash-lite', 900],
  ['google/gemini-flash-latest', 950],
  ['google/gemini-3-pro-image', 960],
  ['moonshotai/kimi-k2', 100],
  ['moonshotai/kimi-k3', 200],
  ['moonshotai/kimi-k2.7-code', 300],
  ['moonshotai/kimi-k3.1', 0],
  ['openai/gpt-4o', 700],
  ['openai/gpt-5.5', 100],
  ['openai/gpt-5.6-sol', 200],
  ['deepseek/deepseek-v4-flash', 100],
  ['deepseek/deepseek-v4-flash-0731', 200],
  ['deepseek/deepseek-v3-flash', 900],
  ['elsewhere/claude-sonnet-9', 999],
)

describe('latestOf', () => {
  it.each([
    ['~anthropic/claude-sonnet-latest', 'anthropic/claude-sonnet-4.5'],
    ['~anthropic/claude-opus-latest', 'anthropic/claude-opus-5'],
    ['~anthropic/claude-opus-fast-latest', 'anthropic/claude-opus-5-fast'],
    ['~google/gemini-flash-latest', 'google/gemini-3-flash-preview'],
    ['~google/gemini-flash-lite-latest', 'google/gemini-3.5-flash-lite'],
    // A date that nobody knows says nothing: then the version does.
    ['~moonshotai/kimi-latest', 'moonshotai/kimi-k3.1'],
    ['~openai/gpt-latest', 'openai/gpt-5.6-sol'],
    ['~openai/gpt-4o-latest', 'openai/gpt-4o'],
    ['~deepseek/deepseek-v4-flash-latest', 'deepseek/deepseek-v4-flash-0731'],
  ])('takes %s for %s', (alias, id) => {
    expect(latestOf(alias, catalogue, () => true)?.model.id).toBe(id)
    expect(latestOf(alias, catalogue.toReversed(), () => true)?.model.id, 'whatever the order').toBe(id)
  })

  it.each([
    '~anthropic/claude-latest',
    '~google/gemini-pro-latest',
    '~nobody/gpt-latest',
    '~openai/gpt-5.5',
    '~latest',
    '~/-latest',
    '~openai/-latest',
    '~openai/gpt-latest-latest',
  ])('finds nothing for %s', (alias) => {
    expect(latestOf(alias, catalogue, () => true)).toBeNull()
  })

  it('takes an older model that can be called before a newer one that cannot', () => {
    const only = (id: string) => (entry: ModelEntry) => entry.model.id === id
    const prefers = only('anthropic/claude-sonnet-4')
    expect(latestOf('~anthropic/claude-sonnet-latest', catalogue, prefers)?.model.id).toBe('anthropic/claude-sonnet-4')
    const none = latestOf('~anthropic/claude-sonnet-latest', catalogue, () => false)
    expect(none?.model.id, 'and where none can, the newest').toBe('anthropic/claude-sonnet-4.5')
  })
})
