import type { JsonRecord } from '../foreign-json.ts'
import { formatWords } from '../format-words.ts'
import { jsonRequest, sseOrJson } from '../json-request.ts'
import type { Note } from '../openai-chat/provider-facts.ts'
import { serviceTierOf } from '../service-tier.ts'
import { noteStrangers, translationNotes } from '../translation-notes.ts'
import type { EncodedRequest, EncodeInput } from '../wire.ts'
import { type AnswerFormat, answerFormatOf } from './answer-format.ts'
import { arrangeCacheMarks } from './cache-marks.ts'
import { type ModelFacts, modelFactsOf } from './claude.ts'
import type { TextBlock, Turn } from './format.ts'
import type { MessagesHost } from './host.ts'
import { loopsWithoutThoughts } from './loops-without-thoughts.ts'
import { encodeMessages } from './messages.ts'
import { encodeSampling, encodeStops } from './sampling.ts'
import { encodeThinking } from './thinking.ts'
import { ToolNames } from './tool-names.ts'
import { encodeTools, forcesTool } from './tools.ts'
import { endTurns, kindOf } from './turns.ts'

/** Fields that are written in the API's words below. */
const handled: ReadonlySet<string> = new Set([
  'top_k',
  'stop',
  'parallel_tool_calls',
  'verbosity',
  'service_tier',
  'thinking',
  'output_config',
])

/** The API's own parameters that have no other name, each with the beta that it is an error without. */
const native: Readonly<Record<string, string | null>> = {
  container: null,
  inference_geo: null,
  context_management: 'context-management-',
  mcp_servers: 'mcp-client-',
}

/**
 * A chat completion request for the Messages API. What had to be dropped or changed is in `translation`.
 *
 * @throws FailureError for media that this endpoint cannot take.
 */
export function encode(input: EncodeInput, host: MessagesHost): EncodedRequest {
  const { translation, note } = translationNotes()
  const betas = betasOf(input.betas)
  const body = bodyOf({ ...input, betas }, host, note)
  if (betas.length > 0 && host.betas === 'body') body.anthropic_beta = betas
  return jsonRequest(
    input.target.baseUrl + (host.path?.(input) ?? '/messages'),
    sseOrJson(input.stream),
    body,
    translation,
    {
      ...(host.bodyVersion === undefined ? { 'anthropic-version': '2023-06-01' } : {}),
      ...(betas.length > 0 && host.betas !== 'body' ? { 'anthropic-beta': betas.join(',') } : {}),
    },
  )
}

function bodyOf(input: EncodeInput, host: MessagesHost, note: Note): JsonRecord {
  const { request, target } = input
  const facts = modelFactsOf(target.endpoint.upstreamId, target.model)
  const names = new ToolNames(request)
  const { system, turns } = encodeMessages(request, { host, names, thoughts: facts.thinking !== 'none' }, note)
  const maxTokens = maxTokensOf(input, facts, system, turns, note)
  const forced = forcesTool(request) && !facts.refusesForcedTools
  const thoughtless = loopsWithoutThoughts(turns, kindOf)
  const thinking = encodeThinking(request, { facts, maxTokens, forced, thoughtless }, note)
  const format = answerFormatOf(request, {
    facts,
    names,
    native: host.structured !== false,
    forcible: !facts.refusesForcedTools && !forcesTool(request) && thinking.mode !== 'budget',
  })
  noteFormat(input, format, note)
  if (format.by === 'words') system.push({ type: 'text', text: formatWords(format.schema) })
  // The beginning of an answer is no place to think, and none to call a tool.
  endTurns(turns, facts.prefill && thinking.mode === 'off' && format.by !== 'tool', note)
  const { tools, tool_choice } = encodeTools(input, { facts, host, names, format, turns }, note)
  arrangeCacheMarks(tools ?? [], system, turns, request.cache_control, note)
  const outputConfig: JsonRecord = {
    ...(thinking.effort === undefined ? {} : { effort: thinking.effort }),
    ...(format.by === 'schema' ? { format: { type: 'json_schema', schema: format.schema } } : {}),
  }
  const serviceTier = tierOf(input, host, note)
  return {
    ...(host.bodyVersion === undefined
      ? { model: target.endpoint.upstreamId }
      : { anthropic_version: host.bodyVersion }),
    max_tokens: maxTokens,
    ...(system.length > 0 ? { system: compact(system, '\n\n') } : {}),
    messages: turns.map(({ role, content }) => ({
      role,
      content: content.length === 1 ? compact(content, '') : content,
    })),
    ...(tools ? { tools } : {}),
    ...(tool_choice ? { tool_choice } : {}),
    ...(thinking.config ? { thinking: thinking.config } : {}),
    ...(Object.keys(outputConfig).length > 0 ? { output_config: outputConfig } : {}),
    ...encodeSampling(input, facts, thinking, note),
    ...encodeStops(input, note),
    ...(input.userHash === undefined ? {} : { metadata: { user_id: input.userHash } }),
    ...(serviceTier ? { service_tier: serviceTier } : {}),
    ...nativeFields(input, host, note),
    ...(host.streamField === false || !input.stream ? {} : { stream: true }),
  }
}

