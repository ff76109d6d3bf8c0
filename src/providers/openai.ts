import { invalidRequest } from '../chat/failure.ts'
import type { ChatRequest } from '../chat/request.ts'
import type { ProviderFacts } from './openai-chat/provider-facts.ts'
import { reasoningWishOf } from './openai-chat/reasoning-control.ts'
import type { ResponsesFacts } from './openai-responses/responses-facts.ts'
import { openAiResponsesWire } from './openai-responses/wire.ts'

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

/** Models that answer on the Responses API only, with the date of a snapshot or without. */
export const responsesOnly =
  /(^|\/)(o\d.*-pro|gpt-\d.*-pro|.*codex.*|.*deep-research|computer-use.*)(-\d{4}-\d\d-\d\d)?$/

export const openaiResponses: ResponsesFacts = {
  format: 'openai-responses-v1',
  minOutputTokens: 16,
  streamOptions: { include_obfuscation: false },
  userField: 'safety_identifier',
  takes: ['service_tier', 'prompt_cache_key', 'prompt_cache_retention', 'truncation'],
  verbosity: true,
  reasoningModes: true,
  cacheBreakpoints: true,
  efforts: ['low', 'medium', 'high'],
  summaries: (upstreamId) => !/(^|\/)(o1|o3-mini)/.test(upstreamId),
  refusesSampling: ({ target }, effort) => target.model.reasoning.supported && effort !== 'none',
  adapt(body, { target }, note) {
    if (!/deep-research/.test(target.endpoint.upstreamId)) return
    // They search or they refuse to work, and they take no functions.
    if (body.tools !== undefined) note('tools', 'dropped', 'refused-by-model')
    for (const field of ['tool_choice', 'parallel_tool_calls']) delete body[field]
    body.tools = [{ type: 'web_search_preview' }]
  },
}

/** `max_tokens` is deprecated everywhere there and refused by reasoning models, whose thinking counts in it. */
export const openai: ProviderFacts = {
  cancels: true,
  settingHeaders: { ORGANIZATION: 'openai-organization', PROJECT: 'openai-project' },
  responses: { only: responsesOnly, wire: openAiResponsesWire(openaiResponses) },
  // Served on the Realtime API, as plain completions, or to make vectors and pictures.
  notChat: /(^|\/)(.*realtime.*|gpt-3.*-instruct.*|davinci.*|babbage.*|text-embedding.*|.*-image-.*)$/,
  maxTokens: 'max_completion_tokens',
  // Padding against traffic analysis doubles every chunk; what we send on has none either way.
  streamOptions: { include_obfuscation: false },
  userField: 'safety_identifier',
  refuses: ['top_k', 'min_p', 'top_a', 'repetition_penalty'],
  efforts: ['low', 'medium', 'high'],
  developerRole: true,
  cacheBreakpoints: true,
  adapt(body, input, note) {
    refuseFileAddresses(input.request)
    // Three levels are known there; any other is a 400.
    if (body.verbosity === 'xhigh' || body.verbosity === 'max') {
      body.verbosity = 'high'
      note('verbosity', 'changed', 'nearest-level')
    }
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

/** Images are fetched there, files are not: an endpoint that opens addresses answers better. */
function refuseFileAddresses({ messages }: ChatRequest): void {
  for (const { content } of messages) {
    if (!Array.isArray(content)) continue
    for (const part of content)
      if (part.type === 'file' && /^https?:/i.test(part.file.file_data ?? ''))
        throw invalidRequest('This endpoint opens no address of a file: send the file itself as a data URL.')
  }
}
