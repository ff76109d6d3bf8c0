import type { ModelRecord } from '../catalog/records.ts'
import type { ChatRequest } from '../chat/request.ts'

/** What a request asks of a model that some makers sell as a model of its own. */
export type Sibling = 'pro' | 'fast'

/** The kind of sibling that a request's settings mean (`openrouter-routing.md` §3.1.6); null for nearly all. */
export function siblingWanted(request: ChatRequest): Sibling | null {
  if (request.reasoning?.mode === 'pro') return 'pro'
  const { service_tier: tier } = request
  return request.speed === 'fast' || tier === 'fast' || tier === 'priority' ? 'fast' : null
}

/** The id that a model's sibling would have; null where there cannot be one: only Claude is sold as `-fast`. */
export function siblingId({ id }: ModelRecord, wanted: Sibling): string | null {
  if (id.endsWith(`-${wanted}`) || (wanted === 'fast' && !id.startsWith('anthropic/claude-'))) return null
  return `${id}-${wanted}`
}
