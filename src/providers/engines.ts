import type { ProviderFacts } from './openai-chat/provider-facts.ts'
import { reasoningWishOf } from './openai-chat/reasoning-control.ts'

/** Thinking is switched in the chat template, which calls the switch by one of two names and ignores the other. */
const templateSwitch: ProviderFacts['adapt'] = (body, { request, target }) => {
  const wish = reasoningWishOf(request)
  if (!wish || !target.model.reasoning.supported) return
  const given = typeof body.chat_template_kwargs === 'object' ? body.chat_template_kwargs : {}
  body.chat_template_kwargs = { enable_thinking: wish.on, thinking: wish.on, ...given }
  if (!wish.on) delete body.reasoning_effort
}

/** Every engine stops when its caller has gone, and leaves thoughts in the text where it was not told of them. */
const common = { cancels: true, thinkTags: true } as const

/**
 * What sets the engines apart that people run themselves, by the name that an operator gives with `--engine`. One that
 * is not here is a plain OpenAI-shaped host. Ollama's is missing because it speaks a wire of its own.
 */
export const factsByEngine: Readonly<Record<string, ProviderFacts>> = {
  vllm: {
    ...common,
    refuses: ['top_a'],
    efforts: ['none', 'low', 'medium', 'high'],
    adapt: templateSwitch,
  },
  llamacpp: {
    ...common,
    refuses: ['top_a'],
    rename: { repetition_penalty: 'repeat_penalty' },
    efforts: ['none', 'low', 'medium', 'high'],
    echo: 'reasoning_content',
    adapt: templateSwitch,
    kindOf: (_, { type }) => (type === 'exceed_context_size_error' ? 'context-length' : undefined),
  },
  lmstudio: {
    ...common,
    refuses: ['top_a', 'n'],
    rename: { repetition_penalty: 'repeat_penalty' },
    toolChoices: ['auto', 'none', 'required'],
    adapt(body, { request }, note) {
      if (request.response_format?.type !== 'json_object') return
      // Schemas it takes, but no JSON without one.
      const schema = { type: 'object', additionalProperties: true }
      body.response_format = { type: 'json_schema', json_schema: { name: 'object', schema } }
      note('response_format', 'emulated', 'schema-of-any-object')
    },
  },
  tgi: {
    ...common,
    refuses: ['top_a', 'min_p', 'top_k', 'parallel_tool_calls'],
    reasoning: 'none',
    adapt(body, { request }) {
      const format = request.response_format
      if (format?.type !== 'json_object' && format?.type !== 'json_schema') return
      const schema = format.type === 'json_schema' ? format.json_schema.schema : undefined
      // Its own words for it, which every version with grammars knows.
      body.response_format = { type: 'json', value: schema ?? { type: 'object' } }
    },
  },
}
