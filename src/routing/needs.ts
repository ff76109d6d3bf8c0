import type { Modality } from '../catalog/records.ts'
import { type ReasoningSwitch, reasoningSwitchedOffBy } from '../chat/reasoning-switch.ts'
import {
  type ChatRequest,
  type ContentPart,
  gatewayOnlyFields,
  type Message,
  type ProviderPreferences,
  type ResponseFormat,
} from '../chat/request.ts'
import { compressionWish } from './compression.ts'
import { addText, addUnsure, addValue, newTextSize, type TextSize, tokensIn } from './text-size.ts'

/** What a route's answer is made of; a model must be able to give it. */
export type Route = 'chat' | 'embeddings' | 'rerank'

/** A parameter that a request carries and the `supported_parameters` keys of which any one satisfies it. */
export interface ParameterNeed {
  parameter: string
  anyOf: readonly string[]
}

/** Everything that routing must know of a request. Holds no content. */
export interface RequestNeeds {
  route: Route
  /** Kinds of input other than text. */
  inputModalities: readonly Modality[]
  /** Kinds of output the client asked for by name; empty = it left that open. */
  outputModalities: readonly Modality[]
  /** There are tools that the model may call. */
  tools: boolean
  responseFormat: ParameterNeed | null
  verbosity: boolean
  /** The field that wants no reasoning at all. */
  reasoningOff: ReasoningSwitch | null
  /** What `require_parameters` demands. */
  parameters: readonly ParameterNeed[]
  maxOutputTokens: number | null
  /** What the prompt is likely to be, for whether it fits and for load figures. */
  promptTokensEstimate: number
  /** What a provider may bill for it, for reservations: with whatever else it is sent, and with large media by their bytes. */
  promptTokensAtMost: number
  /** What the prompt is very unlikely to be below, for refusals: about half the estimate. */
  minPromptTokens: number
  /** Of the estimate: the system and developer messages. */
  systemTokens: number
  /** Of the estimate: tools and the schema of the answer. */
  outsideMessagesTokens: number
  messageCount: number
  /** Whether messages may be left out of a prompt that is too long; null: where the context is small. */
  compression: boolean | null
  serviceTier: string | null
  /** `fallback` is `partition: "model"`, `sort` is `partition: "none"`. */
  legacyRoute: 'fallback' | 'sort' | null
  preferences: ProviderPreferences
}

/** What an image, a recording or a document weighs; nobody knows before the provider has counted. */
const tokensPerMedium = 1000
/** Of documents, at most: a scanned page has fewer tokens a byte, compressed text more. */
const bytesPerDocumentToken = 20
const bytesPerTextToken = 4
/** Of recordings and films: 32 tokens a second of compressed speech. */
const bytesPerRecordingToken = 500

/** Part types that the border let through and that are not here are for the provider to judge. */
const mediumOf: Readonly<Record<string, Modality | undefined>> = {
  image_url: 'image',
  input_audio: 'audio',
  video_url: 'video',
  file: 'file',
}

/** Fields that weigh nothing: they stay here, are no text, or are weighed by themselves. */
const weightless: ReadonlySet<string> = new Set([
  ...gatewayOnlyFields,
  'messages',
  'model',
  'tools',
  'tool_choice',
  'response_format',
  'logit_bias',
  'stop',
  'modalities',
  'audio',
])

const reasoningKeys = ['reasoning', 'reasoning_effort', 'include_reasoning'] as const
const outputLimitKeys = ['max_tokens', 'max_completion_tokens'] as const
const needsTools = ['tools'] as const

// `openrouter-routing.md` §3.2, below the table. Fields that are not here are the gateway's own, or part of every request.
const countedParameters: readonly ParameterNeed[] = [
  ...(
    [
      'temperature',
      'top_p',
      'top_k',
      'min_p',
      'top_a',
      'frequency_penalty',
      'presence_penalty',
      'repetition_penalty',
      'seed',
      'logit_bias',
      'logprobs',
      'top_logprobs',
      'stop',
      'structured_outputs',
      'verbosity',
      'prediction',
      'web_search_options',
      'tools',
    ] as const
  ).map((parameter) => ({ parameter, anyOf: [parameter] })),
  { parameter: 'tool_choice', anyOf: needsTools },
  { parameter: 'parallel_tool_calls', anyOf: needsTools },
  { parameter: 'max_tokens', anyOf: outputLimitKeys },
  { parameter: 'max_completion_tokens', anyOf: outputLimitKeys },
  ...reasoningKeys.map((parameter) => ({ parameter, anyOf: reasoningKeys })),
]

// Switched off, these ask for nothing that a provider could lack.
const harmlessWhenFalse: ReadonlySet<string> = new Set(['logprobs', 'structured_outputs', 'include_reasoning'])

const jsonObject: ParameterNeed = { parameter: 'response_format', anyOf: ['response_format'] }
const jsonSchema: ParameterNeed = { parameter: 'response_format', anyOf: ['structured_outputs', 'response_format'] }

