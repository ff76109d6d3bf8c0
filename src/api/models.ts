import { Hono } from 'hono/tiny'
import type { EndpointRecord, ModelEntry } from '../catalog/records.ts'
import { isInRegion } from '../catalog/region.ts'
import { hasZeroRetention } from '../catalog/zero-retention.ts'
import { FailureError } from '../chat/failure.ts'
import type { Gateway } from '../dispatch/gateway.ts'
import { resolveAlias } from '../dispatch/routers.ts'
import { isFree, resolveModel } from '../routing/model-id.ts'
import { freeVariantEnded } from '../routing/refusal.ts'
import { isAlias } from '../routing/router-ids.ts'
import { anyCaller } from './authenticate.ts'
import { endpointObject, modelHeading, modelObject } from './model-object.ts'
import {
  isUnfiltered,
  type Listed,
  type ModelQuery,
  matches,
  parseModelQuery,
  readPage,
  readUsable,
  sorted,
} from './model-query.ts'
import { modelsFeed } from './models-feed.ts'
import { routerEntries, routerEntryOf, routerObject } from './router-models.ts'
import type { SurfaceContext, SurfaceEnv } from './surface.ts'

/**
 * The catalogue's routes (`openrouter-endpoints-inference.md` §2A.12–13). They list everything that is in the catalogue
 * and, on the EU host, in the EU; `usable` on every model and endpoint says whether this deployment has what it takes to
 * route there, and `?usable=true|false` keeps only the ones that are or are not. With `usable=true` a model is shown
 * with the price and limits of its usable endpoints. `?use_rss=true` lists the models as a feed.
 */
export const models = new Hono<SurfaceEnv>()
  .get('/models', async (c) => {
    const query = parseModelQuery(new URL(c.req.url).searchParams)
    return query.rss ? feed(c, query) : list(c, query)
  })
  .get('/models/user', async (c) => {
    await anyCaller(c)
    return list(c, { ...parseModelQuery(new URL(c.req.url).searchParams), usable: true })
  })
  .get('/embeddings/models', async (c) => {
    const search = new URL(c.req.url).searchParams
    const everything = parseModelQuery(new URLSearchParams())
    return list(c, { ...everything, ...readPage(search), usable: readUsable(search), outputs: ['embeddings'] })
  })
  .get('/models/count', async (c) => {
    const gateway = c.env.gateway
    const query = parseModelQuery(new URL(c.req.url).searchParams)
    const { rows } = await viewOf(gateway, query)
    return c.json({ data: { count: rows.filter((row) => matches(row, query, gateway.now())).length } })
  })
  .get('/model/:author/:slug', async (c) => {
    const { entry, endpoints, id, asked } = await resolve(c)
    if (routerEntryOf(asked)) return c.json({ data: routerObject(entry, true, asked) })
    const usable = endpoints.some((endpoint) => isUsable(c.env.gateway, endpoint))
    if (!isAlias(asked)) return c.json({ data: modelObject({ entry, endpoints, usable, id }) })
    const target = { name: entry.model.name, slug: entry.model.id }
    const object = modelObject({ entry, endpoints, usable, id: asked })
    return c.json({ data: { ...object, canonical_slug: asked, alias_target: target } })
  })
  .get('/models/:author/:slug/endpoints', async (c) => {
    const usable = readUsable(new URL(c.req.url).searchParams)
    const { entry, endpoints, id } = await resolve(c)
    const endpointObjects = await publicEndpoints(c, [{ entry, endpoints }], usable)
    return c.json({ data: { ...modelHeading(entry.model, id), endpoints: endpointObjects } })
  })
  .get('/endpoints/zdr', async (c) => {
    const gateway = c.env.gateway
    const usable = readUsable(new URL(c.req.url).searchParams)
    const listed = (await gateway.catalog.models()).map((entry) => ({
      entry,
      endpoints: entry.endpoints.filter(
        (endpoint) => isInRegion(endpoint, gateway.settings.region) && hasZeroRetention(endpoint.provider),
      ),
    }))
    return c.json({ data: await publicEndpoints(c, listed, usable) })
  })

interface Row extends Listed {
  /** The model object as JSON. */
  json: string
}

interface View {
  rows: readonly Row[]
  /** Whole answers to unfiltered requests, by kinds of output. */
  bodies: Map<string, Uint8Array<ArrayBuffer>>
}

/**
 * The models as JSON, made once for every reading of the catalogue: it is a megabyte, and clients poll it. What is
 * usable may be kept with it because the environment decides that, which is the same for an isolate's whole life.
 */
const viewsBySnapshot = new WeakMap<readonly ModelEntry[], Map<string, View>>()

/** Kinds of output can be combined without end; answers beyond this many are put together each time. */
const maxBodies = 8

async function viewOf(gateway: Gateway, query: ModelQuery): Promise<View> {
  const snapshot = await gateway.catalog.models()
  const views = viewsBySnapshot.get(snapshot) ?? new Map<string, View>()
  viewsBySnapshot.set(snapshot, views)
  const key = `${gateway.settings.region} ${query.region} ${query.usable}`
  const view = views.get(key) ?? { rows: rowsOf(gateway, snapshot, query), bodies: new Map() }
  views.set(key, view)
  return view
}

