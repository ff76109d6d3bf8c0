import { Hono } from 'hono/tiny'
import { getPath } from 'hono/utils/url'
import { type Failure, FailureError } from '../chat/failure.ts'
import type { Gateway } from '../dispatch/gateway.ts'
import { preflight } from '../edge/cors.ts'
import { generationId, requestId } from '../edge/ids.ts'
import { errorResponse } from './error-envelope.ts'
import { RememberingRouter } from './remembering-router.ts'
import { stamp } from './stamp.ts'
import type { SurfaceContext, SurfaceEnv } from './surface.ts'

export type OpenGateway = (env: Env, request: Request, context: ExecutionContext) => Gateway

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/**
 * What surrounds every surface: ids, the gateway, CORS, and an error envelope for whatever goes wrong, unknown paths
 * and methods included. One middleware, because each costs every request a promise.
 */
export function frame(openGateway: OpenGateway): Hono<SurfaceEnv> {
  const app = new Hono<SurfaceEnv>({ getPath: routedPath })
  app.router = new RememberingRouter(app.router)
  app.use(async (c, next) => {
    if (c.req.method === 'OPTIONS') return preflight(c.req.raw)
    const now = Date.now()
    c.set('generationId', generationId(now, Math.random))
    c.set('requestId', requestId(now, Math.random))
    c.set('gateway', openGateway(c.env, c.req.raw, c.executionCtx as ExecutionContext))
    await next()
    stamp(c.res.headers, c)
  })
  app.onError((error, c) => errorResponse(c, failureOf(error, c)))
  app.notFound((c) => {
    const allowed = methods.filter((method) => answers(app, method, c.req.path))
    return errorResponse(c, allowed.length === 0 ? unknownPath(c) : wrongMethod(c, allowed))
  })
  return app
}

/** Many OpenAI clients are configured with a bare `/v1`, so it serves the same. */
function routedPath(request: Request): string {
  const path = getPath(request)
  return path.startsWith('/v1/') ? `/api${path}` : path
}

/** What a throw means to the client. A bug is told to nobody but the log, and not even there in its own words. */
function failureOf(error: Error, c: SurfaceContext): Failure {
  if (error instanceof FailureError) return error.failure
  console.error(
    JSON.stringify({ error: error.name, request_id: c.get('requestId'), generation_id: c.get('generationId') }),
  )
  return { type: 'server', message: 'Internal server error.' }
}

/** Whether a route is there, apart from the middleware that every path matches. */
function answers(app: Hono<SurfaceEnv>, method: string, path: string): boolean {
  return app.router.match(method, path)[0].length > 1
}

function unknownPath(c: SurfaceContext): Failure {
  return { type: 'not_found', message: `There is nothing at ${c.req.method} ${shown(c)}.` }
}

function wrongMethod(c: SurfaceContext, allowed: string[]): Failure {
  return {
    type: 'method_not_allowed',
    message: `${shown(c)} does not take ${c.req.method}; it takes ${allowed.join(', ')}.`,
    headers: { Allow: allowed.join(', ') },
  }
}

/** The path as it was asked for. */
function shown(c: SurfaceContext): string {
  const path = getPath(c.req.raw)
  return path.length > 200 ? `${path.slice(0, 197)}...` : path
}
