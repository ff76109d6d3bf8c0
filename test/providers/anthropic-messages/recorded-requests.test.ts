import { describe, expect, it } from 'vitest'
import type { ChatRequest } from '../../../src/chat/request.ts'
import type { MessagesHost } from '../../../src/providers/anthropic-messages/host.ts'
import { onVertex } from '../../../src/providers/anthropic-messages/host.ts'
import { haveRecordings, type Recording, recordingsOf, requestOf } from '../recordings.ts'
import { encoded, type Json, onBedrockInvoke } from './claude-target.ts'

const asBlocks = (content: Json): Json[] => (typeof content === 'string' ? [{ type: 'text', text: content }] : content)

/** What a recorded client said, as it would have said it in a chat completion request. */
function chatRequestOf(body: Json): ChatRequest {
  const { model, system, messages, tools, tool_choice, max_tokens, stop_sequences, stream, ...rest } = body
  const { output_format, output_config, thinking, anthropic_version, ...parameters } = rest
  const format = output_format ?? output_config?.format
  const effort = output_config?.effort
  const budget = thinking?.budget_tokens
  return {
    messages: [
      ...(system ? [{ role: 'system', content: asBlocks(system) }] : []),
      ...messages.flatMap(({ role, content }: Json) => chatMessages(role, asBlocks(content))),
    ],
    max_tokens,
    ...(stop_sequences ? { stop: stop_sequences } : {}),
    ...(tools ? { tools: tools.map(chatTool) } : {}),
    ...(tool_choice ? chatChoice(tool_choice) : {}),
    ...(format
      ? { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: format.schema } } }
      : {}),
    ...(thinking?.type === 'disabled' ? { reasoning: { enabled: false } } : {}),
    ...(thinking?.type === 'enabled' ? { reasoning: { max_tokens: budget } } : {}),
    ...(thinking?.type === 'adaptive' ? { reasoning: { enabled: true, ...(effort ? { effort } : {}) } } : {}),
    ...parameters,
  } as ChatRequest
}

function chatMessages(role: string, blocks: Json[]): Json[] {
  const results = blocks.filter(({ type }) => type === 'tool_result')
  const rest = blocks.filter(({ type }) => type !== 'tool_result' && type !== 'tool_use' && !/thinking/.test(type))
  const calls = blocks.filter(({ type }) => type === 'tool_use')
  const thoughts = blocks.filter(({ type }) => /thinking/.test(type))
  return [
    ...results.map(({ tool_use_id, content, cache_control }) => ({
      role: 'tool',
      tool_call_id: tool_use_id,
      content: marked(asBlocks(content ?? '').map(chatPart), cache_control),
    })),
    ...(role === 'assistant' || rest.length > 0
      ? [
          {
            role,
            content: rest.map(chatPart),
            ...(calls.length > 0 ? { tool_calls: calls.map(chatCall) } : {}),
            ...(thoughts.length > 0 ? { reasoning_details: thoughts.map(chatThought) } : {}),
          },
        ]
      : []),
  ]
}

function marked(parts: Json[], cache_control: Json): Json[] {
  if (cache_control) parts.at(-1).cache_control = cache_control
  return parts
}

function chatPart(block: Json): Json {
  const { type, source, title, citations, ...rest } = block
  const data = source?.type === 'text' ? Buffer.from(source.data).toString('base64') : source?.data
  const url = source?.type === 'url' ? source.url : `data:${source?.media_type};base64,${data}`
  if (type === 'image') return { ...rest, type: 'image_url', image_url: { url } }
  if (type === 'document')
    return { ...rest, type: 'file', file: { ...(title ? { filename: title } : {}), file_data: url } }
  return { type, ...rest }
}

function chatCall({ id, name, input }: Json): Json {
  return { id, type: 'function', function: { name, arguments: JSON.stringify(input) } }
}

function chatThought(block: Json, index: number): Json {
  const format = 'anthropic-claude-v1'
  return block.type === 'thinking'
    ? { type: 'reasoning.text', text: block.thinking, signature: block.signature, format, index }
    : { type: 'reasoning.encrypted', data: block.data, format, index }
}

function chatTool(tool: Json): Json {
  const { name, description, input_schema, strict, cache_control } = tool
  // The provider's own tools have no other words.
  if (input_schema === undefined) return tool
  const described = { name, ...(description ? { description } : {}), parameters: input_schema }
  return {
    type: 'function',
    function: { ...described, ...(strict ? { strict } : {}) },
    ...(cache_control ? { cache_control } : {}),
  }
}

