import { describe, expect, it } from 'vitest'
import { generationId, requestId } from '../../src/edge/ids.ts'

describe('ids', () => {
  it('have the form that clients know', () => {
    expect(generationId(1_790_000_000_999, Math.random)).toMatch(/^gen-1790000000-[A-Za-z0-9]{20}$/)
    expect(requestId(1_790_000_000_000, Math.random)).toMatch(/^req-1790000000-[A-Za-z0-9]{20}$/)
  })

  it('stay in the alphabet at both ends of chance', () => {
    expect(generationId(0, () => 0)).toBe('gen-0-AAAAAAAAAAAAAAAAAAAA')
    expect(generationId(0, () => 1 - 2 ** -53)).toBe('gen-0-99999999999999999999')
  })

  it('do not repeat', () => {
    const ids = new Set(Array.from({ length: 50_000 }, () => generationId(0, Math.random)))
    expect(ids.size).toBe(50_000)
  })
})
