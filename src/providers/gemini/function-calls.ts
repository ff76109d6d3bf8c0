import type { Part } from '../../chat/parts.ts'
import { asList, asRecord, asText, type JsonRecord } from '../foreign-json.ts'

type CallDelta = Extract<Part, { type: 'tool-call-delta' }>

/** A call whose arguments come piece by piece, by path (Vertex, `streamFunctionCallArguments`). */
interface OpenCall {
  index: number
  args: Record<string, unknown>
}

/** The function calls of one candidate: whole ones, and those whose arguments are told path by path. */
export class FunctionCalls {
  #told = 0
  #open: OpenCall | null = null
  readonly #newId: () => string
  readonly #nameOf: (name: string) => string

  constructor(newId: () => string, nameOf: (name: string) => string) {
    this.#newId = newId
    this.#nameOf = nameOf
  }

  get any(): boolean {
    return this.#told > 0
  }

  /** One `functionCall` part: nothing, the beginning, the end or the whole of a call. */
  push(call: JsonRecord): CallDelta[] {
    const deltas: CallDelta[] = []
    const name = asText(call.name)
    if (name !== undefined) {
      deltas.push(...this.end())
      const opening: CallDelta = {
        type: 'tool-call-delta',
        index: this.#told++,
        // Gemini leaves the id out more often than not.
        id: asText(call.id) ?? this.#newId(),
        name: this.#nameOf(name),
        arguments: '',
      }
      const pieces = call.willContinue === true || call.partialArgs !== undefined
      if (!pieces) opening.arguments = JSON.stringify(asRecord(call.args) ?? {})
      deltas.push(opening)
      if (!pieces) return deltas
      this.#open = { index: opening.index, args: emptyRecord() }
    }
    const open = this.#open
    if (!open) return deltas
    for (const piece of asList(call.partialArgs)) take(open.args, asRecord(piece))
    for (const [key, value] of Object.entries(asRecord(call.args) ?? {})) open.args[key] = value
    if (call.willContinue !== true) deltas.push(...this.end())
    return deltas
  }

  /** Nothing follows: tells the arguments of a call that is still open. They are one object, so they come as one piece. */
  end(): CallDelta[] {
    const open = this.#open
    this.#open = null
    return open ? [{ type: 'tool-call-delta', index: open.index, arguments: JSON.stringify(open.args) }] : []
  }
}

type Step = string | number
type Container = Record<string, unknown> | unknown[]

/** Puts `{jsonPath, stringValue|numberValue|boolValue|nullValue}` where it belongs; strings grow by their pieces. */
function take(args: Record<string, unknown>, piece: JsonRecord | undefined): void {
  const steps = stepsOf(asText(piece?.jsonPath) ?? '')
  const last = steps.at(-1)
  if (!piece || last === undefined) return
  let at: Container = args
  for (let i = 0; i < steps.length - 1; i++) {
    const inner = childOf(at, steps[i] ?? 0, typeof steps[i + 1] === 'number')
    if (!inner) return
    at = inner
  }
  const before = read(at, last)
  if (typeof piece.stringValue === 'string')
    write(at, last, typeof before === 'string' ? before + piece.stringValue : piece.stringValue)
  else if (piece.numberValue !== undefined) write(at, last, piece.numberValue)
  else if (piece.boolValue !== undefined) write(at, last, piece.boolValue)
  else if ('nullValue' in piece) write(at, last, null)
}

/** `$.recipe.ingredients[0]['full name']` → recipe, ingredients, 0, full name. */
function stepsOf(path: string): Step[] {
  const steps: Step[] = []
  for (const [, name, index, quoted] of path.matchAll(/\.([^.[\]]+)|\[(\d+)\]|\[["'](.*?)["']\]/g))
    steps.push(index === undefined ? (name ?? quoted ?? '') : Number(index))
  return steps
}

function childOf(container: Container, step: Step, list: boolean): Container | null {
  const child = read(container, step)
  if (Array.isArray(child)) return child
  const record = asRecord(child)
  if (record) return record
  if (child !== undefined) return null
  const made: Container = list ? [] : emptyRecord()
  write(container, step, made)
  return made
}

function read(container: Container, step: Step): unknown {
  return Array.isArray(container) ? container[Number(step)] : container[step]
}

/** Items come in order; a number far beyond the end must not make a list of that length. */
function write(container: Container, step: Step, value: unknown): void {
  if (Array.isArray(container)) container[Math.min(Number(step) || 0, container.length)] = value
  else container[step] = value
}

/** Without a prototype: the model may call an argument `__proto__`. */
function emptyRecord(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>
}
