import { PatternRouter } from 'hono/router/pattern-router'
import { Hono } from 'hono/tiny'
import { expect, it } from 'vitest'
import { RememberingRouter } from '../../src/api/remembering-router.ts'

function routed(): Hono {
  const app = new Hono()
  app.router = new RememberingRouter(app.router)
  app.get('/keys', (c) => c.text('list'))
  app.post('/keys', (c) => c.text('create'))
  app.get('/keys/:hash', (c) => c.text(c.req.param('hash')))
  return app
}

async function answer(app: Hono, path: string, method = 'GET'): Promise<string> {
  const response = await app.request(path, { method })
  return `${response.status} ${response.ok ? await response.text() : ''}`.trim()
}

it('answers the second request for a path like the first, by method', async () => {
  const app = routed()
  for (let i = 0; i < 3; i++) {
    expect(await answer(app, '/keys')).toBe('200 list')
    expect(await answer(app, '/keys', 'POST')).toBe('200 create')
    expect(await answer(app, '/keys', 'PUT')).toBe('404')
  }
})

it('takes parameters from each path anew', async () => {
  const app = routed()
  expect(await answer(app, '/keys/one')).toBe('200 one')
  expect(await answer(app, '/keys/two')).toBe('200 two')
})

it('remembers no path that nobody serves', () => {
  const router = new RememberingRouter<string>(new PatternRouter())
  router.add('GET', '/keys', 'list')
  expect(router.match('GET', '/nothing')).not.toBe(router.match('GET', '/nothing'))
  expect(router.match('GET', '/keys')).toBe(router.match('GET', '/keys'))
})
