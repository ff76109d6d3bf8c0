/** Idle time after which a provider's prompt cache is taken for cold (`openrouter-routing.md` §3.12). */
export const conversationTtlMs = 10 * 60_000
/** Conversations that one key has going at most: about 150 bytes each, so 150 kB of an object's 128 MB. */
export const maxConversations = 1_000

/** What a request's success tells of its conversation. Made from a prompt, so it is in memory only, never at rest. */
export interface ConversationNote {
  /** See `conversationOf`. */
  conversation: string
  /** Id of the endpoint that answered. */
  endpointId: string
}

/** Which endpoint holds the prompt cache of each conversation of a key. Times are epoch milliseconds. */
export class Conversations {
  readonly #known = new Map<string, { endpointId: string; at: number }>()

  /** A conversation was answered: its time begins anew. Beyond the bound the one that was idle longest is forgotten. */
  remember({ conversation, endpointId }: ConversationNote, now: number): void {
    this.#known.delete(conversation)
    this.#known.set(conversation, { endpointId, at: now })
    if (this.#known.size <= maxConversations) return
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest)
      return
    }
  }

  recall(conversation: string, now: number): string | undefined {
    const found = this.#known.get(conversation)
    if (found === undefined) return undefined
    // Either way: a clock that jumped back must not make a memory last.
    if (Math.abs(now - found.at) < conversationTtlMs) return found.endpointId
    this.#known.delete(conversation)
    return undefined
  }
}
