import { describe, expect, it } from 'vitest'
import { FailureError } from '../../../src/chat/failure.ts'
import type { ChatRequest } from '../../../src/chat/request.ts'
import { gatewayOnlyFields } from '../../../src/chat/request.ts'
import { openaiResponses } from '../../../src/providers/openai.ts'
import { encode } from '../../../src/providers/openai-responses/encode.ts'
import type { ResponsesFacts } from '../../../src/providers/openai-responses/responses-facts.ts'
import { chatRequest } from '../gemini/chat-requests.ts'
import { encodeInput, reasoning } from '../openai-chat/encode-input.ts'
import { seeded } from '../recordings.ts'
import { responsesRequest } from './request-schema.ts'

const formats = ['openai-responses-v1', 'azure-openai-responses-v1', 'xai-responses-v1'] as const

/** A generated request whose reasoning is, mostly, of the provider asked, and whose names OpenAI's APIs take. */
function generated(random: () => number): ChatRequest {
  const text = JSON.stringify(chatRequest(random))
  return JSON.parse(
    text
      .replaceAll('"google-gemini-v1"', () => `"${formats[Math.floor(random() ** 2 * formats.length)]}"`)
      .replaceAll('"a.b', '"a_b'),
  )
}

const { streamOptions, ...azureFacts } = openaiResponses

const variants: [string, ResponsesFacts][] = [
  ['OpenAI', openaiResponses],
  ['Azure', { ...azureFacts, format: 'azure-openai-responses-v1', userField: 'user' }],
  ['xAI', { format: 'xai-responses-v1', efforts: [], minOutputTokens: 16 }],
]

describe.each(variants)('whatever is asked of %s', (_, facts) => {
  it('is a request that the API takes', () => {
    const random = seeded(20261121)
    let taken = 0
    let thoughts = 0
    for (let i = 0; i < 1500; i++) {
      const request = generated(random)
      const before = JSON.stringify(request)
      const thinks = random() < 0.5
      const model = thinks ? reasoning(random() < 0.5 ? ['high', 'medium', 'none'] : null) : {}
      const stream = random() < 0.5
      try {
        const { body } = encode(encodeInput(request, { ...model, stream, userHash: 'hash' }), facts)
        const checked = responsesRequest.safeParse(JSON.parse(body))
        if (!checked.success) expect.fail(`${checked.error.message}\n${body}`)
        for (const field of gatewayOnlyFields)
          if (!/^(reasoning|user)$/.test(field)) expect(checked.data).not.toHaveProperty(field)
        taken++
        if (checked.data.input.some((item) => 'type' in item && item.type === 'reasoning')) thoughts++
      } catch (error) {
        if (!(error instanceof FailureError)) throw error
        expect(before).toMatch(/input_audio|video_url/)
      }
      expect(JSON.stringify(request)).toBe(before)
    }
    expect(taken).toBeGreaterThan(700)
    expect(thoughts).toBeGreaterThan(30)
  })
})
