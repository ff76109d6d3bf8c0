import type { Part } from '../chat/parts.ts'
import type { FunctionTool } from '../chat/request.ts'

/**
 * What an answer tells of how well its endpoint calls tools (`openrouter-routing.md` §3.10), for its health report:
 * whether every call names a tool that was offered and carries JSON. Nothing where no tools were called, or the answer
 * was cut off by its length. What the tools' schemas say is not looked at.
 */
export function toolVerdict(
  parts: readonly Part[] | null,
  tools: readonly FunctionTool[] | undefined,
  finish: { reason: string } | null,
): { toolCalls?: 'ok' | 'bad' } {
  if (parts === null || tools === undefined || finish?.reason !== 'tool_calls') return {}
  const calls = new Map<string, { name: string; text: string }>()
  for (const part of parts) {
    if (part.type !== 'tool-call-delta') continue
    const key = `${part.choice ?? 0} ${part.index}`
    const call = calls.get(key)
    if (call) call.text += part.arguments
    else calls.set(key, { name: part.name ?? '', text: part.arguments })
  }
  if (calls.size === 0) return {}
  const offered = new Set(tools.map((tool) => tool.function.name))
  for (const { name, text } of calls.values()) if (!offered.has(name) || !isJson(text)) return { toolCalls: 'bad' }
  return { toolCalls: 'ok' }
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
