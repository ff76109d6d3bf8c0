import { Hono } from 'hono/tiny'
import { getPath } from 'hono/utils/url'
import { type Failure, FailureError } from '../chat/failure.ts'
import type { Gateway } from '../dispatch/gateway.ts'
import { preflight } from '../edge/cors.ts'
import { generationId, requestId } from '../edge/ids.ts'
import { errorResponse } from './error-envelope.ts'
import { RememberingRouter } from './remembering-router.ts'
import { stamp } from './stamp.ts'
import type { SurfaceContext, SurfaceEnv, Surroundings } from './surface.ts'
import { unservedRoute } from './unserved-routes.ts'

export type OpenGateway = (env: Env, request: Request, context: ExecutionContext) => Gateway

type Ids = Pick<Surroundings, 'generationId' | 'requestId'>

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/** All surfaces, with what surrounds them. */
export interface Framed {
  /** Mounts a surface under a path. */
  route: Hono<SurfaceEnv>['route']
  fetch(request: Request, env: Env, context: ExecutionContext): Promise<Response>
}

/**
 * What surrounds every surface: ids, the gateway, CORS, and an error envelope for whatever goes wrong, unknown paths
 * and methods included. Around the router and not a middleware in it, which would cost every request several promises.
 */
export function frame(openGateway: OpenGateway): Framed {
  const routes = new Hono<SurfaceEnv>({ getPath: routedPath })
  routes.router = new RememberingRouter(routes.router)
  routes.onError((error, c) => errorResponse(failureOf(error, c.env), c.env.gateway.settings.origin))
  routes.notFound((c) => {
    const allowed = methods.filter((method) => answers(routes, method, c.req.path))
    return errorResponse(allowed.length === 0 ? unknownPath(c) : wrongMethod(c, allowed), c.env.gateway.settings.origin)
  })

  function answer(request: Request, env: Env, context: ExecutionContext, ids: Ids): Response | Promise<Response> {
    let gateway: Gateway
    try {
      gateway = openGateway(env, request, context)
    } catch (error) {
      return errorResponse(failureOf(error, ids))
    }
    return routes.fetch(request, { ...ids, gateway }, context)
  }

  return {
    route: routes.route.bind(routes),
    fetch: async (request, env, context) => {
      if (request.method === 'OPTIONS') return preflight(request)
      const now = Date.now()
      const ids = { generationId: generationId(now, Math.random), requestId: requestId(now, Math.random) }
      const response = await answer(request, env, context, ids)
      stamp(response.headers, ids.generationId)
      return response
    },
  }
}

/** Many OpenAI clients are configured with a bare `/v1`, so it serves the same. */
function routedPath(request: Request): string {
  const path = getPath(request)
  return path.startsWith('/v1/') ? `/api${path}` : path
}

/** What a throw means to the client. A bug is told to nobody but the log, and not even there in its own words. */
function failureOf(error: unknown, { requestId, generationId }: Ids): Failure {
  if (error instanceof FailureError) return error.failure
  const name = error instanceof Error ? error.name : 'unknown'
  console.error(JSON.stringify({ error: name, request_id: requestId, generation_id: generationId }))
  return { type: 'server', message: 'Internal server error.' }
}

function answers(routes: Hono<SurfaceEnv>, method: string, path: string): boolean {
  return routes.router.match(method, path)[0].length > 0
}

function unknownPath(c: SurfaceContext): Failure {
  const asked = `There is nothing at ${c.req.method} ${shown(c)}`
  const unserved = unservedRoute(c.req.path)
  return { type: 'not_found', message: unserved === null ? `${asked}.` : `${asked}: ${unserved}` }
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