function rowsOf(gateway: Gateway, snapshot: readonly ModelEntry[], query: ModelQuery): Row[] {
  const regions = [gateway.settings.region, query.region ?? 'global']
  const isWhole = regions.every((region) => region === 'global') && query.usable !== true
  const rows = snapshot.flatMap((entry) => {
    const inRegion = entry.endpoints.filter((endpoint) => regions.every((region) => isInRegion(endpoint, region)))
    const usableOnes = inRegion.filter((endpoint) => isUsable(gateway, endpoint))
    const usable = usableOnes.length > 0
    if (query.usable === false && usable) return []
    const endpoints = query.usable === true ? usableOnes : inRegion
    if (endpoints.length === 0 && !isWhole) return []
    return [{ entry, endpoints, usable, json: JSON.stringify(modelObject({ entry, endpoints, usable })) }]
  })
  if (query.region !== null || query.usable === false || !rows.some(({ usable }) => usable)) return rows
  const listed = new Set(rows.map(({ entry }) => entry.model.id))
  for (const entry of routerEntries) {
    if (listed.has(entry.model.id)) continue
    rows.push({ entry, endpoints: [], usable: true, json: JSON.stringify(routerObject(entry, true)) })
  }
  return rows
}

async function list(c: SurfaceContext, query: ModelQuery): Promise<Response> {
  const gateway = c.env.gateway
  const view = await viewOf(gateway, query)
  const url = new URL(c.req.url)
  const key = isUnfiltered(url.searchParams) ? String(query.outputs) : null
  const kept = key === null ? undefined : view.bodies.get(key)
  const body = kept ?? (encoder.encode(listBody(gateway, view, query, url)) as Uint8Array<ArrayBuffer>)
  if (key !== null && view.bodies.size < maxBodies) view.bodies.set(key, body)
  return c.body(body, 200, { 'content-type': 'application/json' })
}

const encoder = new TextEncoder()

/** What is new is what a feed is read for, so that comes first where no order was asked for. */
async function feed(c: SurfaceContext, query: ModelQuery): Promise<Response> {
  const gateway = c.env.gateway
  const url = new URL(c.req.url)
  const { rows, next } = pageOf(gateway, await viewOf(gateway, query), { ...query, sort: query.sort ?? 'newest' }, url)
  const models = rows.map(({ entry }) => entry.model)
  const body = modelsFeed({ origin: gateway.settings.origin, models, self: url.pathname + url.search, next })
  return c.body(body, 200, { 'content-type': 'application/rss+xml; charset=utf-8' })
}

function listBody(gateway: Gateway, view: View, query: ModelQuery, url: URL): string {
  const { rows, total, next } = pageOf(gateway, view, query, url)
  return `{"data":[${rows.map((row) => row.json).join(',')}],"total_count":${total},"links":${JSON.stringify({ next })}}`
}

function pageOf(gateway: Gateway, view: View, query: ModelQuery, url: URL) {
  const all = sorted(
    view.rows.filter((row) => matches(row, query, gateway.now())),
    query.sort,
    gateway.health,
  )
  const end = query.limit === null ? all.length : query.offset + query.limit
  const next = end < all.length ? pathAt(url, end, query.limit) : null
  return { rows: all.slice(query.offset, end), total: all.length, next }
}

function pathAt(url: URL, offset: number, limit: number | null): string {
  const next = new URL(url)
  next.searchParams.set('offset', String(offset))
  if (limit !== null) next.searchParams.set('limit', String(limit))
  return next.pathname + next.search
}

/** The model that the path names, with the endpoints that this host and the id's suffixes leave of it. */
async function resolve(c: SurfaceContext): Promise<Listed & { id: string; asked: string }> {
  const gateway = c.env.gateway
  const { catalog, settings } = gateway
  const asked = `${c.req.param('author')}/${c.req.param('slug')}`
  const router = routerEntryOf(asked)
  if (router) return { entry: router, endpoints: [], id: asked, asked }
  const found = await (isAlias(asked) ? resolveAlias(asked, gateway) : resolveModel(asked, (id) => catalog.model(id)))
  if ('failure' in found) {
    const { failure } = found
    if (failure.type === 'not_found') throw new FailureError(failure)
    // Inference refuses an unknown id as a bad request; as a resource it is one that is not there.
    throw new FailureError({ type: 'not_found', message: `Model "${asked.slice(0, 256)}" not found` })
  }
  const { entry, freeOnly } = found
  const { id } = entry.model
  const endpoints = entry.endpoints.filter((endpoint) => isInRegion(endpoint, settings.region))
  if (endpoints.length === 0 && settings.region !== 'global') {
    throw new FailureError({
      type: 'not_found',
      message: `No endpoint of "${id}" is tied to the region "${settings.region}"`,
      availability: {
        code: 'constraint_filtered',
        retryable: false,
        requested_models: [asked],
        excluded_by: ['data_region'],
      },
    })
  }
  if (!freeOnly) return { entry, endpoints, id, asked }
  const free = endpoints.filter(isFree)
  if (free.length === 0) throw new FailureError(freeVariantEnded(asked, id))
  return { entry, endpoints: free, id: `${id}:free`, asked }
}

async function publicEndpoints(c: SurfaceContext, listed: readonly Listed[], onlyUsable: boolean | null) {
  const gateway = c.env.gateway
  const withPerformance = await hasKey(c)
  const now = gateway.now()
  return listed.flatMap(({ entry, endpoints }) =>
    endpoints.flatMap((endpoint) => {
      const usable = isUsable(gateway, endpoint)
      if (onlyUsable !== null && usable !== onlyUsable) return []
      const health = gateway.health.of(endpoint, true)
      return [endpointObject({ entry, endpoint, usable, health, withPerformance, now })]
    }),
  )
}

function isUsable(gateway: Gateway, endpoint: EndpointRecord): boolean {
  return gateway.access(endpoint) !== null
}

/** These routes are public, so a bad key is no error here: it just opens nothing. */
async function hasKey(c: SurfaceContext): Promise<boolean> {
  if (c.req.header('authorization') === undefined) return false
  try {
    await anyCaller(c)
    return true
  } catch {
    return false
  }
}
