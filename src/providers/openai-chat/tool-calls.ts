import type { Part } from '../../chat/parts.ts'
import { asRecord, asText } from '../foreign-json.ts'

interface Call {
  /** The upstream's index, where it gives one. */
  key: number | undefined
  /** The upstream's id, where it gives one. */
  upstreamId: string | undefined
  name: string
  arguments: string
  /** Position among the calls of this choice; null until the call has a name and was told. */
  index: number | null
}

type CallDelta = Extract<Part, { type: 'tool-call-delta' }>

/**
 * The tool calls of one choice, repaired: dense indices, an id and a name on the first delta and only there, arguments
 * as pieces of JSON text. Hosts leave out the index, repeat id and name on every delta, give all calls the same index,
 * send objects for arguments, or nothing at all for a call without any.
 */
export class ToolCalls {
  #calls: Call[] = []
  #told = 0
  #newId: () => string

  constructor(newId: () => string) {
    this.#newId = newId
  }

  get any(): boolean {
    return this.#told > 0
  }

  push(value: unknown): CallDelta[] {
    const delta = asRecord(value)
    if (!delta) return []
    const said = asRecord(delta.function) ?? asRecord(delta.custom) ?? delta
    const key = typeof delta.index === 'number' ? delta.index : undefined
    const id = asText(delta.id)
    const name = asText(said.name)
    const piece = argumentsIn(said.arguments ?? said.input)
    const known = this.#find(key, id, name)
    // A host that sends whole calls may send them once more with the finish.
    if (known && name !== undefined && id !== undefined && piece.endsWith('}') && known.arguments === piece) return []
    const call = known ?? this.#add(key, id)
    if (call.index === null && name !== undefined) call.name = name
    call.arguments += piece
    if (call.index !== null) return piece === '' ? [] : [this.#delta(call, piece)]
    if (call.name === '') return []
    call.index = this.#told++
    const opening: CallDelta = {
      type: 'tool-call-delta',
      index: call.index,
      id: call.upstreamId ?? this.#newId(),
      name: call.name,
      arguments: call.arguments,
    }
    return [opening]
  }

  /** Nothing follows: a call that was given no arguments has an empty object of them. */
  end(): CallDelta[] {
    const open = this.#calls.filter((call) => call.index !== null && call.arguments.trim() === '')
    for (const call of open) call.arguments = '{}'
    return open.map((call) => this.#delta(call, '{}'))
  }

  #delta(call: Call, piece: string): CallDelta {
    return { type: 'tool-call-delta', index: call.index ?? 0, arguments: piece }
  }

  #find(key: number | undefined, id: string | undefined, name: string | undefined): Call | undefined {
    const last = this.#calls.at(-1)
    if (key !== undefined) {
      const same = this.#calls.findLast((call) => call.key === key)
      // The same index with another id and a name is another call.
      const isOther = id !== undefined && name !== undefined && same?.upstreamId !== undefined && same.upstreamId !== id
      if (same) return isOther ? undefined : same
      // The index came late.
      return last?.key === undefined && name === undefined ? last : undefined
    }
    if (id !== undefined) {
      const same = this.#calls.find((call) => call.upstreamId === id)
      return same ?? (name === undefined ? last : undefined)
    }
    return name === undefined ? last : undefined
  }

  #add(key: number | undefined, id: string | undefined): Call {
    const call: Call = { key, upstreamId: id, name: '', arguments: '', index: null }
    this.#calls.push(call)
    return call
  }
}

function argumentsIn(value: unknown): string {
  if (typeof value === 'string') return value
  return value === undefined || value === null ? '' : JSON.stringify(value)
}
