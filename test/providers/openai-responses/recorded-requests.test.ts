import { describe, expect, it } from 'vitest'
import type { ReasoningDetail, ReasoningFormat } from '../../../src/chat/parts.ts'
import type { ChatRequest } from '../../../src/chat/request.ts'
import { encode } from '../../../src/providers/openai-responses/encode.ts'
import type { ResponsesFacts } from '../../../src/providers/openai-responses/responses-facts.ts'
import { encodeInput } from '../openai-chat/encode-input.ts'
import { haveRecordings, type Recording, recordingsOf, requestOf } from '../recordings.ts'

// biome-ignore lint/suspicious/noExplicitAny: recorded JSON as it is.
type Json = any

/** What no chat request can ask for, and so no encoder has to say. */
function isBeyondChat(body: Json): boolean {
  const tools = body.tools ?? []
  const items = Array.isArray(body.input) ? body.input : []
  return (
    body.prompt !== undefined ||
    body.background !== undefined ||
    body.context_management !== undefined ||
    body.moderation !== undefined ||
    body.previous_response_id != null ||
    tools.some(
      (tool: Json) => tool.type !== 'function' || tool.defer_loading || tool.output_schema || tool.allowed_callers,
    ) ||
    body.tool_choice?.type === 'allowed_tools' ||
    /input_image\.image_url/.test(String(body.include)) ||
    items.some((item: Json) => /^(mcp|tool_search|web_search|additional)/.test(item.type ?? '') || item.namespace) ||
    // The same, in the hands of a result.
    items.some(
      (item: Json) =>
        Array.isArray(item.output) && item.output.some((part: Json) => part.type === 'input_image' && part.file_id),
    )
  )
}

const text = (part: Json) =>
  part.type === 'input_image'
    ? image(part)
    : part.type === 'input_file'
      ? file(part)
      : {
          type: 'text',
          text: part.text ?? part.refusal,
          ...(part.prompt_cache_breakpoint ? { prompt_cache_breakpoint: part.prompt_cache_breakpoint } : {}),
        }
const image = ({ image_url: url, detail }: Json) => ({
  type: 'image_url',
  image_url: { url, ...(detail ? { detail } : {}) },
})
const file = ({ filename, file_data, file_url, file_id }: Json) => ({
  type: 'file',
  file: { filename, file_data: file_data ?? file_url, file_id },
})
const content = (value: Json) => (Array.isArray(value) ? value.map(text) : value)

/** One client sends the form of chat completions inside of this one. */
const flat = ({ function: inner, ...tool }: Json) => ({ ...tool, ...inner })

/** The chat request that asks for the same. */
function chatOf(body: Json, format: ReasoningFormat): ChatRequest {
  const messages: Json[] = body.instructions ? [{ role: 'system', content: body.instructions }] : []
  const items = typeof body.input === 'string' ? [{ role: 'user', content: body.input }] : body.input
  const turn = () => {
    const last = messages.at(-1)
    if (last?.role === 'assistant') return last
    const fresh: Json = { role: 'assistant', content: null }
    messages.push(fresh)
    return fresh
  }
  for (const item of items) {
    if (item.type === 'reasoning') {
      const details: ReasoningDetail[] = item.summary.map((part: Json, index: number) => ({
        type: 'reasoning.summary',
        summary: part.text,
        format,
        index,
      }))
      const common = { format, ...(item.id ? { id: item.id } : {}) }
      for (const part of item.content ?? []) details.push({ type: 'reasoning.text', text: part.text, ...common })
      if (item.encrypted_content) details.push({ type: 'reasoning.encrypted', data: item.encrypted_content, ...common })
      const message: Json = { role: 'assistant', content: null, reasoning_details: details }
      messages.push(message)
    } else if (item.type === 'function_call') {
      const message = turn()
      message.tool_calls ??= []
      message.tool_calls.push({
        id: item.call_id,
        type: 'function',
        function: { name: item.name, arguments: item.arguments },
      })
    } else if (item.type === 'function_call_output')
      messages.push({ role: 'tool', tool_call_id: item.call_id, content: content(item.output) })
    else if (item.role === 'assistant') {
      const last = messages.at(-1)
      if (last?.role === 'assistant' && last.content === null && !last.tool_calls) last.content = content(item.content)
      else messages.push({ role: 'assistant', content: content(item.content) })
    } else messages.push({ role: item.role, content: content(item.content) })
  }
  const { text: form, reasoning, tool_choice: choice } = body
  const tools = body.tools?.map(flat)
  const chat: Json = {
    messages,
    temperature: body.temperature,
    top_p: body.top_p,
    max_tokens: body.max_output_tokens,
    parallel_tool_calls: body.parallel_tool_calls,
    service_tier: body.service_tier,
    logprobs: body.include?.includes('message.output_text.logprobs') || undefined,
    top_logprobs: body.top_logprobs,
    reasoning: reasoning ?? undefined,
    verbosity: form?.verbosity,
    tool_choice:
      choice?.type === 'function'
        ? { type: 'function', function: { name: choice.name ?? choice.function.name } }
        : choice,
    tools: tools?.map(({ name, description, parameters, strict }: Json) => ({
      type: 'function',
      function: { name, description, parameters, strict },
    })),
    response_format:
      form?.format?.type === 'json_schema'
        ? { type: 'json_schema', json_schema: { ...form.format, type: undefined } }
        : form?.format,
  }
  return JSON.parse(JSON.stringify(chat))
}

