import net from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { listen } from '../../scripts/front.mjs'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A server that stands for the Worker, and the first connection that reaches it. */
async function worker() {
  const server = net.createServer({ allowHalfOpen: true })
  server.on('connection', (socket) => socket.on('error', () => {}))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const connection = new Promise<net.Socket>((resolve) => server.once('connection', resolve))
  cleanups.push(() => server.close())
  return { port: (server.address() as net.AddressInfo).port, connection }
}

async function front() {
  const listening = await listen(0)
  cleanups.push(() => listening.close())
  return listening
}

async function connect(port: number) {
  const socket = net.connect({ host: '127.0.0.1', port })
  cleanups.push(() => socket.destroy())
  await new Promise((resolve) => socket.once('connect', resolve))
  return socket
}

function received(socket: net.Socket, length: number): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString()
      if (text.length >= length) resolve(text)
    })
  })
}

describe('the front of the local Worker', () => {
  it('holds connections until there is a Worker, then passes bytes both ways', async () => {
    const [door, target] = [await front(), await worker()]
    const client = await connect(door.port)
    client.write('early ')
    door.open(target.port)
    const upstream = await target.connection
    client.write('late')
    expect(await received(upstream, 10)).toBe('early late')
    upstream.write('answer')
    expect(await received(client, 6)).toBe('answer')
  })

  it('turns the goodbye of a client into a reset, which the Worker notices', async () => {
    const [door, target] = [await front(), await worker()]
    door.open(target.port)
    const client = await connect(door.port)
    client.write('x')
    const upstream = await target.connection
    await received(upstream, 1)
    const reset = new Promise((resolve) => upstream.once('error', resolve))
    client.end()
    expect(await reset).toMatchObject({ code: 'ECONNRESET' })
  })

  it('delivers what the Worker sent before it closed', async () => {
    const [door, target] = [await front(), await worker()]
    door.open(target.port)
    const client = await connect(door.port)
    client.write('x')
    const answer = 'y'.repeat(1 << 20)
    const ended = new Promise((resolve) => client.once('end', resolve))
    const all = received(client, answer.length)
    ;(await target.connection).end(answer)
    expect((await all).length).toBe(answer.length)
    await ended
  })

  it('lets go of a client whose Worker is gone', async () => {
    const [door, target] = [await front(), await worker()]
    door.open(target.port)
    const client = await connect(door.port)
    client.on('error', () => {})
    const closed = new Promise((resolve) => client.once('close', resolve))
    ;(await target.connection).resetAndDestroy()
    await closed
  })

  it('says when its port is taken', async () => {
    const door = await front()
    await expect(listen(door.port)).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})
