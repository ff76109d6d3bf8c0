import type { ModelRecord } from '../../catalog/records.ts'
import type { ChatRequest, Message } from '../../chat/request.ts'
import { type CostTier, costTiers } from './tiers.ts'

/** What a request sets under the router's plugin id. */
export interface AutoSettings {
  allows(model: ModelRecord): boolean
  /** Null where the classifier decides. */
  tier: CostTier | null
  /** The model that spoke last, where it is to go on. */
  pinned: string | null
}

/** Reads the settings of a checked request; several entries of one id are as good as the last. */
export function autoSettings({ plugins, messages }: ChatRequest, pluginId: string | null): AutoSettings {
  const given: Record<string, unknown> =
    plugins?.findLast(({ id, enabled }) => id === pluginId && enabled !== false) ?? {}
  const { allowed_models: allowed, excluded_models: excluded, cost_tier: tier, cost_quality_tradeoff: thrift } = given
  const isAllowed = isNonEmpty(allowed) ? matcherOf(allowed) : null
  const isExcluded = isNonEmpty(excluded) ? matcherOf(excluded) : null
  return {
    allows: ({ id, canonicalSlug }) =>
      (isAllowed === null || isAllowed(id) || isAllowed(canonicalSlug)) &&
      !(isExcluded !== null && (isExcluded(id) || isExcluded(canonicalSlug))),
    tier: costTiers.find((known) => known === tier) ?? tierOfThrift(thrift),
    pinned: given.pin_model === true ? lastSpeaker(messages) : null,
  }
}

function isNonEmpty(list: unknown): list is string[] {
  return Array.isArray(list) && list.length > 0
}

/** The older dial: 0 is the best whatever it costs, 10 the cheapest. */
function tierOfThrift(thrift: unknown): CostTier | null {
  return typeof thrift === 'number' ? (costTiers[4 - Math.min(4, Math.floor(thrift / 2))] ?? null) : null
}

/** Clients send a message back as they got it, and note in it who had said it. */
function lastSpeaker(messages: readonly Message[]): string | null {
  const last = messages.findLast(({ role }) => role === 'assistant')
  return last?.role === 'assistant' && typeof last.model === 'string' ? last.model : null
}

/**
 * Whether an id is one of these patterns, in which `*` stands for any text: `anthropic/*`, `*-mini`. No regular
 * expression, because clients write them: time is linear in pattern and id.
 */
export function matcherOf(patterns: readonly string[]): (id: string) => boolean {
  const exact = new Set<string>()
  const wild: string[][] = []
  for (const pattern of patterns) {
    const text = pattern.trim().toLowerCase()
    if (text.includes('*')) wild.push(text.split('*'))
    else exact.add(text)
  }
  return (id) => {
    const text = id.toLowerCase()
    return exact.has(text) || wild.some((pieces) => matches(text, pieces))
  }
}

function matches(text: string, pieces: readonly string[]): boolean {
  const head = pieces[0] ?? ''
  const tail = pieces.at(-1) ?? ''
  const end = text.length - tail.length
  if (end < head.length || !text.startsWith(head) || !text.endsWith(tail)) return false
  let at = head.length
  for (let i = 1; i < pieces.length - 1; i++) {
    const piece = pieces[i] ?? ''
    const found = text.indexOf(piece, at)
    if (found < 0 || found + piece.length > end) return false
    at = found + piece.length
  }
  return true
}
