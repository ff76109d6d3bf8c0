import type { Context } from 'hono'
import type { Gateway } from '../dispatch/gateway.ts'

/** What every surface finds in its Hono context, as `c.env`. */
export interface Surroundings {
  gateway: Gateway
  /** `gen-…`: also the value of `X-Generation-Id` and of the request id headers. */
  generationId: string
  /** `req-…` */
  requestId: string
}

export interface SurfaceEnv {
  Bindings: Surroundings
}

export type SurfaceContext = Context<SurfaceEnv>
