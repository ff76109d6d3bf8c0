import { describe, expect, it } from 'vitest'
import type { Modality } from '../../../src/catalog/records.ts'
import { encode } from '../../../src/providers/gemini/encode.ts'
import { seeded } from '../recordings.ts'
import { Choices, chatRequest } from './chat-requests.ts'
import { hello, target } from './gemini-target.ts'
import { generateContentRequest } from './request-schema.ts'

const outputs: Record<string, Modality[]> = {
  'gemini-2.5-flash-image': ['text', 'image'],
  'gemini-3-pro-image': ['text', 'image'],
  'gemini-2.5-flash-preview-tts': ['audio'],
}
const models = [
  'gemini-2.0-flash',
  'gemini-2.5-pro',
  'gemini-2.5-flash',
  'gemini-2.5-flash-lite',
  'gemini-3-flash-preview',
  'gemini-3.1-pro-preview',
  'gemini-flash-latest',
  'gemini-4-argon',
  'gemma-3-27b-it',
  ...Object.keys(outputs),
]

describe('every body', () => {
  it('is one that Google takes, whatever the client says and whichever model it is for', () => {
    const random = seeded(20261121)
    const c = new Choices(random)
    for (let i = 0; i < 3_000; i++) {
      const request = chatRequest(random)
      const before = JSON.stringify(request)
      const id = c.one(models)
      const to = target({
        id,
        endpoint: {
          outputModalities: outputs[id] ?? ['text'],
          parameters: c.one([null, ['temperature'], ['seed', 'logprobs']]),
        },
        model: {
          reasoning: {
            supported: c.one([true, false]),
            mandatory: false,
            efforts: c.one([null, ['high', 'minimal'], []]),
          },
        },
      })
      const facts = c.one([{}, { everySamplingParameter: true as const, withoutCallIds: true as const }])
      const { body, translation } = encode({ request, target: to, stream: c.one([true, false]) }, facts)
      const parsed = generateContentRequest.safeParse(JSON.parse(body))
      expect(parsed.success ? '' : `${id} ${parsed.error.message}\n${body}`).toBe('')
      expect(JSON.stringify(request)).toBe(before)
      for (const { field, reason } of translation) expect(`${field} ${reason}`).toMatch(/^[a-z0-9_.]+ [a-z0-9-]+$/)
    }
  })

  it('would be refused for a field that Google does not know', () => {
    const { body } = encode({ request: hello, target: target(), stream: false }, {})
    expect(generateContentRequest.safeParse({ ...JSON.parse(body), logit_bias: {} }).success).toBe(false)
    expect(generateContentRequest.safeParse({ contents: [] }).success).toBe(false)
  })
})
