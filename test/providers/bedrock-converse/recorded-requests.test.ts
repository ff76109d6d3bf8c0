import { describe, expect, it } from 'vitest'
import type { ReasoningDetail } from '../../../src/chat/parts.ts'
import type { ChatRequest, ContentPart, Message, ToolCall } from '../../../src/chat/request.ts'
import { encode } from '../../../src/providers/bedrock-converse/encode.ts'
import { haveRecordings, type Recording, recordingsOf, requestOf } from '../recordings.ts'
import { encodeInput } from './converse.ts'
import { converseRequest } from './request-schema.ts'

// What other clients sent to Bedrock, said again in chat: the encoder has to say the same to Bedrock.

// biome-ignore lint/suspicious/noExplicitAny: recorded bodies are read as they are.
type Json = any

/** The chat request that a client would have made for this. */
function chatOf(body: Json): Partial<ChatRequest> {
  const messages: Message[] = []
  if (body.system?.length) messages.push({ role: 'system', content: partsOf(body.system) as never })
  for (const { role, content } of body.messages) {
    if (role === 'assistant') messages.push(assistantOf(content))
    else messages.push(...userMessages(content))
  }
  const { inferenceConfig: config = {}, toolConfig, additionalModelRequestFields: more = {}, outputConfig } = body
  const choice = toolConfig?.toolChoice
  const schema = outputConfig?.textFormat.structure.jsonSchema
  const request: Record<string, unknown> = {
    messages,
    max_tokens: config.maxTokens,
    temperature: config.temperature,
    top_p: config.topP,
    stop: config.stopSequences,
    top_k: more.inferenceConfig?.topK,
    tools: toolConfig && toolsOf(toolConfig.tools),
    tool_choice: choice?.any
      ? 'required'
      : choice?.tool
        ? { type: 'function', function: { name: choice.tool.name } }
        : undefined,
    response_format: schema && {
      type: 'json_schema',
      json_schema: { name: schema.name, schema: JSON.parse(schema.schema), description: schema.description },
    },
    reasoning: more.thinking
      ? { max_tokens: more.thinking.budget_tokens }
      : (more.reasoning_effort ?? more.reasoning_config)
        ? { effort: more.reasoning_effort ?? more.reasoning_config }
        : undefined,
    guardrailConfig: body.guardrailConfig,
  }
  for (const [field, value] of Object.entries(request)) if (value === undefined) delete request[field]
  return request
}

function toolsOf(tools: Json[]): Json[] {
  const list: Json[] = []
  for (const { toolSpec, cachePoint } of tools) {
    if (cachePoint) list[list.length - 1].cache_control = { type: 'ephemeral' }
    else {
      const { name, description, strict, inputSchema } = toolSpec
      list.push({ type: 'function', function: { name, description, strict, parameters: inputSchema.json } })
    }
  }
  return list
}

function userMessages(content: Json[]): Message[] {
  const messages: Message[] = []
  for (const block of content) {
    const { toolUseId, content: inner } = block.toolResult ?? {}
    if (toolUseId) messages.push({ role: 'tool', tool_call_id: toolUseId, content: partsOf(inner) })
  }
  const rest = content.filter((block) => !block.toolResult)
  return rest.length > 0 ? [...messages, { role: 'user', content: partsOf(rest) }] : messages
}

function assistantOf(content: Json[]): Message {
  const calls: ToolCall[] = []
  const details: ReasoningDetail[] = []
  for (const { toolUse, reasoningContent } of content) {
    const format = 'anthropic-claude-v1' as const
    if (reasoningContent)
      details.push({ type: 'reasoning.text', ...reasoningContent.reasoningText, format, index: details.length })
    if (toolUse) {
      const { toolUseId: id, name, input } = toolUse
      calls.push({ id, type: 'function', function: { name, arguments: JSON.stringify(input) } })
    }
  }
  return {
    role: 'assistant',
    content: partsOf(content),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    ...(details.length > 0 ? { reasoning_details: details } : {}),
  }
}

