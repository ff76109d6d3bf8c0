import type { Annotation, Part } from '../../chat/parts.ts'
import { parseExactJson } from '../exact-json.ts'
import { asList, asRecord, asText, type JsonRecord } from '../foreign-json.ts'
import { plainError, plainFailure } from '../openai-chat/classify.ts'
import { finishReasonOf } from '../openai-chat/finish.ts'
import { classifyException } from './classify.ts'
import { readReasoning, readRedacted } from './reasoning-blocks.ts'
import { readUsage } from './usage.ts'

export interface DecodeOptions {
  isClaude: boolean
  /** The tool whose input is the text of the answer, where one stands for a schema. */
  answerTool: string | null
  /** The client's own name of a function. */
  nameOf(name: string): string
  /** An id for a tool call that came without one. */
  newCallId(): string
  /** Stripped from errors that the upstream words. */
  secrets: readonly string[]
}

/** What is kept of one answer from block to block. */
export class Answer {
  calls = 0
  thoughts = 0
  /** UTF-16 units of text so far, for the places of citations. */
  textLength = 0
  produced = false
}

/** A whole answer to parts; an `error` part where a 200 is none. */
export function decodeBody(text: string, options: DecodeOptions): Part[] {
  let body: JsonRecord | undefined
  try {
    // Inputs of tools are objects there and text here: their large numbers have to stay what they are.
    body = asRecord(parseExactJson(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text))
  } catch {
    return plainError('malformed')
  }
  const message = asRecord(asRecord(body?.output)?.message)
  if (!body || !message) {
    const speaks = body && (body.message !== undefined || body.Message !== undefined || body.__type !== undefined)
    const failure = speaks || body?.Output ? classifyException('', body, options.secrets) : plainFailure('malformed')
    return [{ type: 'error', failure }]
  }
  const answer = new Answer()
  const parts: Part[] = [startOf(body)]
  for (const block of asList(message.content)) readBlock(asRecord(block), answer, options, parts)
  const native = asText(body.stopReason)
  if (native === undefined && !answer.produced) return plainError('malformed')
  parts.push(finishOf(native ?? null, answer, options))
  const usage = readUsage(body.usage)
  if (usage) parts.push({ type: 'usage', usage })
  return parts
}

/** Where and how the request was served, of a body or of a stream's last event. */
export function startOf(answer: JsonRecord): Part {
  const serviceTier = asText(asRecord(answer.serviceTier)?.type)
  const upstreamModel = asText(asRecord(asRecord(answer.trace)?.promptRouter)?.invokedModelId)
  return {
    type: 'start',
    ...(serviceTier === undefined ? {} : { serviceTier }),
    ...(upstreamModel === undefined ? {} : { upstreamModel }),
  }
}

function readBlock(block: JsonRecord | undefined, answer: Answer, options: DecodeOptions, parts: Part[]): void {
  if (!block) return
  const { text, toolUse, reasoningContent, citationsContent, image } = block
  if (typeof text === 'string') pushText(text, answer, parts)
  else if (asRecord(reasoningContent)) pushReasoning(reasoningContent, answer, options, parts)
  else if (asRecord(citationsContent)) {
    const cited = asRecord(citationsContent) ?? {}
    const from = answer.textLength
    for (const piece of asList(cited.content)) pushText(asText(asRecord(piece)?.text) ?? '', answer, parts)
    pushCitations(asList(cited.citations), from, answer, parts)
  } else if (asRecord(toolUse)) pushCall(asRecord(toolUse) ?? {}, answer, options, parts)
  else if (asRecord(image)) pushImage(asRecord(image) ?? {}, answer, parts)
}

export function pushText(text: string, answer: Answer, parts: Part[]): void {
  if (text === '') return
  answer.textLength += text.length
  answer.produced = true
  parts.push({ type: 'text-delta', text })
}

function pushReasoning(value: unknown, answer: Answer, options: DecodeOptions, parts: Part[]): void {
  const sealed = asText(asRecord(value)?.redactedContent)
  const index = answer.thoughts++
  const part =
    sealed === undefined
      ? readReasoning(value, index, options.isClaude)
      : readRedacted([sealed], index, options.isClaude)
  if (!part) return
  answer.produced = true
  parts.push(part)
}

/** A tool that Amazon runs itself is no call for the client to answer. */
export function isServerTool(toolUse: JsonRecord): boolean {
  return toolUse.type === 'server_tool_use'
}

function pushCall(toolUse: JsonRecord, answer: Answer, options: DecodeOptions, parts: Part[]): void {
  if (isServerTool(toolUse)) return
  const { input } = toolUse
  const text = typeof input === 'string' ? input : JSON.stringify(input ?? {})
  if (toolUse.name === options.answerTool) pushText(text, answer, parts)
  else parts.push({ ...openCall(toolUse, answer, options), arguments: text.trim() === '' ? '{}' : text })
}

/** The first delta of a call. */
export function openCall(
  toolUse: JsonRecord,
  answer: Answer,
  options: DecodeOptions,
): Extract<Part, { type: 'tool-call-delta' }> {
  answer.produced = true
  return {
    type: 'tool-call-delta',
    index: answer.calls++,
    id: asText(toolUse.toolUseId) ?? options.newCallId(),
    name: options.nameOf(asText(toolUse.name) ?? ''),
    arguments: '',
  }
}

/** Only what has an address can be cited to a client; a place in a document it sent itself is not one. */
export function pushCitations(citations: readonly unknown[], from: number, answer: Answer, parts: Part[]): void {
  const annotations: Annotation[] = []
  for (const item of citations) {
    const citation = asRecord(item)
    const web = asText(asRecord(asRecord(citation?.location)?.web)?.url)
    const url = web ?? asText(citation?.source)
    if (!citation || url === undefined || !/^https?:\/\//.test(url)) continue
    const content = asList(citation.sourceContent)
      .map((piece) => asText(asRecord(piece)?.text) ?? '')
      .join('')
    annotations.push({
      type: 'url_citation',
      url_citation: {
        url,
        title: asText(citation.title) ?? '',
        ...(content === '' ? {} : { content }),
        start_index: from,
        end_index: answer.textLength,
      },
    })
  }
  if (annotations.length > 0) parts.push({ type: 'annotations', annotations })
}

export function pushImage(image: JsonRecord, answer: Answer, parts: Part[]): void {
  const bytes = asText(asRecord(image.source)?.bytes)
  if (bytes === undefined) return
  answer.produced = true
  const url = `data:image/${asText(image.format) ?? 'png'};base64,${bytes}`
  parts.push({ type: 'image', image: { type: 'image_url', image_url: { url } } })
}

/** The end of an answer: a finish, or the failure that its reason stands for. */
export function finishOf(native: string | null, answer: Answer, options: DecodeOptions): Part {
  if (native?.startsWith('malformed_'))
    return {
      type: 'error',
      failure: {
        kind: 'generation-failed',
        message: 'The model produced output that could not be used.',
        providerCode: native,
      },
    }
  const calls = answer.calls > 0
  // The call that stands for the answer is no call to the client.
  const word = native === 'tool_use' && !calls && options.answerTool !== null ? 'end_turn' : (native ?? 'end_turn')
  return { type: 'finish', reason: finishReasonOf(word, { calls, produced: answer.produced }), native }
}
