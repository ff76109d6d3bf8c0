import { describe, expect, it } from 'vitest'
import type { ReasoningDetail } from '../../../src/chat/parts.ts'
import type { ChatRequest, ContentPart, Message, ToolCall } from '../../../src/chat/request.ts'
import { haveRecordings, type Recording, recordingsOf, requestOf } from '../recordings.ts'
import { encoded } from './gemini-target.ts'
import { generateContentRequest } from './request-schema.ts'

// What other clients sent to Google, said again in chat: the encoder has to say the same to Google. Recorded requests
// are first put into one spelling, because Google takes several.

// biome-ignore lint/suspicious/noExplicitAny: recorded bodies are read as they are.
type Json = any

/** Its values are the client's own: neither keys nor spelling are touched. */
const opaque = /^(args|response|parametersJsonSchema|responseJsonSchema|safetySettings)$/
const schemas = /^(parameters|responseSchema|parametersJsonSchema|responseJsonSchema)$/

function camel(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** One spelling: camelCase, lower-case types, real JSON schemas, no defaults. */
function spelled(value: Json, key = ''): Json {
  if (schemas.test(key)) return lowerTypes(value)
  if (opaque.test(key)) return value
  if (Array.isArray(value)) return value.map((item) => spelled(item))
  if (typeof value !== 'object' || value === null) return key === 'mode' ? String(value).toUpperCase() : value
  const entries = Object.entries(value).map(([name, inner]) => [camel(name), spelled(inner, camel(name))] as const)
  const renamed = { parameters: 'parametersJsonSchema', responseSchema: 'responseJsonSchema' } as Record<string, string>
  return Object.fromEntries(entries.map(([name, inner]) => [renamed[name] ?? name, inner]))
}

function lowerTypes(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(lowerTypes)
  if (typeof schema !== 'object' || schema === null) return schema
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key,
      key === 'type' && (typeof value === 'string' || typeof value === 'number') ? typeNamed(value) : lowerTypes(value),
    ]),
  )
}

/** `STRING` and, with `enum-encoding=int`, 1. */
function typeNamed(type: string | number): string {
  const numbered = ['', 'string', 'number', 'integer', 'boolean', 'array', 'object']
  return typeof type === 'number' ? (numbered[type] ?? '') : type.toLowerCase()
}

/** What differs without a difference: see each line. */
function comparable(body: Json, { withIds }: { withIds: boolean }): Json {
  const { model: _, ...rest } = structuredClone(body)
  // The instruction's role means nothing.
  if (rest.systemInstruction) rest.systemInstruction = { parts: rest.systemInstruction.parts }
  const config = rest.generationConfig ?? {}
  if (config.candidateCount === 1) delete config.candidateCount
  if (JSON.stringify(config.responseModalities) === '["TEXT"]') delete config.responseModalities
  // Whether thoughts are shown is asked for here by default and there not.
  if (config.thinkingConfig) delete config.thinkingConfig.includeThoughts
  if (Object.keys(config.thinkingConfig ?? {}).length === 0) delete config.thinkingConfig
  rest.generationConfig = config
  // Automatic is what holds anyhow.
  const calling = rest.toolConfig?.functionCallingConfig
  if (calling?.mode === 'AUTO' || !calling) delete rest.toolConfig
  else rest.toolConfig = { functionCallingConfig: calling }
  if (calling && !calling.allowedFunctionNames?.length) delete calling.allowedFunctionNames
  for (const declaration of rest.tools?.[0]?.functionDeclarations ?? []) {
    const schema = declaration.parametersJsonSchema
    if (schema) declaration.parametersJsonSchema = plainSchema(schema)
    if (schema && Object.keys(schema).length === 0) delete declaration.parametersJsonSchema
    if (!declaration.description) delete declaration.description
  }
  if (config.responseJsonSchema) config.responseJsonSchema = plainSchema(config.responseJsonSchema)
  if (rest.tools?.length === 0) delete rest.tools
  rest.contents = joined(rest.contents, withIds)
  return rest
}

/** Titles, defaults and the like have no say; `nullable` is a second type. */
function plainSchema(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(plainSchema)
  if (typeof schema !== 'object' || schema === null) return schema
  const { $schema: _s, default: _d, nullable, format, propertyOrdering: _p, property_ordering: _q, ...rest } = schema
  const plain = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, plainSchema(value)]))
  if (format !== undefined && format !== 'enum') plain.format = format
  if (nullable && typeof plain.type === 'string') plain.type = [plain.type, 'null']
  return plain
}

