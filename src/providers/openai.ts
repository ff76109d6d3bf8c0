import type { ProviderFacts } from './openai-chat/provider-facts.ts'
import { reasoningWishOf } from './openai-chat/reasoning-control.ts'

/** What reasoning models refuse unless they are told not to reason. */
const refusedWhileReasoning = [
  'temperature',
  'top_p',
  'frequency_penalty',
  'presence_penalty',
  'logprobs',
  'top_logprobs',
  'logit_bias',
]

/** `max_tokens` is deprecated everywhere there and refused by reasoning models, whose thinking counts in it. */
export const openai: ProviderFacts = {
  cancels: true,
  settingHeaders: { ORGANIZATION: 'openai-organization', PROJECT: 'openai-project' },
  // Served on the Responses API, the Realtime API or as plain completions only.
  notChat:
    /(^|\/)(o\d.*-pro|gpt-\d.*-pro|.*codex.*|.*deep-research.*|.*realtime.*|computer-use.*|.*-instruct.*|davinci.*|babbage.*)$/,
  maxTokens: 'max_completion_tokens',
  // Padding against traffic analysis doubles every chunk; what we send on has none either way.
  streamOptions: { include_obfuscation: false },
  userField: 'safety_identifier',
  refuses: ['top_k', 'min_p', 'top_a', 'repetition_penalty'],
  efforts: ['low', 'medium', 'high'],
  developerRole: true,
  cacheBreakpoints: true,
  adapt(body, input, note) {
    if (!input.target.model.reasoning.supported) return
    const wish = reasoningWishOf(input.request)
    if (wish && !wish.on && body.reasoning_effort === 'none') return
    for (const field of refusedWhileReasoning) {
      if (body[field] === undefined) continue
      delete body[field]
      note(field, 'dropped', 'reasoning-model')
    }
    if (body.stop !== undefined && /(^|\/)(o[34]|gpt-5)/.test(input.target.endpoint.upstreamId)) {
      delete body.stop
      note('stop', 'dropped', 'reasoning-model')
    }
  },
}