function chatChoice({ type, name, disable_parallel_tool_use }: Json): Json {
  const words: Record<string, string> = { any: 'required', auto: 'auto', none: 'none' }
  return {
    tool_choice: words[type] ?? { type: 'function', function: { name } },
    ...(disable_parallel_tool_use ? { parallel_tool_calls: false } : {}),
  }
}

/** A body without what says nothing: which of two ways a text is written, what holds anyhow. */
function plain(body: Json): Json {
  const { system, messages, tools, tool_choice, stream, output_format, output_config, ...rest } = body
  const format = output_format ?? output_config?.format
  const effort = output_config?.effort
  return {
    ...rest,
    ...(system ? { system: joined(system) } : {}),
    messages: merged(messages).map(({ role, content }) => ({ role, content: content.map(plainBlock) })),
    ...(tools?.length ? { tools: tools.map(plainTool) } : {}),
    ...(tool_choice
      ? { tool_choice: Object.fromEntries(Object.entries(tool_choice).filter(([, value]) => value !== false)) }
      : {}),
    ...(stream ? { stream } : {}),
    ...(format ? { format: { type: format.type, schema: format.schema } } : {}),
    ...(effort ? { effort } : {}),
  }
}

function plainTool(tool: Json): Json {
  if (tool.input_schema === undefined) return tool
  const { type, eager_input_streaming, defer_loading, description, strict, ...rest } = tool
  return { ...rest, ...(description ? { description } : {}), ...(strict ? { strict } : {}) }
}

function joined(system: Json): Json {
  return typeof system === 'string' || system.some((block: Json) => block.cache_control)
    ? system
    : system.map((block: Json) => block.text).join('\n\n')
}

function merged(messages: Json[]): Json[] {
  const turns: Json[] = []
  for (const { role, content } of messages) {
    if (turns.at(-1)?.role === role) turns.at(-1).content.push(...asBlocks(content))
    else turns.push({ role, content: [...asBlocks(content)] })
  }
  return turns
}

function plainBlock(block: Json): Json {
  const { is_error, citations, ...rest } = block
  // A call cannot be marked in a chat request.
  if (rest.type === 'tool_use' || rest.cache_control === null) delete rest.cache_control
  if (rest.type === 'tool_result')
    return { ...rest, content: asBlocks(rest.content ?? '').filter((one) => one.text !== '') }
  return rest
}

/** Why a recorded request has no chat completion request that says the same. */
function leftOut(body: Json): string | null {
  if (body.prompt !== undefined) return 'text completion'
  const strange = /^(server_tool_use|.*_tool_result|container_upload|search_result)$/
  const blocks = body.messages.flatMap(({ content }: Json) => asBlocks(content))
  const inside = blocks.flatMap((block: Json) => (block.type === 'tool_result' ? asBlocks(block.content ?? '') : []))
  if ([...blocks, ...inside].some(({ type }: Json) => strange.test(type))) return 'blocks of server tools'
  if ([...blocks, ...inside].some(({ source }: Json) => source?.type === 'file')) return 'uploaded files'
  return null
}

const hosts: Record<string, MessagesHost> = {
  'vertex-anthropic-rawpredict': onVertex,
  'bedrock-invoke': onBedrockInvoke,
}

describe.skipIf(!haveRecordings)('recorded requests of the Messages API', () => {
  const recordings = [
    ...recordingsOf('anthropic-messages'),
    ...recordingsOf('vertex-anthropic-rawpredict'),
    ...recordingsOf('bedrock-invoke').filter(({ path, model }) => /claude/.test(`${path} ${model}`)),
  ]
  const requests: { recording: Recording; body: Json }[] = []
  const why: Record<string, number> = {}
  for (const recording of recordings) {
    // What was refused need not be said again.
    if (recording.response_status === 400) continue
    const text = requestOf(recording)
    const body = text === null ? null : JSON.parse(text)
    const reason = body === null ? 'no request kept' : leftOut(body)
    if (reason === null) requests.push({ recording, body })
    else why[reason] = (why[reason] ?? 0) + 1
  }

  it('are there in numbers', () => {
    expect(why).toEqual({
      'blocks of server tools': 7,
      'no request kept': 14,
      'text completion': 1,
      'uploaded files': 1,
    })
    expect(requests.length).toBe(148)
  })

  it('are what the same chat request becomes', () => {
    for (const { recording, body } of requests) {
      const { body: sent } = encoded(chatRequestOf(body), {
        id: decodeURIComponent(recording.model ?? ''),
        host: hosts[recording.api] ?? {},
        stream: body.stream === true,
        betas: ['structured-outputs-2025-11-13'],
        endpoint: { maxOutputTokens: null },
        model: { maxOutputTokens: null },
      })
      const { anthropic_beta, ...rest } = sent
      expect(plain(rest), recording.id).toEqual(plain(body))
    }
  })
})
