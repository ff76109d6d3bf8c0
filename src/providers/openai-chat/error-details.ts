import { retryDelayMs } from '../../edge/retry-hints.ts'
import { asList, asRecord, asText, type JsonRecord, jsonTextOf } from '../foreign-json.ts'

/** What an error body says, wherever it says it. Texts are empty when it says nothing. */
export interface ErrorDetails {
  message: string
  code: string
  type: string
  /** An HTTP status that the body names, for errors inside a 200. */
  status: number | null
  retryAfterMs?: number
  /** The body is not JSON but a page: something in front of the provider answered. */
  html: boolean
}

/** Reads the body of an error answer: JSON of any of the shapes in `providers.md` §5, plain text, or a page. */
export function readErrorBody(body: string): ErrorDetails {
  const text = body.trim()
  if (text.startsWith('{') || text.startsWith('[')) {
    try {
      return errorDetailsOf(JSON.parse(text))
    } catch {
      // Half a body is read as text: the words in it may still tell.
    }
  }
  return { message: text, code: '', type: '', status: null, html: /^<(!doctype|html|head|body)/i.test(text) }
}

/**
 * Finds the words of an error in its many shapes: `{error: {…}}`, `{error: "…", code}` (xAI, TGI), fields at the top
 * level (Cerebras, older vLLM, Mistral), `{detail}` (FastAPI), `[{error}]` (Google), `{errors: […]}` (Cloudflare),
 * `{base_resp}` (MiniMax), and a router's `metadata.raw` with another provider's body in it.
 */
export function errorDetailsOf(value: unknown): ErrorDetails {
  const outer = asRecord(Array.isArray(value) ? value[0] : value)
  if (!outer) return { message: asText(value) ?? '', code: '', type: '', status: null, html: false }
  const inner =
    asRecord(outer.error) ?? asRecord(asList(outer.errors)[0]) ?? asRecord(outer.base_resp) ?? asRecord(outer.response)
  const error = inner ?? outer
  const details: ErrorDetails = {
    message: messageOf(error) || messageOf(outer) || (asText(outer.error) ?? ''),
    code: codeOf(error) || codeOf(outer),
    type: asText(error.type) ?? asText(outer.error_type) ?? asText(error.status) ?? '',
    status: statusIn(error) ?? statusIn(outer),
    html: false,
  }
  const retryAfterMs = retryInfoOf(error)
  if (retryAfterMs !== undefined) details.retryAfterMs = retryAfterMs
  return withUpstreamsWords(details, error)
}

function messageOf(error: JsonRecord): string {
  const { message } = error
  if (typeof message === 'string') return message
  // Mistral's `message` may be an object that holds FastAPI's list of complaints.
  if (message !== undefined && message !== null) return jsonTextOf(message)
  const { detail } = error
  if (detail !== undefined && detail !== null) return typeof detail === 'string' ? detail : jsonTextOf(detail)
  return asText(error.status_msg) ?? asText(error.reason) ?? asText(error.title) ?? ''
}

/** The first code in words or of the provider's own numbers; one that only repeats the status where there is no other. */
function codeOf(error: JsonRecord): string {
  const inner = asRecord(error.innererror)
  const reasons = asList(error.details).map((detail) => asRecord(detail)?.reason)
  const candidates = [error.code, error.error_code, error.status_code, inner?.code, error.reason, ...reasons]
  const codes = candidates.filter((code) => typeof code === 'string' || typeof code === 'number').map(String)
  return codes.find((code) => code !== '' && !/^[45]\d\d$/.test(code)) ?? codes[0] ?? ''
}

function statusIn(error: JsonRecord): number | null {
  for (const value of [error.status_code, error.status, error.code, error.http_code]) {
    const status = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value
    if (typeof status === 'number' && status >= 400 && status < 600) return status
  }
  return null
}

function retryInfoOf(error: JsonRecord): number | undefined {
  for (const detail of asList(error.details)) {
    const delay = asText(asRecord(detail)?.retryDelay)
    if (delay) return retryDelayMs(delay)
  }
  return undefined
}

/** A router says "Provider returned error" and quotes the provider in `metadata.raw`: that is what it means. */
function withUpstreamsWords(details: ErrorDetails, error: JsonRecord): ErrorDetails {
  const raw = asText(asRecord(error.metadata)?.raw)
  if (!raw) return details
  const upstream = readErrorBody(raw)
  return {
    ...details,
    message: `${details.message} ${upstream.message}`,
    type: upstream.type || details.type,
    code: /^\d*$/.test(details.code) && upstream.code !== '' ? upstream.code : details.code,
  }
}
