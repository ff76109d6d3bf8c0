import { boolean, type Check, integer, list, object, oneOf, problem, string } from '../../edge/check.ts'
import { costTiers } from '../../routing/auto/tiers.ts'

const pattern = string({ min: 1, max: 1_024, what: 'a model id or pattern' })
const listed = list(pattern, { max: 1_024, what: 'an array of patterns' })
const maxCharacters = 65_536

/** Patterns such as `anthropic/*`, in the bounds of `openrouter-endpoints-inference.md` §2A.1. */
const patterns: Check = (value) => {
  const wrong = listed(value)
  if (wrong !== null) return wrong
  let characters = 0
  for (const one of value as string[]) characters += one.length
  return characters > maxCharacters ? problem(`must have at most ${maxCharacters} characters in all`) : null
}

const auto = object({
  allowed_models: patterns,
  excluded_models: patterns,
  cost_tier: oneOf(costTiers),
  cost_quality_tradeoff: integer(0, 10),
  pin_model: boolean,
})

/** The settings of each router, by plugin id. */
export const routerPlugins = new Map<string, Check>([
  ['auto-router', auto],
  ['auto-beta-router', auto],
])
