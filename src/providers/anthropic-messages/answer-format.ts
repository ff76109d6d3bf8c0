import type { ChatRequest } from '../../chat/request.ts'
import type { JsonRecord } from '../foreign-json.ts'
import type { ModelFacts } from './claude.ts'
import { strictSchemaOf } from './schema.ts'
import type { ToolNames } from './tool-names.ts'

/**
 * How an answer is held to JSON. `schema`: natively. `tool`: the model has to call a tool whose input has the schema,
 * and its input is told as the text of the answer. `words`: it is asked to.
 */
export type AnswerFormat =
  | { by: 'nothing' }
  | { by: 'schema'; schema: JsonRecord; changed: boolean }
  | { by: 'tool'; name: string; description: string; schema: JsonRecord }
  | { by: 'words'; schema: JsonRecord | null }

export interface FormatContext {
  facts: ModelFacts
  /** The host takes schemas for answers. */
  native: boolean
  /** A tool can be forced here and now. */
  forcible: boolean
  names: ToolNames
}

export function answerFormatOf(request: ChatRequest, context: FormatContext): AnswerFormat {
  const format = request.response_format
  if (format?.type === 'json_object') return { by: 'words', schema: null }
  if (format?.type !== 'json_schema') return { by: 'nothing' }
  const { description, schema } = format.json_schema
  if (!schema) return { by: 'words', schema: null }
  if (context.native && context.facts.structured) {
    const strict = strictSchemaOf(schema)
    if (strict) return { by: 'schema', ...strict }
  }
  if (context.forcible && schema.type === 'object')
    return {
      by: 'tool',
      name: answerToolName(context.names),
      description: description || 'Gives the final answer.',
      schema,
    }
  return { by: 'words', schema }
}

/** The tool whose input is the text of the answer, where a request may have one; null where it cannot. */
export function answerToolOf(request: ChatRequest, names: ToolNames): string | null {
  return request.response_format?.type === 'json_schema' ? answerToolName(names) : null
}

function answerToolName(names: ToolNames): string {
  return names.unused('final_answer')
}
