import type { Context } from 'hono'
import type { Gateway } from '../dispatch/gateway.ts'

/** What every surface finds in its Hono context. */
export interface SurfaceVariables {
  gateway: Gateway
  /** `gen-…`: also the value of `X-Generation-Id` and of the request id headers. */
  generationId: string
  /** `req-…` */
  requestId: string
}

export interface SurfaceEnv {
  Bindings: Env
  Variables: SurfaceVariables
}

export type SurfaceContext = Context<SurfaceEnv>
