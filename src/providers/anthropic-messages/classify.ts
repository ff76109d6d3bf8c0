import type { AttemptFailure, AttemptFailureKind } from '../../chat/failure.ts'
import { asRecord } from '../foreign-json.ts'
import { classify as classifyCommonly, type KindOf } from '../openai-chat/classify.ts'
import type { ErrorAnswer } from '../wire.ts'

/** Errors told apart by a code in `error.details`, in the words of Anthropic's SDK. */
const byCode: Readonly<Record<string, AttemptFailureKind>> = {
  claude_code_key_creator_not_member: 'credential',
  cmek_key_disabled: 'credential',
  cmek_key_network_blocked: 'credential',
  organization_on_hold: 'credential',
  organization_type_not_supported: 'credential',
  linked_organization_billing_unavailable: 'payment',
  linked_organization_spend_limit_reached: 'payment',
  contract_spend_limit_reached: 'payment',
  enforced_spend_limit_reached: 'payment',
}

/** Errors inside a stream have no status. */
const byType: Readonly<Record<string, AttemptFailureKind>> = {
  authentication_error: 'credential',
  permission_error: 'credential',
  billing_error: 'payment',
  not_found_error: 'not-found',
  request_too_large: 'too-large',
  rate_limit_error: 'rate-limited',
  overloaded_error: 'overloaded',
}

/** What an error of the Messages API means where the common reading is not enough. */
export const kindOf: KindOf = (status, { type, message }) => {
  const words = message.toLowerCase()
  if (/content filtering policy/.test(words)) return 'content-policy'
  if (status === 403 && /request not allowed/.test(words)) return 'geo'
  // At the start of the message only: further on it may quote the request.
  if (/^your credit balance is too low|^you have reached your .{0,40}usage limits?\b/.test(words)) return 'payment'
  if (/^this organization has been disabled/.test(words)) return 'credential'
  if (/exceed context limit|prompt is too long/.test(words)) return 'context-length'
  if (
    status === 400 &&
    /(not|is deprecated|cannot both be).{0,60}\bfor this model|this model (does|only)|url sources are not supported/.test(
      words,
    )
  )
    return 'unsupported'
  return status === 0 && Object.hasOwn(byType, type) ? byType[type] : undefined
}

/** What an error answer means; `hosts` is asked first. */
export function classify(answer: ErrorAnswer, hosts?: KindOf): AttemptFailure {
  const code = detailsCodeOf(answer.body)
  const known = Object.hasOwn(byCode, code) ? byCode[code] : undefined
  const failure = classifyCommonly(answer, (status, error) => hosts?.(status, error) ?? known ?? kindOf(status, error))
  return known ? { ...failure, providerCode: code } : failure
}

function detailsCodeOf(body: string): string {
  if (!body.includes('error_code')) return ''
  try {
    const error = asRecord(asRecord(JSON.parse(body))?.error)
    const code = asRecord(error?.details)?.error_code ?? error?.error_code
    return typeof code === 'string' ? code : ''
  } catch {
    return ''
  }
}
