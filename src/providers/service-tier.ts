import type { EndpointRecord } from '../catalog/records.ts'
import type { ChatRequest } from '../chat/request.ts'
import type { Note } from './openai-chat/provider-facts.ts'

/**
 * The service tier to ask of an endpoint, null where nothing needs to be said. The catalogue has a price for the tier in
 * the endpoint's tag (`openai/flex`) and no other, so asking for another one would be billed wrongly: it is dropped.
 */
export function serviceTierOf(
  { service_tier: asked }: ChatRequest,
  { tag }: EndpointRecord,
  note: Note,
): 'default' | 'flex' | 'priority' | null {
  switch (asked) {
    case null:
    case undefined:
    case 'auto':
      return null
    case 'default':
    case 'standard':
    case 'standard_only':
      return 'default'
  }
  const wanted = asked === 'fast' ? 'priority' : asked
  if ((wanted === 'flex' || wanted === 'priority') && tag.toLowerCase().endsWith(`/${wanted}`)) return wanted
  note('service_tier', 'dropped', 'no-such-tier')
  return null
}
