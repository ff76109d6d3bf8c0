import { describe, expect, it } from 'vitest'
import { nestsDeeperThan } from '../../src/edge/json-depth.ts'

const deeper = (text: string, limit: number) => nestsDeeperThan(new TextEncoder().encode(text), limit)

describe('the depth of JSON text', () => {
  it.each<[string, number]>([
    ['1', 0],
    ['[]', 1],
    ['{"a":[{}]}', 3],
    ['[[],[],[[]]]', 3],
    ['["[[[[", "\\"[[[["]', 1],
    ['["\\\\", [1]]', 2],
    ['["a\\\\\\"[[[[", []]', 2],
  ])('of %s is %i', (text, depth) => {
    expect(deeper(text, depth)).toBe(false)
    if (depth > 0) expect(deeper(text, depth - 1)).toBe(true)
  })

  it('of broken text is told without a hang', () => {
    expect(deeper('["[[[', 3)).toBe(false)
    expect(deeper(']]]][[', 3)).toBe(false)
    expect(deeper(`"${'\\'.repeat(1_000_000)}`, 3)).toBe(false)
  })
})
