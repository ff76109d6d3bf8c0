import type { ChatRequest } from '../../chat/request.ts'

const validName = /^[a-zA-Z0-9_-]{1,128}$/
const maxLength = 128

/**
 * Names of functions as the Messages API takes them: letters, digits, `_` and `-`. The same request always gives the
 * same names, so that the answer can be told in the client's own.
 */
export class ToolNames {
  #sent = new Map<string, string>()
  #given = new Map<string, string>()
  #next = new Map<string, number>()

  constructor({ tools, messages }: Pick<ChatRequest, 'tools' | 'messages'>) {
    const strange: string[] = []
    const add = (name: unknown) => {
      if (typeof name !== 'string') return
      if (validName.test(name)) this.#given.set(name, name)
      else strange.push(name)
    }
    for (const tool of tools ?? []) add(tool.function?.name)
    for (const message of messages)
      if (message.role === 'assistant') for (const call of message.tool_calls ?? []) add(call.function?.name)
    for (const name of strange) {
      if (this.#sent.has(name)) continue
      const free = this.unused(name.replace(/[^a-zA-Z0-9_-]/g, '_') || 'tool')
      this.#sent.set(name, free)
      this.#given.set(free, name)
    }
  }

  /** What the provider is told. */
  sent(name: string): string {
    return this.#sent.get(name) ?? name
  }

  /** What the client said. */
  given(name: string): string {
    return this.#given.get(name) ?? name
  }

  /** `wish`, or something like it that no function of this request is called. */
  unused(wish: string): string {
    return unused(wish, maxLength, (other) => this.#given.has(other), this.#next)
  }
}

/**
 * The first of `name`, `name_2`, `name_3`, … that is not taken, at most `length` long. `next` remembers where to go on,
 * so that many names that come out alike are not each tried against all before them; what is taken must stay taken.
 */
export function unused(
  name: string,
  length: number,
  isTaken: (name: string) => boolean,
  next: Map<string, number>,
): string {
  const base = name.slice(0, length)
  if (!isTaken(base)) return base
  for (let i = next.get(base) ?? 2; ; i++) {
    const suffix = `_${i}`
    const free = name.slice(0, length - suffix.length) + suffix
    if (isTaken(free)) continue
    next.set(base, i)
    return free
  }
}
