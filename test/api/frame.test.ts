import { Hono } from 'hono'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { frame } from '../../src/api/frame.ts'
import { landing } from '../../src/api/landing.ts'
import type { SurfaceEnv } from '../../src/api/surface.ts'
import { FailureError } from '../../src/chat/failure.ts'
import type { Gateway } from '../../src/dispatch/gateway.ts'

const surface = new Hono<SurfaceEnv>()
  .get('/things/:name', (c) => c.json({ name: c.req.param('name'), id: c.env.generationId, request: c.env.requestId }))
  .delete('/things/:name', (c) => c.body(null, 204))
  .post('/things', (c) => c.json({ region: c.env.gateway.settings.region }))
  .get(
    '/stream',
    () => new Response(new Blob(['data: 1\n\n']).stream(), { headers: { 'content-type': 'text/event-stream' } }),
  )
  .get('/bug', () => {
    throw new TypeError('CANARY sk-cw-v1-secret')
  })
  .get('/limited', () => {
    throw new FailureError({
      type: 'rate_limit_exceeded',
      message: 'Rate limit exceeded.',
      retryAfterMs: 2_300,
      headers: { 'X-RateLimit-Limit': '40', 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': '1790000000000' },
    })
  })
  .get('/gone', () => {
    throw new FailureError({
      type: 'not_found',
      message: 'No endpoints found.',
      retryAfterMs: 5_000,
      availability: { code: 'no_endpoints', retryable: false, requested_models: ['a/b'] },
    })
  })

const gateway = { settings: { region: 'eu', origin: 'https://gw.example' } } as Gateway
const execution = { waitUntil() {} } as unknown as ExecutionContext

function call(path: string, init?: RequestInit, open: () => Gateway = () => gateway): Promise<Response> {
  const app = frame(open)
  app.route('/api/v1', surface)
  app.route('/', landing)
  return app.fetch(new Request(`https://gw.example${path}`, init), {} as Env, execution)
}

afterEach(() => {
  vi.restoreAllMocks()
})

const generationId = /^gen-\d{10}-[A-Za-z0-9]{20}$/

describe('every response', () => {
  it.each<[path: string, method: string, status: number]>([
    ['/api/v1/things/a', 'GET', 200],
    ['/api/v1/things/a', 'DELETE', 204],
    ['/api/v1/things/a', 'HEAD', 200],
    ['/api/v1/things/a/', 'GET', 200],
    ['/v1/things/a', 'GET', 200],
    ['/v1/things/a', 'PATCH', 405],
    ['/v1', 'GET', 404],
    ['/api/v1/things', 'POST', 200],
    ['/api/v1/stream', 'GET', 200],
    ['/api/v1/limited', 'GET', 429],
    ['/api/v1/gone', 'GET', 404],
    ['/api/v1/nothing', 'GET', 404],
    ['/api/v1/things/a', 'PATCH', 405],
    ['/', 'GET', 200],
    ['/health', 'GET', 200],
  ])('to %s %s has CORS and a generation id', async (path, method, status) => {
    const response = await call(path, { method })
    expect(response.status).toBe(status)
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect(response.headers.get('Access-Control-Expose-Headers')).toContain('X-Generation-Id')
    const id = response.headers.get('X-Generation-Id')
    expect(id).toMatch(generationId)
    expect(response.headers.get('X-Request-Id')).toBe(id)
    expect(response.headers.get('Request-Id')).toBe(id)
  })

  it('carries the id that its surface knows', async () => {
    const response = await call('/api/v1/things/a')
    const body = (await response.json()) as Record<string, string>
    expect(body.id).toBe(response.headers.get('X-Generation-Id'))
    expect(body.request).toMatch(/^req-\d{10}-[A-Za-z0-9]{20}$/)
  })
})

describe('a failure', () => {
  it('comes in the envelope, with its headers and the seconds to wait', async () => {
    const response = await call('/api/v1/limited')
    expect(response.headers.get('Retry-After')).toBe('3')
    expect(response.headers.get('X-RateLimit-Remaining')).toBe('0')
    expect(response.headers.get('Content-Type')).toBe('application/json')
    expect(await response.json()).toEqual({
      error: {
        code: 429,
        message: 'Rate limit exceeded.',
        metadata: {
          headers: { 'X-RateLimit-Limit': '40', 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': '1790000000000' },
          error_type: 'rate_limit_exceeded',
        },
      },
    })
  })

  it('tells nobody to wait for what waiting does not mend, and links to what is there', async () => {
    const response = await call('/api/v1/gone')
    expect(response.headers.has('Retry-After')).toBe(false)
    const { error } = (await response.json()) as { error: { availability: { docs_url: string } } }
    expect(error.availability.docs_url).toBe('https://gw.example/docs/errors#no_endpoints')
    const docs = await call('/docs/errors')
    expect(await docs.text()).toContain('id="no_endpoints"')
  })

  it('of ours is masked, and only its name is logged', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const response = await call('/api/v1/bug')
    expect(response.status).toBe(500)
    expect(await response.json()).toEqual({
      error: { code: 500, message: 'Internal server error.', metadata: { error_type: 'server' } },
    })
    expect(JSON.stringify(log.mock.calls)).toContain('TypeError')
    expect(JSON.stringify(log.mock.calls)).not.toMatch(/CANARY|sk-cw/)
  })

  it('to open the gateway is masked too, with all headers', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const response = await call('/api/v1/things/a', {}, () => {
      throw new Error('no binding DB')
    })
    expect(response.status).toBe(500)
    expect(response.headers.get('X-Generation-Id')).toMatch(generationId)
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect(await response.text()).not.toContain('binding')
  })
})

