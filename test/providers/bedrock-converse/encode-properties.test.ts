import { describe, expect, it } from 'vitest'
import { encode } from '../../../src/providers/bedrock-converse/encode.ts'
import { seeded } from '../recordings.ts'
import { encodeInput, ids } from './converse.ts'
import { generatedRequest } from './generated-requests.ts'
import { converseRequest, refusedBy } from './request-schema.ts'

const requests = 6_000

describe('any chat request', () => {
  it('becomes a body that Bedrock and the model’s family accept', () => {
    const random = seeded(20261121)
    const upstreamIds = Object.values(ids)
    for (let i = 0; i < requests; i++) {
      const upstreamId = upstreamIds[i % upstreamIds.length] ?? ids.claude45
      const request = generatedRequest(random)
      const input = encodeInput(upstreamId, request, { stream: i % 2 === 0, betas: ['context-1m-2025-08-07', 'x'] })
      const frozen = JSON.stringify(input.request)
      const { body, translation } = encode(input)
      const told = `${upstreamId} ${i}: ${frozen}\n${body}`
      const parsed = converseRequest.safeParse(JSON.parse(body))
      if (!parsed.success) expect.fail(`${told}\n${parsed.error.message}`)
      expect(refusedBy(upstreamId, parsed.data), told).toEqual([])
      expect(JSON.stringify(input.request)).toBe(frozen)
      expect(body, told).not.toContain('canary')
      expect(JSON.stringify(translation), told).not.toContain('canary')
    }
  })
})
