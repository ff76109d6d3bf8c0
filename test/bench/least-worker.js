// The least that a gateway can do that keeps this one's promises, with no code of a gateway in it: what they cost in the
// runtime itself. Beyond the bare Worker it asks the object of the caller's key before it calls the upstream; gives the
// call up when the client goes or takes too long; parses the answer and writes it anew, under the headers of the
// contract; and leaves a row of metadata in the object's SQLite, in batches, before it lets go of the request. No key is
// checked, no limit kept, nothing is routed, priced or sent to D1.

import { DurableObject } from 'cloudflare:workers'

const headers = {
  'content-type': 'application/json',
  'access-control-allow-origin': '*',
  'access-control-expose-headers':
    'X-Generation-Id, X-Provider-Name, X-Request-Id, Request-Id, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-OpenRouter-Cache-Status, X-OpenRouter-Cache-Age, X-OpenRouter-Cache-TTL, X-OpenRouter-Cache-Source-Id, cf-ray',
  'x-provider-name': 'bench',
}
const deadlineMs = 60_000
const gatherMs = 15
const saveAfterMs = 100
/** As long as a row of the gateway's. */
const rest = 'x'.repeat(900)
let requests = 0
const batches = new Map()

export default {
  async fetch(request, env, context) {
    const body = await request.json()
    const { LEAST } = env
    const key = request.headers.get('authorization')
    const id = `gen-${++requests}`
    const admitted = await LEAST.get(LEAST.idFromName(key)).fetch(`http://least/${id}`)
    if (admitted.status !== 204) return new Response(null, { status: 429 })
    const abort = new AbortController()
    const giveUp = () => abort.abort()
    request.signal.addEventListener('abort', giveUp, { once: true })
    setTimeout(giveUp, deadlineMs)
    const upstream = await fetch(`${env.UPSTREAM}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer sk-upstream' },
      body: JSON.stringify(body),
      signal: abort.signal,
    })
    const answer = JSON.parse(await upstream.text())
    request.signal.removeEventListener('abort', giveUp)
    context.waitUntil(settle(LEAST, key, JSON.stringify([id, answer.model, answer.usage, rest])))
    return Response.json(answer, {
      status: upstream.status,
      headers: { ...headers, 'x-generation-id': id, 'x-request-id': id, 'request-id': id },
    })
  },
}

/** The first request of a batch sends it. */
async function settle(objects, key, row) {
  const open = batches.get(key)
  if (open) {
    open.push(row)
    return
  }
  const rows = [row]
  batches.set(key, rows)
  await new Promise((resolve) => setTimeout(resolve, gatherMs))
  batches.delete(key)
  await objects.get(objects.idFromName(key)).settle(rows)
}

export class LeastObject extends DurableObject {
  #rows = []
  #saving

  constructor(ctx, env) {
    super(ctx, env)
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS outbox (seq INTEGER PRIMARY KEY, row TEXT NOT NULL)')
  }

  fetch() {
    return new Response(null, { status: 204 })
  }

  async settle(rows) {
    this.#rows.push(...rows)
    this.#saving ??= new Promise((resolve) => {
      setTimeout(() => {
        this.#saving = undefined
        const saved = JSON.stringify(this.#rows.splice(0))
        this.ctx.storage.sql.exec('INSERT INTO outbox (row) SELECT value FROM json_each(?)', saved)
        resolve()
      }, saveAfterMs)
    })
    await this.#saving
  }
}
