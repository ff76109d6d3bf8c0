import type { ProviderFacts } from './openai-chat/provider-facts.ts'

/** What a Kimi model that thinks has fixed, each at a value that depends on whether it is thinking. */
const fixedSampling = ['temperature', 'top_p', 'n', 'presence_penalty', 'frequency_penalty'] as const

/** Kimi models but those of before thinking: K2 by its dates, its turbo, and `kimi-latest`. */
const thinkingKimi = /^kimi-(?!k2-\d|k2-turbo|latest)/

export const moonshotai: ProviderFacts = {
  reasoning: 'effort-or-thinking',
  // K3 has levels and no switch; earlier models have a switch and no levels.
  effortsOf: (upstreamId) => (/^kimi-k3\b/.test(upstreamId) ? ['low', 'high', 'max'] : undefined),
  echo: 'reasoning_content',
  demandsThoughts: true,
  prefill: 'partial',
  toolChoices: ['auto', 'none'],
  refuses: ['min_p', 'top_a', 'repetition_penalty', 'logit_bias'],
  adapt(body, { target }, note) {
    if (thinkingKimi.test(target.endpoint.upstreamId)) {
      for (const field of fixedSampling) {
        if (body[field] === undefined) continue
        delete body[field]
        note(field, 'dropped', 'fixed-by-model')
      }
    } else if (typeof body.temperature === 'number' && body.temperature > 1) {
      body.temperature = 1
      note('temperature', 'changed', 'model-limit')
    }
  },
}