function joined(contents: Json[], withIds: boolean): Json[] {
  const turns: Json[] = []
  for (const { role, parts } of contents) {
    // The older role of results.
    const turn = role === 'function' || role === undefined ? 'user' : role
    const kept = parts
      .filter((part: Json) => part.text !== '' || part.thoughtSignature)
      .map((part: Json) => {
        const { functionCall, functionResponse } = part
        // Two names of one type.
        if (part.fileData?.mimeType === 'audio/mpeg') part.fileData.mimeType = 'audio/mp3'
        for (const inner of [functionCall, functionResponse]) if (inner && !withIds) delete inner.id
        if (functionCall) functionCall.args ??= {}
        return part
      })
    // A content whose only part is an empty text.
    if (kept.length === 0) continue
    const last = turns.at(-1)
    const isPlain = (list: Json[]) => !list.some((part) => part.functionResponse ?? part.functionCall)
    if (last?.role === turn && isPlain(last.parts) && isPlain(kept)) last.parts.push(...kept)
    else turns.push({ role: turn, parts: kept })
  }
  return turns
}

/** The chat request that a client would have made for this. */
function chatOf(body: Json): Partial<ChatRequest> {
  const messages: Message[] = []
  const system = (body.systemInstruction?.parts ?? []).map((part: Json) => ({ type: 'text', text: part.text }))
  if (system.length > 0) messages.push({ role: 'system', content: system })
  let made = 0
  const ids: string[] = []
  for (const { role, parts } of body.contents) {
    const results = parts.filter((part: Json) => part.functionResponse)
    if (role === 'model') messages.push(assistantOf(parts, () => ids[ids.push(`made-${made++}`) - 1] ?? ''))
    else if (results.length > 0)
      for (const {
        functionResponse: { id, name, response, parts: files },
      } of results)
        messages.push({
          role: 'tool',
          tool_call_id: id ?? ids.shift() ?? '',
          name,
          content: files
            ? [{ type: 'text', text: JSON.stringify(response) }, ...files.map(partOf)]
            : JSON.stringify(response),
        })
    else messages.push({ role: 'user', content: parts.map(partOf) })
  }
  const config = body.generationConfig ?? {}
  const calling = body.toolConfig?.functionCallingConfig
  const thinking = config.thinkingConfig
  const request: Record<string, unknown> = {
    messages,
    tools: body.tools?.[0]?.functionDeclarations?.map(
      ({ name, description, parametersJsonSchema: parameters }: Json) => ({
        type: 'function',
        function: {
          name,
          ...(description ? { description } : {}),
          ...(parameters ? { parameters } : {}),
          ...(calling?.mode === 'VALIDATED' ? { strict: true } : {}),
        },
      }),
    ),
    web_search_options: body.tools?.[0]?.googleSearch && {},
    tool_choice:
      calling?.mode === 'ANY'
        ? calling.allowedFunctionNames?.length === 1
          ? { type: 'function', function: { name: calling.allowedFunctionNames[0] } }
          : 'required'
        : undefined,
    temperature: config.temperature,
    top_p: config.topP,
    top_k: config.topK,
    seed: config.seed,
    max_tokens: config.maxOutputTokens,
    stop: config.stopSequences,
    frequency_penalty: config.frequencyPenalty,
    presence_penalty: config.presencePenalty,
    logprobs: config.responseLogprobs,
    top_logprobs: config.logprobs,
    audio: config.speechConfig && {
      voice: config.speechConfig.voiceConfig.prebuiltVoiceConfig.voiceName,
      format: 'pcm16',
    },
    response_format:
      config.responseMimeType &&
      (config.responseJsonSchema
        ? { type: 'json_schema', json_schema: { name: 'x', schema: config.responseJsonSchema } }
        : { type: 'json_object' }),
    reasoning:
      thinking?.thinkingLevel !== undefined
        ? { effort: thinking.thinkingLevel.toLowerCase() }
        : thinking?.thinkingBudget === 0
          ? { effort: 'none' }
          : thinking?.thinkingBudget !== undefined
            ? { max_tokens: thinking.thinkingBudget }
            : undefined,
    safety_settings: body.safetySettings,
  }
  for (const [field, value] of Object.entries(request)) if (value === undefined) delete request[field]
  return request
}

function assistantOf(parts: Json[], newId: () => string): Message {
  const details: ReasoningDetail[] = []
  const calls: ToolCall[] = []
  const content: ContentPart[] = []
  for (const part of parts) {
    const signature: string | undefined = part.thoughtSignature
    const format = 'google-gemini-v1' as const
    if (part.thought) {
      details.push({ type: 'reasoning.text', text: part.text, ...(signature ? { signature } : {}), format })
      continue
    }
    if (part.functionCall) {
      const { id = newId(), name, args } = part.functionCall
      calls.push({ id, type: 'function', function: { name, arguments: JSON.stringify(args ?? {}) } })
      if (signature) details.push({ type: 'reasoning.encrypted', data: signature, id, format })
      continue
    }
    if (part.text !== '') content.push(partOf(part))
    if (signature) details.push({ type: 'reasoning.encrypted', data: signature, format })
  }
  return {
    role: 'assistant',
    content,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    ...(details.length > 0 ? { reasoning_details: details } : {}),
  }
}

