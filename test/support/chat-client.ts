import { expectChatBody, type Json, type ReadStream, readChatStream } from './chat-wire.ts'

/** What a plain HTTP client does with a gateway. Answers are held against the wire checklist as they are read. */
export interface ChatClient {
  /** `POST /chat/completions` with a short prompt where `fields` has no messages. */
  post(
    fields: Record<string, unknown>,
    options?: { headers?: Record<string, string>; signal?: AbortSignal },
  ): Promise<Response>
  /** A whole answer, or the error in its place. */
  whole(fields: Record<string, unknown>): Promise<{ status: number; headers: Headers; body: Json }>
  /** A stream that has to begin. */
  streamed(fields: Record<string, unknown>): Promise<ReadStream & { headers: Headers }>
  /** `data` of `GET /generation`. */
  generation(id: string | null): Promise<Json>
}

export function chatClient(url: string, key: string): ChatClient {
  const authorization = `Bearer ${key}`
  const client: ChatClient = {
    post: (fields, { headers, signal } = {}) =>
      fetch(`${url}/api/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ messages: [{ role: 'user', content: 'Hello' }], ...fields }),
        ...(signal === undefined ? {} : { signal }),
      }),
    async whole(fields) {
      const response = await client.post(fields)
      const body = (await response.json()) as Json
      if (response.status === 200) expectChatBody(body)
      return { status: response.status, headers: response.headers, body }
    },
    async streamed(fields) {
      const response = await client.post({ ...fields, stream: true })
      const text = await response.text()
      if (response.status !== 200) throw new Error(`no stream: ${response.status} ${text}`)
      return { ...readChatStream(text), headers: response.headers }
    },
    async generation(id) {
      const response = await fetch(`${url}/api/v1/generation?id=${id}`, { headers: { authorization } })
      if (response.status !== 200) throw new Error(`no generation ${id}: ${response.status} ${await response.text()}`)
      return ((await response.json()) as Json).data
    },
  }
  return client
}
