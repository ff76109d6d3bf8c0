import { FailureError } from '../../chat/failure.ts'
import type { ChatRequest } from '../../chat/request.ts'
import { quote } from '../../edge/check.ts'
import { parseBody } from '../../edge/json-body.ts'
import { adoptForeignForms } from './foreign-forms.ts'
import { chatRequestBody } from './schema.ts'

/**
 * A chat completion request from the client's bytes: checked field by field, unknown fields kept, and foreign forms
 * (`prompt`, functions, Anthropic's and MCP's tools and parts) put into OpenAI's. What is returned is the parsed object
 * itself, changed only where a form was foreign or a null said "not set".
 *
 * @throws FailureError 400 `invalid_request` that names the field and what it must be, never its content; 404
 *   `not_found` for a preset.
 */
export function parseChatRequest(body: string | Uint8Array): ChatRequest {
  const parsed = parseBody(body, chatRequestBody)
  refusePreset(parsed)
  adoptForeignForms(parsed)
  // Legacy wording of `reasoning.exclude`, folded in here so that one field says it.
  if (parsed.include_reasoning === false)
    parsed.reasoning = { ...(parsed.reasoning as ChatRequest['reasoning']), exclude: true }
  // The checks above are what makes it one.
  return parsed as unknown as ChatRequest
}

/** There are no presets here yet, and answering without one that was asked for would be another request. */
function refusePreset(request: Record<string, unknown>): void {
  const models = [request.model, ...((request.models as string[] | undefined) ?? [])] as (string | undefined)[]
  const inModel = models.find((model) => model?.includes('@preset/'))
  const preset = (request.preset as string | undefined) || inModel?.slice(inModel.indexOf('@preset/') + 8)
  if (preset === undefined) return
  throw new FailureError({
    type: 'not_found',
    message: `The preset ${quote(preset)} was not found. This gateway has no presets: put its settings into the request.`,
    metadata: { field: request.preset ? 'preset' : 'model' },
  })
}
