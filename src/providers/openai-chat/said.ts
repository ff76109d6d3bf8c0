import type { Annotation, AudioDelta, ImagePart, Logprobs, ReasoningDetail, ReasoningFormat } from '../../chat/parts.ts'
import { asList, asRecord, asText, type JsonRecord } from '../foreign-json.ts'

// The pieces of a message or delta, each read on its own.

const formats: Readonly<Record<ReasoningFormat, true>> = {
  unknown: true,
  'openai-responses-v1': true,
  'azure-openai-responses-v1': true,
  'bedrock-openai-responses-v1': true,
  'bedrock-xai-responses-v1': true,
  'meta-responses-v1': true,
  'xai-responses-v1': true,
  'anthropic-claude-v1': true,
  'google-gemini-v1': true,
}

function isFormat(text: string): text is ReasoningFormat {
  return Object.hasOwn(formats, text)
}

/** The items that clients know, each rebuilt: an unknown format becomes `unknown`, an unknown type is left out. */
export function readReasoningDetails(value: unknown): ReasoningDetail[] {
  const details: ReasoningDetail[] = []
  for (const item of asList(value)) {
    const detail = asRecord(item)
    if (!detail) continue
    const { id, format, index, type, text, signature, summary, data } = detail
    const common = {
      ...(typeof id === 'string' || id === null ? { id } : {}),
      ...(format === null ? { format } : {}),
      ...(typeof format === 'string' ? { format: isFormat(format) ? format : ('unknown' as const) } : {}),
      ...(typeof index === 'number' ? { index } : {}),
    }
    if (type === 'reasoning.text')
      details.push({
        type,
        ...(typeof text === 'string' || text === null ? { text } : {}),
        ...(typeof signature === 'string' || signature === null ? { signature } : {}),
        ...common,
      })
    else if (type === 'reasoning.summary' && typeof summary === 'string') details.push({ type, summary, ...common })
    else if (type === 'reasoning.encrypted' && typeof data === 'string') details.push({ type, data, ...common })
  }
  return details
}

/** Reasoning as one text: `reasoning` or its other name, else what the details say in words. */
export function reasoningText(said: JsonRecord, details: readonly ReasoningDetail[]): string {
  // Both at once is a compatibility alias of the same text.
  const text = asText(said.reasoning) ?? asText(said.reasoning_content)
  if (text !== undefined) return text
  let joined = ''
  for (const detail of details) {
    if (detail.type === 'reasoning.text') joined += detail.text ?? ''
    else if (detail.type === 'reasoning.summary') joined += detail.summary
  }
  return joined
}

export type ContentPiece = { type: 'text' | 'reasoning'; text: string } | { type: 'image'; image: ImagePart }

/**
 * Content that is not a string: lists of parts (Mistral, Databricks, Cohere), or in JSON mode the value itself
 * (Workers AI).
 */
export function readContent(value: unknown): ContentPiece[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) return [{ type: 'text', text: JSON.stringify(value) }]
  return value.flatMap(readContentPart)
}

function readContentPart(value: unknown): ContentPiece[] {
  if (typeof value === 'string') return [{ type: 'text', text: value }]
  const part = asRecord(value)
  if (!part) return []
  switch (part.type) {
    case 'thinking':
      return [{ type: 'reasoning', text: textsIn(part.thinking) }]
    case 'reasoning':
      return [{ type: 'reasoning', text: textsIn(part.summary ?? part.text ?? part.content) }]
    case 'image_url':
      return readImages([part]).map((image) => ({ type: 'image', image }))
    default:
      return typeof part.text === 'string' ? [{ type: 'text', text: part.text }] : []
  }
}

function textsIn(value: unknown): string {
  if (typeof value === 'string') return value
  return asList(value)
    .map((item) => (typeof item === 'string' ? item : (asText(asRecord(item)?.text) ?? '')))
    .join('')
}

/** Only shapes that every client takes: one unknown annotation makes strict ones reject the whole answer. */
export function readAnnotations(value: unknown): Annotation[] {
  const annotations: Annotation[] = []
  for (const item of asList(value)) {
    const annotation = asRecord(item)
    if (annotation?.type === 'url_citation') {
      const citation = asRecord(annotation.url_citation) ?? annotation
      const url = asText(citation.url)
      if (url === undefined) continue
      const { title, content, start_index, end_index } = citation
      annotations.push({
        type: 'url_citation',
        url_citation: {
          url,
          title: asText(title) ?? '',
          ...(typeof content === 'string' ? { content } : {}),
          ...(Number.isInteger(start_index) ? { start_index: start_index as number } : {}),
          ...(Number.isInteger(end_index) ? { end_index: end_index as number } : {}),
        },
      })
    } else if (annotation?.type === 'file') {
      const file = asRecord(annotation.file)
      const hash = asText(file?.hash)
      const name = asText(file?.name)
      if (hash !== undefined && name !== undefined)
        annotations.push({ type: 'file', file: { hash, name, content: [...asList(file?.content)] } })
    }
  }
  return annotations
}

/** Perplexity's sources, which stand beside the choices. */
export function readCitations(answer: JsonRecord): Annotation[] {
  const results = asList(answer.search_results).map(asRecord)
  const urls = asList(answer.citations)
  const sources = results.length > 0 ? results : urls.map((url) => ({ url }) as JsonRecord)
  return readAnnotations(sources.map((source) => ({ type: 'url_citation', url: source?.url, title: source?.title })))
}

export function readImages(value: unknown): ImagePart[] {
  const images: ImagePart[] = []
  for (const item of asList(value)) {
    const image = asRecord(item)
    const url = asText(asRecord(image?.image_url)?.url) ?? asText(image?.image_url)
    if (url === undefined) continue
    const index = image?.index
    images.push({ type: 'image_url', image_url: { url }, ...(typeof index === 'number' ? { index } : {}) })
  }
  return images
}

/** Null where nothing is in it: Snowflake sends an empty object with every message. */
export function readAudio(value: unknown): AudioDelta | null {
  const audio = asRecord(value)
  if (!audio) return null
  const id = asText(audio.id)
  const data = asText(audio.data)
  const transcript = asText(audio.transcript)
  const expiresAt = typeof audio.expires_at === 'number' && audio.expires_at > 0 ? audio.expires_at : undefined
  if (id === undefined && data === undefined && transcript === undefined && expiresAt === undefined) return null
  return {
    ...(id === undefined ? {} : { id }),
    ...(data === undefined ? {} : { data }),
    ...(transcript === undefined ? {} : { transcript }),
    ...(expiresAt === undefined ? {} : { expires_at: expiresAt }),
  }
}

/** OpenAI's shape only; the older lists of tokens mean something else. Null where there is nothing. */
export function readLogprobs(value: unknown): Logprobs | null {
  const logprobs = asRecord(value)
  const content = Array.isArray(logprobs?.content) ? logprobs.content : null
  const refusal = Array.isArray(logprobs?.refusal) ? logprobs.refusal : null
  if (!content?.length && !refusal?.length) return null
  return { content, ...(refusal ? { refusal } : {}) }
}
