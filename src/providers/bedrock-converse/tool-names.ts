import type { ChatRequest } from '../../chat/request.ts'

const validName = /^[a-zA-Z0-9_-]{1,64}$/

/** Function names, and ids of calls, are letters, digits, `_` and `-` there, at most 64 of them. */
export function bedrockName(name: string): string {
  if (validName.test(name)) return name
  return `${name.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 50)}_${hashOf(name)}`
}

/** The client's own name of a function that the model calls. */
export function clientName(name: string, tools: ChatRequest['tools']): string {
  for (const { function: tool } of tools ?? [])
    if (tool.name !== name && bedrockName(tool.name) === name) return tool.name
  return name
}

/** 53 bits of a text, so that different names that were made alike stay different, in every request the same. */
function hashOf(text: string): string {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    high = Math.imul(high ^ unit, 2654435761)
    low = Math.imul(low ^ unit, 1597334677)
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
  return (4294967296 * (2097151 & low) + (high >>> 0)).toString(36)
}
