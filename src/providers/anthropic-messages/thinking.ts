import type { ChatRequest, Effort } from '../../chat/request.ts'
import { asRecord, type JsonRecord } from '../foreign-json.ts'
import type { Note } from '../openai-chat/provider-facts.ts'
import {
  budgetOf,
  levelOf,
  nearestLevel,
  type ReasoningWish,
  reasoningWishOf,
} from '../openai-chat/reasoning-control.ts'
import type { ModelFacts } from './claude.ts'

export interface Thinking {
  /** `thinking` of the body; null leaves it to the model. */
  config: JsonRecord | null
  /** `output_config.effort`. */
  effort?: Effort
  /** `on`: the client turned it on. `budget`: with a number of tokens, which excludes forced tools. */
  mode: 'off' | 'on' | 'budget'
}

export interface ThinkingContext {
  facts: ModelFacts
  maxTokens: number
  /** The client wants a tool to be called. */
  forced: boolean
  /** The conversation is in a loop of tools that began without thoughts. */
  thoughtless: boolean
}

/** Bounds of a budget (`openrouter-normalisation.md` §4.4). */
const minBudget = 1_024
const maxBudget = 128_000

/** The client's wish in the model's words, as near as they allow. */
export function encodeThinking(request: ChatRequest, context: ThinkingContext, note: Note): Thinking {
  const { facts } = context
  const wish = reasoningWishOf(request) ?? nativeWishOf(request)
  const thinking = thinkingFor(request, wish, context, note)
  const verbosity = request.verbosity ?? nativeEffortOf(request)
  if (verbosity != null && thinking.effort === undefined) {
    const effort = nearestLevel(verbosity, facts.efforts)
    if (effort) thinking.effort = effort
    if (effort !== verbosity)
      note('verbosity', effort ? 'changed' : 'dropped', effort ? 'nearest-effort' : 'no-such-control')
  } else if (verbosity != null && thinking.effort !== verbosity) note('verbosity', 'dropped', 'effort-instead')

  const type = thinking.config?.type
  const isHigh = thinking.effort === 'xhigh' || thinking.effort === 'max'
  if (isHigh && facts.needsThinkingAboveHigh && (type === 'disabled' || type === 'between_tools')) {
    thinking.effort = 'high'
    note('verbosity', 'changed', 'needs-reasoning')
  }
  return thinking
}

function thinkingFor(request: ChatRequest, wish: ReasoningWish | null, context: ThinkingContext, note: Note): Thinking {
  const { facts } = context
  if (facts.thinking === 'none') {
    if (wish?.on) note('reasoning', 'dropped', 'not-a-reasoning-model')
    return { config: null, mode: 'off' }
  }
  // A model that thinks anyway shows its thoughts only when asked to.
  if (!wish) return { config: facts.alwaysThinks ? adaptive(request, facts) : null, mode: 'off' }
  if (!wish.on) return withoutThinking(request, facts, note)
  return facts.thinking === 'adaptive' && !(facts.takesBudget && wish.budget !== undefined)
    ? adaptiveThinking(request, wish, context, note)
    : budgetThinking(wish, context, note)
}

function withoutThinking(request: ChatRequest, facts: ModelFacts, note: Note): Thinking {
  if (!facts.alwaysThinks) return { config: { type: 'disabled' }, mode: 'off' }
  note('reasoning', 'changed', 'cannot-be-turned-off')
  if (facts.thinksBetweenTools) return { config: { type: 'between_tools' }, mode: 'off' }
  const effort = nearestLevel('low', facts.efforts)
  return { config: adaptive(request, facts), mode: 'off', ...(effort ? { effort } : {}) }
}

function adaptiveThinking(
  request: ChatRequest,
  wish: ReasoningWish,
  { facts, maxTokens }: ThinkingContext,
  note: Note,
): Thinking {
  const config = adaptive(request, facts)
  const wanted = wish.level ?? (wish.budget === undefined ? undefined : levelOf(wish.budget, maxTokens))
  if (wanted === undefined) return { config, mode: 'on' }
  const effort = nearestLevel(wanted, facts.efforts)
  if (wish.budget !== undefined) note('reasoning.max_tokens', 'changed', 'nearest-effort')
  else if (effort !== wanted) note('reasoning.effort', 'changed', 'nearest-effort')
  return { config, mode: 'on', ...(effort ? { effort } : {}) }
}

function budgetThinking(
  wish: ReasoningWish,
  { maxTokens, forced, thoughtless }: ThinkingContext,
  note: Note,
): Thinking {
  const off: Thinking = { config: null, mode: 'off' }
  if (forced) {
    note('reasoning', 'dropped', 'excluded-by-forced-tool')
    return off
  }
  if (thoughtless) {
    note('reasoning', 'dropped', 'earlier-thoughts-missing')
    return off
  }
  const asked = Math.floor(wish.budget ?? budgetOf(wish.level ?? 'medium', maxTokens) ?? minBudget)
  // The answer has to fit into `max_tokens` beside the thoughts.
  const fitting = asked < maxTokens ? asked : Math.floor(maxTokens * 0.95)
  const budget = Math.max(minBudget, Math.min(fitting, maxBudget))
  if (budget >= maxTokens) {
    note('reasoning', 'dropped', 'max-tokens-too-small')
    return off
  }
  if (wish.budget !== undefined && budget !== wish.budget) note('reasoning.max_tokens', 'changed', 'model-limit')
  return { config: { type: 'enabled', budget_tokens: budget }, mode: 'budget' }
}

/** The newest models keep their thoughts to themselves when nothing is said about it. */
function adaptive({ reasoning, thinking }: ChatRequest, facts: ModelFacts): JsonRecord {
  if (!facts.hidesThoughts) return { type: 'adaptive' }
  const hidden = reasoning?.exclude === true || asRecord(thinking)?.display === 'omitted'
  return { type: 'adaptive', display: hidden ? 'omitted' : 'summarized' }
}

/** The API's own `thinking`, which some clients put into a chat request. */
function nativeWishOf({ thinking }: ChatRequest): ReasoningWish | null {
  const given = asRecord(thinking)
  if (given?.type === 'disabled') return { on: false }
  if (given?.type === 'adaptive') return { on: true }
  if (given?.type !== 'enabled') return null
  const { budget_tokens: budget } = given
  return typeof budget === 'number' && budget > 0 ? { on: true, budget } : { on: true }
}

function nativeEffortOf({ output_config }: ChatRequest): Exclude<Effort, 'none' | 'minimal'> | undefined {
  const effort = asRecord(output_config)?.effort
  return effort === 'low' || effort === 'medium' || effort === 'high' || effort === 'xhigh' || effort === 'max'
    ? effort
    : undefined
}
