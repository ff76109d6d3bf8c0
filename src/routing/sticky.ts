import type { EndpointRecord } from '../catalog/records.ts'
import { promptBudgetTokens } from './compression.ts'
import { endpointsOf } from './endpoint-facts.ts'
import type { EndpointHealth } from './health.ts'
import type { CandidateModel } from './model-id.ts'
import type { RequestNeeds } from './needs.ts'
import type { Plan, PlanInput, PlannedAttempt } from './plan.ts'
import { isOneList } from './rule-context.ts'
import { tagParts } from './slugs.ts'

/**
 * Whether it can matter which endpoint a conversation was answered by: there is a choice, somebody's cache pays, and the
 * client gave no order of its own.
 */
export function mayStick(
  needs: RequestNeeds,
  entries: readonly CandidateModel[],
  usable: (endpoint: EndpointRecord) => boolean,
): boolean {
  if (needs.preferences.order?.length) return false
  let choices = 0
  let rewarded = false
  for (const { entry } of entries) {
    for (const { endpoint, facts } of endpointsOf(entry)) {
      if (!usable(endpoint)) continue
      choices++
      rewarded ||= facts.rewardsCaching
      if (rewarded && choices > 1) return true
    }
  }
  return false
}

type StickyContext = Pick<PlanInput, 'needs' | 'entries' | 'health' | 'now' | 'policy'>

/**
 * The plan with the endpoint first that answered this conversation before, because its prompt cache is warm
 * (`openrouter-routing.md` §3.12): the last step of ordering, above load balancing, sort and thresholds. The others
 * follow in their order, and since nothing was drawn the probabilities are 1 and 0. The very same plan comes back where
 * the endpoint is out, unwell, or of a model that is not the first: unless all models are one list, or stand behind one
 * id (a router's).
 *
 * A probe of an open breaker stays before it: its permission is used up, and it is what brings that endpoint back.
 */
export function promoteSticky(plan: Plan, endpointId: string): Plan {
  // As it was when the plan was made, so that the record of it replays.
  const health = (endpoint: EndpointRecord) => plan.candidates.find((one) => one.endpoint.id === endpoint.id)?.health
  const context: StickyContext = { ...plan.input, health }
  const known = plan.attempts.find(isIt) ?? plan.overflow.find(isIt) ?? withheld(plan, endpointId, context)
  const [first] = plan.attempts
  if (!known || !first || !isWell(context.health(known.endpoint), context.now)) return plan
  const { requestedId } = known
  if (
    requestedId !== plan.requestedModels[0] &&
    requestedId !== first.requestedId &&
    !isOneList(context.needs, context.policy)
  ) {
    return plan
  }
  // The cache is not worth a prompt with a hole in it.
  if (known.promptBudgetTokens !== undefined && first.promptBudgetTokens === undefined) return plan
  // Who asks for a tier asks for it each time.
  const { serviceTier } = context.needs
  const faster = serviceTier === 'priority' || serviceTier === 'fast'
  if (faster && tagParts(known.endpoint).tier !== 'priority' && tagParts(first.endpoint).tier === 'priority')
    return plan

  const attempts = plan.attempts.filter((planned) => planned !== known)
  let { overflow, out } = plan
  if (attempts.length === plan.attempts.length) {
    // It takes the last place of its own model, so that the bounds hold.
    const ofModel = attempts.findLastIndex(({ model }) => model.id === known.model.id)
    const [displaced] = attempts.splice(ofModel, 1)
    if (!displaced) return plan
    overflow = overflow.filter((planned) => planned !== known)
    if (overflow.length < plan.overflow.length) overflow.unshift({ ...displaced, probability: 0 })
    else {
      out = out.filter((one) => one.endpointId !== endpointId)
      out.push({ endpointId: displaced.endpoint.id, rule: 'no_fallback' })
    }
  }
  const probing = attempts[0] && isProbe(attempts[0], context) ? attempts.slice(0, 1) : []
  const rest = attempts.slice(probing.length)
  const none = (planned: PlannedAttempt) => ({ ...planned, probability: 0 })
  return {
    ...plan,
    attempts: [...probing, { ...known, probability: probing.length > 0 ? 0 : 1, sticky: true }, ...rest.map(none)],
    overflow: overflow.map(none),
    out,
    sticky: true,
  }

  function isIt({ endpoint }: PlannedAttempt): boolean {
    return endpoint.id === endpointId
  }
}

/** Where there are no fallbacks the endpoint may have been kept out only because another one was drawn. */
function withheld(plan: Plan, endpointId: string, { entries, needs }: StickyContext): PlannedAttempt | undefined {
  if (!plan.out.some((one) => one.endpointId === endpointId && one.rule === 'no_fallback')) return undefined
  for (const { entry, requestedId } of entries) {
    const endpoint = entry.endpoints.find(({ id }) => id === endpointId)
    const { model } = entry
    if (!endpoint || !plan.attempts.some((planned) => planned.model.id === model.id)) continue
    const budgetTokens = promptBudgetTokens(needs, endpoint)
    const open = { probability: 0, blocked: null, blockedUntil: 0, promptBudgetTokens: budgetTokens }
    return { endpoint, model, requestedId, ...open }
  }
  return undefined
}

function isWell(health: EndpointHealth | undefined, now: number): boolean {
  if (!health) return true
  const { openUntil, cooldownUntil, unstable, band } = health
  return openUntil === 0 && cooldownUntil <= now && !unstable && band !== 'down'
}

function isProbe({ endpoint, blocked }: PlannedAttempt, { health }: StickyContext): boolean {
  return blocked === null && (health(endpoint)?.openUntil ?? 0) !== 0
}
