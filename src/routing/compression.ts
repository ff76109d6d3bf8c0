import type { EndpointRecord } from '../catalog/records.ts'
import type { ChatRequest } from '../chat/request.ts'
import type { RequestNeeds } from './needs.ts'

/** Endpoints that hold no more than this have prompts compressed where the client says nothing (`openrouter-routing.md` §3.14). */
export const smallContextTokens = 8_192
/** No provider's maximum number of messages is lower; see `Wire.maxMessages`. */
export const manyMessages = 1_000

/** Estimates are rough: a prompt that is cut anyhow is cut a little more, so that it is cut once. */
const budgetShare = 0.9
/** What is left for an answer whose length nobody gave, as a share of the context. */
const answerShare = 1 / 8

/**
 * Whether the client wants messages left out of a prompt that is too long: `plugins` before the older `transforms`; null
 * where it leaves that open. `strict` leaves nothing open: what it did not ask for is not changed.
 */
export function compressionWish({ plugins, transforms, provider }: ChatRequest): boolean | null {
  if (plugins) {
    const plugin = plugins.find(({ id }) => id === 'context-compression')
    if (plugin) return plugin.enabled !== false
  }
  if (transforms) return transforms.includes('middle-out')
  return provider?.strict ? false : null
}

/** What the messages may weigh at an endpoint for which some must be left out; undefined where none must or none may. */
export function promptBudgetTokens(needs: RequestNeeds, endpoint: EndpointRecord): number | undefined {
  const { promptTokensEstimate, maxOutputTokens, messageCount } = needs
  const context = endpoint.contextLength ?? Number.POSITIVE_INFINITY
  const prompt = endpoint.maxPromptTokens ?? Number.POSITIVE_INFINITY
  const isShort = promptTokensEstimate + (maxOutputTokens ?? 0) > context || promptTokensEstimate > prompt
  if ((!isShort && messageCount <= manyMessages) || !compresses(needs, endpoint)) return undefined
  if (!isShort) return Number.MAX_SAFE_INTEGER
  const room = Math.min(context - (maxOutputTokens ?? context * answerShare), prompt)
  return Math.floor(room * budgetShare) - needs.outsideMessagesTokens
}

/** Whether leaving out messages makes a prompt fit: not where what always stays is too long by itself. */
export function isSavedByCompression(needs: RequestNeeds, endpoint: EndpointRecord): boolean {
  const budgetTokens = promptBudgetTokens(needs, endpoint)
  return budgetTokens !== undefined && needs.systemTokens < budgetTokens
}

/** About what an endpoint gets of the prompt: where nothing can be left out for it, all. */
export function promptTokensFor(
  { promptTokensEstimate, systemTokens, outsideMessagesTokens }: RequestNeeds,
  { promptBudgetTokens: budgetTokens }: { promptBudgetTokens?: number | undefined },
): number {
  if (budgetTokens === undefined || budgetTokens <= systemTokens) return promptTokensEstimate
  return Math.min(promptTokensEstimate, budgetTokens + outsideMessagesTokens)
}

/**
 * How far an endpoint's context is from what the request needs: 0 for one that takes the prompt as it is, 1 for one that
 * holds half of prompt and answer or more, and the smaller the context the nearer to 3 for the others.
 */
export function shortfallOf(needs: RequestNeeds, endpoint: EndpointRecord, budgetTokens: number | undefined): number {
  if (budgetTokens === undefined || budgetTokens === Number.MAX_SAFE_INTEGER) return 0
  const { contextLength, maxPromptTokens } = endpoint
  const context = Math.min(contextLength ?? Number.POSITIVE_INFINITY, maxPromptTokens ?? Number.POSITIVE_INFINITY)
  const held = context / (needs.promptTokensEstimate + (needs.maxOutputTokens ?? 0))
  return held >= 0.5 ? 1 : 3 - held
}

function compresses({ compression }: RequestNeeds, { contextLength, outputModalities }: EndpointRecord): boolean {
  // What a model speaks from half a prompt is another speech.
  if (outputModalities.length > 0 && !outputModalities.includes('text')) return false
  return compression ?? (contextLength !== null && contextLength <= smallContextTokens)
}
