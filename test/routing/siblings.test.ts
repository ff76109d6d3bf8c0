import { describe, expect, it } from 'vitest'
import type { ChatRequest } from '../../src/chat/request.ts'
import { siblingId, siblingWanted } from '../../src/routing/siblings.ts'
import { modelRecord } from './records.ts'

describe('siblings', () => {
  it.each<[Partial<ChatRequest>, string | null]>([
    [{}, null],
    [{ reasoning: { mode: 'standard' } }, null],
    [{ reasoning: { mode: 'pro' } }, 'pro'],
    [{ speed: 'fast' }, 'fast'],
    [{ speed: 'standard' }, null],
    [{ service_tier: 'fast' }, 'fast'],
    [{ service_tier: 'priority' }, 'fast'],
    [{ service_tier: 'flex' }, null],
  ])('%j asks for %s', (fields, wanted) => {
    expect(siblingWanted({ messages: [], ...fields })).toBe(wanted)
  })

  it('are models of the same name with an ending; only Claude is sold as fast', () => {
    expect(siblingId(modelRecord('openai/gpt-5'), 'pro')).toBe('openai/gpt-5-pro')
    expect(siblingId(modelRecord('openai/gpt-5-pro'), 'pro')).toBeNull()
    expect(siblingId(modelRecord('anthropic/claude-opus-5'), 'fast')).toBe('anthropic/claude-opus-5-fast')
    expect(siblingId(modelRecord('openai/gpt-5'), 'fast')).toBeNull()
  })
})
