import type { FunctionTool } from '../../chat/request.ts'

/** A name there begins with a letter or an underscore; OpenAI's may begin with a digit or a dash. */
export function geminiName(name: string): string {
  return /^[A-Za-z_]/.test(name) ? name : `_${name}`
}

/** The client's own name of a function that the model calls. */
export function clientName(name: string, tools: readonly FunctionTool[] | undefined): string {
  if (!name.startsWith('_')) return name
  const own = name.slice(1)
  const has = (wanted: string) => tools?.some((tool) => tool.function?.name === wanted) === true
  return geminiName(own) !== own && has(own) && !has(name) ? own : name
}
