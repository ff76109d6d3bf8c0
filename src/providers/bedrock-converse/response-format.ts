import type { ChatRequest } from '../../chat/request.ts'
import { strictSchemaOf } from '../anthropic-messages/schema.ts'
import type { JsonRecord } from '../foreign-json.ts'
import { reasoningWishOf } from '../openai-chat/reasoning-control.ts'
import type { Target } from '../wire.ts'
import { type ModelFacts, modelFactsOf } from './model-facts.ts'

/**
 * How an answer is held to JSON. `schema`: natively. `tool`: the model has to call a tool whose input has the schema,
 * and its input is told as the text of the answer. `words`: it is asked to.
 */
export type FormatPlan =
  | { by: 'nothing' }
  | { by: 'schema'; name: string; description?: string; schema: JsonRecord; changed: boolean }
  | { by: 'tool'; name: string; description?: string; schema: JsonRecord }
  | { by: 'words'; schema: JsonRecord | null }

export function formatPlanOf(request: ChatRequest, facts: ModelFacts): FormatPlan {
  const format = request.response_format
  if (!format || format.type === 'text') return { by: 'nothing' }
  if (format.type === 'json_object') return { by: 'words', schema: null }
  if (format.type !== 'json_schema') return { by: 'nothing' }
  const { name, description, schema } = format.json_schema
  if (!schema) return { by: 'words', schema: null }
  const common = { name, ...(description ? { description } : {}) }
  if (facts.structured) {
    const strict = strictSchemaOf(schema)
    if (strict) return { by: 'schema', ...common, ...strict }
  }
  // Tools of the client's own have to stay callable, and a model that has to call one cannot think before.
  const free = !request.tools?.length && reasoningWishOf(request)?.on !== true
  if (free && facts.forces.includes('tool') && schema.type === 'object') return { by: 'tool', ...common, schema }
  return { by: 'words', schema }
}

/** The tool whose input is the text of the answer; null where the answer's text is itself. */
export function answerToolOf(target: Pick<Target, 'endpoint' | 'model'>, request: ChatRequest): string | null {
  if (request.response_format?.type !== 'json_schema') return null
  const plan = formatPlanOf(request, modelFactsOf(target))
  return plan.by === 'tool' ? plan.name : null
}