function partOf({ text, inlineData, fileData }: Json): ContentPart {
  if (text !== undefined) return { type: 'text', text }
  const { mimeType } = inlineData ?? fileData
  const url = inlineData ? `data:${mimeType};base64,${inlineData.data}` : fileData.fileUri
  if (mimeType.startsWith('image/')) return { type: 'image_url', image_url: { url } }
  if (mimeType.startsWith('video/')) return { type: 'video_url', video_url: { url } }
  return {
    type: 'file',
    file: { filename: mimeType.startsWith('audio/') ? 'x.mp3' : `x.${mimeType.replace(/.*\//, '')}`, file_data: url },
  }
}

/** What a chat cannot ask for. */
function leftOut(body: Json): string | null {
  const tools: Json[] = body.tools ?? []
  const own = tools
    .flatMap((tool) => Object.keys(tool))
    .filter((key) => !/^(functionDeclarations|googleSearch)$/.test(key))
  if (own.length > 0) return `tools of Google: ${own.join(', ')}`
  if (tools.length > 1) return 'search beside functions'
  if (body.toolConfig?.includeServerSideToolInvocations) return 'search beside functions'
  if ((body.toolConfig?.functionCallingConfig?.allowedFunctionNames?.length ?? 0) > 1)
    return 'a choice of some functions'
  const beside = ({ parts }: Json) =>
    parts.some((part: Json) => part.functionResponse) && parts.some((part: Json) => !part.functionResponse)
  if (body.contents.some(beside)) return 'words beside the results of functions'
  if (body.cachedContent || body.modelArmorConfig) return 'objects of the Google account'
  if (body.contents.some(({ role }: Json) => !/^(user|model|function)$/.test(role ?? 'user')))
    return 'a role that nobody knows'
  if (
    body.contents.some(({ parts }: Json) =>
      parts.some((part: Json) => part.toolCall ?? part.toolResponse ?? part.executableCode),
    )
  )
    return 'calls of tools of Google'
  return null
}

/** Where we say something else on purpose. */
const onPurpose: readonly [RegExp, string][] = [
  [/json-schema-gemini-2-5-flash-image/, 'JSON mode was refused there: it goes into the prompt'],
  [/error-gemini-2-5-pro-337ce939/, 'a temperature of 1000 was refused there: it is brought into the range'],
  [/gemini-2-0-flash-exp-b25b8a44/, 'a model that cannot think is not told not to'],
  [/gemini-3-flash-preview-(361a7a5e|7a543b94)/, 'calls that two turns told one after the other are one turn of calls'],
  [/vertex.*gemini-3-flash-preview-2106f12f/, 'the signature was on an empty thought: it goes on the answer itself'],
]

describe.skipIf(!haveRecordings)('recorded requests to Gemini', () => {
  const all = recordingsOf('gemini-generate-content')

  it('are said the same way', () => {
    const reasons = new Map<string, number>()
    let compared = 0
    for (const recording of all) {
      const text = requestOf(recording)
      const body = text === null ? null : spelled(JSON.parse(text))
      const reason = body === null ? 'not recorded' : leftOut(body)
      if (reason !== null) {
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
        continue
      }
      if (onPurpose.some(([pattern]) => pattern.test(recording.id))) continue
      compare(recording, body)
      compared++
    }
    expect({ compared, ...Object.fromEntries(reasons) }).toEqual({
      compared: 152,
      'not recorded': 6,
      'a role that nobody knows': 1,
      'a choice of some functions': 1,
      'words beside the results of functions': 2,
      'search beside functions': 5,
      'objects of the Google account': 2,
      'tools of Google: codeExecution': 2,
      'tools of Google: fileSearch': 2,
      'tools of Google: urlContext': 3,
    })
  })
})

function compare(recording: Recording, body: Json): void {
  const id = /models\/([^:]+)/.exec(recording.path)?.[1] ?? recording.model ?? ''
  const speech = body.generationConfig?.responseModalities?.includes('AUDIO')
  const ours = encoded(chatOf(body), {
    id,
    facts: { everySamplingParameter: true, passes: { safety_settings: 'safetySettings' } },
    model: { reasoning: { supported: /2\.5|gemini-3|latest/.test(id) && !speech, mandatory: false, efforts: null } },
    endpoint: speech ? { outputModalities: ['audio'] } : {},
  })
  // From generation 3 on we say in levels what that client still said in tokens.
  const thinking = body.generationConfig?.thinkingConfig
  const ourThinking = ours.body.generationConfig?.thinkingConfig
  if (thinking?.thinkingBudget !== undefined && ourThinking?.thinkingLevel !== undefined) {
    delete thinking.thinkingBudget
    delete ourThinking.thinkingLevel
  }
  const withIds = body.contents.some(({ parts }: Json) => parts.some((part: Json) => part.functionCall?.id))
  expect(comparable(ours.body, { withIds }), recording.id).toEqual(comparable(body, { withIds }))
  const accepted = generateContentRequest.safeParse(ours.body)
  expect(accepted.success ? '' : accepted.error.message, recording.id).toBe('')
}
