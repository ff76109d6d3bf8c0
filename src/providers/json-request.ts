import type { EncodedRequest, TranslationNote } from './wire.ts'

/** A body as JSON, posted, and `accept` what comes back. */
export function jsonRequest(
  url: string,
  accept: 'application/json' | 'text/event-stream' | 'application/vnd.amazon.eventstream',
  body: unknown,
  translation: TranslationNote[],
  headers?: Readonly<Record<string, string>>,
): EncodedRequest {
  return {
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', accept, 'user-agent': 'causeway', ...headers },
    body: JSON.stringify(body),
    translation,
  }
}

/** What to accept where a stream is server-sent events. */
export function sseOrJson(stream: boolean): 'text/event-stream' | 'application/json' {
  return stream ? 'text/event-stream' : 'application/json'
}
