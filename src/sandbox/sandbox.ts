import type { Context } from 'hono'
import { Hono } from 'hono/tiny'
import { FailureError } from '../chat/failure.ts'
import { defaultMaxBodyBytes, readBody } from '../edge/body.ts'
import { parseBody } from '../edge/json-body.ts'
import { answerTo } from './answer.ts'
import { type Behaviour, behaviourOf, modelIds } from './behaviour.ts'
import { completionOf, created } from './chat-answer.ts'
import { pause, playedBody, silenceMs } from './event-stream.ts'
import { lastUserText, type SandboxRequest, sandboxRequest } from './request.ts'
import { bodyScriptOf, scriptOf } from './script.ts'

const slowFirstByteMs = 4_000
/** Seconds, as the header wants it. */
const retryAfterSeconds = 7

/**
 * The built-in upstream: OpenAI's chat completions from fixed rules. Needs no key, asks nobody, and answers the same
 * request alike for ever. Mounted as `/sandbox/v1`; the gateway calls it over HTTP like any other provider.
 */
export const sandbox = new Hono()
  .get('/models', (context) =>
    context.json({
      object: 'list',
      data: modelIds.map((id) => ({ id, object: 'model', created, owned_by: 'sandbox' })),
    }),
  )
  .post('/chat/completions', async (context) => {
    const request = await requestOf(context)
    if (request instanceof Response) return request
    const behaviour = behaviourOf(request.model, lastUserText(request))
    if (behaviour === null) {
      const message = `The model \`${request.model}\` does not exist in the sandbox.`
      return refuse(context, 404, message, 'invalid_request_error', 'model_not_found')
    }
    const early = await faultBeforeAnswer(context, behaviour)
    if (early !== null) return early
    const answer = answerTo(request, behaviour)
    if (request.stream) {
      return new Response(playedBody(scriptOf(answer, request, behaviour)), {
        headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' },
      })
    }
    return new Response(playedBody(bodyScriptOf(completionOf(answer, request), behaviour.fault)), {
      headers: { 'content-type': 'application/json' },
    })
  })

/** The request, or what is wrong with it. Bounded, because nobody needs a key for the sandbox. */
async function requestOf(context: Context): Promise<SandboxRequest | Response> {
  try {
    const body = await readBody(context.req.raw, defaultMaxBodyBytes)
    // The check is what makes it one.
    return parseBody(body, sandboxRequest) as unknown as SandboxRequest
  } catch (error) {
    if (!(error instanceof FailureError)) throw error
    return refuse(context, 400, error.failure.message, 'invalid_request_error', null)
  }
}

/** Whatever goes wrong before there is an answer to send. */
async function faultBeforeAnswer(context: Context, behaviour: Behaviour): Promise<Response | null> {
  switch (behaviour.fault) {
    case 'error-500':
      return refuse(context, 500, 'The sandbox failed, as it was asked to.', 'server_error', 'server_error')
    case 'error-503':
      return refuse(context, 503, 'The sandbox is overloaded, as it was asked to be.', 'server_error', 'overloaded')
    case 'rate-limited':
      context.header('retry-after', String(retryAfterSeconds))
      return refuse(context, 429, 'The sandbox limits the rate, as it was asked to.', 'rate_limit_error', 'rate_limit')
    case 'bad-html':
      return context.html('<!doctype html><title>Sandbox</title><p>A page where JSON was expected, as asked.')
    case 'hang':
      await pause(silenceMs, gone(context.req.raw.signal))
      return refuse(context, 504, 'The sandbox never answers, as it was asked to.', 'server_error', 'timeout')
    case 'slow-first-byte':
      await pause(slowFirstByteMs, gone(context.req.raw.signal))
      return null
    default:
      return null
  }
}

function gone(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/** An error in OpenAI's shape. */
function refuse(
  context: Context,
  status: 400 | 404 | 429 | 500 | 503 | 504,
  message: string,
  type: string,
  code: string | null,
): Response {
  return context.json({ error: { message, type, param: null, code } }, status)
}