/** Reads a chat request once, in time proportional to its number of messages and parts. */
export function needsOf(request: ChatRequest): RequestNeeds {
  const size = newTextSize()
  const media = new Set<Modality>()
  let systemTokens = 0
  for (const message of request.messages) {
    const before = size.tokens
    measureMessage(message, size, media)
    if (message.role === 'system' || message.role === 'developer') systemTokens += size.tokens - before
  }
  const messagesTokens = size.tokens
  if (request.tools) addValue(size, request.tools)
  const responseFormat = formatNeed(request.response_format)
  if (responseFormat === jsonSchema) addValue(size, request.response_format)
  else if (request.response_format) addUnsure(size, request.response_format)
  // Between same wires fields that nobody here knows go along, such as documents to answer from.
  for (const field in request) if (!weightless.has(field)) addUnsure(size, request[field])
  return {
    route: 'chat',
    inputModalities: [...media],
    outputModalities: request.modalities ?? [],
    tools: (request.tools?.length ?? 0) > 0 && request.tool_choice !== 'none',
    responseFormat,
    verbosity: present(request.verbosity),
    reasoningOff: reasoningSwitchedOffBy(request),
    parameters: countParameters(request, responseFormat),
    maxOutputTokens: request.max_completion_tokens ?? request.max_tokens ?? null,
    promptTokensEstimate: Math.ceil(size.tokens),
    promptTokensAtMost: Math.ceil(size.tokens + size.unsureTokens),
    minPromptTokens: Math.floor(size.minTokens),
    systemTokens: Math.ceil(systemTokens),
    outsideMessagesTokens: Math.ceil(size.tokens - messagesTokens),
    messageCount: request.messages.length,
    compression: compressionWish(request),
    serviceTier: request.service_tier ?? null,
    legacyRoute: request.route ?? null,
    preferences: request.provider ?? {},
  }
}

/** Adds one message to a size, all of it that a provider may be sent, and its kinds of media to theirs. */
export function measureMessage(message: Message, size: TextSize, media?: Set<Modality>): void {
  const { content, name } = message
  if (typeof content === 'string') addText(size, content)
  else if (content) {
    for (const part of content) {
      if (part.type === 'text') addText(size, part.text)
      else measurePart(part, size, media)
    }
  }
  if (name !== undefined) addUnsure(size, name)
  if (message.role !== 'assistant') return
  if (message.tool_calls) {
    for (const call of message.tool_calls) {
      addText(size, call.function.name)
      addText(size, call.function.arguments)
    }
  }
  if (message.refusal) addUnsure(size, message.refusal)
  if (message.images) size.unsureTokens += message.images.length * tokensPerMedium
  measureReasoning(message, size)
}

function measurePart(part: Exclude<ContentPart, { type: 'text' }>, size: TextSize, media?: Set<Modality>): void {
  const medium = mediumOf[part.type]
  if (medium === undefined) {
    addUnsure(size, part)
    return
  }
  media?.add(medium)
  size.tokens += tokensPerMedium
  size.unsureTokens += Math.max(0, tokensWithin(part) - tokensPerMedium)
}

/** What the bytes of a medium may come to; 0 where they are elsewhere, and for images, which weigh by their size in pixels. */
function tokensWithin(part: Exclude<ContentPart, { type: 'text' }>): number {
  switch (part.type) {
    case 'file': {
      const data = part.file.file_data ?? ''
      const isText = /^data:(text\/|application\/(json|xml))/i.test(data)
      return bytesIn(data) / (isText ? bytesPerTextToken : bytesPerDocumentToken)
    }
    case 'input_audio':
      return bytesIn(part.input_audio.data) / bytesPerRecordingToken
    case 'video_url':
      return part.video_url.url.startsWith('data:') ? bytesIn(part.video_url.url) / bytesPerRecordingToken : 0
    default:
      return 0
  }
}

/** Near enough: of base64, with or without a data URL around it. */
function bytesIn(base64: string): number {
  return base64.length * 0.75
}

/** What was thought before: the same once as text and once in detail, of which a provider is sent one, or neither. */
function measureReasoning(message: Extract<Message, { role: 'assistant' }>, size: TextSize): void {
  const text = message.reasoning ?? message.reasoning_content
  const details = message.reasoning_details
  if (text || details?.length) size.unsureTokens += Math.max(tokensIn(text), tokensIn(details))
}

function formatNeed(format: ResponseFormat | null | undefined): ParameterNeed | null {
  if (!format || format.type === 'text') return null
  return format.type === 'json_schema' ? jsonSchema : jsonObject
}

function countParameters(request: ChatRequest, responseFormat: ParameterNeed | null): ParameterNeed[] {
  const needed: ParameterNeed[] = []
  for (const need of countedParameters) {
    const value = request[need.parameter]
    if (!present(value)) continue
    if (value === false && harmlessWhenFalse.has(need.parameter)) continue
    if (Array.isArray(value) && value.length === 0) continue
    needed.push(need)
  }
  if (responseFormat) needed.push(responseFormat)
  // One choice is what every provider gives.
  if (typeof request.n === 'number' && request.n > 1) needed.push(severalChoices)
  return needed
}

const severalChoices: ParameterNeed = { parameter: 'n', anyOf: ['n'] }

/** A need in one word, for `needNamed`. */
export function nameOfNeed(need: ParameterNeed): string {
  return need === jsonSchema ? 'json_schema' : need.parameter
}

/** The need that `nameOfNeed` gave a name. */
export function needNamed(name: string): ParameterNeed {
  return (
    (name === 'json_schema' ? jsonSchema : undefined) ??
    [...countedParameters, jsonObject, severalChoices].find(({ parameter }) => parameter === name) ?? {
      parameter: name,
      anyOf: [name],
    }
  )
}

function present(value: unknown): boolean {
  return value !== undefined && value !== null
}
