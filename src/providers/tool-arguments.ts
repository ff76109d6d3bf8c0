import { parseExactJson } from './exact-json.ts'
import { asRecord } from './foreign-json.ts'
import type { Note } from './openai-chat/provider-facts.ts'

/** A call's arguments where they are an object: what a model once wrote instead is quoted in one. */
export function argumentsObject(text: string, note: Note): unknown {
  if (text.trim() === '') return {}
  try {
    const input = parseExactJson(text)
    if (asRecord(input)) return input
  } catch {
    // Told below.
  }
  note('messages.tool_calls.function.arguments', 'changed', 'not-an-object')
  return { invalid_arguments: text }
}
