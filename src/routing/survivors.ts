import type { EndpointRecord, ModelEntry } from '../catalog/records.ts'
import { eligible } from './eligibility.ts'
import type { KnownEndpoint } from './endpoint-facts.ts'
import { admittedTiers, type Wishes } from './rule-context.ts'
import { matchesAny } from './slugs.ts'

/** A request, as far as it decides which models a router may choose. */
export interface RouterNeeds {
  wishes: Wishes
  /** The region of the request's host. */
  region: string
  usable(endpoint: EndpointRecord): boolean
  freeOnly: boolean
  /** The client wants the model to think. */
  reasons: boolean
}

/** A model that answers, and two to take over. */
export const routerChoices = 3

/**
 * The first of these models that can answer the request at all, by the same rules that the plan goes by. Those that
 * also have what the request merely prefers (reasoning or none, the answer's format) go before those that lack it.
 */
export function survivors(models: Iterable<ModelEntry>, needs: RouterNeeds): ModelEntry[] {
  const fitting: ModelEntry[] = []
  const others: ModelEntry[] = []
  const { order, allowFallbacks } = needs.wishes
  const closed = allowFallbacks ? null : order
  for (const entry of models) {
    const { kept } = eligible(entry, {
      ...needs.wishes,
      model: entry.model,
      region: needs.region,
      usable: needs.usable,
      freeOnly: needs.freeOnly,
      chosen: true,
      admitted: admittedTiers(needs.wishes, { requestedId: entry.model.id, entry }),
    })
    if (!kept.some(({ facts }) => closed === null || matchesAny(closed, facts.tag))) continue
    ;(fits(entry, kept, needs) ? fitting : others).push(entry)
    if (fitting.length === routerChoices) break
  }
  return [...fitting, ...others].slice(0, routerChoices)
}

function fits({ model }: ModelEntry, kept: readonly KnownEndpoint[], { wishes, reasons }: RouterNeeds): boolean {
  const { responseFormat, outputModalities, reasoningOff } = wishes.needs
  if (reasons && !model.reasoning.supported) return false
  if (reasoningOff !== null && model.reasoning.mandatory) return false
  // A model that also paints is no first choice for words.
  if (outputModalities.length === 0 && model.outputModalities.some((kind) => kind !== 'text')) return false
  return (
    responseFormat === null ||
    kept.some(({ facts }) => responseFormat.anyOf.some((key) => facts.parameters?.has(key) === true))
  )
}
