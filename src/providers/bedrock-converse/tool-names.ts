import type { ChatRequest } from '../../chat/request.ts'
import { textHash } from '../text-hash.ts'

const validName = /^[a-zA-Z0-9_-]{1,64}$/
/** Names of functions and ids of calls alike. */
export const maxNameLength = 64

/** Function names are letters, digits, `_` and `-` there, at most 64 of them. */
export function bedrockName(name: string): string {
  if (validName.test(name)) return name
  return `${name.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 50)}_${textHash(name).toString(36)}`
}

/** The client's own name of a function that the model calls. */
export function clientName(name: string, tools: ChatRequest['tools']): string {
  for (const { function: tool } of tools ?? [])
    if (tool.name !== name && bedrockName(tool.name) === name) return tool.name
  return name
}
