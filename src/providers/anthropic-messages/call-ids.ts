import { unused } from './tool-names.ts'

/**
 * Ids of calls as the API takes them: letters, digits, `_` and `-`, and none of them twice, although some providers
 * count their calls from the start in every answer.
 */
export class CallIds {
  readonly #maxLength: number
  #taken = new Set<string>()
  #next = new Map<string, number>()
  #turn = 0
  /** By the client's id, the calls of the last turn that made some: those without a result, and always the last one. */
  #made = new Map<string, { turn: number; ids: string[] }>()

  constructor(maxLength = 128) {
    this.#maxLength = maxLength
  }

  open(id: string): string {
    const free = unused(safeId(id), this.#maxLength, (other) => this.#taken.has(other), this.#next)
    this.#taken.add(free)
    const made = this.#made.get(id)
    if (made?.turn === this.#turn) made.ids.push(free)
    else this.#made.set(id, { turn: this.#turn, ids: [free] })
    return free
  }

  /** The assistant has said what it had to say: what it calls later is a call of another turn. */
  endTurn(): void {
    this.#turn++
  }

  /** The call that a result belongs to. Calls of one turn with one id have their results in the order of the calls. */
  of(id: string): string {
    const ids = this.#made.get(id)?.ids ?? []
    return (ids.length > 1 ? ids.shift() : ids[0]) ?? safeId(id).slice(0, this.#maxLength)
  }
}

function safeId(id: string): string {
  return id.replace(/[^a-zA-Z0-9_-]/g, '_') || 'call'
}
