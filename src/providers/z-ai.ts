import type { AttemptFailureKind } from '../chat/failure.ts'
import type { ProviderFacts } from './openai-chat/provider-facts.ts'

/** Errors are numbers, whatever their status is. */
const kinds: Readonly<Record<string, AttemptFailureKind>> = {
  '1000': 'credential',
  '1001': 'credential',
  '1002': 'credential',
  '1003': 'credential',
  '1113': 'payment',
  '1211': 'not-found',
  '1261': 'context-length',
  '1301': 'content-policy',
  '1302': 'rate-limited',
  '1303': 'rate-limited',
  '1305': 'rate-limited',
}

export const zAi: ProviderFacts = {
  reasoning: 'thinking',
  echo: 'reasoning_content',
  toolChoices: ['auto'],
  jsonSchema: false,
  refuses: ['n', 'seed', 'logit_bias', 'top_k', 'min_p', 'top_a', 'repetition_penalty', 'parallel_tool_calls'],
  adapt(body, { stream }) {
    // Without it the arguments of a call come whole, at the end.
    if (stream && body.tools !== undefined && body.tool_stream === undefined) body.tool_stream = true
  },
  kindOf: (_, { code }) => kinds[code],
}
