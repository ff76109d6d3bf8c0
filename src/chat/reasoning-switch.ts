import type { ChatRequest } from './request.ts'

/** The fields that can say that a model is not to reason. */
export type ReasoningSwitch = 'reasoning.effort' | 'reasoning_effort' | 'reasoning.enabled' | 'reasoning.max_tokens'

/** By which of them the client wants no reasoning at all; null where it does not say so. To hide it is another matter. */
export function reasoningSwitchedOffBy({
  reasoning,
  reasoning_effort: effort,
}: Pick<ChatRequest, 'reasoning' | 'reasoning_effort'>): ReasoningSwitch | null {
  if (reasoning?.effort === 'none') return 'reasoning.effort'
  if (effort === 'none' && reasoning?.effort == null) return 'reasoning_effort'
  if (reasoning?.enabled === false) return 'reasoning.enabled'
  return reasoning?.max_tokens === 0 ? 'reasoning.max_tokens' : null
}
