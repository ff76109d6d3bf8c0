import type { ProviderFacts } from './openai-chat/provider-facts.ts'
import { textHash } from './text-hash.ts'

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

/** Unknown fields are a 422 there, and so are tool call ids of anybody else. */
export const mistral: ProviderFacts = {
  rename: { seed: 'random_seed' },
  // Usage is in the finish chunk without asking.
  streamUsage: false,
  names: false,
  efforts: [],
  prefill: 'prefix',
  toolCallId,
  refuses: [
    'logprobs',
    'top_logprobs',
    'logit_bias',
    'top_k',
    'min_p',
    'top_a',
    'repetition_penalty',
    'verbosity',
    'service_tier',
    'store',
    'modalities',
    'audio',
    'web_search_options',
    'prompt_cache_key',
    'prompt_cache_retention',
  ],
}

/**
 * Nine letters or digits, as Mistral demands. Its own ids stay; another's becomes nine characters of a 54 bit hash, so
 * that a call and its result meet again whenever the conversation is sent.
 */
function toolCallId(id: string): string {
  if (/^[a-zA-Z0-9]{9}$/.test(id)) return id
  let rest = textHash(id)
  let text = ''
  for (let i = 0; i < 9; i++) {
    text += letters[rest % letters.length]
    rest = Math.floor(rest / letters.length)
  }
  return text
}