/** What two bodies have to agree in. The differences that are left out are listed with each step. */
function meaningOf(body: Json, isRecorded: boolean): Json {
  const meaning = structuredClone(body)
  // Whether to store, stream and show is the gateway's own affair, and so is the end user.
  for (const field of [
    'store',
    'stream',
    'stream_options',
    'include',
    'prompt_cache_options',
    'prompt_cache_key',
    'user',
    'provider',
    'previous_response_id',
    'metadata',
    'truncation',
  ])
    delete meaning[field]
  // `instructions` are a system message before all others.
  const before = meaning.instructions ? [{ role: 'system', content: meaning.instructions }] : []
  const items = typeof meaning.input === 'string' ? [{ role: 'user', content: meaning.input }] : meaning.input
  meaning.input = [...before, ...items].flatMap((item: Json) => itemMeaning(item))
  delete meaning.instructions
  if (meaning.reasoning) {
    // A summary is asked for wherever there is one.
    delete meaning.reasoning.summary
    for (const field in meaning.reasoning) if (meaning.reasoning[field] === null) delete meaning.reasoning[field]
    if (Object.keys(meaning.reasoning).length === 0) delete meaning.reasoning
  }
  if (meaning.text?.format?.type === 'text') delete meaning.text.format
  if (meaning.text?.format && meaning.text.format.strict == null) delete meaning.text.format.strict
  if (meaning.text && Object.keys(meaning.text).length === 0) delete meaning.text
  meaning.tools = meaning.tools?.map(flat).map((tool: Json) => ({
    ...tool,
    // Left out it means true, which the recorded client wanted or did not know; in a chat request it means false.
    strict: isRecorded && tool.strict == null ? false : tool.strict,
    description: tool.description ?? undefined,
  }))
  if (!meaning.tools?.length) {
    delete meaning.tools
    delete meaning.tool_choice
    delete meaning.parallel_tool_calls
  }
  if (meaning.tool_choice?.function) meaning.tool_choice = { type: 'function', name: meaning.tool_choice.function.name }
  for (const field in meaning) if (meaning[field] == null) delete meaning[field]
  return JSON.parse(JSON.stringify(meaning))
}

function itemMeaning(item: Json): Json[] {
  // Ids, states and phases of items that are stored nowhere; a reasoning item that is not encrypted.
  const { id, status, phase, ...rest } = item
  if (item.type === 'reasoning')
    return item.encrypted_content
      ? [{ type: 'reasoning', ...(id ? { id } : {}), summary: item.summary, encrypted_content: item.encrypted_content }]
      : []
  if (rest.type === 'message') delete rest.type
  // An assistant who only called has said nothing.
  if (rest.role === 'assistant' && rest.content === '') return []
  const { content } = rest
  if (Array.isArray(content)) {
    const [only] = content
    const isPlain = content.length === 1 && /text/.test(only.type) && !only.prompt_cache_breakpoint
    rest.content = isPlain
      ? only.text
      : content.map(({ annotations, logprobs, ...part }: Json) =>
          part.type === 'input_image' ? { detail: 'auto', ...part } : part,
        )
  }
  return [rest]
}

function factsOf({ provider }: Recording): ResponsesFacts {
  const common = {
    verbosity: true,
    reasoningModes: true,
    cacheBreakpoints: true,
    takes: ['service_tier'],
    summaries: () => true,
  } as const
  if (provider === 'azure') return { ...common, format: 'azure-openai-responses-v1' }
  return { ...common, format: provider === 'xai' ? 'xai-responses-v1' : 'openai-responses-v1' }
}

describe.skipIf(!haveRecordings)('recorded requests', () => {
  const recorded = recordingsOf('openai-responses').flatMap((recording) => {
    const text = requestOf(recording)
    return text === null || recording.response_status >= 400 ? [] : [{ recording, body: JSON.parse(text) }]
  })
  const comparable = recorded.filter(({ body }) => !isBeyondChat(body))

  it('are there in numbers', () => {
    expect(recorded.length).toBeGreaterThan(120)
    expect(comparable.length).toBeGreaterThan(90)
  })

  it('come out the same when they are asked for in chat', () => {
    for (const { recording, body } of comparable) {
      const facts = factsOf(recording)
      const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']
      const supported = body.reasoning != null || recording.tags.includes('reasoning')
      const { body: sent } = encode(
        encodeInput(chatOf(body, facts.format), {
          // A tier is only asked of an endpoint that is priced for it.
          endpoint: { upstreamId: body.model, parameters: null, tag: `openai/${body.service_tier ?? 'default'}` },
          model: { reasoning: { supported, mandatory: false, efforts } },
          stream: body.stream === true,
        }),
        facts,
      )
      const got = JSON.parse(sent)
      expect(meaningOf(got, false), recording.id).toEqual(meaningOf(body, true))
      expect(got.store).toBe(false)
    }
  })
})