function partsOf(blocks: Json[]): ContentPart[] {
  const parts: ContentPart[] = []
  for (const { text, json, image, document, cachePoint } of blocks) {
    const last = parts.at(-1)
    if (cachePoint && last) last.cache_control = { type: 'ephemeral' }
    if (text !== undefined) parts.push({ type: 'text', text })
    if (json !== undefined) parts.push({ type: 'text', text: JSON.stringify(json) })
    if (image)
      parts.push({ type: 'image_url', image_url: { url: `data:image/${image.format};base64,${image.source.bytes}` } })
    if (document) {
      const { name, format, source } = document
      const url = `data:application/octet-stream;base64,${source.bytes}`
      parts.push({ type: 'file', file: { filename: `${name}.${format}`, file_data: url } })
    }
  }
  return parts
}

/** What differs without a difference: see each line. */
function comparable(body: Json): Json {
  const plain = structuredClone(body)
  for (const field of ['system', 'inferenceConfig', 'additionalModelRequestFields'])
    if (Object.keys(plain[field] ?? {}).length === 0) delete plain[field]
  if (plain.inferenceConfig?.stopSequences?.length === 0) delete plain.inferenceConfig.stopSequences
  // A trace quotes the prompt, and nobody reads it here.
  delete plain.guardrailConfig?.trace
  // Automatic is what holds anyhow.
  if (plain.toolConfig?.toolChoice?.auto) delete plain.toolConfig.toolChoice
  // JSON written in another way.
  const schema = plain.outputConfig?.textFormat.structure.jsonSchema
  if (schema) schema.schema = JSON.parse(schema.schema)
  const turns: Json[] = []
  for (const turn of plain.messages) {
    for (const { toolResult } of turn.content) {
      if (!toolResult) continue
      delete toolResult.status
      toolResult.content = toolResult.content.map((item: Json) =>
        item.json ? { text: JSON.stringify(item.json) } : item,
      )
    }
    // Neighbours of one role are one turn.
    if (turns.at(-1)?.role === turn.role) turns.at(-1).content.push(...turn.content)
    else turns.push(turn)
  }
  return { ...plain, messages: turns }
}

/** What a chat cannot ask for. */
function leftOut(body: Json): string | null {
  const text = JSON.stringify(body)
  if (text.includes('"guardContent"')) return 'text marked for a guardrail'
  if (text.includes('"searchResult"')) return 'search results as blocks'
  if (text.includes('"s3Location"')) return "objects in the account's buckets"
  if (text.includes('"systemTool"')) return 'tools that Amazon runs'
  return null
}

describe.skipIf(!haveRecordings)('recorded requests', () => {
  const recordings = recordingsOf('bedrock-converse').flatMap((recording) => {
    const text = requestOf(recording)
    return text === null ? [] : [{ recording, body: JSON.parse(text) as Json }]
  })
  const inScope = recordings.filter(({ body }) => leftOut(body) === null)

  it('are there in numbers; what is left out is named', () => {
    const reasons = recordings.flatMap(({ body }) => leftOut(body) ?? [])
    expect(reasons.sort()).toEqual([
      "objects in the account's buckets",
      "objects in the account's buckets",
      "objects in the account's buckets",
      'search results as blocks',
      'text marked for a guardrail',
      'tools that Amazon runs',
      'tools that Amazon runs',
    ])
    expect(inScope.length).toBe(76)
    console.info(`bedrock-converse: ${inScope.length} of ${recordings.length} recorded requests are encoded alike`)
  })

  it('are what the encoder makes of the same chat', () => {
    for (const { recording, body } of inScope) {
      const input = encodeInput(upstreamIdOf(recording), chatOf(body), { stream: recording.path.endsWith('-stream') })
      const request = encode(input)
      expect(comparable(JSON.parse(request.body)), recording.id).toEqual(comparable(body))
      const path = (text: string) => text.replaceAll(':', '%3A')
      expect(path(new URL(request.url).pathname), recording.id).toBe(path(recording.path))
    }
  })

  it('pass the strict schema that every encoded request has to pass', () => {
    for (const { recording, body } of recordings) {
      const { success, error } = converseRequest.safeParse(body)
      const known = /two turns of one role|guardContent|searchResult|s3Location|systemTool/
      if (!success && !known.test(`${error.message} ${JSON.stringify(body)}`))
        expect.fail(`${recording.id}: ${error.message}`)
    }
  })
})

function upstreamIdOf({ model }: Recording): string {
  return decodeURIComponent(model ?? '')
}
