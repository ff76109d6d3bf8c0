import { OpenRouter } from '@openrouter/sdk'
import { OpenRouterError } from '@openrouter/sdk/models/errors/openroutererror'
import OpenAI from 'openai'
import { expectChatBody, expectErrorEnvelope, type Json, readChatStream } from '../support/chat-wire.ts'
import type { Mode } from './fault-table.ts'

/** Plain HTTP, held against the wire checklist as it is read, or a real SDK. */
export type Client = 'http' | 'openai' | 'openrouter'

/** What a client is left with. */
export interface Seen {
  /** Null where the client raised without telling. */
  status: number | null
  /** Everything that was said. */
  text: string
  finishReason: string | null
  /** The code of the error, in the place of the answer or inside of it. */
  code: number | null
  /** The error came inside a stream. */
  isInside: boolean
  retryAfter: string | null
  /** Milliseconds until the headers. */
  tookMs: number
  generationId: string | null
  /** In what the answer breaks the contract of its dialect; null where it doesn't. */
  malformed: string | null
}

export type Fields = { model: string; provider: { order: string[]; allow_fallbacks: boolean } }

const messages = [{ role: 'user' as const, content: 'Hello' }]
const nothing: Seen = {
  status: null,
  text: '',
  finishReason: null,
  code: null,
  isInside: false,
  retryAfter: null,
  tookMs: 0,
  generationId: null,
  malformed: null,
}

/** Asks a gateway as one of the clients does, and never throws for what it answers. */
export function asker(url: string, key: string): (client: Client, mode: Mode, fields: Fields) => Promise<Seen> {
  return (client, mode, fields) => {
    switch (client) {
      case 'http':
        return askOverHttp(url, key, mode, fields)
      case 'openai':
        return askOpenAi(url, key, mode, fields)
      case 'openrouter':
        return askOpenRouter(url, key, mode, fields)
    }
  }
}

async function askOverHttp(url: string, key: string, mode: Mode, fields: Fields): Promise<Seen> {
  const askedAt = Date.now()
  const response = await fetch(`${url}/api/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...fields, messages, stream: mode === 'streamed' }),
  })
  const tookMs = Date.now() - askedAt
  const { status, headers } = response
  const isStream = headers.get('content-type') === 'text/event-stream'
  const seen: Seen = {
    ...nothing,
    status,
    tookMs,
    retryAfter: headers.get('retry-after'),
    generationId: headers.get('x-generation-id'),
  }
  let text = ''
  try {
    text = await response.text()
    if (isStream !== (mode === 'streamed' && status === 200)) return { ...seen, malformed: 'the wrong content type' }
    if (headers.get('access-control-allow-origin') !== '*') return { ...seen, malformed: 'no CORS headers' }
    if (isStream) {
      const stream = readChatStream(text)
      const code = stream.error?.code ?? null
      return { ...seen, text: stream.text, finishReason: stream.finishReason, code, isInside: code !== null }
    }
    const body: Json = JSON.parse(text)
    if (status !== 200) {
      expectErrorEnvelope(status, body)
      return { ...seen, code: body.error.code }
    }
    expectChatBody(body)
    const [choice] = body.choices
    return { ...seen, text: choice.message.content ?? '', finishReason: choice.finish_reason }
  } catch (error) {
    return { ...seen, text, malformed: error instanceof Error ? error.message : 'unreadable' }
  }
}

async function askOpenAi(url: string, key: string, mode: Mode, fields: Fields): Promise<Seen> {
  const client = new OpenAI({ apiKey: key, baseURL: `${url}/api/v1`, maxRetries: 0 })
  const seen = { ...nothing }
  try {
    if (mode === 'whole') {
      const answer = await client.chat.completions.create({ ...fields, messages })
      const [choice] = answer.choices
      return { ...seen, status: 200, text: choice?.message.content ?? '', finishReason: choice?.finish_reason ?? null }
    }
    const stream = await client.chat.completions.create({ ...fields, messages, stream: true })
    seen.status = 200
    for await (const { choices } of stream) {
      seen.text += choices[0]?.delta.content ?? ''
      seen.finishReason = choices[0]?.finish_reason ?? seen.finishReason
    }
    return seen
  } catch (error) {
    if (!(error instanceof OpenAI.APIError)) return { ...seen, malformed: `raised ${error}` }
    const isInside = seen.status === 200
    // An error inside has no status of its own; its code is that of the chunk.
    const code = isInside ? Number(error.code) : (error.status ?? null)
    return { ...seen, code, isInside, status: isInside ? 200 : code }
  }
}

async function askOpenRouter(url: string, key: string, mode: Mode, fields: Fields): Promise<Seen> {
  const client = new OpenRouter({ apiKey: key, serverURL: `${url}/api/v1`, retryConfig: { strategy: 'none' } })
  const { model, provider } = fields
  const chatRequest = { model, messages, provider: { order: provider.order, allowFallbacks: provider.allow_fallbacks } }
  const seen = { ...nothing }
  try {
    if (mode === 'whole') {
      const answer = await client.chat.send({ chatRequest })
      if (!('choices' in answer)) throw new Error('a whole answer was asked for')
      const [choice] = answer.choices
      const { content } = choice?.message ?? {}
      return {
        ...seen,
        status: 200,
        text: typeof content === 'string' ? content : '',
        finishReason: choice?.finishReason ?? null,
      }
    }
    const stream = await client.chat.send({ chatRequest: { ...chatRequest, stream: true } })
    if (!(Symbol.asyncIterator in stream)) throw new Error('a stream was asked for')
    seen.status = 200
    // This one hands errors inside a stream to its reader.
    for await (const { choices, error } of stream) {
      seen.text += choices[0]?.delta.content ?? ''
      seen.finishReason = choices[0]?.finishReason ?? seen.finishReason
      if (error) Object.assign(seen, { code: error.code, isInside: true })
    }
    return seen
  } catch (error) {
    if (!(error instanceof OpenRouterError)) return { ...seen, malformed: `raised ${error}` }
    return { ...seen, status: error.statusCode, code: error.statusCode }
  }
}
