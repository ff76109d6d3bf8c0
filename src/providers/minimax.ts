import type { AttemptFailureKind } from '../chat/failure.ts'
import type { ProviderFacts } from './openai-chat/provider-facts.ts'

/** Codes of `base_resp`, which comes with a 200. */
const kinds: Readonly<Record<string, AttemptFailureKind>> = {
  '1002': 'rate-limited',
  '1004': 'credential',
  '1008': 'payment',
  '1026': 'content-policy',
  '1027': 'content-policy',
  '1039': 'rate-limited',
  '2013': 'bad-request',
  '2049': 'credential',
}

/** Thinks in its text, and wants to see there what it thought before. */
export const minimax: ProviderFacts = {
  reasoning: 'none',
  thinkTags: true,
  echo: 'think-tags',
  refuses: [
    'logit_bias',
    'frequency_penalty',
    'presence_penalty',
    'top_k',
    'min_p',
    'top_a',
    'repetition_penalty',
    'n',
  ],
  kindOf: (_, { code }) => kinds[code],
}
