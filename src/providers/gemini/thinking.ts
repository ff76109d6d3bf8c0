import type { Effort } from '../../chat/request.ts'
import type { Note } from '../openai-chat/provider-facts.ts'
import {
  budgetOf,
  levelOf,
  nearestLevel,
  outputLimitOf,
  type ReasoningWish,
  reasoningWishOf,
} from '../openai-chat/reasoning-control.ts'
import type { EncodeInput } from '../wire.ts'
import type { Thinking } from './model-facts.ts'

export interface ThinkingConfig {
  thinkingBudget?: number
  thinkingLevel?: string
  includeThoughts?: boolean
}

/** The levels that Google has words for. */
const googleLevels: readonly Effort[] = ['minimal', 'low', 'medium', 'high']

/**
 * `thinkingConfig` of a request, or undefined where the model's own default holds and its thoughts are not wanted.
 * Generation 2.5 takes a budget and 3 a level; both together are an error (`openrouter-normalisation.md` §4.4).
 */
export function encodeThinking(input: EncodeInput, thinking: Thinking, note: Note): ThinkingConfig | undefined {
  const { request } = input
  const wish = reasoningWishOf(request)
  if (thinking.by === 'none') {
    if (wish?.on) note('reasoning', 'dropped', 'not-a-reasoning-model')
    return undefined
  }
  const wanted = request.reasoning?.exclude !== true && request.include_reasoning !== false
  const config =
    wish === null
      ? {}
      : thinking.by === 'level'
        ? levelConfig(wish, thinking.levels, input, note)
        : budgetConfig(wish, thinking, input, note)
  // Asking for thoughts of a model that does not think is an error on Vertex.
  const thinks = wish === null ? thinking.byDefault : wish.on
  if (wanted && thinks) config.includeThoughts = true
  return Object.keys(config).length > 0 ? config : undefined
}

function levelConfig(
  wish: ReasoningWish,
  supported: readonly Effort[],
  input: EncodeInput,
  note: Note,
): ThinkingConfig {
  const levels = supported.filter((level) => googleLevels.includes(level))
  const wanted = !wish.on ? 'minimal' : (wish.level ?? levelOf(wish.budget, outputLimitOf(input)))
  const level = nearestLevel(wanted, levels)
  if (!level) {
    note('reasoning', 'dropped', 'no-such-control')
    return {}
  }
  if (!wish.on) note('reasoning', 'changed', 'cannot-be-turned-off')
  else if (wish.budget !== undefined) note('reasoning.max_tokens', 'changed', 'nearest-effort')
  else if (level !== wanted) note('reasoning.effort', 'changed', 'nearest-effort')
  return { thinkingLevel: level.toUpperCase() }
}

function budgetConfig(
  wish: ReasoningWish,
  { min, max, canBeOff }: Extract<Thinking, { by: 'budget' }>,
  { request }: EncodeInput,
  note: Note,
): ThinkingConfig {
  if (!wish.on) {
    if (canBeOff) return { thinkingBudget: 0 }
    note('reasoning', 'changed', 'cannot-be-turned-off')
    return { thinkingBudget: min }
  }
  if (wish.budget !== undefined) {
    const budget = Math.min(Math.max(Math.floor(wish.budget), min), max)
    if (budget !== wish.budget) note('reasoning.max_tokens', 'changed', 'model-limit')
    return { thinkingBudget: budget }
  }
  // Thoughts count as output, so the share is one of what the client allows, not of what the model could write.
  const limit = request.max_completion_tokens ?? request.max_tokens ?? max
  return { thinkingBudget: Math.min(Math.max(budgetOf(wish.level ?? 'medium', limit) ?? min, min), max) }
}
