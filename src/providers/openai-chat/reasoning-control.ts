import { reasoningSwitchedOffBy } from '../../chat/reasoning-switch.ts'
import type { ChatRequest, Effort } from '../../chat/request.ts'
import type { EncodeInput } from '../wire.ts'
import type { Note, ProviderFacts } from './provider-facts.ts'

type Level = Exclude<Effort, 'none'>

/** Weakest first; the share is the part of the output that the level may spend (`openrouter-normalisation.md` §4.4). */
const levels: readonly { level: Level; share: number }[] = [
  { level: 'minimal', share: 0.1 },
  { level: 'low', share: 0.2 },
  { level: 'medium', share: 0.5 },
  { level: 'high', share: 0.8 },
  { level: 'xhigh', share: 0.95 },
  { level: 'max', share: 0.95 },
]

/** What nearly every host with levels takes. */
const commonEfforts: readonly Effort[] = ['low', 'medium', 'high']

/** What the client asks for: `reasoning`, or the older `reasoning_effort`. */
export interface ReasoningWish {
  on: boolean
  level?: Level
  /** Tokens. */
  budget?: number
}

/** Null where the client asked for nothing and the provider's default holds. */
export function reasoningWishOf(request: ChatRequest): ReasoningWish | null {
  const { reasoning } = request
  if (reasoningSwitchedOffBy(request) !== null) return { on: false }
  const effort = reasoning?.effort ?? request.reasoning_effort ?? undefined
  const budget = reasoning?.max_tokens ?? undefined
  if (effort !== undefined && effort !== 'none') return { on: true, level: effort }
  if (budget !== undefined) return { on: true, budget }
  return reasoning?.enabled ? { on: true } : null
}

/** Puts the client's wish into the provider's own words, as near as they allow. */
export function encodeReasoning(
  body: Record<string, unknown>,
  input: EncodeInput,
  facts: ProviderFacts,
  note: Note,
): void {
  const { request } = input
  const control = facts.reasoning ?? 'effort'
  if (control === 'object') {
    if (request.reasoning != null) body.reasoning = request.reasoning
    if (request.reasoning_effort != null) body.reasoning_effort = request.reasoning_effort
    return
  }
  const wish = reasoningWishOf(request)
  if (!wish) return
  if (control === 'none' || !input.target.model.reasoning.supported) {
    if (wish.on) note('reasoning', 'dropped', control === 'none' ? 'no-such-control' : 'not-a-reasoning-model')
    return
  }
  const levelled = effortsKnown(input, facts) !== undefined
  if (control === 'effort') encodeEffort(body, wish, input, facts, note)
  else if (control === 'effort-or-thinking' && levelled) {
    // Models with levels always think.
    if (!wish.on || wish.level !== undefined || wish.budget !== undefined) encodeEffort(body, wish, input, facts, note)
  } else if (control === 'thinking' || control === 'effort-or-thinking') {
    if (!wish.on && input.target.model.reasoning.mandatory) {
      note('reasoning', 'changed', 'cannot-be-turned-off')
      return
    }
    body.thinking = { type: wish.on ? 'enabled' : 'disabled' }
    if (wish.level === undefined && wish.budget === undefined) return
    if (levelled) encodeEffort(body, wish, input, facts, note)
    else note('reasoning', 'changed', 'only-on-or-off')
  } else {
    body.enable_thinking = wish.on
    const budget = wish.budget ?? budgetOf(wish.level, outputLimitOf(input))
    if (wish.on && budget !== undefined) body.thinking_budget = budget
  }
}

function effortsKnown({ target }: EncodeInput, facts: ProviderFacts): readonly Effort[] | undefined {
  const known = target.model.reasoning.efforts as readonly Effort[] | null
  return known ?? facts.effortsOf?.(target.endpoint.upstreamId)
}

function encodeEffort(
  body: Record<string, unknown>,
  wish: ReasoningWish,
  input: EncodeInput,
  facts: ProviderFacts,
  note: Note,
): void {
  const efforts = effortsKnown(input, facts) ?? facts.efforts ?? commonEfforts
  if (!wish.on && efforts.includes('none')) {
    body.reasoning_effort = 'none'
    return
  }
  const wanted = !wish.on ? 'minimal' : (wish.level ?? levelOf(wish.budget, outputLimitOf(input)))
  const nearest = nearestLevel(wanted, efforts)
  if (!nearest) {
    note('reasoning', 'dropped', 'no-such-control')
    return
  }
  body.reasoning_effort = nearest
  if (!wish.on) note('reasoning', 'changed', 'cannot-be-turned-off')
  else if (wish.budget !== undefined) note('reasoning.max_tokens', 'changed', 'nearest-effort')
  else if (nearest !== wanted) note('reasoning.effort', 'changed', 'nearest-effort')
}

/** The supported level nearest to the wanted one, the weaker of two that are equally near. */
export function nearestLevel(wanted: Level, efforts: readonly Effort[]): Level | undefined {
  const at = levels.findIndex(({ level }) => level === wanted)
  let nearest: { level: Level; distance: number } | undefined
  for (let i = 0; i < levels.length; i++) {
    const level = levels[i]?.level
    const distance = Math.abs(i - at)
    if (level && efforts.includes(level) && (!nearest || distance < nearest.distance)) nearest = { level, distance }
  }
  return nearest?.level
}

/** The level whose share of the output is nearest to a budget of tokens; medium where there is nothing to go by. */
export function levelOf(budget: number | undefined, outputLimit: number | null): Level {
  if (budget === undefined || !outputLimit) return 'medium'
  const share = budget / outputLimit
  let nearest: Level = 'minimal'
  let smallest = Number.POSITIVE_INFINITY
  for (const { level, share: own } of levels) {
    if (Math.abs(own - share) < smallest) {
      smallest = Math.abs(own - share)
      nearest = level
    }
  }
  return nearest
}

export function budgetOf(level: Level | undefined, outputLimit: number | null): number | undefined {
  const share = levels.find((entry) => entry.level === level)?.share
  return share === undefined || !outputLimit ? undefined : Math.max(1, Math.floor(outputLimit * share))
}

export function outputLimitOf({ request, target }: EncodeInput): number | null {
  return (
    request.max_completion_tokens ??
    request.max_tokens ??
    target.endpoint.maxOutputTokens ??
    target.model.maxOutputTokens
  )
}
