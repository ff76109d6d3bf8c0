import { reasoningSwitchedOffBy } from '../chat/reasoning-switch.ts'
import type { ProviderFacts } from './openai-chat/provider-facts.ts'

/** Strict about what it doesn't know; reasoning is controlled model by model. */
export const groq: ProviderFacts = {
  maxTokens: 'max_completion_tokens',
  names: false,
  refuses: [
    'logprobs',
    'top_logprobs',
    'logit_bias',
    'n',
    'top_k',
    'min_p',
    'top_a',
    'repetition_penalty',
    'verbosity',
    'prediction',
    'prompt_cache_key',
    'prompt_cache_retention',
    'store',
  ],
  adapt(body, input, note) {
    const { endpoint, model } = input.target
    if (!model.reasoning.supported || endpoint.upstreamId.includes('gpt-oss')) return
    // The default leaves the reasoning in the text, and JSON mode refuses that.
    if (body.reasoning_format === undefined) body.reasoning_format = 'parsed'
    // Qwen is either thinking or not.
    if (!endpoint.upstreamId.startsWith('qwen/') || body.reasoning_effort === undefined) return
    const off = reasoningSwitchedOffBy(input.request) !== null
    body.reasoning_effort = off ? 'none' : 'default'
    if (!off) note('reasoning', 'changed', 'only-on-or-off')
  },
}
