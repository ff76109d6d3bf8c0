import { FailureError } from '../../chat/failure.ts'
import type { ChatRequest } from '../../chat/request.ts'
import { nestsDeeperThan } from '../../edge/json-depth.ts'
import { findJsonFault } from '../../edge/json-fault.ts'
import { isObject, maxDepth, mustBe, quote } from '../check.ts'
import { adoptForeignForms } from './foreign-forms.ts'
import { chatRequestBody } from './schema.ts'

// Bytes that are no UTF-8 are refused: replaced in silence they would be another prompt than the one that was sent.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

/** Below this even the deepest nesting parses in no time; above it the text is looked through first. */
const depthScanBytes = 64 * 1024

/**
 * A chat completion request from the client's bytes: checked field by field, unknown fields kept, and foreign forms
 * (`prompt`, functions, Anthropic's and MCP's tools and parts) put into OpenAI's. What is returned is the parsed object
 * itself, changed only where a form was foreign or a null said "not set".
 *
 * @throws FailureError 400 `invalid_request` that names the field and what it must be, never its content; 404
 *   `not_found` for a preset.
 */
export function parseChatRequest(body: string | Uint8Array): ChatRequest {
  const parsed = parseJson(body)
  if (!isObject(parsed)) throw invalid('', `The request body ${mustBe('a JSON object', parsed).message}.`)
  const problem = chatRequestBody(parsed)
  if (problem !== null) {
    const field = problem.path.replace(/^\./, '')
    throw invalid(field, `${field} ${problem.message}.`)
  }
  refusePreset(parsed)
  adoptForeignForms(parsed)
  // Legacy wording of `reasoning.exclude`, folded in here so that one field says it.
  if (parsed.include_reasoning === false)
    parsed.reasoning = { ...(parsed.reasoning as ChatRequest['reasoning']), exclude: true }
  // The checks above are what makes it one.
  return parsed as unknown as ChatRequest
}

function parseJson(body: string | Uint8Array): unknown {
  if (typeof body !== 'string' && body.length > depthScanBytes && nestsDeeperThan(body, maxDepth))
    throw invalid('', `The request body is nested more than ${maxDepth} levels deep.`)
  let text: string
  try {
    text = typeof body === 'string' ? body : utf8.decode(body)
  } catch {
    throw invalid('', 'The request body is not valid UTF-8.')
  }
  try {
    return JSON.parse(text)
  } catch {
    const fault = findJsonFault(text)
    const place = fault ? `: expected ${fault.expected} at line ${fault.line}, column ${fault.column}` : ''
    throw invalid('', `The request body is not valid JSON${place}.`)
  }
}

/** There are no presets here yet, and answering without one that was asked for would be another request. */
function refusePreset(request: Record<string, unknown>): void {
  const models = [request.model, ...((request.models as string[] | undefined) ?? [])] as (string | undefined)[]
  const inModel = models.find((model) => model?.includes('@preset/'))
  const preset = (request.preset as string | undefined) || inModel?.slice(inModel.indexOf('@preset/') + 8)
  if (preset === undefined) return
  throw new FailureError({
    type: 'not_found',
    message: `The preset ${quote(preset)} was not found.`,
    metadata: { field: request.preset ? 'preset' : 'model' },
  })
}

function invalid(field: string, message: string): FailureError {
  return new FailureError({ type: 'invalid_request', message, metadata: field === '' ? {} : { field } })
}
