import type { Part, ReasoningDetail, ReasoningFormat } from '../../chat/parts.ts'
import { asList, asRecord, asText, type JsonRecord } from '../foreign-json.ts'
import { readAnnotations, readLogprobs } from '../openai-chat/said.ts'

/** What all items of one response share. */
export interface Told {
  format: ReasoningFormat
  newCallId(): string
  /** Tool calls so far: the next one's index. */
  calls: number
  /** Blocks of reasoning so far: the next one's index. */
  blocks: number
  images: number
  /** Of all texts together, because citations count from the beginning of theirs. */
  textLength: number
  refused: boolean
  /** Something was said. */
  produced: boolean
}

/** One part of an item's content, or its summary: what went out already, so that a repetition can be told from news. */
interface Piece {
  length: number
  annotations: number
  /** Where its text begins within the whole. */
  start: number
  /** The index of its reasoning detail. */
  block?: number
}

/** One item of a response's output as it grows. Kinds of items that answer nothing (searches, shells) say nothing. */
export class OutputItem {
  #told: Told
  #pieces = new Map<string, Piece>()
  #call: { index: number; length: number } | null = null
  #done = false

  constructor(told: Told) {
    this.#told = told
  }

  /** An event about this item; `type` without `response.`. */
  read(type: string, event: JsonRecord): Part[] {
    const at = positionOf(event.content_index)
    const summaryAt = positionOf(event.summary_index)
    switch (type) {
      case 'output_item.added':
        return this.#open(asRecord(event.item))
      case 'output_text.delta':
        return this.#text(at, textIn(event.delta), event.logprobs)
      case 'output_text.done':
        return this.#text(at, this.#rest(`c${at}`, event.text))
      case 'output_text.annotation.added':
        return this.#annotations(at, [event.annotation])
      case 'refusal.delta':
        return this.#refusal(at, textIn(event.delta))
      case 'refusal.done':
        return this.#refusal(at, this.#rest(`c${at}`, event.refusal))
      case 'reasoning_summary_text.delta':
        return this.#reasoning('s', summaryAt, textIn(event.delta))
      case 'reasoning_summary_text.done':
        return this.#reasoning('s', summaryAt, this.#rest(`s${summaryAt}`, event.text))
      case 'reasoning_text.delta':
        return this.#reasoning('c', at, textIn(event.delta))
      case 'reasoning_text.done':
        return this.#reasoning('c', at, this.#rest(`c${at}`, event.text))
      case 'content_part.done':
        return this.#content(asRecord(event.part), at)
      case 'function_call_arguments.delta':
      case 'custom_tool_call_input.delta':
        return this.#arguments(textIn(event.delta))
      case 'output_item.done':
        return this.#finish(asRecord(event.item))
      default:
        return []
    }
  }

  /** Nothing follows: a call that was given no arguments has an empty object of them. */
  close(): Part[] {
    return this.#call?.length === 0 ? this.#arguments('{}') : []
  }

