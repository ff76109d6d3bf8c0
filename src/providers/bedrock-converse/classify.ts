import type { AttemptFailure, AttemptFailureKind } from '../../chat/failure.ts'
import { asRecord, asText } from '../foreign-json.ts'
import { classifyInside, classify as classifyLikeOthers } from '../openai-chat/classify.ts'
import type { ErrorAnswer } from '../wire.ts'

/** What an error answer means: its type is in a header, its words in the body (`providers-clouds.md`, bedrock). */
export function classify(answer: ErrorAnswer): AttemptFailure {
  const type = shortType(answer.headers.get('x-amzn-errortype') ?? '') || typeIn(answer.body)
  const failure = classifyLikeOthers(answer, (status, { message, html }) =>
    html ? undefined : kindOf(type, status, message),
  )
  return type === '' ? failure : { ...failure, providerCode: type }
}

/**
 * What an exception inside a 200 means: a frame of a stream, or a body that is no answer.
 *
 * @param type The exception's type in any of its spellings; the body's own where it is empty.
 */
export function classifyException(type: string, value: unknown, secrets: readonly string[]): AttemptFailure {
  const name = shortType(type) || typeOf(value)
  const failure = classifyInside(value, secrets, (_, { message }) => {
    const kind = kindOf(name, 0, message)
    return kind === 'server-error' ? 'stream-error' : kind
  })
  return name === '' ? failure : { ...failure, providerCode: name }
}

/** `com.amazon.coral.service#ThrottlingException`, `ValidationException:http://…`, `throttlingException`. */
function shortType(text: string): string {
  const name = /(?:^|#)([A-Za-z]{1,80})(?:$|:)/.exec(text.trim())?.[1] ?? ''
  return name.charAt(0).toUpperCase() + name.slice(1)
}

function typeIn(body: string): string {
  try {
    return typeOf(JSON.parse(body))
  } catch {
    return ''
  }
}

function typeOf(value: unknown): string {
  const record = asRecord(value)
  return shortType(asText(record?.__type) ?? asText(asRecord(record?.Output)?.__type) ?? '')
}

/** Undefined where the common reading of status and words is right. */
function kindOf(type: string, status: number, message: string): AttemptFailureKind | undefined {
  const words = message.toLowerCase()
  switch (type) {
    case 'ThrottlingException':
    case 'TooManyRequestsException':
    case 'ServiceQuotaExceededException':
    case 'LimitExceededException':
      return 'rate-limited'
    case 'ModelNotReadyException':
      return 'overloaded'
    case 'ServiceUnavailableException':
      return /throttl/.test(words)
        ? 'rate-limited'
        : /capacity|too many|busy/.test(words)
          ? 'overloaded'
          : 'server-error'
    case 'InternalServerException':
    case 'InternalFailure':
    case 'ModelErrorException':
    case 'ModelTimeoutException':
    case 'ModelStreamErrorException':
      return words.includes('content filter') ? 'content-policy' : 'server-error'
    case 'ResourceNotFoundException':
    case 'UnknownOperationException':
      return 'not-found'
    case 'UnrecognizedClientException':
    case 'ExpiredTokenException':
    case 'ExpiredToken':
    case 'InvalidSignatureException':
    case 'SignatureDoesNotMatch':
    case 'IncompleteSignature':
    case 'MissingAuthenticationToken':
    case 'MissingAuthenticationTokenException':
    case 'InvalidClientTokenId':
    case 'OptInRequired':
      return 'credential'
    case 'AccessDeniedException':
      return refusedKind(words)
    case 'ValidationException':
      // Inside a stream there is no status that would say so.
      return invalidKind(words) ?? (status === 0 ? 'bad-request' : undefined)
    default:
      // Recordings and proxies may have lost the header; the words are the same.
      return status === 403 ? refusedKind(words) : status === 400 ? invalidKind(words) : undefined
  }
}

/** Mostly the operator has not asked Amazon for the model yet: another endpoint may have it. */
function refusedKind(words: string): AttemptFailureKind {
  if (/unsupported countries|not allowed from/.test(words)) return 'geo'
  if (/payment/.test(words)) return 'payment'
  return /access to the model|model access|marketplace/.test(words) ? 'not-found' : 'credential'
}

function invalidKind(words: string): AttemptFailureKind | undefined {
  if (/unsupported countries|not allowed from/.test(words)) return 'geo'
  if (/content filter|content policy|blocked by/.test(words)) return 'content-policy'
  if (
    /input (is|tokens) (too long|exceed)|too many (total )?(text |input )?tokens|prompt is too long|context (length|window)/.test(
      words,
    )
  )
    return 'context-length'
  // "Operation not allowed" is all that is said of a model that the account may not use at all. At the start only:
  // further on the message may quote the request, and this counts against the endpoint for everybody.
  if (
    /^(the provided model identifier is invalid|invocation of model id .{1,200}on-demand throughput|operation not allowed\.?$|this model version has reached the end of its life|(invalid|unknown) model id)/.test(
      words,
    )
  )
    return 'not-found'
  if (/doesn't support|does not support|isn't supported|is not supported|extraneous key|invalid beta flag/.test(words))
    return 'unsupported'
  if (/maximum tokens you requested|exceeds? .{0,40}(maximum|limit)|too many images|image dimensions/.test(words))
    return 'unsupported'
  return undefined
}
