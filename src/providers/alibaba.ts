import type { ProviderFacts } from './openai-chat/provider-facts.ts'

export const alibaba: ProviderFacts = {
  reasoning: 'enable-thinking',
  prefill: 'partial',
  cacheControl: true,
  refuses: ['min_p', 'top_a', 'logit_bias'],
  adapt(body, { target, stream }, note) {
    // The open Qwen3 models think by default and refuse that in an answer that is not streamed.
    const isOpen = /^qwen3-\d+(\.\d+)?b/.test(target.endpoint.upstreamId)
    if (stream || !isOpen || !target.model.reasoning.supported || body.enable_thinking === false) return
    if (body.enable_thinking === true) note('reasoning', 'dropped', 'only-in-streams')
    body.enable_thinking = false
    delete body.thinking_budget
  },
}