describe('a path', () => {
  it.each(['/api/v1/nothing', '/v1/nothing', '/nothing'])('%s is told as it was asked for', async (path) => {
    const response = await call(path)
    expect(await response.json()).toMatchObject({
      error: { code: 404, message: `There is nothing at GET ${path}.`, metadata: { error_type: 'not_found' } },
    })
  })

  it.each([
    ['POST', '/api/v1/completions', "OpenRouter's /api/v1/completions yet. Use POST /api/v1/chat/completions."],
    ['POST', '/v1/responses', 'Use POST /api/v1/chat/completions.'],
    ['POST', '/api/v1/messages', 'Use POST /api/v1/chat/completions.'],
    ['POST', '/api/v1/messages/count_tokens', '/messages/count_tokens yet. The usage of an answer'],
    ['POST', '/api/v1/embeddings', "OpenRouter's /api/v1/embeddings yet."],
    ['POST', '/api/v1/audio/speech', 'Messages can hold audio'],
    ['GET', '/api/v1/videos/job-1/content', "OpenRouter's /api/v1/videos yet."],
    ['GET', '/api/v1/credits/', 'GET /api/v1/key tells what a key has spent'],
    ['GET', '/api/v1/generation/content?id=gen-1', 'Prompts and completions are not kept.'],
    ['POST', '/api/v1/auth/keys', 'POST /api/v1/keys makes keys.'],
    ['POST', '/api/beta/batches', 'Send its requests to'],
  ])('of OpenRouter that is not here is told as one, with what to use: %s %s', async (method, path, words) => {
    const response = await call(path, { method })
    expect(response.status).toBe(404)
    const { error } = (await response.json()) as { error: { message: string; metadata: object } }
    expect(error).toMatchObject({ code: 404, metadata: { error_type: 'not_found' } })
    const [shown] = path.split('?')
    expect(error.message).toMatch(`There is nothing at ${method} ${shown}: Causeway does not serve OpenRouter's `)
    expect(error.message).toContain(words)
  })

  it.each(['/api/v1/completionsx', '/completions', '/api/v1/toString'])('%s is not of OpenRouter', async (path) => {
    const { error } = (await (await call(path)).json()) as { error: { message: string } }
    expect(error.message).toBe(`There is nothing at GET ${path}.`)
  })

  it('that does not take the method says which it takes', async () => {
    const response = await call('/api/v1/things/a', { method: 'POST' })
    expect(response.headers.get('Allow')).toBe('GET, DELETE')
    expect(await response.json()).toMatchObject({
      error: { code: 405, metadata: { error_type: 'method_not_allowed' } },
    })
    expect((await call('/api/v1/things')).headers.get('Allow')).toBe('POST')
  })

  it.each(['%', '%E0%A4%A', '%ff%fe', '%00', `${'a'.repeat(5_000)}`, '..%2f..%2f', '__proto__'])(
    'with %s in it breaks nothing',
    async (segment) => {
      for (const path of [`/api/v1/things/${segment}`, `/${segment}`, `/api/v1/${segment}/x?${segment}=%`]) {
        const response = await call(path)
        expect([200, 404]).toContain(response.status)
        expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*')
        expect((await response.text()).length).toBeLessThan(6_000)
      }
    },
  )
})

describe('a preflight', () => {
  it('is answered on any path, without a gateway', async () => {
    const closed = () => {
      throw new Error('opened')
    }
    const headers = { 'Access-Control-Request-Headers': 'x-stainless-lang' }
    for (const path of ['/api/v1/things', '/nowhere']) {
      const response = await call(path, { method: 'OPTIONS', headers }, closed)
      expect(response.status).toBe(204)
      expect(response.headers.get('Access-Control-Allow-Headers')).toBe('x-stainless-lang')
    }
  })
})
