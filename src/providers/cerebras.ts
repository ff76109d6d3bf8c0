import type { ProviderFacts } from './openai-chat/provider-facts.ts'

export const cerebras: ProviderFacts = {
  maxTokens: 'max_completion_tokens',
  echo: 'reasoning',
  refuses: [
    'frequency_penalty',
    'presence_penalty',
    'logit_bias',
    'top_k',
    'min_p',
    'top_a',
    'repetition_penalty',
    'n',
    'verbosity',
    'store',
  ],
  adapt(body, { target }) {
    // Some models' default leaves the reasoning in the text.
    if (target.model.reasoning.supported && body.reasoning_format === undefined) body.reasoning_format = 'parsed'
  },
}
