import type { Part } from '../../chat/parts.ts'
import { asRecord, asText } from '../foreign-json.ts'

interface Call {
  /** The upstream's index, where it gives one. */
  key: number | undefined
  /** The upstream's id, where it gives one. */
  upstreamId: string | undefined
  name: string
  arguments: string
  /** How far the arguments are closed. */
  braces: Braces
  /** Position among the calls of this choice; null until the call has a name and was told. */
  index: number | null
}

/** What one delta, or one item of a whole answer, says of a call. */
interface Said {
  key: number | undefined
  id: string | undefined
  name: string | undefined
  piece: string
}

type CallDelta = Extract<Part, { type: 'tool-call-delta' }>

/**
 * The tool calls of one choice, repaired: dense indices, an id of its own and a name on the first delta and only there,
 * arguments as pieces of JSON text. Hosts leave out the index, repeat id and name on every delta, give all calls the same
 * index, send objects for arguments, or nothing at all for a call without any.
 */
export class ToolCalls {
  #calls: Call[] = []
  /** The latest call of each index and of each id. */
  #byKey = new Map<number, Call>()
  #byId = new Map<string, Call>()
  #toldIds = new Set<string>()
  #told = 0
  #newId: () => string

  constructor(newId: () => string) {
    this.#newId = newId
  }

  get any(): boolean {
    return this.#told > 0
  }

  /** A delta of a stream. */
  push(value: unknown): CallDelta[] {
    const said = readSaid(value)
    if (!said) return []
    const known = this.#find(said)
    // A host that sends whole calls may send them once more with the finish.
    if (known && isRepeated(known, said)) return []
    return this.#hear(known && !isNext(known, said) ? known : this.#add(said), said)
  }

  /** An item of a whole answer: a call of its own, whichever index and id it shares with others. */
  pushWhole(value: unknown): CallDelta[] {
    const said = readSaid(value)
    return said?.name === undefined ? [] : this.#hear(this.#add(said), said)
  }

  /** Nothing follows: a call that was given no arguments has an empty object of them. */
  end(): CallDelta[] {
    const open = this.#calls.filter((call) => call.index !== null && call.arguments.trim() === '')
    for (const call of open) call.arguments = '{}'
    return open.map((call) => this.#delta(call, '{}'))
  }

  #hear(call: Call, { name, piece }: Said): CallDelta[] {
    if (call.index === null && name !== undefined) call.name = name
    call.arguments += piece
    call.braces.push(piece)
    if (call.index !== null) return piece === '' ? [] : [this.#delta(call, piece)]
    if (call.name === '') return []
    call.index = this.#told++
    const opening: CallDelta = {
      type: 'tool-call-delta',
      index: call.index,
      id: this.#ownId(call.upstreamId),
      name: call.name,
      arguments: call.arguments,
    }
    return [opening]
  }

  /** A result is matched to its call by the id, so no two calls may have the same. */
  #ownId(upstreamId: string | undefined): string {
    const id = upstreamId === undefined || this.#toldIds.has(upstreamId) ? this.#newId() : upstreamId
    this.#toldIds.add(id)
    return id
  }

  #delta(call: Call, piece: string): CallDelta {
    return { type: 'tool-call-delta', index: call.index ?? 0, arguments: piece }
  }

  #find({ key, id, name }: Said): Call | undefined {
    const last = this.#calls.at(-1)
    if (key !== undefined) {
      const same = this.#byKey.get(key)
      // The same index with another id and a name is another call.
      const isOther = id !== undefined && name !== undefined && same?.upstreamId !== undefined && same.upstreamId !== id
      if (same) return isOther ? undefined : same
      // The index came late.
      return last?.key === undefined && name === undefined ? last : undefined
    }
    if (id !== undefined) return this.#byId.get(id) ?? (name === undefined ? last : undefined)
    return name === undefined ? last : undefined
  }

  #add({ key, id }: Said): Call {
    const call: Call = { key, upstreamId: id, name: '', arguments: '', braces: new Braces(), index: null }
    this.#calls.push(call)
    if (key !== undefined) this.#byKey.set(key, call)
    if (id !== undefined) this.#byId.set(id, call)
    return call
  }
}

function readSaid(value: unknown): Said | undefined {
  const delta = asRecord(value)
  if (!delta) return undefined
  const said = asRecord(delta.function) ?? asRecord(delta.custom) ?? delta
  return {
    key: typeof delta.index === 'number' ? delta.index : undefined,
    id: asText(delta.id),
    name: asText(said.name),
    piece: argumentsIn(said.arguments ?? said.input),
  }
}

/** Only the id tells a repetition from a second call that happens to say the same. */
function isRepeated(known: Call, { id, name, piece }: Said): boolean {
  return (
    name !== undefined &&
    id !== undefined &&
    id === known.upstreamId &&
    piece.endsWith('}') &&
    known.arguments === piece
  )
}

/** Whole calls one after the other under one index, and ids that are missing or all the same: nothing follows an object. */
function isNext(known: Call, { name, piece }: Said): boolean {
  return name !== undefined && known.braces.closed && /^\s*\{/.test(piece)
}

/** Whether a JSON object is whole, told piece by piece: to parse what there is with every piece takes quadratic time. */
class Braces {
  #depth = 0
  #inString = false
  #escaped = false
  #opened = false

  get closed(): boolean {
    return this.#opened && this.#depth === 0
  }

  push(piece: string): void {
    for (let i = 0; i < piece.length; i++) {
      const char = piece[i]
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (char === '\\') this.#escaped = true
        else if (char === '"') this.#inString = false
      } else if (char === '"') this.#inString = true
      else if (char === '{') {
        this.#opened = true
        this.#depth++
      } else if (char === '}') this.#depth--
    }
  }
}

function argumentsIn(value: unknown): string {
  if (typeof value === 'string') return value
  return value === undefined || value === null ? '' : JSON.stringify(value)
}