  #open(item: JsonRecord | undefined): Part[] {
    const name = asText(item?.name)
    const isCall = item?.type === 'function_call' || item?.type === 'custom_tool_call'
    if (!item || !isCall || name === undefined || this.#call) return []
    this.#call = { index: this.#told.calls++, length: 0 }
    this.#told.produced = true
    const id = asText(item.call_id) ?? asText(item.id) ?? this.#told.newCallId()
    return [{ type: 'tool-call-delta', index: this.#call.index, id, name, arguments: '' }]
  }

  /** The whole item: whatever of it did not come as a delta follows now. */
  #finish(item: JsonRecord | undefined): Part[] {
    if (!item || this.#done) return []
    this.#done = true
    switch (item.type) {
      case 'message':
        return this.#contents(item)
      case 'reasoning':
        return [
          ...asList(item.summary).flatMap((value, i) =>
            this.#reasoning('s', i, this.#rest(`s${i}`, asRecord(value)?.text)),
          ),
          ...this.#contents(item),
          ...this.#encrypted(item),
        ]
      case 'function_call':
      case 'custom_tool_call': {
        const opening = this.#open(item)
        const whole = textIn(item.arguments ?? item.input)
        return [...opening, ...this.#arguments(whole.slice(this.#call?.length ?? 0)), ...this.close()]
      }
      case 'image_generation_call':
        return this.#image(item)
      default:
        return []
    }
  }

  #contents(item: JsonRecord): Part[] {
    return asList(item.content).flatMap((part, i) => this.#content(asRecord(part), i))
  }

  #content(part: JsonRecord | undefined, index: number): Part[] {
    const key = `c${index}`
    switch (part?.type) {
      case 'output_text':
      case 'text': {
        const text = this.#text(index, this.#rest(key, part.text), this.#pieces.has(key) ? undefined : part.logprobs)
        const told = this.#pieces.get(key)?.annotations ?? 0
        return [...text, ...this.#annotations(index, asList(part.annotations).slice(told))]
      }
      case 'refusal':
        return this.#refusal(index, this.#rest(key, part.refusal))
      case 'reasoning_text':
        return this.#reasoning('c', index, this.#rest(key, part.text))
      default:
        return []
    }
  }

  #text(index: number, text: string, logprobs?: unknown): Part[] {
    const known = readLogprobs({ content: logprobs })
    if (text === '' && !known) return []
    this.#piece(`c${index}`).length += text.length
    this.#told.textLength += text.length
    if (text !== '') this.#told.produced = true
    return [{ type: 'text-delta', text, ...(known ? { logprobs: known } : {}) }]
  }

  #refusal(index: number, text: string): Part[] {
    if (text === '') return []
    this.#piece(`c${index}`).length += text.length
    this.#told.refused = true
    this.#told.produced = true
    return [{ type: 'refusal-delta', text }]
  }

  #annotations(index: number, values: readonly unknown[]): Part[] {
    if (values.length === 0) return []
    const piece = this.#piece(`c${index}`)
    piece.annotations += values.length
    const annotations = readAnnotations(values)
    for (const annotation of annotations) {
      if (annotation.type !== 'url_citation') continue
      const { url_citation: citation } = annotation
      if (citation.start_index !== undefined) citation.start_index += piece.start
      if (citation.end_index !== undefined) citation.end_index += piece.start
    }
    return annotations.length === 0 ? [] : [{ type: 'annotations', annotations }]
  }

  /** `kind` is `s` for a part of the summary and `c` for the reasoning itself. Each part is a detail of its own. */
  #reasoning(kind: 's' | 'c', index: number, text: string): Part[] {
    if (text === '') return []
    const piece = this.#piece(`${kind}${index}`)
    piece.length += text.length
    piece.block ??= this.#told.blocks++
    this.#told.produced = true
    const common = { format: this.#told.format, index: piece.block }
    const detail: ReasoningDetail =
      kind === 's'
        ? { type: 'reasoning.summary', summary: text, ...common }
        : { type: 'reasoning.text', text, ...common }
    return [{ type: 'reasoning-delta', text, details: [detail] }]
  }

  #encrypted(item: JsonRecord): Part[] {
    const data = asText(item.encrypted_content)
    if (data === undefined) return []
    const id = asText(item.id)
    const { format } = this.#told
    const detail: ReasoningDetail = {
      type: 'reasoning.encrypted',
      data,
      ...(id === undefined ? {} : { id }),
      format,
      index: this.#told.blocks++,
    }
    return [{ type: 'reasoning-delta', details: [detail] }]
  }

  #arguments(piece: string): Part[] {
    // Without a name there is no call yet; the whole item brings both.
    if (!this.#call || piece === '') return []
    this.#call.length += piece.length
    return [{ type: 'tool-call-delta', index: this.#call.index, arguments: piece }]
  }

  #image(item: JsonRecord): Part[] {
    const result = asText(item.result)
    if (result === undefined) return []
    const format = asText(item.output_format) ?? 'png'
    const url = /^(data:|https?:)/.test(result) ? result : `data:image/${format};base64,${result}`
    this.#told.produced = true
    return [{ type: 'image', image: { type: 'image_url', image_url: { url }, index: this.#told.images++ } }]
  }

  #piece(key: string): Piece {
    let piece = this.#pieces.get(key)
    if (!piece) {
      piece = { length: 0, annotations: 0, start: this.#told.textLength }
      this.#pieces.set(key, piece)
    }
    return piece
  }

  /** What a whole text has beyond the deltas of it. */
  #rest(key: string, whole: unknown): string {
    return textIn(whole).slice(this.#pieces.get(key)?.length ?? 0)
  }
}

/** Some hosts leave out the position of the only part. */
function positionOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
