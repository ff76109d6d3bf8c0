import { describe, expect, it } from 'vitest'
import { finishReasonOf } from '../../../src/providers/openai-chat/finish.ts'

const said = { calls: false, produced: true }

describe('finishReasonOf', () => {
  it.each([
    ['stop', 'stop'],
    ['eos', 'stop'],
    ['eos_token', 'stop'],
    ['end_turn', 'stop'],
    ['COMPLETE', 'stop'],
    ['length', 'length'],
    ['model_length', 'length'],
    ['MAX_TOKENS', 'length'],
    ['tool_calls', 'tool_calls'],
    ['function_call', 'tool_calls'],
    ['content_filter', 'content_filter'],
    ['sensitive', 'content_filter'],
    ['SAFETY', 'content_filter'],
    ['error', 'error'],
    ['insufficient_system_resource', 'error'],
    ['network_error', 'error'],
  ])('maps %s to %s', (native, want) => {
    expect(finishReasonOf(native, said)).toBe(want)
  })

  it('is tool_calls when there are calls, however the provider worded the stop', () => {
    for (const native of ['stop', 'eos', 'whatever']) {
      expect(finishReasonOf(native, { calls: true, produced: true })).toBe('tool_calls')
    }
    expect(finishReasonOf('length', { calls: true, produced: true })).toBe('length')
  })

  it('takes an unknown word for a stop only when something was said', () => {
    for (const native of ['whatever', 'constructor', '__proto__']) {
      expect(finishReasonOf(native, said)).toBe('stop')
      expect(finishReasonOf(native, { calls: false, produced: false })).toBe('error')
    }
  })
})
