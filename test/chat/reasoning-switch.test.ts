import { describe, expect, it } from 'vitest'
import { reasoningSwitchedOffBy } from '../../src/chat/reasoning-switch.ts'
import type { ChatRequest } from '../../src/chat/request.ts'

describe('reasoning is switched off', () => {
  it.each<[Pick<ChatRequest, 'reasoning' | 'reasoning_effort'>, string]>([
    [{ reasoning: { effort: 'none' } }, 'reasoning.effort'],
    [{ reasoning: { effort: 'none' }, reasoning_effort: 'none' }, 'reasoning.effort'],
    [{ reasoning_effort: 'none' }, 'reasoning_effort'],
    [{ reasoning: { exclude: true }, reasoning_effort: 'none' }, 'reasoning_effort'],
    [{ reasoning: { enabled: false } }, 'reasoning.enabled'],
    [{ reasoning: { enabled: false, effort: 'high' } }, 'reasoning.enabled'],
    [{ reasoning: { max_tokens: 0 } }, 'reasoning.max_tokens'],
  ])('by %o', (request, field) => {
    expect(reasoningSwitchedOffBy(request)).toBe(field)
  })

  it.each<[Pick<ChatRequest, 'reasoning' | 'reasoning_effort'>]>([
    [{}],
    [{ reasoning: null, reasoning_effort: null }],
    [{ reasoning: { exclude: true } }],
    [{ reasoning: { effort: null, enabled: true, max_tokens: null } }],
    [{ reasoning: { effort: 'minimal' } }],
    [{ reasoning: { max_tokens: 1 } }],
  ])('not by %o', (request) => {
    expect(reasoningSwitchedOffBy(request)).toBeNull()
  })
})
