import type { FinishReason, Part, ReasoningFormat } from '../../chat/parts.ts'
import { asList, asRecord, asText, type JsonRecord } from '../foreign-json.ts'
import { classifyInside, plainError } from '../openai-chat/classify.ts'
import { finishReasonOf } from '../openai-chat/finish.ts'
import { readUsage } from '../openai-chat/usage.ts'
import { kindOf } from './kind-of.ts'
import { OutputItem, type Told } from './output-item.ts'

export interface ReadOptions {
  /** Whose reasoning items these are. */
  format: ReasoningFormat
  /** An id for a tool call that came without one. */
  newCallId(): string
  /** Stripped from errors that the upstream words. */
  secrets: readonly string[]
}

/**
 * Reads one response, whole or event by event. Items are told apart by their position in the output: ids change from
 * event to event at some hosts. What `done` events hold beyond the deltas before them is not lost.
 */
export class ResponseReader {
  /** A terminal event or an error was read. */
  over = false
  #options: ReadOptions
  #items = new Map<number | string, OutputItem>()
  #told: Told
  #started = false

  constructor(options: ReadOptions) {
    this.#options = options
    this.#told = { ...options, calls: 0, blocks: 0, images: 0, textLength: 0, refused: false, produced: false }
  }

  /** One event of a stream, parsed. Never throws on foreign shapes. `name` is the value of `event:`. */
  readEvent(value: unknown, name: string | null = null): Part[] {
    const event = asRecord(value)
    const type = asText(event?.type) ?? name ?? ''
    if (type === 'error' || !event || (event.error && !event.response)) return this.#refuse(value)
    switch (type) {
      case 'response.created':
      case 'response.queued':
      case 'response.in_progress':
        return this.#start(asRecord(event.response))
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
      case 'response.cancelled':
        return this.#end(asRecord(event.response) ?? {}, type.slice('response.'.length))
      default:
        return type.startsWith('response.') ? this.#itemOf(event).read(type.slice('response.'.length), event) : []
    }
  }

  /** A whole response, parsed. Never throws on foreign shapes. */
  readBody(value: unknown): Part[] {
    const response = asRecord(value)
    if (!response || (response.error && !Array.isArray(response.output))) return this.#refuse(value)
    if (!Array.isArray(response.output)) return this.fail('malformed')
    const status = asText(response.status) ?? 'completed'
    // Nobody asked for an answer in the background.
    if (status === 'queued' || status === 'in_progress') return this.fail('malformed')
    return [...this.#start(response), ...this.#end(response, status)]
  }

  /** Ends the answer with a failure that has no words; nothing where it is over already. */
  fail(kind: 'malformed' | 'truncated'): Part[] {
    if (this.over) return []
    this.over = true
    return plainError(kind)
  }

  #refuse(value: unknown): Part[] {
    this.over = true
    return [{ type: 'error', failure: classifyInside(value, this.#options.secrets, kindOf) }]
  }

  #start(response: JsonRecord | undefined): Part[] {
    const upstreamId = asText(response?.id)
    const upstreamModel = asText(response?.model)
    if (this.#started || (upstreamId === undefined && upstreamModel === undefined)) return []
    this.#started = true
    return [
      {
        type: 'start',
        ...(upstreamId === undefined ? {} : { upstreamId }),
        ...(upstreamModel === undefined ? {} : { upstreamModel }),
      },
    ]
  }

  /** What the whole response says at the end: the tier it was served on, how it ended, and what it cost. */
  #end(response: JsonRecord, ending: string): Part[] {
    const parts = this.#start(response)
    // A host may send nothing but the end.
    if (!this.#told.produced) parts.push(...this.#outputOf(response))
    for (const item of this.#items.values()) parts.push(...item.close())
    const serviceTier = asText(response.service_tier)
    if (serviceTier !== undefined) parts.push({ type: 'start', serviceTier })
    const usage = readUsage(response.usage)
    const status = asText(response.status) ?? ending
    if (status === 'failed' || ending === 'failed' || response.error) {
      if (usage) parts.push({ type: 'usage', usage })
      return [...parts, ...this.#refuse({ error: response.error ?? { code: status } })]
    }
    this.over = true
    const native = (status === 'incomplete' && asText(asRecord(response.incomplete_details)?.reason)) || status
    parts.push({ type: 'finish', reason: this.#reasonOf(native), native })
    if (usage) parts.push({ type: 'usage', usage })
    return parts
  }

  #reasonOf(native: string): FinishReason {
    if (native === 'cancelled') return 'error'
    const { calls, produced, refused } = this.#told
    const reason = finishReasonOf(native, { calls: calls > 0, produced })
    return refused && reason === 'stop' ? 'content_filter' : reason
  }

  #outputOf(response: JsonRecord): Part[] {
    return asList(response.output).flatMap((value, index) => {
      const item = asRecord(value)
      return item ? this.#itemAt(index).read('output_item.done', { item }) : []
    })
  }

  #itemOf(event: JsonRecord): OutputItem {
    const { output_index: position } = event
    if (typeof position === 'number') return this.#itemAt(position)
    return this.#itemAt(asText(event.item_id) ?? asText(asRecord(event.item)?.id) ?? '')
  }

  #itemAt(key: number | string): OutputItem {
    let item = this.#items.get(key)
    if (!item) {
      item = new OutputItem(this.#told)
      this.#items.set(key, item)
    }
    return item
  }
}
