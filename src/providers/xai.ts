import type { KindOf } from './openai-chat/classify.ts'
import type { ProviderFacts } from './openai-chat/provider-facts.ts'
import { openAiResponsesWire } from './openai-responses/wire.ts'

const refusedWhileReasoning = ['presence_penalty', 'frequency_penalty', 'stop']

/** A wrong key is a bad request there, known by its words alone. */
const kindOf: KindOf = (status, { message }) =>
  status === 400 && /^incorrect api key provided[.:].*\byou can obtain an api key\b/i.test(message)
    ? 'credential'
    : undefined

/** Levels of reasoning are an error except on the models that the catalogue knows to have them. */
export const xai: ProviderFacts = {
  cancels: true,
  // Several agents at once are not to be had on chat completions.
  responses: { only: /multi-agent/, wire: openAiResponsesWire({ format: 'xai-responses-v1', efforts: [], kindOf }) },
  efforts: [],
  kindOf,
  refuses: ['top_k', 'min_p', 'top_a', 'repetition_penalty', 'logit_bias'],
  adapt(body, { target }, note) {
    if (!target.model.reasoning.supported) return
    for (const field of refusedWhileReasoning) {
      if (body[field] === undefined) continue
      delete body[field]
      note(field, 'dropped', 'reasoning-model')
    }
  },
}
