import type { EndpointRecord } from '../catalog/records.ts'
import type { Message } from '../chat/request.ts'
import type { ConversationNote } from '../routing/conversations.ts'
import type { CandidateModel } from '../routing/model-id.ts'
import type { RequestNeeds } from '../routing/needs.ts'
import { rewardsCaching } from '../routing/price.ts'
import { mayStick } from '../routing/sticky.ts'
import type { ChatCall } from './chat.ts'
import type { Ending } from './generation-row.ts'

/** A request's conversation, as its key object knows it. */
export interface Conversation {
  /** 64 bits in hexadecimal, salted with the key's hash: says nothing of what it was made from. */
  hash: string
  /** The client named its session, so that any success is worth remembering. */
  explicit: boolean
  /** Id of the endpoint that answered it before, once the key object has told. */
  remembered?: string | undefined
}

/** Characters of each end of a text that tell conversations apart. */
const edgeCharacters = 512
const maxParts = 8

/**
 * Which conversation a request belongs to: `session_id`, the header `x-session-id`, `prompt_cache_key`, or else how it
 * begins (`openrouter-routing.md` §3.12); with each model it is another one. Null, without any work, where it could make
 * no difference.
 */
export function conversationOf(
  { request, sessionId, keyHash }: Pick<ChatCall, 'request' | 'sessionId' | 'keyHash'>,
  needs: RequestNeeds,
  candidates: readonly CandidateModel[],
  usable: (endpoint: EndpointRecord) => boolean,
): Promise<Conversation> | null {
  if (!mayStick(needs, candidates, usable)) return null
  const explicit = sessionId !== null && sessionId !== ''
  const { prompt_cache_key: cacheKey } = request
  const name = explicit
    ? `session ${sessionId}`
    : typeof cacheKey === 'string' && cacheKey !== ''
      ? `cache ${cacheKey}`
      : `begins ${beginningOf(request.messages)}`
  // As the client wrote it: what a router makes of it may change from turn to turn.
  const model = request.model ?? request.models?.[0]
  return conversationHash(`${keyHash} ${model} ${name}`).then((hash) => ({ hash, explicit }))
}

/** What the key object is to remember of a request; undefined where it is nothing. */
export function conversationNote(
  conversation: Conversation | null,
  { answeredBy, failure, cancelled, usage }: Partial<Pick<Ending, 'answeredBy' | 'failure' | 'cancelled' | 'usage'>>,
): ConversationNote | undefined {
  if (conversation === null || !answeredBy || failure || cancelled) return undefined
  const { id, price } = answeredBy.endpoint
  if (!rewardsCaching(price)) return undefined
  // Once remembered, a conversation stays so while it goes on, though not every answer tells of the cache.
  const counts = conversation.explicit || (usage?.cachedTokens ?? 0) > 0 || conversation.remembered === id
  return counts ? { conversation: conversation.hash, endpointId: id } : undefined
}

/** How the first system or developer message and the first other one begin and end. */
function beginningOf(messages: readonly Message[]): string {
  let edges = ''
  let system = false
  for (const message of messages) {
    const isSystem = message.role === 'system' || message.role === 'developer'
    if (isSystem && system) continue
    edges += edgesOf(message)
    if (!isSystem) break
    system = true
  }
  return edges
}

function edgesOf({ role, content }: Message): string {
  if (typeof content === 'string') return `${role} ${endsOf(content)}`
  let edges = role as string
  for (const part of content?.slice(0, maxParts) ?? []) {
    edges += ` ${part.type} `
    if (part.type === 'text') edges += endsOf(part.text)
    else if (part.type === 'image_url') edges += endsOf(part.image_url.url)
  }
  return edges
}

function endsOf(text: string): string {
  const { length } = text
  if (length <= 2 * edgeCharacters) return `${length} ${text}`
  return `${length} ${text.slice(0, edgeCharacters)}${text.slice(-edgeCharacters)}`
}

async function conversationHash(text: string): Promise<string> {
  const digest = new DataView(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
  return digest.getBigUint64(0).toString(16)
}
