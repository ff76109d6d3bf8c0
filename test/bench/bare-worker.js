// The least that a gateway on this runtime can do: read the request, choose where it goes by its model, send it there,
// hand the body back untouched. What the bench compares with.

const routes = new Map()

export default {
  async fetch(request, env) {
    const body = await request.json()
    const base = routes.get(body.model) ?? env.UPSTREAM
    const upstream = await fetch(`${base}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer sk-upstream' },
      body: JSON.stringify(body),
    })
    return new Response(upstream.body, {
      status: upstream.status,
      headers: { 'content-type': upstream.headers.get('content-type') },
    })
  },
}