/** Plain texts as one, anything else as it is. */
function compact(blocks: Turn['content'] | TextBlock[], separator: string): unknown {
  const isPlain = blocks.every((block) => block.type === 'text' && block.cache_control === undefined)
  return isPlain ? blocks.map((block) => (block as TextBlock).text).join(separator) : blocks
}

/** The field is required. Without a wish of the client's it is as much as the model can say. */
function maxTokensOf(
  { request, target }: EncodeInput,
  facts: ModelFacts,
  system: readonly TextBlock[],
  turns: readonly Turn[],
  note: Note,
): number {
  const limit = target.endpoint.maxOutputTokens ?? target.model.maxOutputTokens ?? facts.maxOutputTokens
  const asked = request.max_completion_tokens ?? request.max_tokens
  if (asked != null) {
    if (asked > limit) note('max_tokens', 'changed', 'endpoint-limit')
    return Math.min(asked, limit)
  }
  const context = target.endpoint.contextLength ?? target.model.contextLength
  if (!facts.countsMaxTokensInContext || context === null) return limit
  // Older models refuse a request whose prompt and answer might together be too long.
  const room = context - promptTokensAtMost(system, turns)
  return Math.min(limit, Math.max(room, Math.min(limit, 1_024)))
}

/** Few texts have less than three characters a token; a picture has at most about 1,600, a page twice that. */
function promptTokensAtMost(system: readonly TextBlock[], turns: readonly Turn[]): number {
  let tokens = 0
  for (const block of [...system, ...turns.flatMap(({ content }) => content)]) {
    if (block.type === 'text') tokens += block.text.length / 3
    else if (block.type === 'image') tokens += 1_600
    else if (block.type === 'document') tokens += 4_000
    else tokens += JSON.stringify(block).length / 3
  }
  return Math.ceil(tokens)
}

function noteFormat({ request }: EncodeInput, format: AnswerFormat, note: Note): void {
  const { response_format: asked } = request
  if (format.by === 'tool') note('response_format', 'emulated', 'forced-tool')
  else if (format.by === 'words')
    note('response_format', 'emulated', format.schema ? 'schema-in-the-prompt' : 'asked-in-the-prompt')
  else if (format.by === 'schema') {
    if (format.changed) note('response_format', 'changed', 'limits-in-words')
  } else if (asked && asked.type !== 'text') note('response_format', 'dropped', 'no-such-format')
}

/** There are only two: with a priority that was paid for, or without. The first is what holds where nothing is said. */
function tierOf({ request, target }: EncodeInput, host: MessagesHost, note: Note): 'auto' | 'standard_only' | null {
  const tier = serviceTierOf(request, target.endpoint, note)
  if (tier === null || (tier === 'default' && host.refuses?.includes('service_tier'))) return null
  if (tier === 'default') return 'standard_only'
  if (tier === 'priority' && !host.refuses?.includes('service_tier')) return 'auto'
  note('service_tier', 'dropped', 'no-such-tier')
  return null
}

/** The API's own parameters as they are; everything else that the client asked for has no word there. */
function nativeFields({ request, betas = [] }: EncodeInput, host: MessagesHost, note: Note): JsonRecord {
  const fields: JsonRecord = {}
  const known = new Set(handled)
  for (const [field, beta] of Object.entries(native)) {
    if (host.refuses?.includes(field)) continue
    known.add(field)
    if (request[field] == null) continue
    if (beta === null || betas.some((name) => name.startsWith(beta))) fields[field] = request[field]
    else note(field, 'dropped', 'needs-beta')
  }
  noteStrangers(request, known, note)
  return fields
}

/** Names of betas that are fit for a header, each once. */
function betasOf(asked: readonly string[] = []): string[] {
  const names = asked.map((name) => name.trim()).filter((name) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name))
  return [...new Set(names)].slice(0, 32)
}
