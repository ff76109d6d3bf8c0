import type { AttemptFailure } from '../../chat/failure.ts'
import { isContent, type Part, type ReasoningDetail } from '../../chat/parts.ts'
import { asList, asRecord, asText, type JsonRecord, jsonTextOf } from '../foreign-json.ts'
import { classifyInside, type KindOf, plainFailure } from '../openai-chat/classify.ts'
import { finishReasonOf } from '../openai-chat/finish.ts'
import { annotationsOf } from './citations.ts'
import { claudeFormat } from './format.ts'
import { MessageUsage } from './usage.ts'

export interface DecodeOptions {
  /** The client's own name of a function that the model calls. */
  clientName(name: string): string
  /** The tool whose input is the text of the answer, or null. */
  answerTool: string | null
  /** An id for a call that came without one. */
  newCallId(): string
  /** Stripped from errors that the upstream words. */
  secrets: readonly string[]
  kindOf?: KindOf
}

interface Call {
  /** Position among the calls; null for the tool that gives the answer. */
  index: number | null
  /** Whole input that came with the block's start; pieces of it that follow count instead. */
  input: JsonRecord | undefined
  pieces: boolean
}

interface OpenBlock {
  call?: Call
  /** Position among the thoughts. */
  thought?: number
  citations: unknown[]
  /** Where the text of the block begins in the answer's. */
  textStart: number
}

/** Few texts have less than that many characters a token. */
const charactersAToken = 4

/**
 * The events of one message, parsed, to parts: those of a stream, of a cloud's frames, or of a whole body told as
 * events. Never throws on foreign shapes. After an error or the end of the message nothing follows.
 */
export class MessageEvents {
  #options: DecodeOptions
  #blocks = new Map<unknown, OpenBlock>()
  #usage = new MessageUsage()
  #id: string | undefined
  #started = false
  #produced = false
  #finished = false
  #over = false
  #calls = 0
  #thoughts = 0
  #textLength = 0
  #contentLength = 0
  #parts: Part[] = []

  constructor(options: DecodeOptions) {
    this.#options = options
  }

  get over(): boolean {
    return this.#over
  }

  /** `name` is the value of `event:`, for events whose content doesn't say what it is. */
  push(value: unknown, name: string | null = null): Part[] {
    if (!this.#over) this.#read(value, name)
    return this.#taken()
  }

  /** Nothing follows. A message without its reason to stop was cut. */
  end(): Part[] {
    if (!this.#over && !this.#finished) this.#fail(plainFailure('truncated'))
    this.#over = true
    return this.#taken()
  }

  /** Ends the message with an error that it did not tell itself. */
  break(failure: AttemptFailure): Part[] {
    this.#fail(failure)
    return this.#taken()
  }

  /** What had been said until then is metered as far as that is known. */
  #fail(failure: AttemptFailure): void {
    const isComplete = this.#over || this.#finished
    this.#over = true
    // Whatever goes wrong behind the finish takes nothing back.
    if (isComplete) return
    const usage = this.#usage.read()
    if (usage && this.#produced) {
      const estimate = Math.ceil(this.#contentLength / charactersAToken)
      const completionTokens = Math.max(usage.completionTokens, estimate)
      this.#parts.push({ type: 'usage', usage: { ...usage, completionTokens, estimated: true } })
    }
    this.#parts.push({ type: 'error', failure })
  }

  #taken(): Part[] {
    const parts = this.#parts
    this.#parts = []
    return parts
  }

  #add(part: Part): void {
    if (isContent(part)) this.#produced = true
    this.#parts.push(part)
  }

  #read(value: unknown, name: string | null): void {
    const event = asRecord(value)
    if (!event) {
      // Words after `event: error` are still the error.
      this.#fail(name === 'error' ? this.#classified(value) : plainFailure('malformed'))
      return
    }
    switch (event.type ?? name) {
      case 'message_start':
        this.#start(asRecord(event.message) ?? {})
        break
      case 'content_block_start':
        this.#openBlock(event.index, asRecord(event.content_block) ?? {})
        break
      case 'content_block_delta':
        this.#delta(event.index, asRecord(event.delta) ?? {})
        break
      case 'content_block_stop':
        this.#closeBlock(event.index)
        break
      case 'message_delta':
        this.#messageDelta(asRecord(event.delta) ?? {}, event.usage)
        break
      case 'message_stop':
        // Its reason to stop may get lost on the way; that it stopped is told.
        if (!this.#finished) this.#finish(null, {})
        this.#over = true
        break
      case 'error':
        this.#fail(this.#classified(event))
        break
      default:
        if (asRecord(event.error)) this.#fail(this.#classified(event))
      // `ping`, and whatever there will be.
    }
  }

  #classified(value: unknown): AttemptFailure {
    return classifyInside(value, this.#options.secrets, this.#options.kindOf)
  }

