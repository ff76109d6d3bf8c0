import { describe, expect, it } from 'vitest'
import type { ChatRequest } from '../../src/chat/request.ts'
import { compressRequest } from '../../src/dispatch/compress-request.ts'
import { anthropicMessages } from '../../src/providers/anthropic-messages/wire.ts'
import { openAiChatWire } from '../../src/providers/openai-chat/wire.ts'
import type { PlannedAttempt } from '../../src/routing/plan.ts'
import { endpointRecord, modelEntry } from '../support/catalog-records.ts'

const planned = (promptBudgetTokens?: number): PlannedAttempt => ({
  endpoint: endpointRecord({}),
  model: modelEntry({}, []).model,
  requestedId: 'acme/m1',
  probability: 1,
  blocked: null,
  blockedUntil: 0,
  promptBudgetTokens,
})
const messages = (count: number, content = 'Hello'): ChatRequest['messages'] =>
  Array.from({ length: count }, (_, i) => ({ role: i % 2 === 0 ? ('user' as const) : ('assistant' as const), content }))

describe('the request as one endpoint gets it', () => {
  it('is as the client sent it where nothing must be left out', () => {
    const request: ChatRequest = { messages: messages(1_500) }
    expect(compressRequest(request, planned(), anthropicMessages())).toBeNull()
    expect(compressRequest(request, planned(1_000_000), openAiChatWire({}))).toBeNull()
  })

  it('has as many messages as Anthropic takes', () => {
    const request: ChatRequest = { model: 'acme/m1', temperature: 1, messages: messages(1_501) }
    const made = compressRequest(request, planned(1_000_000), anthropicMessages())
    expect(made?.request).toMatchObject({ model: 'acme/m1', temperature: 1 })
    const count = made?.request.messages.length ?? 0
    expect(count).toBeGreaterThan(990)
    expect(count).toBeLessThanOrEqual(1_000)
    expect(made?.note).toEqual({
      field: 'messages',
      action: 'changed',
      reason: `${1_501 - count} messages left out in the middle`,
    })
    expect(request.messages).toHaveLength(1_501)
  })

  it('says what was shortened, and nothing of what was in it', () => {
    const request: ChatRequest = { messages: messages(3, 'secret '.repeat(500)) }
    expect(compressRequest(request, planned(900), openAiChatWire({}))?.note.reason).toMatch(
      /^(\d+ messages left out in the middle)?(, )?(\d+ shortened in their middle)?$/,
    )
  })
})
