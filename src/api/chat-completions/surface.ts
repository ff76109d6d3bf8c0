import { Hono } from 'hono/tiny'
import { FailureError, invalidRequest } from '../../chat/failure.ts'
import type { ChatRequest } from '../../chat/request.ts'
import { type ChatCall, dispatchChat } from '../../dispatch/chat.ts'
import { readBody } from '../../edge/body.ts'
import { checkKey, inferenceKeyHash, refusalFailure } from '../authenticate.ts'
import { refusePrivateMedia } from '../media-addresses.ts'
import type { SurfaceContext, SurfaceEnv } from '../surface.ts'
import { chatDialect } from './dialect.ts'
import { parseChatRequest } from './parse.ts'

/** `POST /chat/completions`: OpenAI's chat wire as OpenRouter extends it. */
export const chatCompletions = new Hono<SurfaceEnv>()

chatCompletions.post('/chat/completions', async (c) => {
  const gateway = c.env.gateway
  const inspected = inferenceKeyHash(c)
  const { hash } = inspected instanceof Promise ? await inspected : inspected
  const request = await parsed(c, hash)
  // Not before the body is here: how long that takes is the client's line, and no provider's time to answer in.
  const startedAt = gateway.now()
  const answer = await dispatchChat({
    gateway,
    request,
    dialect: chatDialect,
    keyHash: hash,
    generationId: c.env.generationId,
    requestId: c.env.requestId,
    startedAt,
    client: c.req.raw.signal,
    ...attributionOf(c.req.raw.headers, request),
  })
  switch (answer.kind) {
    case 'refused':
      throw new FailureError(refusalFailure(answer.refusal))
    case 'failed':
      throw new FailureError(answer.failure)
    case 'body':
      return new Response(JSON.stringify(answer.body), {
        headers: { 'content-type': 'application/json', 'x-provider-name': headerSafe(answer.providerName) },
      })
    case 'stream':
      return new Response(answer.stream, {
        headers: {
          'content-type': 'text/event-stream',
          'cache-control': 'no-cache',
          ...(answer.providerName === null ? {} : { 'x-provider-name': headerSafe(answer.providerName) }),
        },
      })
  }
})

/** The body, parsed. A caller whose key is no good learns that first, whatever is wrong with the body. */
async function parsed(c: SurfaceContext, keyHash: string): Promise<ChatRequest> {
  const gateway = c.env.gateway
  try {
    const request = parseChatRequest(await readBody(c.req.raw, gateway.settings.maxBodyBytes))
    refusePrivateMedia(request, gateway.settings.environment)
    return request
  } catch (error) {
    const checked = await checkKey(gateway, keyHash)
    if (!checked.admitted) throw new FailureError(refusalFailure(checked))
    throw error
  }
}

/** What a request tells of the application that made it (`openrouter-api.md` §1.3). */
function attributionOf(
  headers: Headers,
  request: ChatRequest,
): Pick<ChatCall, 'app' | 'sessionId' | 'betas' | 'mediaCount'> {
  return {
    app: {
      referer: bounded(headers.get('http-referer') ?? headers.get('referer'), 512),
      title: bounded(headers.get('x-openrouter-title') ?? headers.get('x-title'), 128),
      userAgent: bounded(headers.get('user-agent'), 256),
      origin: bounded(headers.get('origin'), 256),
    },
    sessionId: sessionOf(request.session_id ?? headers.get('x-session-id')),
    betas: betasOf(headers),
    mediaCount: mediaCountOf(request),
  }
}

export function betasOf(headers: Headers): string[] | undefined {
  return headers
    .get('x-anthropic-beta')
    ?.split(',')
    .map((beta) => beta.trim())
}

/** Cut, two long names would be one session. */
function sessionOf(name: string | null): string | null {
  if (name === null || name.length <= 256) return name
  throw invalidRequest('The header x-session-id must have at most 256 characters.', { field: 'x-session-id' })
}

function bounded(text: string | null, maxLength: number): string | null {
  return text === null || text.length <= maxLength ? text : text.slice(0, maxLength)
}

function mediaCountOf(request: ChatRequest): number {
  let count = 0
  for (const { content } of request.messages) {
    if (!Array.isArray(content)) continue
    for (const part of content) if (part.type !== 'text') count++
  }
  return count
}

/** Header values are bytes: a name outside Latin-1 would throw. */
function headerSafe(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?')
}