  #start(message: JsonRecord): void {
    const id = asText(message.id)
    if (this.#started && this.#produced) {
      // A proxy that asks again splices the second answer into the first; one that only repeats itself does no harm.
      if (id === undefined || id !== this.#id) this.#fail({ ...plainFailure('malformed'), kind: 'stream-error' })
      return
    }
    this.#started = true
    this.#id = id
    this.#usage = new MessageUsage()
    this.#usage.add(message.usage)
    const { serviceTier } = this.#usage
    const model = asText(message.model)
    this.#parts.push({
      type: 'start',
      ...(id === undefined ? {} : { upstreamId: id }),
      ...(model === undefined ? {} : { upstreamModel: model }),
      ...(serviceTier === undefined ? {} : { serviceTier }),
    })
    // Answers that go on after a pause come with their first blocks whole.
    for (const [i, block] of asList(message.content).entries()) this.#whole(`start ${i}`, block)
  }

  #whole(index: unknown, block: unknown): void {
    this.#openBlock(index, asRecord(block) ?? {})
    this.#closeBlock(index)
  }

  #openBlock(index: unknown, content: JsonRecord): void {
    this.#closeBlock(index)
    const type = asText(content.type) ?? ''
    const block: OpenBlock = { citations: [...asList(content.citations)], textStart: this.#textLength }
    this.#blocks.set(index, block)
    switch (type) {
      case 'text':
        this.#text(content.text)
        break
      case 'thinking':
        block.thought = this.#thoughts++
        this.#think(block.thought, content.thinking)
        this.#sign(block.thought, content.signature)
        break
      case 'redacted_thinking': {
        const data = asText(content.data)
        if (data !== undefined)
          this.#reason({ type: 'reasoning.encrypted', data, format: claudeFormat, index: this.#thoughts++ })
        break
      }
      case 'tool_use':
        block.call = this.#openCall(content)
        break
    }
    // Calls of the provider's own tools and their results are its business.
  }

  #openCall(content: JsonRecord): Call {
    const name = asText(content.name) ?? ''
    const input = asRecord(content.input)
    if (name !== '' && name === this.#options.answerTool) return { index: null, input, pieces: false }
    const call: Call = { index: this.#calls++, input, pieces: false }
    this.#add({
      type: 'tool-call-delta',
      index: call.index ?? 0,
      id: asText(content.id) ?? this.#options.newCallId(),
      name: this.#options.clientName(name),
      arguments: '',
    })
    return call
  }

  #delta(index: unknown, delta: JsonRecord): void {
    const block = this.#blocks.get(index)
    switch (delta.type) {
      case 'text_delta':
        this.#text(delta.text)
        break
      case 'input_json_delta':
        if (block?.call) this.#piece(block.call, asText(delta.partial_json) ?? '')
        break
      case 'thinking_delta':
        this.#think(this.#thoughtOf(index, block), delta.thinking)
        break
      case 'signature_delta':
        this.#sign(this.#thoughtOf(index, block), delta.signature)
        break
      case 'citations_delta':
        block?.citations.push(delta.citation)
        break
    }
  }

  /** A thought whose start got lost is a thought all the same. */
  #thoughtOf(index: unknown, block: OpenBlock | undefined): number {
    if (block?.thought !== undefined) return block.thought
    const thought = this.#thoughts++
    if (block) block.thought = thought
    else this.#blocks.set(index, { thought, citations: [], textStart: this.#textLength })
    return thought
  }

  #closeBlock(index: unknown): void {
    const block = this.#blocks.get(index)
    if (!block) return
    this.#blocks.delete(index)
    const { call } = block
    if (call && !call.pieces) this.#piece(call, call.input ? jsonTextOf(call.input) : '{}')
    const annotations = annotationsOf(block.citations, block.textStart, this.#textLength)
    if (annotations.length > 0) this.#add({ type: 'annotations', annotations })
  }

  #piece(call: Call, text: string): void {
    if (text === '') return
    call.pieces = true
    if (call.index === null) {
      this.#text(text)
      return
    }
    this.#contentLength += text.length
    this.#add({ type: 'tool-call-delta', index: call.index, arguments: text })
  }

  #text(value: unknown): void {
    const text = asText(value)
    if (text === undefined) return
    this.#textLength += text.length
    this.#contentLength += text.length
    this.#add({ type: 'text-delta', text })
  }

  #think(thought: number, value: unknown): void {
    const text = asText(value)
    if (text === undefined) return
    this.#contentLength += text.length
    this.#reason({ type: 'reasoning.text', text, format: claudeFormat, index: thought }, text)
  }

  #sign(thought: number, value: unknown): void {
    const signature = asText(value)
    if (signature === undefined) return
    this.#reason({ type: 'reasoning.text', signature, format: claudeFormat, index: thought })
  }

  #reason(detail: ReasoningDetail, text?: string): void {
    this.#add({ type: 'reasoning-delta', ...(text === undefined ? {} : { text }), details: [detail] })
  }

  #messageDelta(delta: JsonRecord, usage: unknown): void {
    this.#usage.add(usage)
    const native = asText(delta.stop_reason)
    if (native !== undefined && !this.#finished) this.#finish(native, delta)
    else if (this.#finished) this.#meter()
  }

  #finish(native: string | null, delta: JsonRecord): void {
    for (const index of [...this.#blocks.keys()]) this.#closeBlock(index)
    const explanation = asText(asRecord(delta.stop_details)?.explanation)
    if (native === 'refusal' && explanation !== undefined) this.#add({ type: 'refusal-delta', text: explanation })
    if (native === null && !this.#produced) {
      this.#fail(plainFailure('truncated'))
      return
    }
    this.#finished = true
    const calls = this.#calls > 0
    // The tool that gives the answer is none to the client.
    const word = native === null || (native === 'tool_use' && !calls) ? 'end_turn' : native
    this.#parts.push({ type: 'finish', reason: finishReasonOf(word, { calls, produced: this.#produced }), native })
    this.#meter()
  }

  #meter(): void {
    const usage = this.#usage.read()
    if (usage) this.#parts.push({ type: 'usage', usage })
  }
}
