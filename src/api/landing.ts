import { Hono } from 'hono/tiny'
import type { AvailabilityCode } from '../chat/failure.ts'
import type { SurfaceEnv } from './surface.ts'

/** What each availability code means and what to do about it; error bodies link here by `docs_url`. */
const availabilityMeanings: Record<AvailabilityCode, string> = {
  model_not_found: 'No model has this id. GET /api/v1/models lists the ids.',
  wrong_endpoint:
    'The model makes something else than this route gives; constraint.detail names its route and says if it is not here.',
  no_endpoints:
    'The model is known, but no endpoint of it can be used here, or only, ignore and order left none. Of a router: no model is left that it could choose.',
  model_deprecated: 'The model was retired; fallback_models names its successors.',
  model_unavailable_upstream: 'Every provider answered that it does not have the model.',
  capacity_exhausted: 'Every endpoint that was tried is rate limited. Wait for retry_after seconds.',
  temporarily_unavailable: 'Every endpoint that was tried failed. The same request may be repeated.',
  region_restricted: 'The model may not be used from where the request came.',
  privacy_restricted:
    'What was asked for to confine the data (zdr, data_collection, direct_only, jurisdictions, regions) left no endpoint; constraint.field names it.',
  constraint_filtered: 'A constraint of the request or of this host left no endpoint; constraint.field names it.',
  free_variant_ended: 'The free variant is gone; fallback_models names the paid model.',
}

/** What a browser or a load balancer finds. */
export const landing = new Hono<SurfaceEnv>()
  .get('/', (c) =>
    c.json({
      name: 'Causeway',
      description: 'An OpenRouter-compatible LLM gateway.',
      api: `${new URL(c.req.url).origin}/api/v1`,
    }),
  )
  .get('/health', (c) => c.json({ status: 'ok' }))
  .get('/docs/errors', (c) => {
    const rows = Object.entries(availabilityMeanings).map(
      ([code, meaning]) => `<dt id="${code}"><code>${code}</code></dt><dd>${meaning}</dd>`,
    )
    return c.html(
      `<!doctype html><title>Availability codes</title><h1>Availability codes</h1><dl>${rows.join('')}</dl>`,
    )
  })
