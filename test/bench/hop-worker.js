// The bare Worker with the two things that "one hop, and the cost in the answer" asks of any gateway: it asks one Durable
// Object, of the caller's key, before it calls the upstream, and it parses the answer and writes it anew. The object
// answers at once, from memory, with nothing.

export default {
  async fetch(request, env) {
    const body = await request.json()
    const { HOP } = env
    const admitted = await HOP.get(HOP.idFromName(request.headers.get('authorization'))).fetch('http://hop/')
    if (admitted.status !== 204) return new Response(null, { status: 429 })
    const upstream = await fetch(`${env.UPSTREAM}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer sk-upstream' },
      body: JSON.stringify(body),
    })
    return Response.json(JSON.parse(await upstream.text()), { status: upstream.status })
  },
}

export class HopObject {
  fetch() {
    return new Response(null, { status: 204 })
  }
}
