// The bare Worker with a look at every chunk: what a stream costs as soon as any JavaScript reads and writes it, before
// it does anything with it. A gateway that meters streams or keeps them alive cannot cost less on this runtime.

export default {
  async fetch(request, env, context) {
    const body = await request.json()
    const upstream = await fetch(`${env.UPSTREAM}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer sk-upstream' },
      body: JSON.stringify(body),
    })
    const { readable, writable } = new IdentityTransformStream()
    context.waitUntil(copy(upstream.body, writable))
    return new Response(readable, {
      status: upstream.status,
      headers: { 'content-type': upstream.headers.get('content-type') },
    })
  },
}

async function copy(from, to) {
  const reader = from.getReader({ mode: 'byob' })
  const writer = to.getWriter()
  let buffer = new ArrayBuffer(16_384)
  for (;;) {
    const { done, value } = await reader.read(new Uint8Array(buffer))
    if (done) break
    buffer = value.buffer
    await writer.write(value)
  }
  await writer.close()
}
