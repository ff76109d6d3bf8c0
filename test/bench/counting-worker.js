// The very bundle that is measured, with every way to storage (Durable Objects, D1, the cache) wrapped: each call is
// noted and answered `LATE_MS` late. What a request waits for before it calls the upstream is told by the notes and,
// beyond any doubt, by the time that it took: two calls in a row could not be through in less than twice that.
// `GET /bench/notes` answers the notes since the last time.

import worker from './index.js'

export { HealthObject, KeyObject } from './index.js'

const lateMs = 50
let notes = []
let startedAt = 0

function note(what) {
  notes.push({ what, atMs: Date.now() - startedAt })
}

async function late(what, call) {
  note(`asks ${what}`)
  await new Promise((resolve) => setTimeout(resolve, lateMs))
  const answer = await call()
  note(`has ${what}`)
  return answer
}

function namespaceOf(real, binding) {
  const stubOf = (stub) =>
    new Proxy(
      {},
      {
        get:
          (_, method) =>
          (...parameters) =>
            late(`${binding}.${String(method)}`, () => stub[method](...parameters)),
      },
    )
  return {
    idFromName: (name) => real.idFromName(name),
    get: (id) => stubOf(real.get(id)),
    getByName: (name) => stubOf(real.getByName(name)),
  }
}

const endings = new Set(['run', 'all', 'first', 'raw'])
const statements = new WeakMap()

function statementOf(real) {
  const wrapped = new Proxy(real, {
    get:
      (statement, name) =>
      (...parameters) =>
        endings.has(name)
          ? late('DB', () => statement[name](...parameters))
          : statementOf(statement[name](...parameters)),
  })
  statements.set(wrapped, real)
  return wrapped
}

function databaseOf(real) {
  return {
    prepare: (sql) => statementOf(real.prepare(sql)),
    batch: (all) => late('DB', () => real.batch(all.map((statement) => statements.get(statement)))),
  }
}

const realMatch = caches.default.match
const realFetch = globalThis.fetch
globalThis.fetch = (...parameters) => {
  note('calls the upstream')
  return realFetch(...parameters)
}

export default {
  async fetch(request, env, context) {
    if (new URL(request.url).pathname === '/bench/notes') return Response.json(notes)
    notes = []
    startedAt = Date.now()
    caches.default.match = (...parameters) => late('cache', () => realMatch.call(caches.default, ...parameters))
    const wrapped = {
      ...env,
      KEYS: namespaceOf(env.KEYS, 'KEYS'),
      HEALTH: namespaceOf(env.HEALTH, 'HEALTH'),
      DB: databaseOf(env.DB),
    }
    return worker.fetch(request, wrapped, context)
  },
}
