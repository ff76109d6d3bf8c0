import { chunkHead, type Finish, finishChunk } from './chunks.ts'
import type { Envelope } from './envelope.ts'
import type { Logprobs, Part } from './parts.ts'
import { detailsOf, reasoningTextOf } from './reasoning-details.ts'

type ToolCallDelta = Extract<Part, { type: 'tool-call-delta' }>

/**
 * Parts to chat chunks, one stream each (`openrouter-api.md` §1.12). `push` answers whole SSE events, or the empty
 * string where a part has no chunk of its own: the start, and usage and errors, whose chunks need what only the
 * dispatcher knows (`usageChunk`, `errorChunk`).
 */
export class ChatStreamEncoder {
  readonly #envelope: Envelope
  readonly #head: string
  readonly #excludeReasoning: boolean
  /**
   * By choice: the tool calls begun and whether each has arguments, so that a finish can be told from `stop` and empty
   * arguments be completed.
   */
  readonly #calls = new Map<number, Map<number, boolean>>()

  constructor(envelope: Envelope, options: { excludeReasoning?: boolean } = {}) {
    this.#envelope = envelope
    this.#head = `${chunkHead(envelope)},"choices":[{"index":`
    this.#excludeReasoning = options.excludeReasoning === true
  }

  push(part: Part): string {
    const choice = 'choice' in part ? (part.choice ?? 0) : 0
    switch (part.type) {
      case 'text-delta':
        return this.#chunk(choice, JSON.stringify(part.text), '', part.logprobs)
      case 'reasoning-delta':
        return this.#reasoning(choice, part)
      case 'refusal-delta':
        return this.#chunk(choice, '""', `,"refusal":${JSON.stringify(part.text)}`)
      case 'tool-call-delta':
        return this.#toolCall(choice, part)
      case 'annotations':
        return this.#chunk(choice, '""', `,"annotations":${JSON.stringify(part.annotations)}`)
      case 'image':
        return this.#chunk(choice, '""', `,"images":${JSON.stringify([part.image])}`)
      case 'audio-delta':
        return this.#chunk(choice, '""', `,"audio":${JSON.stringify(part.audio)}`)
      case 'finish':
        return this.#finish(choice, part)
      case 'start':
      case 'usage':
      case 'error':
        return ''
    }
  }

  #chunk(choice: number, content: string, deltaFields: string, logprobs?: Logprobs): string {
    return (
      `${this.#head}${choice},"delta":{"role":"assistant","content":${content}${deltaFields}},"finish_reason":null` +
      `,"native_finish_reason":null,"logprobs":${logprobs === undefined ? 'null' : JSON.stringify(logprobs)}}]}\n\n`
    )
  }

  #reasoning(choice: number, part: Extract<Part, { type: 'reasoning-delta' }>): string {
    if (this.#excludeReasoning) return ''
    const text = reasoningTextOf(part)
    const details = detailsOf(part)
    if (text === '' && details.length === 0) return ''
    const reasoning = text === '' ? '' : `,"reasoning":${JSON.stringify(text)}`
    return this.#chunk(choice, '""', `${reasoning},"reasoning_details":${JSON.stringify(details)}`)
  }

  /** The first delta of a call carries its id and name and no arguments; what came with them follows at once. */
  #toolCall(choice: number, part: ToolCallDelta): string {
    let calls = this.#calls.get(choice)
    if (calls === undefined) {
      calls = new Map()
      this.#calls.set(choice, calls)
    }
    let opening = ''
    if (!calls.has(part.index)) {
      calls.set(part.index, false)
      const id = part.id || callId(this.#envelope, choice, part.index)
      const named = JSON.stringify([
        { index: part.index, id, type: 'function', function: { name: part.name ?? '', arguments: '' } },
      ])
      opening = this.#chunk(choice, '""', `,"tool_calls":${named}`)
    }
    if (part.arguments === '') return opening
    calls.set(part.index, true)
    return opening + this.#arguments(choice, part.index, part.arguments)
  }

  #arguments(choice: number, index: number, text: string): string {
    return this.#chunk(
      choice,
      '""',
      `,"tool_calls":[{"index":${index},"function":{"arguments":${JSON.stringify(text)}}}]`,
    )
  }

  #finish(choice: number, finish: Finish): string {
    const calls = this.#calls.get(choice)
    let completed = ''
    // A call without arguments is a call with an empty object: the empty string is no JSON.
    for (const [index, hasArguments] of calls ?? [])
      if (!hasArguments) completed += this.#arguments(choice, index, '{}')
    this.#calls.delete(choice)
    return completed + finishChunk(this.#envelope, finishWith(calls !== undefined, finish), choice)
  }
}

/** Some providers say `stop` when the model calls a tool; clients only look for calls after `tool_calls`. */
export function finishWith(hasToolCalls: boolean, finish: Finish): Finish {
  return hasToolCalls && finish.reason === 'stop'
    ? { reason: 'tool_calls', native: finish.native }
    : { reason: finish.reason, native: finish.native }
}

/** A call id for a provider that gives none, unique because the generation's id is. */
export function callId(envelope: Envelope, choice: number, index: number): string {
  return `call_${envelope.id.slice(-20)}${choice}_${index}`
}
