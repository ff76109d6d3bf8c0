import type { Part } from '../chat/parts.ts'
import type { FunctionTool } from '../chat/request.ts'

/**
 * Whether all tool calls of a whole answer can be made: each names a tool that was offered and carries JSON. Undefined
 * where there are none. What their schemas say is not looked at.
 */
export function toolVerdict(parts: readonly Part[], tools: readonly FunctionTool[]): 'ok' | 'bad' | undefined {
  const calls = new Map<string, { name: string; text: string }>()
  for (const part of parts) {
    if (part.type !== 'tool-call-delta') continue
    const key = `${part.choice ?? 0} ${part.index}`
    const call = calls.get(key)
    if (call) call.text += part.arguments
    else calls.set(key, { name: part.name ?? '', text: part.arguments })
  }
  if (calls.size === 0) return undefined
  const offered = new Set(tools.map((tool) => tool.function.name))
  for (const { name, text } of calls.values()) if (!offered.has(name) || !isJson(text)) return 'bad'
  return 'ok'
}

/** A call without arguments may say so by saying nothing. */
function isJson(text: string): boolean {
  if (text.trim() === '') return true
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
